#include "tests/sdp/fixtures.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "sdp/parse.h"
#include "tests/support/source_dir.h"

namespace glass::sdp::test {
namespace {

const std::filesystem::path kFolder = glass::test::source_dir() + "/tests/sdp/fixtures";

}  // namespace

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(kFolder))
    if (entry.path().extension() == ".sdp")
      names.push_back(std::filesystem::relative(entry.path(), kFolder).generic_string());
  std::ranges::sort(names);
  return names;
}

std::string read_fixture(const std::string& name) {
  std::ifstream in(kFolder / name, std::ios::binary);
  EXPECT_TRUE(in.is_open()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

Description parsed(std::string_view text) {
  Result<Description, Complaint> description = parse(text);
  if (description) return *std::move(description);
  ADD_FAILURE() << to_text(description.error()) << "\n" << text;
  return {};
}

Description parsed_fixture(const std::string& name) { return parsed(read_fixture(name)); }

LocalParameters local_parameters() {
  return {.session_id = 4611686018427387904,
          .session_version = 1,
          .ufrag = "Glas",
          .pwd = "0123456789abcdefghijkl",
          .candidates = {"candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host"},
          .fingerprints = {"sha-256 "
                           "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:"
                           "77:88:99:AA:BB:CC:DD:EE:FF"}};
}

std::string data_offer(std::string_view without, std::string_view with) {
  constexpr std::string_view kLines =
      "v=0\n"
      "o=- 20518 1 IN IP4 0.0.0.0\n"
      "s=-\n"
      "t=0 0\n"
      "a=group:BUNDLE 0\n"
      "a=ice-options:trickle\n"
      "m=application 9 UDP/DTLS/SCTP webrtc-datachannel\n"
      "c=IN IP4 0.0.0.0\n"
      "a=ice-ufrag:8hhY\n"
      "a=ice-pwd:asd88fgpdd777uzjYhagZg\n"
      "a=fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB\n"
      "a=setup:actpass\n"
      "a=mid:0\n"
      "a=sctp-port:5000\n"
      "a=max-message-size:100000\n";
  std::string out;
  for (std::string_view rest = kLines; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (without.empty() || !line.starts_with(without)) out += line;
  }
  if (!with.empty()) {
    out += with;
    out += '\n';
  }
  return out;
}

}  // namespace glass::sdp::test
