#include "stun/guard.h"

#include <gtest/gtest.h>

#include "base/writer.h"
#include "stun/attributes.h"
#include "tests/support/rules.h"

namespace glass::stun {
namespace {

using Finding = ResponseGuard::Finding;

const Bytes kKey = as_bytes("key");

ByteVector response(std::initializer_list<Integrity> proofs, Bytes key = kKey) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kSuccess, Method::kBinding, TransactionId{});
  for (const Integrity integrity : proofs) add_proof(builder, integrity, key);
  return out;
}

Finding check(const ResponseGuard& guard, const ByteVector& raw) {
  return guard.check(*MessageView::parse(raw), glass::test::test_trace(Layer::kStun));
}

TEST(ResponseGuard, WithoutAKeyEverythingPasses) {
  EXPECT_EQ(check(ResponseGuard(), response({})), Finding::kPass);
  EXPECT_EQ(check(ResponseGuard(), response({Integrity::kSha1})), Finding::kPass);
  EXPECT_FALSE(ResponseGuard().has_key());
}

// The sender of a request with one algorithm takes no answer with the other.
TEST(ResponseGuard, TheAlgorithmHasToMatch) {
  for (const Integrity sent : {Integrity::kSha1, Integrity::kSha256})
    for (const Integrity got : {Integrity::kSha1, Integrity::kSha256}) {
      const ResponseGuard guard = ResponseGuard::short_term(kKey, sent);
      EXPECT_EQ(check(guard, response({got})), sent == got ? Finding::kPass : Finding::kForged);
      EXPECT_EQ(check(guard, response({got}, as_bytes("other"))), Finding::kForged);
      EXPECT_EQ(check(guard, response({})), Finding::kForged);
    }
  EXPECT_RULE("8489:9.1.4#1");
}

}  // namespace
}  // namespace glass::stun
