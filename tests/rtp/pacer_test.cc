// Packets leave at the pace, the urgent ones first, and no queue grows without end.
#include "rtp/pacer.h"

#include <gtest/gtest.h>

namespace glass::rtp {
namespace {

using namespace std::chrono_literals;

// 1000 octets take a millisecond.
constexpr std::uint64_t kPace = 8'000'000;

struct Queue {
  Pacer pacer{
      {.bits_per_second = kPace, .burst = 1ms, .packets_max = 100, .queue_max = 1s},
      Trace{}
  };
  Instant now = Instant{} + 1s;

  void push(PacketKind kind, std::uint8_t first, std::size_t size = 1000) {
    ByteVector packet(size);
    packet[0] = first;
    EXPECT_TRUE(pacer.push(now, kind, packet));
  }
  // The first octets of what leaves now.
  std::vector<int> leaving() {
    std::vector<int> out;
    while (const auto packet = pacer.pop(now)) out.push_back(packet->front());
    return out;
  }
};

using Numbers = std::vector<int>;

TEST(Pacer, AFrameIsSpreadOut) {
  Queue t;
  for (std::uint8_t i = 0; i < 5; ++i) t.push(PacketKind::kVideo, i);
  // A millisecond's worth at once, and one more that takes the credit below zero.
  EXPECT_EQ(t.leaving(), (Numbers{0, 1}));
  EXPECT_EQ(t.pacer.next_time(), t.now + 1ms + 1ns);
  EXPECT_EQ(t.leaving(), Numbers{});
  t.now = t.pacer.next_time();
  EXPECT_EQ(t.leaving(), Numbers{2});
  t.now = t.pacer.next_time();
  EXPECT_EQ(t.leaving(), Numbers{3});
  t.now = t.pacer.next_time();
  EXPECT_EQ(t.leaving(), Numbers{4});
  EXPECT_EQ(t.pacer.next_time(), kNever);
  EXPECT_EQ(t.pacer.octets(), 0U);
}

TEST(Pacer, VoiceGoesFirstThenWhatWasLost) {
  Queue t;
  t.push(PacketKind::kVideo, 3, 100);
  t.push(PacketKind::kRetransmission, 2, 100);
  t.push(PacketKind::kAudio, 1, 100);
  EXPECT_EQ(t.leaving(), (Numbers{1, 2, 3}));
}

TEST(Pacer, APauseEarnsOneBurstOnly) {
  Queue t;
  t.now += 1h;
  for (std::uint8_t i = 0; i < 5; ++i) t.push(PacketKind::kVideo, i);
  EXPECT_EQ(t.leaving(), (Numbers{0, 1}));
}

TEST(Pacer, AFullQueueRefuses) {
  Queue t;
  for (std::uint8_t i = 0; i < 100; ++i) t.push(PacketKind::kVideo, i, 10);
  EXPECT_FALSE(t.pacer.push(t.now, PacketKind::kVideo, ByteVector(10)));
  EXPECT_TRUE(t.pacer.push(t.now, PacketKind::kAudio, ByteVector(10)));
  EXPECT_FALSE(t.pacer.push(t.now, PacketKind::kAudio, ByteVector(Pacer::kPacketMax + 1)));
  EXPECT_EQ(t.pacer.waiting(), 101U);
}

TEST(Pacer, ALongQueueRaisesThePace) {
  Queue t;
  t.pacer.set_pace(8'000);  // a packet a second
  for (std::uint8_t i = 0; i < 100; ++i) t.push(PacketKind::kVideo, i);
  const Instant start = t.now;
  while (t.pacer.waiting() > 50) {
    t.now = t.pacer.next_time();
    (void)t.leaving();
  }
  EXPECT_LT(t.now - start, 1s);
}

}  // namespace
}  // namespace glass::rtp
