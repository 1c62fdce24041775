#include "peer/session.h"

#include <gtest/gtest.h>

#include "tests/support/rules.h"

namespace glass::peer {
namespace {

struct Side {
  explicit Side(std::uint64_t seed)
      : random(seed),
        session("sha-256 " + fingerprint(), 262144, random, glass::test::test_trace(Layer::kSdp)) {
    transport.credentials = ice::make_credentials(random);
    transport.candidates = {"1 1 udp 2130706431 192.0.2.1 5000 typ host"};
  }
  static std::string fingerprint() {
    std::string out = "AA";
    for (int i = 1; i < 32; ++i) out += ":AA";
    return out;
  }
  SeededRandom random;
  Session session;
  LocalTransport transport;
};

TEST(Session, OfferAndAnswerFixTheDtlsRoles) {
  Side a(1);
  Side b(2);

  const auto offer = a.session.offer(a.transport);
  ASSERT_TRUE(offer);
  EXPECT_EQ(a.session.state(), "have-local-offer");
  ASSERT_TRUE(b.session.set_remote(sdp::Type::kOffer, *offer));
  const auto answer = b.session.answer(b.transport);
  ASSERT_TRUE(answer);
  ASSERT_TRUE(a.session.set_remote(sdp::Type::kAnswer, *answer));

  EXPECT_EQ(a.session.dtls_role(), sdp::DtlsRole::kServer);
  EXPECT_EQ(b.session.dtls_role(), sdp::DtlsRole::kClient);
  EXPECT_EQ(a.session.state(), "stable");
}

TEST(Session, ASecondRoundKeepsTheRolesWhoeverOffers) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(b.session.set_remote(sdp::Type::kOffer, *a.session.offer(a.transport)));
  ASSERT_TRUE(a.session.set_remote(sdp::Type::kAnswer, *b.session.answer(b.transport)));

  ASSERT_TRUE(a.session.set_remote(sdp::Type::kOffer, *b.session.offer(b.transport)));
  const auto answer = a.session.answer(a.transport);
  ASSERT_TRUE(answer);
  ASSERT_TRUE(b.session.set_remote(sdp::Type::kAnswer, *answer));

  EXPECT_TRUE(answer->contains("a=setup:passive")) << *answer;
  EXPECT_EQ(a.session.dtls_role(), sdp::DtlsRole::kServer);
  EXPECT_EQ(b.session.dtls_role(), sdp::DtlsRole::kClient);
}

TEST(Session, AnAnswerWithoutAnOfferIsRefused) {
  Side a(1);
  Side b(2);
  ASSERT_TRUE(b.session.set_remote(sdp::Type::kOffer, *a.session.offer(a.transport)));
  const auto answer = b.session.answer(b.transport);
  ASSERT_TRUE(answer);
  Side c(3);

  const auto refused = c.session.set_remote(sdp::Type::kAnswer, *answer);

  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().stage, Stage::kSdp);
  EXPECT_EQ(c.session.state(), "stable");
}

TEST(Session, EachDescriptionHasItsOwnVersion) {
  Side a(1);
  const auto first = a.session.offer(a.transport);
  const auto second = a.session.offer(a.transport);
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
}

}  // namespace
}  // namespace glass::peer
