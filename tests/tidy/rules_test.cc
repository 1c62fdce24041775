// Requirements: every cited rule exists, has a note in rfc-notes/, and is expected by a test.
#include <cstdio>
#include <regex>

#include <gtest/gtest.h>

#include "tests/tidy/source_tree.h"

namespace glass::tidy {
namespace {

// Where each id ("9260:6.7#3") stands: the first place is enough.
using Places = std::map<std::string, std::string>;

Places find_ids(const std::regex& pattern, const std::function<bool(const SourceFile&)>& wanted) {
  Places out;
  for (const SourceFile& file : sources()) {
    if (!wanted(file)) continue;
    for (std::sregex_iterator match(file.text.begin(), file.text.end(), pattern), end; match != end;
         ++match)
      out.emplace((*match)[1].str(), file.path);
  }
  return out;
}

const Places& cited() {
  static const Places kCited =
      find_ids(std::regex(R"re("([0-9]+:[^"#]+#[0-9]+)"_rule)re"), [](const SourceFile& file) {
        return file.folder != "tests" && file.path != "base/rule.h" && file.path != "base/text.h";
      });
  return kCited;
}

const Places& expected() {
  static const Places kExpected =
      find_ids(std::regex(R"re((?:EXPECT_RULE|CONFORM)\(\s*"([0-9]+:[^"#]+#[0-9]+)")re"),
               [](const SourceFile& file) {
                 return file.folder == "tests" || file.folder == "conformance";
               });
  return kExpected;
}

// "9260:6.7#3" -> "should", from rfc-notes/index.
const std::map<std::string, std::string>& index() {
  static const std::map<std::string, std::string> kIndex = [] {
    std::map<std::string, std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(root() / "rfc-notes/index")) {
      const std::string rfc = entry.path().stem().string().substr(3);
      for (const std::string& line :
           lines_of(read_file("rfc-notes/index/" + entry.path().filename().string()))) {
        std::istringstream in(line);
        std::string section;
        std::string number;
        std::string level;
        in >> section >> number >> level;
        out.emplace(rfc + ':' + section + '#' + number, level);
      }
    }
    return out;
  }();
  return kIndex;
}

struct Note {
  std::string file;
  std::string level;
  std::string text;
};

const std::map<std::string, Note>& notes() {
  static const std::map<std::string, Note> kNotes = [] {
    std::map<std::string, Note> out;
    static const std::regex kHeading(R"(^#### (\S+#[0-9]+) ([A-Z]+) - (\S.*)$)");
    for (const auto& entry : std::filesystem::directory_iterator(root() / "rfc-notes")) {
      const std::string name = entry.path().filename().string();
      if (!name.starts_with("rfc") || !name.ends_with(".md")) continue;
      const std::string rfc = entry.path().stem().string().substr(3);
      Note* note = nullptr;
      for (const std::string& line : lines_of(read_file("rfc-notes/" + name))) {
        std::smatch match;
        if (std::regex_match(line, match, kHeading)) {
          const std::string id = rfc + ':' + match[1].str();
          EXPECT_FALSE(out.contains(id)) << name << " has two notes on " << id;
          note = &out[id];
          *note = {name, match[2].str(), {}};
        } else {
          EXPECT_FALSE(line.starts_with("####")) << name << ": no note heading: " << line;
          if (line.starts_with("#")) note = nullptr;
          if (note != nullptr) note->text += line + '\n';
        }
      }
    }
    return out;
  }();
  return kNotes;
}

TEST(Rules, EveryCitedRuleExists) {
  ASSERT_FALSE(cited().empty());
  for (const auto& [id, place] : cited())
    EXPECT_TRUE(index().contains(id)) << place << " cites " << id << ", which is in no index";
  for (const auto& [id, place] : expected())
    EXPECT_TRUE(index().contains(id)) << place << " expects " << id << ", which is in no index";
}

TEST(Rules, EveryCitedRuleHasANote) {
  for (const auto& [id, place] : cited())
    EXPECT_TRUE(notes().contains(id)) << place << " cites " << id << ", which has no note";
}

TEST(Rules, EveryCitedRuleIsExpectedByATest) {
  for (const auto& [id, place] : cited())
    EXPECT_TRUE(expected().contains(id)) << place << " cites " << id << ", which no test expects";
}

TEST(Rules, EveryExpectedRuleIsCited) {
  for (const auto& [id, place] : expected())
    EXPECT_TRUE(cited().contains(id) || place.starts_with("tests/base/") ||
                place.starts_with("tests/tidy/"))
        << place << " expects " << id << ", which nothing fires";
}

TEST(Notes, SayTheLevelThatTheIndexSays) {
  for (const auto& [id, note] : notes()) {
    const auto entry = index().find(id);
    ASSERT_NE(entry, index().end())
        << note.file << " has a note on " << id << ", which is in no index";
    std::string level = entry->second;
    std::ranges::transform(level, level.begin(),
                           [](char c) { return static_cast<char>(std::toupper(c)); });
    EXPECT_EQ(note.level, level) << note.file << ": " << id;
  }
}

TEST(Notes, HaveTextAndAReasonWhereNothingFires) {
  for (const auto& [id, note] : notes()) {
    EXPECT_GE(note.text.size(), 20U) << note.file << ": " << id << " says nothing";
    EXPECT_TRUE(cited().contains(id) || note.text.contains("Exception:"))
        << note.file << ": " << id << " is cited nowhere and gives no Exception";
  }
}

// The index is made from the RFC texts. Where they are at hand, it must be what they say; set
// GLASS_RFC_TEXTS to their folder.
TEST(Index, IsWhatTheTextsSay) {
  const char* named = std::getenv("GLASS_RFC_TEXTS");
  const std::filesystem::path texts = named != nullptr ? named : root() / "../shared/rfc";
  if (named == nullptr && !std::filesystem::exists(texts)) {
    std::printf("no RFC texts beside the project: the index stands as it is\n");
    return;
  }
  const std::string command = "python3 '" + (root() / "scripts/rfc_index.py").string() +
                              "' --check --texts '" + texts.string() + "'";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

}  // namespace
}  // namespace glass::tidy
