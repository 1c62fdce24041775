#include "explain/capture.h"

#include <string>

#include <gtest/gtest.h>

#include "base/trace.h"
#include "explain/sinks/pcapng.h"
#include "tests/sim/toys.h"

namespace glass::explain {
namespace {

using test::at_ip;

// Two datagrams and a key, as our own sink writes them.
std::string written() {
  const Path v4{Transport::kUdp, at_ip("192.0.2.1:1000"), at_ip("192.0.2.2:2000")};
  const Path v6{Transport::kUdp, at_ip("[2001:db8::1]:1"), at_ip("[2001:db8::2]:2")};
  std::string bytes;
  Pcapng sink({}, to_string(bytes));
  sink.secret({1, Layer::kDtls}, "CLIENT_RANDOM", as_bytes("0123"), as_bytes("secret"));
  sink.packet({1, Layer::kNet}, {Direction::kSent, &v4, 1, as_bytes("four")});
  sink.packet({1, Layer::kNet}, {Direction::kSent, &v6, 2, as_bytes("sixes")});
  sink.flush();
  return bytes;
}

TEST(Capture, ReadsWhatOurSinkWrites) {
  const std::string file = written();

  const auto capture = read_pcapng(as_bytes(file));

  ASSERT_TRUE(capture) << capture.error();
  ASSERT_EQ(capture->datagrams.size(), 2U);
  EXPECT_EQ(to_text(capture->datagrams[0].from), "192.0.2.1:1000");
  EXPECT_EQ(to_text(capture->datagrams[0].to), "192.0.2.2:2000");
  EXPECT_EQ(as_text(capture->datagrams[0].bytes), "four");
  EXPECT_EQ(to_text(capture->datagrams[1].from), "[2001:db8::1]:1");
  EXPECT_EQ(as_text(capture->datagrams[1].bytes), "sixes");
  EXPECT_EQ(capture->datagrams[1].number, 2U);
  EXPECT_TRUE(capture->key_log.starts_with("CLIENT_RANDOM 30313233 ")) << capture->key_log;
}

TEST(Capture, EveryTruncationIsRefusedOrReadInPart) {
  const std::string file = written();

  EXPECT_FALSE(read_pcapng({}));
  EXPECT_FALSE(read_pcapng(as_bytes("no capture at all")));
  for (std::size_t size = 0; size < file.size(); ++size)
    (void)read_pcapng(as_bytes(std::string_view(file).substr(0, size)));
  EXPECT_FALSE(read_pcapng(as_bytes(std::string_view(file).substr(0, file.size() - 4))));
}

}  // namespace
}  // namespace glass::explain
