// tests/sctp/rx/reassembly_test.cc - messages out of fragments, against a model without cleverness.
#include "sctp/rx/reassembly.h"

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Piece {
  DataChunk chunk;
  std::string text;
};

struct Fixture {
  explicit Fixture(std::size_t max = 1'000'000)
      : inbox(blocks), reassembly(max, blocks, inbox, test::test_trace(Layer::kSctp)) {
    reassembly.reset(Tsn{0});
  }
  ReassemblyError give(const Piece& piece) {
    DataChunk chunk = piece.chunk;
    chunk.payload = as_bytes(piece.text);
    return reassembly.receive(chunk);
  }
  ReassemblyError skip(std::uint32_t tsn, std::vector<SkippedStream> skipped = {}) {
    ByteVector bytes;
    Writer out(bytes);
    write_forward_tsn(out, Tsn{tsn}, skipped);
    Reader in(bytes);
    ChunkWalk walk(in);
    auto raw = walk.next();
    return reassembly.skip_to(Tsn{tsn}, *parse_forward_tsn(*raw));
  }
  std::vector<std::string> out() {
    std::vector<std::string> texts;
    while (const auto event = inbox.pop()) {
      if (const auto* message = std::get_if<Message>(&*event)) {
        texts.emplace_back(as_text(message->bytes));
      } else if (const auto* reset = std::get_if<IncomingReset>(&*event)) {
        texts.push_back("<" + std::to_string(reset->stream.value()) + ">");
      }
    }
    inbox.release();
    return texts;
  }
  Blocks blocks;
  Inbox inbox;
  Reassembly reassembly;
};

Piece piece(std::uint32_t tsn, std::uint16_t stream, std::uint16_t ssn, std::string text,
            bool begin = true, bool end = true, bool unordered = false) {
  return {
      .chunk = {.unordered = unordered,
                .begin = begin,
                .end = end,
                .tsn = Tsn{tsn},
                .stream = StreamId{stream},
                .ssn = Ssn{ssn},
                .ppid = {},
                .payload = {}},
      .text = std::move(text)
  };
}

// Messages on several streams, cut into fragments, in the order of their TSNs.
struct Traffic {
  std::vector<Piece> pieces;
  struct Sent {
    std::uint16_t stream = 0;
    std::uint16_t ssn = 0;
    bool unordered = false;
    std::uint32_t first = 0;
    std::uint32_t last = 0;
    std::string text;
  };
  std::vector<Sent> messages;

  explicit Traffic(SeededRandom& random, int count) {
    std::map<std::uint16_t, std::uint16_t> ssns;
    std::uint32_t tsn = 0;
    for (int i = 0; i < count; ++i) {
      const auto stream = static_cast<std::uint16_t>(random.below(3));
      const bool unordered = random.below(4) == 0;
      const std::uint16_t ssn = unordered ? 0 : ssns[stream]++;
      const std::uint32_t fragments = 1 + (random.below(2) == 0 ? 0 : random.below(6));
      Sent sent{stream, ssn, unordered, tsn, tsn + fragments - 1, {}};
      for (std::uint32_t k = 0; k < fragments; ++k) {
        const std::string text = std::to_string(i) + "." + std::to_string(k) + " ";
        pieces.push_back(piece(tsn++, stream, ssn, text, k == 0, k + 1 == fragments, unordered));
        sent.text += text;
      }
      messages.push_back(sent);
    }
  }
};

// After each arrival: which messages may be delivered? All fragments there, and, when ordered, all
// before it on the stream delivered.
struct Model {
  explicit Model(const Traffic& of) : traffic(of), seen(of.pieces.size()) {}
  std::multiset<std::string> step(std::uint32_t tsn) {
    seen[tsn] = true;
    std::multiset<std::string> out;
    for (bool more = true; more;) {
      more = false;
      for (std::size_t i = 0; i < traffic.messages.size(); ++i) {
        const Traffic::Sent& one = traffic.messages[i];
        if (done.contains(i) || (!one.unordered && one.ssn != next[one.stream])) continue;
        if (!std::all_of(seen.begin() + one.first, seen.begin() + one.last + 1,
                         [](bool there) { return there; }))
          continue;
        done.insert(i);
        if (!one.unordered) ++next[one.stream];
        out.insert(one.text);
        more = true;
      }
    }
    return out;
  }
  const Traffic& traffic;
  std::vector<bool> seen;
  std::set<std::size_t> done;
  std::map<std::uint16_t, std::uint16_t> next;
};

