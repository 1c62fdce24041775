// tests/sctp/rx/interleaved_test.cc - messages that grow beside each other, fragment by fragment.
#include "sctp/rx/interleaved.h"

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

struct InterleavedFixture {
  struct Where {
    std::uint16_t stream = 1;
    std::uint32_t mid = 0;
    std::uint32_t fsn = 0;
    bool end = false;
    bool unordered = false;
  };
  ReassemblyError give(const Where& where, std::string_view text) {
    return interleaved.receive({.unordered = where.unordered,
                                .begin = where.fsn == 0,
                                .end = where.end,
                                .stream = StreamId{where.stream},
                                .ppid = Ppid{where.fsn == 0 ? 51U : 0U},
                                .interleaved = true,
                                .mid = Mid{where.mid},
                                .fsn = where.fsn,
                                .payload = as_bytes(text)});
  }
  std::vector<std::string> messages() {
    std::vector<std::string> out;
    while (const auto event = inbox.pop())
      if (const auto* message = std::get_if<Message>(&*event)) {
        EXPECT_EQ(message->ppid, Ppid{51});
        out.push_back(std::to_string(message->stream.value()) + ":" +
                      std::string(as_text(message->bytes)));
      }
    return out;
  }
  Blocks blocks;
  Inbox inbox{blocks};
  Interleaved interleaved{100, blocks, inbox, test::test_trace(Layer::kSctp)};
};

using Texts = std::vector<std::string>;

TEST(Interleaved, MessagesOfTwoStreamsGrowBesideEachOther) {
  InterleavedFixture t;
  t.give({.stream = 1, .fsn = 0}, "a");
  t.give({.stream = 2, .fsn = 0}, "x");
  t.give({.stream = 1, .fsn = 1}, "b");
  t.give({.stream = 2, .fsn = 1, .end = true}, "y");
  EXPECT_EQ(t.messages(), (Texts{"2:xy"}));
  t.give({.stream = 1, .fsn = 2, .end = true}, "c");

  EXPECT_EQ(t.messages(), (Texts{"1:abc"}));
  EXPECT_EQ(t.interleaved.held(), 0u);
  EXPECT_RULE("8260:2.2.3#1");
}

TEST(Interleaved, FragmentsMayComeInAnyOrder) {
  InterleavedFixture t;
  t.give({.fsn = 3, .end = true}, "d");
  t.give({.fsn = 1}, "b");
  t.give({.fsn = 0}, "a");
  EXPECT_EQ(t.interleaved.held(), 3u);
  t.give({.fsn = 2}, "c");

  EXPECT_EQ(t.messages(), (Texts{"1:abcd"}));
  EXPECT_EQ(t.blocks.in_use(), 0u);
}

TEST(Interleaved, OrderedMessagesWaitForTheirTurnAndUnorderedOnesDoNot) {
  InterleavedFixture t;
  t.give({.mid = 1, .end = true}, "second");
  t.give({.mid = 7, .end = true, .unordered = true}, "whenever");
  EXPECT_EQ(t.messages(), (Texts{"1:whenever"}));
  t.give({.mid = 0, .end = true}, "first");

  EXPECT_EQ(t.messages(), (Texts{"1:first", "1:second"}));
}

TEST(Interleaved, WhatIsSkippedSetsFreeWhatWaited) {
  InterleavedFixture t;
  t.give({.mid = 0, .fsn = 0}, "lost");
  t.give({.mid = 1, .end = true}, "whole");
  t.give({.mid = 2, .end = true}, "behind");
  t.interleaved.skip({StreamId{1}, Ssn{}, false, Mid{1}});

  EXPECT_EQ(t.messages(), (Texts{"1:whole", "1:behind"}));
  EXPECT_EQ(t.interleaved.held(), 0u);
  t.give({.mid = 1, .end = true}, "again");
  EXPECT_EQ(t.messages(), (Texts{}));
  EXPECT_RULE("8260:2.3.1#5");
}

