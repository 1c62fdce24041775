#include <chrono>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/machine.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/strong.h"
#include "base/text.h"
#include "base/timers.h"
#include "base/writer.h"
#include "tests/support/rules.h"

namespace glass {
namespace {

using namespace std::chrono_literals;

struct Tap final : FieldTap {
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    seen.push_back(std::string(name) + '@' + decimal(offset) + '+' + decimal(bytes.size()));
  }
  void open(std::string_view name, std::size_t offset) override {
    seen.push_back('<' + std::string(name) + '@' + decimal(offset));
  }
  void close(std::size_t offset) override { seen.push_back('>' + decimal(offset)); }
  std::vector<std::string> seen;
};

TEST(Reader, NamesItsFieldsWithTrueOffsets) {
  const ByteVector raw{1, 0, 2, 9, 8, 7};
  Tap tap;
  Reader in(raw, &tap);

  EXPECT_EQ(in.u8("type"), 1);
  EXPECT_EQ(in.u16("length"), 2);
  in.open("value");
  Reader inside = in.nested(2);
  EXPECT_EQ(inside.u16("both"), 0x0908);
  in.close();
  EXPECT_EQ(in.u8("last"), 7);

  EXPECT_TRUE(in.ok());
  EXPECT_EQ(tap.seen, (std::vector<std::string>{"type@0+1", "length@1+2", "<value@3", "both@3+2",
                                                ">5", "last@5+1"}));
}

TEST(Reader, ReadingPastTheEndIsAStickyError) {
  const ByteVector raw{1, 2, 3};
  Reader in(raw);

  EXPECT_EQ(in.u32("too much"), 0U);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.u8("still wrong"), 0);
  EXPECT_EQ(in.left(), 0U);
}

TEST(PacketBuffer, LayersPrependAndAppendInPlace) {
  PacketBuffer packet;
  copy_bytes(as_bytes("payload"), packet.append(7));
  copy_bytes(as_bytes("head:"), packet.prepend(5));
  copy_bytes(as_bytes(":tag"), packet.append(4));

  EXPECT_EQ(as_text(packet.bytes()), "head:payload:tag");
  packet.clear();
  EXPECT_TRUE(packet.empty());
  EXPECT_EQ(packet.room(),
            PacketBuffer::kCapacity - PacketBuffer::kHeadroom - PacketBuffer::kTailroom);
}

TEST(PacketBufferDeathTest, RunningOverIsABug) {
  PacketBuffer packet;
  EXPECT_DEATH(packet.append(PacketBuffer::kCapacity), "this must hold");
  EXPECT_DEATH(packet.prepend(PacketBuffer::kHeadroom + 1), "this must hold");
}

TEST(Writer, ABlockWritesItsOwnLength) {
  ByteVector out;
  Writer writer(out);
  writer.u8(7);
  {
    const auto outer = writer.block(2);
    writer.u8(1);
    const auto inner = writer.block(1);
    writer.u24(0x010203);
  }
  EXPECT_EQ(hex(out), "0700050103010203");
}

enum class Clock : std::uint8_t { kTick, kTock };
std::string_view name(Clock clock) { return clock == Clock::kTick ? "tick" : "tock"; }

TEST(Timers, ExpireInOrderOfTheirDeadlines) {
  Timers<Clock, 2> timers{Trace{}};
  timers.set(Clock::kTock, Instant{1s});
  timers.set(Clock::kTick, Instant{2s});

  EXPECT_EQ(timers.next(), Instant{1s});
  EXPECT_FALSE(timers.pop_expired(Instant{999ms}));
  EXPECT_EQ(timers.pop_expired(Instant{2s}), Clock::kTock);
  EXPECT_EQ(timers.pop_expired(Instant{2s}), Clock::kTick);
  EXPECT_EQ(timers.next(), kNever);
}

struct Off {
  static constexpr std::string_view kName = "OFF";
};
struct On {
  static constexpr std::string_view kName = "ON";
  int brightness = 0;
};
constexpr std::array<Arrow, 1> kLamp{{{"OFF", "ON", "switch", "9260:4#0"_rule}}};

