// tests/tidy/source_tree.h - the project's own files as text, for tests that read the code.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace glass::tidy {

struct SourceFile {
  std::string path;    // from the project's root: "sctp/chunks/data.h"
  std::string folder;  // its first part: "sctp"
  std::string text;
};

// Every .h and .cc file of the project, sorted by path. Build folders are left out.
const std::vector<SourceFile>& sources();
// What each folder may include, as glass_layer(NAME USES ...) in the top CMakeLists.txt says.
const std::map<std::string, std::set<std::string>>& layers();
// The lines of a text.
std::vector<std::string> lines_of(std::string_view text);
// A file of the project as text; empty when it is not there.
std::string read_file(const std::string& path);
std::filesystem::path root();

}  // namespace glass::tidy