TEST(Interleaved, SkippingUnorderedOnesLeavesTheOrderAlone) {
  InterleavedFixture t;
  t.give({.mid = 0, .fsn = 0, .unordered = true}, "lost");
  t.give({.mid = 0, .fsn = 0}, "a");
  t.interleaved.skip({StreamId{1}, Ssn{}, true, Mid{0}});
  EXPECT_EQ(t.interleaved.held(), 1u);
  t.give({.mid = 0, .fsn = 1, .end = true}, "b");

  EXPECT_EQ(t.messages(), (Texts{"1:ab"}));
}

TEST(Interleaved, AResetStreamCountsFromZero) {
  InterleavedFixture t;
  t.give({.mid = 0, .end = true}, "old");
  t.give({.stream = 2, .mid = 0, .end = true}, "other");
  (void)t.messages();
  t.interleaved.reset(StreamId{1});
  t.give({.mid = 0, .end = true}, "new");
  t.give({.stream = 2, .mid = 0, .end = true}, "repeated");

  EXPECT_EQ(t.messages(), (Texts{"1:new"}));
  EXPECT_RULE("8260:2.3.2#1");
}

TEST(Interleaved, FragmentsThatDoNotFitAreAnError) {
  InterleavedFixture t;
  t.give({.fsn = 0}, "a");
  EXPECT_EQ(t.give({.fsn = 0}, "a"), ReassemblyError::kFragmentOutOfPlace);
  t.give({.fsn = 2, .end = true}, "c");
  EXPECT_EQ(t.give({.fsn = 3}, "d"), ReassemblyError::kFragmentOutOfPlace);
  EXPECT_EQ(t.give({.fsn = 1, .end = true}, "b"), ReassemblyError::kFragmentOutOfPlace);
  EXPECT_RULE("8260:2.1#5");
}

TEST(Interleaved, MemoryIsBounded) {
  InterleavedFixture t;
  EXPECT_EQ(t.give({.fsn = 0}, std::string(60, 'a')), ReassemblyError::kNone);
  EXPECT_EQ(t.give({.fsn = 5}, std::string(41, 'a')), ReassemblyError::kTooLong);
  for (std::uint32_t mid = 1; mid < Interleaved::kMaxGrowing; ++mid)
    ASSERT_EQ(t.give({.mid = mid, .end = true}, "x"), ReassemblyError::kNone);
  EXPECT_EQ(t.give({.mid = Interleaved::kMaxGrowing, .end = true}, "x"),
            ReassemblyError::kTooManyParked);
  t.interleaved.clear();
  EXPECT_EQ(t.interleaved.held(), 0u);
  EXPECT_EQ(t.blocks.in_use(), 0u);
}

// Fragments of many messages in an order of the seed: each message comes once, ordered ones in
// turn.
TEST(Interleaved, AnyOrderOfFragmentsGivesTheSameMessages) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    InterleavedFixture t;
    SeededRandom dice(seed);
    std::vector<std::pair<InterleavedFixture::Where, std::string>> fragments;
    std::map<std::uint16_t, Texts> wanted;
    for (std::uint16_t stream = 0; stream < 4; ++stream)
      for (std::uint32_t mid = 0; mid < 6; ++mid) {
        std::string whole;
        const std::uint32_t count = 1 + dice.below(5);
        for (std::uint32_t fsn = 0; fsn < count; ++fsn) {
          const std::string piece(1 + dice.below(9), static_cast<char>('a' + dice.below(26)));
          whole += piece;
          fragments.push_back({
              {.stream = stream, .mid = mid, .fsn = fsn, .end = fsn + 1 == count},
              piece
          });
        }
        wanted[stream].push_back(std::to_string(stream) + ":" + whole);
      }
    for (std::size_t i = fragments.size(); i > 1; --i)
      std::swap(fragments[i - 1], fragments[dice.below(static_cast<std::uint32_t>(i))]);
    std::map<std::uint16_t, Texts> got;
    for (const auto& [where, piece] : fragments) {
      ASSERT_EQ(t.give(where, piece), ReassemblyError::kNone) << "seed " << seed;
      for (const std::string& text : t.messages())
        got[static_cast<std::uint16_t>(text[0] - '0')].push_back(text);
    }
    ASSERT_EQ(got, wanted) << "seed " << seed;
    ASSERT_EQ(t.blocks.in_use(), 0u);
  }
}

}  // namespace
}  // namespace glass::sctp