TEST(Machine, FollowsArrowsAndSaysSo) {
  Machine<kLamp, Off, On> lamp("lamp", test::test_trace(Layer::kSctp));

  lamp.move(On{.brightness = 3});

  EXPECT_EQ(lamp.in<On>()->brightness, 3);
  EXPECT_EQ(test::state_changes(), std::vector<std::string>{"lamp: OFF -> ON"});
  EXPECT_RULE("9260:4#0");
}

TEST(MachineDeathTest, AMissingArrowIsABug) {
  Machine<kLamp, Off, On> lamp("lamp", Trace{});
  lamp.move(On{});
  EXPECT_DEATH(lamp.move(Off{}), "arrow");
}

TEST(Serial, OrderSurvivesTheWrap) {
  using Tsn = Serial<struct TsnTag, std::uint32_t>;
  const Tsn last{0xffffffff};
  EXPECT_TRUE(last.precedes(last.next()));
  EXPECT_EQ(last.next(), Tsn{0});
  EXPECT_EQ(Tsn{5}.since(last), 6);
  EXPECT_TRUE((last + 10).follows(last));
}

TEST(Rule, KnowsItsParts) {
  constexpr Rule kRule = "9260:6.7#3"_rule;
  EXPECT_EQ(kRule.rfc, 9260);
  EXPECT_EQ(kRule.section, "6.7");
  EXPECT_EQ(kRule.item, 3);
  EXPECT_EQ(to_text(kRule), "9260:6.7#3");
  EXPECT_EQ(to_text(Rule{}), "");
}

TEST(SeededRandom, TheSameSeedGivesTheSameBytes) {
  SeededRandom a(7);
  SeededRandom b(7);
  EXPECT_EQ(a.u64(), b.u64());
  for (int i = 0; i < 1000; ++i) EXPECT_LT(a.below(3), 3U);
}

TEST(Text, HexAndNumbers) {
  EXPECT_EQ(hex(*from_hex("00 0a:FF\n")), "000aff");
  EXPECT_FALSE(from_hex("0"));
  EXPECT_FALSE(from_hex("0 0"));
  EXPECT_FALSE(from_hex("zz"));
  EXPECT_EQ(hex_number(0x42, 4), "0x0042");
  EXPECT_EQ(parse_decimal("18446744073709551615"), UINT64_MAX);
  EXPECT_FALSE(parse_decimal("18446744073709551616"));
  EXPECT_FALSE(parse_decimal("256", 255));
  EXPECT_FALSE(parse_decimal(""));
  EXPECT_EQ(milliseconds(1250us), "1.250 ms");
  EXPECT_EQ(printable("a\x1b[0m\\"), "a\\x1b[0m\\x5c");
}

Result<int, std::string> half(int n) {
  if (n % 2 != 0) return std::unexpected("odd");
  return n / 2;
}
Result<int, std::string> quarter(int n) {
  const int once = TRY(half(n));
  return TRY(half(once));
}

TEST(Try, GivesTheValueOrReturnsTheError) {
  EXPECT_EQ(quarter(12), 3);
  EXPECT_EQ(quarter(6).error(), "odd");
}

struct Echo {
  struct Event {
    int number;
  };
  void receive(Instant, const Received& in) { waiting = in.path; }
  void on_time(Instant) {}
  [[nodiscard]] Instant next_time() const { return kNever; }
  std::optional<Path> poll_transmit(Instant, PacketBuffer& out) {
    if (!waiting) return std::nullopt;
    out.append(1)[0] = 42;
    return std::exchange(waiting, std::nullopt);
  }
  std::optional<Event> poll_event() {
    return events-- > 0 ? std::optional(Event{events}) : std::nullopt;
  }
  std::optional<Path> waiting;
  int events = 2;
};
static_assert(Node<Echo>);

TEST(Drain, TakesEveryEventAndDatagram) {
  Echo echo;
  PacketBuffer scratch;
  int sent = 0;
  int events = 0;
  echo.receive(Instant{}, {});

  drain(
      echo, Instant{}, scratch, [&](const Path&, MutableBytes bytes) { sent += bytes[0]; },
      [&](const auto&) { ++events; });

  EXPECT_EQ(sent, 42);
  EXPECT_EQ(events, 2);
}

}  // namespace
}  // namespace glass
