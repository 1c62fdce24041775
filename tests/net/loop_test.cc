// tests/net/loop_test.cc - nodes on a real loop, over loopback.
#include "net/loop.h"

#include <chrono>
#include <csignal>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "net/interfaces.h"
#include "net/resolve.h"
#include "net/udp.h"

namespace glass::net {
namespace {

using namespace std::chrono_literals;

constexpr Duration kLimit = 10s;  // never reached unless something is broken

// Sends what it is told to, keeps an alarm, and reports all that happens as events.
class TestNode {
 public:
  struct Event {
    std::string what;
  };

  void receive(Instant, const Received& in) {
    if (echoes) outgoing.push_back({in.path, std::string(as_text(in.bytes))});
    events_.push_back({"got " + std::string(as_text(in.bytes))});
  }
  void on_time(Instant now) {
    if (now < alarm) return;
    alarm = kNever;
    events_.push_back({"alarm"});
  }
  [[nodiscard]] Instant next_time() const { return alarm; }
  std::optional<Path> poll_transmit(Instant, PacketBuffer& out) {
    if (outgoing.empty()) return std::nullopt;
    const auto [path, text] = std::move(outgoing.front());
    outgoing.pop_front();
    out.assign(as_bytes(text));
    return path;
  }
  std::optional<Event> poll_event() {
    if (events_.empty()) return std::nullopt;
    Event event = std::move(events_.front());
    events_.pop_front();
    return event;
  }

  Instant alarm = kNever;
  bool echoes = false;
  std::deque<std::pair<Path, std::string>> outgoing;

 private:
  std::deque<Event> events_;
};
static_assert(Node<TestNode>);

struct LoopFixture : testing::Test {
  Loop loop;
  UdpSocket a = *UdpSocket::open(*parse_ip("127.0.0.1"));
  UdpSocket b = *UdpSocket::open(*parse_ip("127.0.0.1"));
  TestNode asker;
  TestNode echoer;
  std::vector<std::string> heard;
  NodeId asker_id = loop.add(asker, a, [this](TestNode::Event& e) { heard.push_back(e.what); });
  NodeId echoer_id = loop.add(echoer, b, [](TestNode::Event&) {});
  Path a_to_b{Transport::kUdp, a.local(), b.local()};

