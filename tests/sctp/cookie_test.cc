// tests/sctp/cookie_test.cc - cookies come back as they went, or not at all; blocks likewise.
#include "sctp/cookie.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "sctp/blocks.h"

namespace glass::sctp {
namespace {

TEST(CookieJar, OpensItsOwnAndNoOthers) {
  SeededRandom random(1);
  CookieJar jar(random);
  CookieJar other(random);
  const Cookie cookie{
      .made = Instant{Duration{123456789}},
      .tag = VerificationTag{1},
      .initial_tsn = Tsn{2},
      .peer = {.tag = VerificationTag{3},
                      .initial_tsn = Tsn{4},
                      .a_rwnd = 5,
                      .outbound_streams = 6,
                      .inbound_streams = 7,
                      .forward_tsn = true,
                      .reconfig = true},
      .local_tie = 8,
      .peer_tie = 9
  };
  const ByteVector sealed = jar.seal(cookie);
  const auto opened = jar.open(sealed);
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->made, cookie.made);
  EXPECT_EQ(opened->tag, cookie.tag);
  EXPECT_EQ(opened->initial_tsn, cookie.initial_tsn);
  EXPECT_EQ(opened->peer, cookie.peer);
  EXPECT_EQ(opened->local_tie, 8u);
  EXPECT_EQ(opened->peer_tie, 9u);
  EXPECT_FALSE(other.open(sealed));
  for (std::size_t size = 0; size < sealed.size(); ++size)
    EXPECT_FALSE(jar.open(Bytes(sealed).first(size)));
  EXPECT_LT(sealed.size(), 100u);
}

TEST(Blocks, TakeTheSmallestSizeThatFitsAndComeBack) {
  Blocks blocks;
  const ByteVector tiny(1, 1);
  const ByteVector full(1200, 2);
  const ByteVector huge(Blocks::kMaxBlock, 3);
  const BlockId a = blocks.store(tiny);
  const BlockId b = blocks.store(full);
  const BlockId c = blocks.store(huge);
  EXPECT_TRUE(equal(blocks.bytes(a), tiny));
  EXPECT_TRUE(equal(blocks.bytes(b), full));
  EXPECT_TRUE(equal(blocks.bytes(c), huge));
  EXPECT_EQ(blocks.next(a), BlockId::kNone);
  blocks.chain(a, b);
  blocks.chain(b, c);
  EXPECT_EQ(blocks.in_use(), 3u);
  blocks.release_chain(a);
  EXPECT_EQ(blocks.in_use(), 0u);
}

}  // namespace
}  // namespace glass::sctp
