// Order restored: holes, late and repeated packets, and bounded waiting.
#include "rtp/jitter_buffer.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/rtp/support/srtp_pair.h"
#include "tests/support/rules.h"

namespace glass::rtp::test {
namespace {

using namespace std::chrono_literals;

struct Buffer {
  JitterBuffer buffer{
      {.packets = 64, .wait = 100ms},
      test_trace(Layer::kRtp)
  };
  Instant now{};

  Inserted insert(std::uint16_t sequence) {
    return buffer.insert(now, SequenceNumber{sequence}, rtp(sequence));
  }
  // "10 11 [2]14": packets in order, and how many were given up before them.
  std::string pop_all() {
    std::string out;
    while (const auto next = buffer.pop(now)) {
      if (!out.empty()) out += ' ';
      if (next->lost > 0) out += '[' + std::to_string(next->lost) + ']';
      out += std::to_string(next->packet.sequence.value());
    }
    return out;
  }
};

TEST(JitterBuffer, PacketsInOrderGoThrough) {
  Buffer t;
  t.insert(0xffff);
  t.insert(0);
  EXPECT_EQ(t.buffer.next_time(), t.now);
  EXPECT_EQ(t.pop_all(), "65535 0");
  EXPECT_EQ(t.buffer.next_time(), kNever);
}

TEST(JitterBuffer, AHoleIsWaitedForAndFilled) {
  Buffer t;
  t.insert(10);
  t.insert(12);
  EXPECT_EQ(t.pop_all(), "10");
  EXPECT_EQ(t.buffer.next_time(), t.now + 100ms);
  t.now += 50ms;
  t.insert(11);
  EXPECT_EQ(t.pop_all(), "11 12");
}

TEST(JitterBuffer, AHoleIsGivenUpWhenTheTimeIsOver) {
  Buffer t;
  t.insert(10);
  t.insert(13);
  t.now += 100ms - 1ns;
  EXPECT_EQ(t.pop_all(), "10");
  t.now += 1ns;
  EXPECT_EQ(t.pop_all(), "[2]13");
  EXPECT_RULE("3550:5.1#0");
  EXPECT_EQ(t.insert(12), Inserted::kLate);
}

TEST(JitterBuffer, DuplicatesAreToldFromLatePackets) {
  Buffer t;
  t.insert(10);
  t.insert(12);
  EXPECT_EQ(t.insert(12), Inserted::kDuplicate);
  EXPECT_EQ(t.pop_all(), "10");
  EXPECT_EQ(t.insert(10), Inserted::kLate);
}

TEST(JitterBuffer, ALeapBeyondTheBufferGoesOnFromThere) {
  Buffer t;
  t.insert(10);
  EXPECT_EQ(t.pop_all(), "10");
  t.insert(12);
  EXPECT_EQ(t.insert(11 + 64), Inserted::kRestart);
  EXPECT_EQ(t.buffer.held(), 1U);
  EXPECT_EQ(t.pop_all(), "[64]75");
}

// Losses, repetitions and disorder: what comes out is in order, and what is missing is counted.
TEST(JitterBuffer, OrderComesOutOfDisorder) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Buffer t;
    SeededRandom dice(seed);
    std::vector<std::uint16_t> under_way;
    std::uint16_t sent = 0xff00;
    std::uint32_t accounted = 0;
    std::optional<SequenceNumber> last;
    const auto collect = [&] {
      while (const auto next = t.buffer.pop(t.now)) {
        if (last) {
          ASSERT_EQ(next->packet.sequence.since(*last), 1 + next->lost);
        }
        last = next->packet.sequence;
        accounted += 1U + next->lost;
        ASSERT_LE(t.buffer.held(), 64U);
      }
    };
    t.insert(sent++);
    collect();
    for (int i = 0; i < 1000; ++i) {
      t.now += 5ms;
      if (dice.below(10) != 0) under_way.push_back(sent);
      ++sent;
      if (dice.below(20) == 0 && !under_way.empty()) under_way.push_back(under_way.front());
      while (under_way.size() > 8) {
        const auto place =
            under_way.begin() + dice.below(static_cast<std::uint32_t>(under_way.size()));
        t.insert(*place);
        under_way.erase(place);
        collect();
      }
    }
    EXPECT_GT(accounted, 900U);
  }
}

}  // namespace
}  // namespace glass::rtp::test
