// The dependency rule: an include that is not an arrow of the architecture fails the build.
#include <regex>

#include <gtest/gtest.h>

#include "tests/tidy/source_tree.h"

namespace glass::tidy {
namespace {

struct Include {
  std::string file;
  bool own;  // in quotes
  std::string target;
};

std::vector<Include> includes_of(const SourceFile& file) {
  static const std::regex kInclude(R"re(^\s*#\s*include\s*([<"])([^>"]+)[>"])re");
  std::vector<Include> out;
  for (const std::string& line : lines_of(file.text)) {
    std::smatch match;
    if (std::regex_search(line, match, kInclude))
      out.push_back({file.path, match[1].str() == "\"", match[2].str()});
  }
  return out;
}

TEST(Includes, EveryArrowIsOneOfTheArchitecture) {
  ASSERT_GE(layers().size(), 11U);
  for (const SourceFile& file : sources()) {
    if (!layers().contains(file.folder)) continue;
    std::set<std::string> allowed = layers().at(file.folder);
    allowed.insert(file.folder);
    for (const Include& include : includes_of(file)) {
      if (!include.own) continue;
      const std::string folder = include.target.substr(0, include.target.find('/'));
      EXPECT_TRUE(allowed.contains(folder)) << include.file << " includes " << include.target;
    }
  }
}

TEST(Includes, OneFolderSeesEachLibrary) {
  struct Home {
    std::string_view library;
    std::vector<std::string> prefixes;
  };
  const std::vector<Home> homes{
      {"openssl/",     {"crypto/", "net/tls.cc", "tests/", "bench/"}            },
      {"asio",         {"net/", "demo/", "tests/", "bench/"}                    },
      {"boost/",       {"demo/server/web_server.cc", "demo/client/ws_client.cc"}},
      {"sys/socket.h", {"net/", "bench/", "tests/"}                             },
      {"nlohmann/",    {"demo/", "explain/", "tests/"}                          },
      {"fmt/",         {"demo/", "tests/"}                                      },
      {"CLI/",         {"demo/"}                                                },
      {"gtest/",       {"tests/"}                                               },
  };
  for (const SourceFile& file : sources()) {
    for (const Include& include : includes_of(file)) {
      if (include.own) continue;
      for (const Home& home : homes) {
        if (!include.target.starts_with(home.library)) continue;
        const bool at_home = std::ranges::any_of(home.prefixes, [&](const std::string& prefix) {
          return file.path.starts_with(prefix);
        });
        EXPECT_TRUE(at_home) << include.file << " includes <" << include.target << ">";
      }
    }
  }
}

TEST(Includes, ProtocolFoldersKeepTheirHandsOffTheWorld) {
  const std::set<std::string> protocol{"base", "stun", "ice", "sdp", "dtls", "sctp", "rtp", "peer"};
  static const std::regex kBanned(
      R"((\b(steady|system|high_resolution)_clock\b|\brandom_device\b|_distribution\b|\bstd::thread\b|\bmutex\b|\batomic\b|\biostream\b|\bstd::function\b|\bunordered_\w+|\bthrow\b|\bgoto\b|\bnew\s+[A-Z(]|\breinterpret_cast\b|^\s*#\s*ifdef\b|\bTODO\b|\bFIXME\b|\busing namespace (?!std::(chrono|string_view)?_?literals)(?!std::literals)(?!std::string_view_literals)(?!std::chrono_literals)))");
  for (const SourceFile& file : sources()) {
    if (!protocol.contains(file.folder)) continue;
    int number = 0;
    for (const std::string& line : lines_of(file.text)) {
      ++number;
      static const std::regex kLiteral(R"re("(\\.|[^"\\])*")re");
      const std::string code =
          std::regex_replace(line.substr(0, line.find("//")), kLiteral, "\"\"");
      std::smatch match;
      if (file.path == "base/bytes.h" && code.contains("reinterpret_cast<const")) continue;
      EXPECT_FALSE(std::regex_search(code, match, kBanned))
          << file.path << ':' << number << ": " << match[0].str();
    }
  }
}

TEST(Files, StayReadable) {
  for (const SourceFile& file : sources()) {
    if (!layers().contains(file.folder)) continue;
    EXPECT_LE(lines_of(file.text).size(), 900U) << file.path << " does more than one thing";
    if (file.path.ends_with(".h")) {
      EXPECT_TRUE(file.text.contains("#pragma once")) << file.path;
      EXPECT_TRUE(file.text.starts_with("// " + file.path))
          << file.path << " says what it is in its first line";
    }
  }
}

}  // namespace
}  // namespace glass::tidy
