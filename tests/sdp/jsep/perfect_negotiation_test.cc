// The pattern of the W3C's section 10.7 with two sessions whose offers cross.
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/random.h"
#include "sdp/jsep/session.h"
#include "tests/sdp/jsep/peer.h"

namespace glass::sdp {
namespace {

using test::Peer;

struct Message {
  Type type = Type::kOffer;
  std::string text;
};

// One side: offers when needed, rolls back or ignores when offers cross.
struct End {
  End(std::uint64_t seed, bool is_polite_) : peer(seed), is_polite(is_polite_) {}

  void offer_if_needed() {
    if (peer.session.signaling_state() != "stable" || !peer.session.is_negotiation_needed()) return;
    out.push_back({Type::kOffer, peer.offer()});
  }
  void receive(const Message& message) {
    const bool collides =
        message.type == Type::kOffer && peer.session.signaling_state() != "stable";
    if (collides && !is_polite) {
      ++ignored;
      return;
    }
    if (collides) {
      Peer::expect_done(peer.session.set_local_description(Type::kRollback, ""));
      ++rolled_back;
    }
    if (message.type == Type::kAnswer && peer.session.signaling_state() != "have-local-offer")
      return;  // to an offer that was rolled back
    peer.take(message.type, message.text);
    if (message.type == Type::kOffer) out.push_back({Type::kAnswer, peer.answer()});
  }

  Peer peer;
  bool is_polite = false;
  std::deque<Message> out{};
  int ignored = 0;
  int rolled_back = 0;
};

void settle(End& a, End& b) {
  for (int step = 0; step < 20; ++step) {
    a.offer_if_needed();
    b.offer_if_needed();
    // Both letters are on their way before either arrives.
    std::deque<Message> to_b = std::exchange(a.out, {});
    std::deque<Message> to_a = std::exchange(b.out, {});
    for (const Message& message : to_b) b.receive(message);
    for (const Message& message : to_a) a.receive(message);
  }
}

void expect_agreement(const End& a, const End& b) {
  EXPECT_EQ(a.peer.session.signaling_state(), "stable");
  EXPECT_EQ(b.peer.session.signaling_state(), "stable");
  EXPECT_FALSE(a.peer.session.is_negotiation_needed());
  EXPECT_FALSE(b.peer.session.is_negotiation_needed());
  EXPECT_EQ(a.peer.session.current_local().text, b.peer.session.current_remote().text);
  EXPECT_EQ(a.peer.session.current_remote().text, b.peer.session.current_local().text);
}

TEST(PerfectNegotiation, CrossingOffersEndInOneAgreement) {
  End polite(1, true);
  End impolite(2, false);
  polite.peer.session.add_track(MediaKind::kAudio, {"p"});
  impolite.peer.session.add_track(MediaKind::kVideo, {"i"});

  settle(polite, impolite);

  EXPECT_GE(polite.rolled_back, 1);
  EXPECT_GE(impolite.ignored, 1);
  expect_agreement(polite, impolite);
  EXPECT_EQ(polite.peer.session.transceivers().size(), 2U);
  EXPECT_EQ(impolite.peer.session.transceivers().size(), 2U);
}

TEST(PerfectNegotiation, ManyRoundsOfGlareLoseNothing) {
  End polite(1, true);
  End impolite(2, false);
  SeededRandom dice(7);
  for (int round = 0; round < 40; ++round) {
    for (End* end : {&polite, &impolite}) {
      Session& session = end->peer.session;
      const auto& all = session.transceivers();
      switch (dice.below(5)) {
        case 0: session.add_track(MediaKind::kAudio, {}); break;
        case 1: session.add_track(MediaKind::kVideo, {}); break;
        case 2: session.create_data_channel(); break;
        case 3:
          if (!all.empty())
            (void)session.set_direction(all[dice.below(static_cast<std::uint32_t>(all.size()))].id,
                                        MediaDirection::kRecvOnly);
          break;
        default:
          if (!all.empty())
            (void)session.remove_track(all[dice.below(static_cast<std::uint32_t>(all.size()))].id);
      }
    }
    settle(polite, impolite);
    expect_agreement(polite, impolite);
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GE(polite.rolled_back, 5);
}

}  // namespace
}  // namespace glass::sdp