TEST(Reassembly, DeliversExactlyWhatTheModelDeliversAtEachStep) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    SeededRandom random(seed);
    const Traffic traffic(random, 40);
    std::vector<std::uint32_t> order(traffic.pieces.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    // Local disorder for most seeds, complete disorder for some.
    const std::uint32_t reach =
        seed % 5 == 0 ? static_cast<std::uint32_t>(order.size()) : 1 + random.below(12);
    for (std::uint32_t i = 0; i < order.size(); ++i)
      std::swap(order[i], order[std::min<std::size_t>(order.size() - 1, i + random.below(reach))]);
    Fixture t;
    Model model(traffic);
    for (const std::uint32_t tsn : order) {
      ASSERT_EQ(t.give(traffic.pieces[tsn]), ReassemblyError::kNone);
      const auto texts = t.out();
      ASSERT_EQ((std::multiset<std::string>{texts.begin(), texts.end()}), model.step(tsn))
          << "seed " << seed;
    }
    EXPECT_EQ(model.done.size(), traffic.messages.size());
    EXPECT_EQ(t.reassembly.held(), 0u);
    EXPECT_EQ(t.blocks.in_use(), 0u);
  }
  EXPECT_RULE("9260:3.3.1#4");
  EXPECT_RULE("9260:6.6#2");
  EXPECT_RULE("9260:6.9#15");
}

TEST(Reassembly, SkippingAgreesWithDeliveringWhatIsWhole) {
  // Some messages are given up by the sender; all others arrive, in any order, and are delivered.
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    SeededRandom random(seed);
    const Traffic traffic(random, 30);
    std::set<std::size_t> given_up;
    for (std::size_t i = 0; i < traffic.messages.size(); ++i)
      if (random.below(4) == 0) given_up.insert(i);
    Fixture t;
    std::multiset<std::string> got;
    std::multiset<std::string> expected;
    std::vector<Piece> arriving;
    for (std::size_t i = 0; i < traffic.messages.size(); ++i) {
      const Traffic::Sent& one = traffic.messages[i];
      if (!given_up.contains(i)) expected.insert(one.text);
      for (std::uint32_t tsn = one.first; tsn <= one.last; ++tsn) {
        // A part of a message that is given up arrives, never all of it.
        if (!given_up.contains(i) ||
            (tsn != one.first + (seed % (one.last - one.first + 1)) && random.below(2) == 0))
          arriving.push_back(traffic.pieces[tsn]);
      }
    }
    for (std::size_t i = 0; i < arriving.size(); ++i)
      std::swap(arriving[i],
                arriving[std::min<std::size_t>(arriving.size() - 1, i + random.below(6))]);
    for (const Piece& one : arriving)
      ASSERT_EQ(t.give(one), ReassemblyError::kNone) << "seed " << seed;
    std::map<std::uint16_t, std::uint16_t> highest;
    for (std::size_t i = 0; i < traffic.messages.size(); ++i) {
      const Traffic::Sent& one = traffic.messages[i];
      if (!given_up.contains(i)) continue;
      std::vector<SkippedStream> skipped;
      if (!one.unordered) skipped.push_back({StreamId{one.stream}, Ssn{one.ssn}});
      ASSERT_EQ(t.skip(one.last, skipped), ReassemblyError::kNone) << "seed " << seed;
    }
    const auto texts = t.out();
    EXPECT_EQ((std::multiset<std::string>{texts.begin(), texts.end()}), expected)
        << "seed " << seed;
    EXPECT_EQ(t.blocks.in_use(), 0u) << "seed " << seed;
  }
}