  void ask(const std::string& text) {
    asker.outgoing.emplace_back(a_to_b, text);
    loop.poke(asker_id);
  }
  bool until_heard(std::size_t count) {
    return loop.run_until([&] { return heard.size() >= count; }, kLimit);
  }
};
using LoopTest = LoopFixture;

TEST_F(LoopTest, TwoNodesTalkOverTheirSockets) {
  echoer.echoes = true;

  ask("hello");

  ASSERT_TRUE(until_heard(1));
  EXPECT_EQ(heard, std::vector<std::string>{"got hello"});
}

TEST_F(LoopTest, ThousandsOfDatagramsComeBackInOrder) {
  echoer.echoes = true;
  constexpr std::size_t kCount = 2000;
  // One window at a time: a socket buffer holds a few hundred datagrams.
  for (std::size_t sent = 0; sent < kCount; sent += 100) {
    for (std::size_t i = sent; i < sent + 100; ++i) ask(std::to_string(i));
    ASSERT_TRUE(until_heard(sent + 100));
  }

  for (std::size_t i = 0; i < kCount; ++i) EXPECT_EQ(heard[i], "got " + std::to_string(i));
}

TEST_F(LoopTest, ANodeIsCalledAtTheInstantThatItAskedFor) {
  const Instant due = loop.now() + 20ms;
  asker.alarm = due;
  loop.poke(asker_id);

  ASSERT_TRUE(until_heard(1));

  EXPECT_EQ(heard[0], "alarm");
  EXPECT_GE(loop.now(), due);
}

TEST_F(LoopTest, TasksRunInOrderOfTheirTimeAndCanBeCancelled) {
  std::string order;
  loop.after(20ms, [&] { order += "b"; });
  loop.after(10ms, [&] { order += "a"; });
  const TimerId cancelled = loop.after(5ms, [&] { order += "x"; });
  loop.cancel(cancelled);

  ASSERT_TRUE(loop.run_until([&] { return order.size() == 2; }, kLimit));

  EXPECT_EQ(order, "ab");
}

TEST_F(LoopTest, OtherThreadsPostTasks) {
  bool ran = false;
  std::thread::id where;
  std::thread other([&] {
    loop.post([&] {
      ran = true;
      where = std::this_thread::get_id();
    });
  });

  ASSERT_TRUE(loop.run_until([&] { return ran; }, kLimit));
  other.join();

  EXPECT_EQ(where, std::this_thread::get_id());
}

TEST_F(LoopTest, ADatagramFromAForeignLocalAddressIsCounted) {
  asker.outgoing.emplace_back(Path{Transport::kUdp, *parse_address("192.0.2.1:1"), b.local()}, "x");
  ask("real");
  echoer.echoes = true;

  ASSERT_TRUE(until_heard(1));

  EXPECT_EQ(loop.homeless(), 1U);
  EXPECT_EQ(heard[0], "got real");
}

TEST_F(LoopTest, ARemovedNodeIsLeftAlone) {
  loop.remove(echoer_id);

  ask("hello");
  bool later = false;
  loop.after(20ms, [&] { later = true; });
  ASSERT_TRUE(loop.run_until([&] { return later; }, kLimit));

  EXPECT_TRUE(heard.empty());
}

TEST_F(LoopTest, ANodeMayHaveManySockets) {
  UdpSocket second = *UdpSocket::open(*parse_ip("::1"));
  loop.add_socket(asker_id, second);
  EXPECT_TRUE(second.send(second.local(), as_bytes("to myself")));

  ASSERT_TRUE(until_heard(1));

  EXPECT_EQ(heard[0], "got to myself");
}

TEST_F(LoopTest, ASignalStopsTheLoopInAnOrderlyWay) {
  int seen = 0;
  loop.on_signal({SIGUSR1}, [&](int signal) {
    seen = signal;
    loop.stop();
  });
  loop.post([] { (void)std::raise(SIGUSR1); });

  loop.run();

  EXPECT_EQ(seen, SIGUSR1);
}

TEST(LoopTime, StartsAtZeroAndTellsTheSink) {
  struct Clocked final : Sink {
    void now(Instant instant) override { seen.push_back(instant); }
    std::vector<Instant> seen;
  } sink;
  Loop loop(&sink);
  bool done = false;
  loop.post([&] { done = true; });

  ASSERT_TRUE(loop.run_until([&] { return done; }, kLimit));

  ASSERT_FALSE(sink.seen.empty());
  EXPECT_GE(sink.seen[0], Instant{});
  EXPECT_LT(sink.seen[0], Instant{} + kLimit);
  EXPECT_GT(loop.wall_seconds(), 1'700'000'000U);
}

TEST(LoopTime, AConditionThatNeverComesEndsAtTheLimit) {
  Loop loop;

  EXPECT_FALSE(loop.run_until([] { return false; }, 10ms));
}

TEST(Resolve, LiteralsAreTheirOwnAnswer) {
  const auto v4 = resolve_now("127.0.0.1", 53);
  const auto v6 = resolve_now("::1", 53);

  ASSERT_TRUE(v4.has_value());
  ASSERT_TRUE(v6.has_value());
  EXPECT_EQ(*v4, std::vector<Address>{*parse_address("127.0.0.1:53")});
  EXPECT_EQ(*v6, std::vector<Address>{*parse_address("[::1]:53")});
}

TEST(Resolve, AnswersOnTheLoopAndNamesWhatFailed) {
  Loop loop;
  std::optional<Resolved> good;
  std::optional<Resolved> bad;
  resolve(loop, "127.0.0.1", 1, [&](Resolved r) { good = std::move(r); });
  resolve(loop, "no such\nname", 1, [&](Resolved r) { bad = std::move(r); });

  ASSERT_TRUE(loop.run_until([&] { return good && bad; }, 30s));

  EXPECT_TRUE(good->has_value());
  ASSERT_FALSE(bad->has_value());
  EXPECT_NE(bad->error().find("no such\\x0aname"), std::string::npos) << bad->error();
}

TEST(Interfaces, LoopbackIsThereAndUsableAddressesAreNeverEmpty) {
  bool loopback = false;
  for (const Interface& interface : interfaces()) {
    EXPECT_FALSE(interface.name.empty());
    EXPECT_EQ(interface.address.port, 0);
    loopback = loopback || (interface.is_loopback && interface.address.is_loopback());
  }

  EXPECT_TRUE(loopback);
  EXPECT_FALSE(usable_addresses().empty());
}

}  // namespace
}  // namespace glass::net
