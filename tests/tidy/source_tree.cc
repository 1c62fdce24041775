#include "tests/tidy/source_tree.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <sstream>

#include "tests/support/source_dir.h"

namespace glass::tidy {

std::filesystem::path root() { return test::source_dir(); }

std::string read_file(const std::string& path) {
  const std::ifstream in(root() / path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> out;
  std::istringstream in{std::string(text)};
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

const std::vector<SourceFile>& sources() {
  static const std::vector<SourceFile> kAll = [] {
    std::vector<SourceFile> out;
    for (auto entry = std::filesystem::recursive_directory_iterator(root());
         entry != std::filesystem::recursive_directory_iterator(); ++entry) {
      const std::string name = entry->path().filename().string();
      if (entry->is_directory() &&
          (name == "build" || name == ".git" || name == "node_modules" || name == "out"))
        entry.disable_recursion_pending();
      if (!entry->is_regular_file() || (!name.ends_with(".h") && !name.ends_with(".cc"))) continue;
      const std::string path = std::filesystem::relative(entry->path(), root()).generic_string();
      out.push_back({path, path.substr(0, path.find('/')), read_file(path)});
    }
    std::ranges::sort(out, {}, &SourceFile::path);
    return out;
  }();
  return kAll;
}

const std::map<std::string, std::set<std::string>>& layers() {
  static const std::map<std::string, std::set<std::string>> kLayers = [] {
    std::map<std::string, std::set<std::string>> out;
    static const std::regex kLayer(R"(^glass_layer\(([a-z]+)( USES ([a-z ]+))?)");
    for (const std::string& line : lines_of(read_file("CMakeLists.txt"))) {
      std::smatch match;
      if (!std::regex_search(line, match, kLayer)) continue;
      std::istringstream used(match[3].str());
      std::set<std::string>& allowed = out[match[1].str()];
      for (std::string folder; used >> folder;) allowed.insert(folder);
    }
    return out;
  }();
  return kLayers;
}

}  // namespace glass::tidy