TEST(Reassembly, AMessageAheadOfItsStreamWaitsAlthoughAllTsnsHaveCome) {
  Fixture t;
  (void)t.give(piece(0, 1, 2, "c"));
  (void)t.give(piece(1, 1, 1, "b"));
  EXPECT_THAT(t.out(), IsEmpty());
  EXPECT_EQ(t.reassembly.held(), 2u);
  (void)t.give(piece(2, 1, 0, "a"));
  EXPECT_THAT(t.out(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(t.reassembly.held(), 0u);
  EXPECT_RULE("9260:6.6#2");
  (void)t.give(piece(3, 1, 0, "again"));
  EXPECT_THAT(t.out(), IsEmpty());
  EXPECT_RULE("9260:6.6#1");
}

TEST(Reassembly, WhatIsParkedIsBoundedAndSkippable) {
  Fixture t;
  for (std::uint32_t i = 0; i < Reassembly::kMaxParked; ++i)
    ASSERT_EQ(t.give(piece(i, 1, static_cast<std::uint16_t>(i + 1), "p")), ReassemblyError::kNone);
  EXPECT_EQ(t.give(piece(1024, 1, 1025, "p")), ReassemblyError::kTooManyParked);

  Fixture s;
  (void)s.give(piece(0, 1, 1, "b"));
  (void)s.give(piece(1, 1, 3, "d"));
  (void)s.skip(2, {
                      {StreamId{1}, Ssn{2}}
  });
  EXPECT_THAT(s.out(), ElementsAre("b", "d"));
}

TEST(Reassembly, AResetComesBetweenTheTwoLivesOfAStream) {
  Fixture t;
  const std::array<StreamId, 1> streams{StreamId{1}};
  (void)t.give(piece(1, 1, 1, "b"));
  EXPECT_FALSE(t.reassembly.reset_streams(Tsn{1}, streams));
  (void)t.give(piece(2, 1, 0, "A"));
  (void)t.give(piece(3, 1, 1, "B"));
  EXPECT_THAT(t.out(), IsEmpty());
  (void)t.give(piece(0, 1, 0, "a"));
  EXPECT_THAT(t.out(), ElementsAre("a", "b", "<1>", "A", "B"));
  EXPECT_FALSE(t.reassembly.is_reset_pending());
}

TEST(Reassembly, AResetIsReachedBySkippingToo) {
  Fixture t;
  const std::array<StreamId, 1> streams{StreamId{1}};
  EXPECT_FALSE(t.reassembly.reset_streams(Tsn{3}, streams));
  (void)t.skip(10);
  EXPECT_THAT(t.out(), ElementsAre("<1>"));
}

TEST(Reassembly, HalfASkippedRunThatGoesOnIsHarmless) {
  Fixture t;
  (void)t.give(piece(1, 1, 0, "1", false, false));
  (void)t.give(piece(2, 1, 0, "2", false, false));
  (void)t.give(piece(3, 1, 0, "3", false, false));
  (void)t.skip(1);
  (void)t.give(piece(5, 1, 0, "5", false, true));
  (void)t.give(piece(4, 1, 0, "4", false, false));
  (void)t.give(piece(6, 1, 0, "whole"));
  EXPECT_THAT(t.out(), ElementsAre("whole"));
  EXPECT_EQ(t.blocks.in_use(), 0u);
}

TEST(Reassembly, DiscardedChunksCountAsSeen) {
  Fixture t;
  (void)t.reassembly.discard(Tsn{1});
  (void)t.give(piece(2, 1, 0, "a"));
  EXPECT_THAT(t.out(), ElementsAre("a"));
  (void)t.give(piece(0, 1, 1, "b"));
  EXPECT_THAT(t.out(), ElementsAre("b"));
  (void)t.reassembly.discard(Tsn{3});
  (void)t.give(piece(4, 1, 2, "c"));
  EXPECT_THAT(t.out(), ElementsAre("c"));
}

}  // namespace
}  // namespace glass::sctp
