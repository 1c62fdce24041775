// tests/sctp/channel/reuse_test.cc - stream ids that are used again while old resets are under way.
//
// Every message says which channel it was sent on. Over a network that loses, repeats and reorders,
// with both sides closing, none may surface on another one, and none may be missing that was sent
// before its own side closed.
#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "sctp/channel/channels.h"
#include "tests/sctp/support/link.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using test::Link;
using namespace std::chrono_literals;

class Reuse {
 public:
  explicit Reuse(std::uint64_t seed, bool interleaving)
      : dice_(seed),
        random_a_(seed * 2),
        random_b_(seed * 2 + 1),
        a_(config(true, interleaving), random_a_, test::test_trace(Layer::kSctp, 0)),
        b_(config(false, interleaving), random_b_, test::test_trace(Layer::kSctp, 1)),
        link_(a_, b_,
              {.seed = seed, .loss_percent = 8, .reorder_percent = 15, .duplicate_percent = 5},
              [this](int side, Channels::Event& event) { on_event(side, event); }) {}

  void run() {
    a_.connect(link_.now());
    b_.connect(link_.now());
    for (int round = 0; round < 60; ++round) {
      open_one();
      for (auto it = open_.begin(); it != open_.end();) {
        send(it->first, 1 + dice_.below(3));
        if (dice_.below(3) == 0) {
          a_.close(link_.now(), it->second);
          it = open_.erase(it);
        } else {
          ++it;
        }
      }
      // The other side closes as well, in the middle of it.
      if (!theirs_.empty() && dice_.below(4) == 0) {
        closed_by_them_.insert(theirs_.begin()->second);
        b_.close(link_.now(), theirs_.begin()->first);
      }
      link_.settle();
      link_.run_for(Duration{1ms} * dice_.below(60));
    }
    for (const auto& [number, id] : open_) a_.close(link_.now(), id);
    ASSERT_TRUE(
        link_.run_until([&] { return a_.channel_count() == 0 && b_.channel_count() == 0; }, 900s));
    EXPECT_EQ(crossed_, 0);
    for (const auto& [number, count] : sent_) {
      if (closed_by_them_.contains(number)) continue;
      EXPECT_EQ(heard_[number].size(), count) << "channel " << number;
    }
  }
  [[nodiscard]] std::size_t streams_used() const { return streams_.size(); }
  [[nodiscard]] std::size_t channels_opened() const { return opened_; }

 private:
  static ChannelsConfig config(bool is_client, bool interleaving) {
    ChannelsConfig made;
    made.association.interleaving = interleaving;
    made.dtls_client = is_client;
    return made;
  }
  void open_one() {
    const std::uint32_t number = static_cast<std::uint32_t>(opened_);
    const auto id =
        a_.open(link_.now(), {.label = std::to_string(number), .ordered = dice_.below(2) == 0});
    ASSERT_TRUE(id.has_value());
    ++opened_;
    open_[number] = *id;
    if (const auto stream = a_.stream_of(*id)) streams_.insert(*stream);
  }
  void send(std::uint32_t number, std::uint32_t count) {
    for (std::uint32_t i = 0; i < count; ++i) {
      const std::string text =
          std::to_string(number) + ":" + std::to_string(sent_[number]) + std::string(900, '.');
      if (!a_.send(link_.now(), open_.at(number), MessageKind::kText, as_bytes(text))) return;
      ++sent_[number];
    }
  }
  void on_event(int side, Channels::Event& event) {
    if (side == 0) {
      if (const auto* closed = std::get_if<ChannelClosed>(&event))
        std::erase_if(open_, [&](const auto& one) { return one.second == closed->id; });
      return;
    }
    if (const auto* opened = std::get_if<ChannelOpened>(&event))
      theirs_[opened->id] = static_cast<std::uint32_t>(std::stoul(opened->config.label));
    if (const auto* closed = std::get_if<ChannelClosed>(&event)) theirs_.erase(closed->id);
    if (const auto* message = std::get_if<ChannelMessage>(&event)) {
      const std::string text(as_text(message->bytes));
      const auto number = static_cast<std::uint32_t>(std::stoul(text));
      if (!theirs_.contains(message->id) || theirs_.at(message->id) != number) ++crossed_;
      if (!heard_[number].insert(text).second) ++crossed_;
    }
  }

  SeededRandom dice_;
  SeededRandom random_a_;
  SeededRandom random_b_;
  Channels a_;
  Channels b_;
  Link<Channels> link_;
  std::size_t opened_ = 0;
  int crossed_ = 0;
  std::map<std::uint32_t, ChannelId> open_;
  std::map<ChannelId, std::uint32_t> theirs_;
  std::map<std::uint32_t, std::size_t> sent_;
  std::map<std::uint32_t, std::set<std::string>> heard_;
  std::set<std::uint32_t> closed_by_them_;
  std::set<std::uint16_t> streams_;
};

TEST(ChannelReuse, OldResetsNeverTouchANewChannel) {
  std::size_t streams_used_again = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Reuse t(seed, seed % 2 == 0);
    t.run();
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
    streams_used_again += t.channels_opened() - t.streams_used();
  }
  EXPECT_GT(streams_used_again, 20U) << "too few streams were used twice for this to say anything";
}

}  // namespace
}  // namespace glass::sctp
