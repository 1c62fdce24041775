// Wireshark's own dissectors read the capture of a simulated call: nothing is malformed, DTLS
// decrypts with the embedded key log, and the data channel is there in plain sight.
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <sys/wait.h>
#include <vector>

#include <gtest/gtest.h>

#include "explain/sinks/pcapng.h"
#include "tests/peer/pair.h"
#include "tests/support/rules.h"

namespace glass::explain {
namespace {

using namespace std::chrono_literals;

// What a command prints; its exit status has to be zero. What tshark says on its error output is
// let through: it warns of running as root.
std::string run(const std::string& command) {
  std::string out;
  std::FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) return "cannot start a shell";
  std::array<char, 4096> buffer{};
  while (const std::size_t count = std::fread(buffer.data(), 1, buffer.size(), pipe))
    out.append(buffer.data(), count);
  const int status = pclose(pipe);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << command << '\n' << out;
  return out;
}

class Capture : public testing::Test {
 protected:
  // A call in which alice says hello, and the file it leaves.
  static void SetUpTestSuite() {
    std::string bytes;
    {
      Pcapng sink({.epoch_seconds = 1'700'000'000, .comments = true}, to_string(bytes));
      test::forward_trace_to(&sink);
      // Debian's tshark decrypts DTLS up to 1.2.
      peer::test::PairOptions options{.link = {.delay = 5ms}};
      options.alice.dtls_max_version = dtls::Version::k12;
      peer::test::Pair pair(options);
      const auto channel = pair.connected_channel({.label = "chat"});
      ASSERT_TRUE(pair.alice.peer.send(pair.world.now(), channel, sctp::MessageKind::kText,
                                       as_bytes("hello wireshark")));
      pair.world.poke(pair.alice.host);
      ASSERT_TRUE(pair.world.run_until([&] { return !pair.bob.messages.empty(); }, 5s));
      test::forward_trace_to(nullptr);
    }
    path_ = std::filesystem::temp_directory_path() / "glass_capture_test.pcapng";
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  static void TearDownTestSuite() { std::filesystem::remove(path_); }

  static std::string tshark(const std::string& arguments) {
    return run("tshark -r " + path_.string() + ' ' + arguments);
  }
  static inline std::filesystem::path path_;
};

TEST_F(Capture, TsharkIsInstalled) {
  EXPECT_NE(run("tshark --version").find("TShark"), std::string::npos)
      << "apt-get install tshark: this test does not skip";
}

TEST_F(Capture, NoPacketIsMalformedAndEveryChecksumIsRight) {
  EXPECT_EQ(tshark("-o ip.check_checksum:TRUE -o udp.check_checksum:TRUE "
                   "-o sctp.checksum:CRC32C "
                   "-Y '_ws.malformed || ip.checksum.status == \"Bad\" || "
                   "udp.checksum.status == \"Bad\" || sctp.checksum.status == \"Bad\"'"),
            "");
  EXPECT_NE(tshark("-o udp.check_checksum:TRUE -Y 'udp.checksum.status == \"Good\"'"), "");
}

TEST_F(Capture, AllProtocolsAreRecognised) {
  const std::string protocols = tshark("-T fields -e frame.protocols");
  EXPECT_NE(protocols.find("raw:ip:udp:stun"), std::string::npos) << protocols;
  EXPECT_NE(protocols.find("raw:ip:udp:dtls"), std::string::npos) << protocols;
  EXPECT_NE(protocols.find("exported_pdu:sctp"), std::string::npos) << protocols;
}

TEST_F(Capture, TheDataChannelIsThereInPlainSight) {
  EXPECT_NE(tshark("-Y rtcdc -T fields -e rtcdc.label").find("chat"), std::string::npos);
  EXPECT_NE(tshark("-Y 'frame contains \"hello wireshark\"'"), "");
}

TEST_F(Capture, DtlsDecryptsWithTheEmbeddedKeyLog) {
  // The encrypted Finished turns into a handshake message once the keys are known.
  EXPECT_NE(tshark("-Y 'dtls.handshake.type == 20' -T fields -e frame.number"), "");
  // So does application data: the text that was sent is there on the wire interface.
  EXPECT_NE(tshark("-d dtls.port==50001,data -Y 'frame.interface_id == 0 && "
                   "data.data contains \"hello wireshark\"' -T fields -e frame.number"),
            "");
}

TEST_F(Capture, TimesAndCommentsAreThere) {
  const std::string first = tshark("-c 1 -T fields -e frame.time_epoch");
  EXPECT_TRUE(first.starts_with("1700000000.")) << first;
  EXPECT_NE(tshark("-T fields -e frame.comment").find("RFC "), std::string::npos);
}

}  // namespace
}  // namespace glass::explain
