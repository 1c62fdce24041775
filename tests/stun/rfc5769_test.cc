// The test vectors of RFC 5769, checked and rebuilt byte by byte.
#include <gtest/gtest.h>

#include "base/address.h"
#include "base/writer.h"
#include "crypto/hmac.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "tests/stun/vectors.h"

namespace glass::stun {
namespace {

constexpr std::string_view kKatakanaUser = "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9";

// The key of the user in the samples with long-term credentials.
ByteVector sample_key(PasswordAlgorithmNumber algorithm) {
  return long_term_key(algorithm, kKatakanaUser, "example.org", "TheMatrIX");
}

// Also of a message whose length field is wrong.
TransactionId transaction_of(const ByteVector& message) {
  TransactionId id;
  copy_bytes(Bytes(message).subspan(8, id.bytes.size()), id.bytes);
  return id;
}

// The vectors pad with blanks, which a builder of ours never does: the attribute is copied.
void copy_first(MessageBuilder& builder, const ByteVector& from, AttributeType type) {
  builder.copy(*MessageView::parse(from)->find(type));
}

TEST(Rfc5769Section21, SampleRequestIsRead) {
  const auto request = MessageView::parse(test::kSampleRequest);

  ASSERT_TRUE(request);
  EXPECT_TRUE(request->is(Class::kRequest, Method::kBinding));
  EXPECT_EQ(get<Software>(*request)->text, "STUN test client");
  EXPECT_EQ(get<Priority>(*request)->value, 0x6e0001ffU);
  EXPECT_EQ(get<IceControlled>(*request)->value, 0x932ff9b151263b36U);
  EXPECT_EQ(get<Username>(*request)->text, "evtj:h6vY");
  EXPECT_EQ(check_integrity(*request, as_bytes(test::kPassword)), Verdict::kValid);
  EXPECT_EQ(check_fingerprint(*request), Verdict::kValid);
}

TEST(Rfc5769Section21, SampleRequestIsRebuilt) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kRequest, Method::kBinding,
                         transaction_of(test::kSampleRequest));

  builder.add(Software{"STUN test client"}).add(Priority{0x6e0001ff});
  builder.add(IceControlled{0x932ff9b151263b36});
  copy_first(builder, test::kSampleRequest, AttributeType::kUsername);
  builder.add_integrity(as_bytes(test::kPassword)).add_fingerprint();

  EXPECT_EQ(hex(out), hex(test::kSampleRequest));
}

TEST(Rfc5769Section22, Ipv4ResponseIsRead) {
  const auto response = MessageView::parse(test::kSampleIpv4Response);

  ASSERT_TRUE(response);
  EXPECT_TRUE(response->is(Class::kSuccess, Method::kBinding));
  EXPECT_EQ(get<Software>(*response)->text, "test vector");
  EXPECT_EQ(to_text(get<XorMappedAddress>(*response)->address), "192.0.2.1:32853");
  EXPECT_EQ(check_integrity(*response, as_bytes(test::kPassword)), Verdict::kValid);
  EXPECT_EQ(check_fingerprint(*response), Verdict::kValid);
}

TEST(Rfc5769Section22, Ipv4ResponseIsRebuilt) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kSuccess, Method::kBinding,
                         transaction_of(test::kSampleIpv4Response));

  copy_first(builder, test::kSampleIpv4Response, AttributeType::kSoftware);
  builder.add(XorMappedAddress{*parse_address("192.0.2.1:32853")});
  builder.add_integrity(as_bytes(test::kPassword)).add_fingerprint();

  EXPECT_EQ(hex(out), hex(test::kSampleIpv4Response));
}

TEST(Rfc5769Section23, Ipv6ResponseIsRead) {
  const auto response = MessageView::parse(test::kSampleIpv6Response);

  ASSERT_TRUE(response);
  EXPECT_EQ(to_text(get<XorMappedAddress>(*response)->address),
            "[2001:db8:1234:5678:11:2233:4455:6677]:32853");
  EXPECT_EQ(check_integrity(*response, as_bytes(test::kPassword)), Verdict::kValid);
  EXPECT_EQ(check_fingerprint(*response), Verdict::kValid);
}

TEST(Rfc5769Section23, Ipv6ResponseIsRebuilt) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kSuccess, Method::kBinding,
                         transaction_of(test::kSampleIpv6Response));

  copy_first(builder, test::kSampleIpv6Response, AttributeType::kSoftware);
  builder.add(XorMappedAddress{*parse_address("[2001:db8:1234:5678:11:2233:4455:6677]:32853")});
  builder.add_integrity(as_bytes(test::kPassword)).add_fingerprint();

  EXPECT_EQ(hex(out), hex(test::kSampleIpv6Response));
}

TEST(Rfc5769Section24, LongTermRequestIsRead) {
  const auto request = MessageView::parse(test::kSampleLongTermRequest);
  const ByteVector key = sample_key(PasswordAlgorithmNumber::kMd5);

  ASSERT_TRUE(request);
  EXPECT_EQ(get<Username>(*request)->text, kKatakanaUser);
  EXPECT_EQ(get<Nonce>(*request)->text, "f//499k954d6OL34oL9FSTvy64sA");
  EXPECT_EQ(get<Realm>(*request)->text, "example.org");
  EXPECT_EQ(check_integrity(*request, key), Verdict::kValid);
  EXPECT_EQ(check_fingerprint(*request), Verdict::kAbsent);
}

TEST(Rfc5769Section24, LongTermRequestIsRebuilt) {
  const ByteVector key = sample_key(PasswordAlgorithmNumber::kMd5);
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kRequest, Method::kBinding,
                         transaction_of(test::kSampleLongTermRequest));

  builder.add(Username{kKatakanaUser}).add(Nonce{"f//499k954d6OL34oL9FSTvy64sA"});
  builder.add(Realm{"example.org"}).add_integrity(key);

  EXPECT_EQ(hex(out), hex(test::kSampleLongTermRequest));
}

TEST(Rfc8489AppendixB1, UserhashOfTheSample) {
  const std::string expected = "4a3cf38fef6992bda952c6780417da0f24819415569e60b205c46e41407f1704";

  EXPECT_EQ(hex(userhash(kKatakanaUser, "example.org").hash), expected);
}

// The length field of this sample counts the header too (156 for 136 bytes of attributes), so that
// it is no valid message as printed.
TEST(Rfc8489AppendixB1, SampleAsPrintedHasAWrongLength) {
  EXPECT_EQ(MessageView::parse(test::kSampleUserhashRequest).error(), ParseError::kLengthMismatch);
}

// All else is what we would write: the length is the only error in it, and with the right one the
// HMAC is another.
TEST(Rfc8489AppendixB1, SampleIsRebuiltButForItsLength) {
  const ByteVector key = sample_key(PasswordAlgorithmNumber::kSha256);
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kRequest, Method::kBinding,
                         transaction_of(test::kSampleUserhashRequest));

  builder.add(userhash(kKatakanaUser, "example.org"));
  builder.add(Nonce{"obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA"}).add(Realm{"example.org"});
  builder.add_integrity_sha256(key);

  ByteVector sample = test::kSampleUserhashRequest;
  ASSERT_EQ(out.size(), sample.size());
  EXPECT_EQ(sample[3], 156);
  EXPECT_EQ(out[3], 136);
  sample[3] = out[3];
  const std::size_t before = sample.size() - kIntegritySha256Size;
  EXPECT_EQ(hex(Bytes(out).first(before)), hex(Bytes(sample).first(before)));
  EXPECT_EQ(check_integrity_sha256(*MessageView::parse(out), key), Verdict::kValid);
  EXPECT_EQ(check_integrity_sha256(*MessageView::parse(sample), key), Verdict::kWrong);
}

// Its HMAC was computed with that wrong length in the header; it confirms the SHA-256 key.
TEST(Rfc8489AppendixB1, IntegrityOfTheSample) {
  const ByteVector key = sample_key(PasswordAlgorithmNumber::kSha256);
  const Bytes sample = test::kSampleUserhashRequest;
  const std::size_t before = sample.size() - kIntegritySha256Size - kAttributeHeaderSize;

  EXPECT_EQ(hex(crypto::hmac(crypto::HashKind::kSha256, key, sample.first(before))),
            hex(sample.last(kIntegritySha256Size)));
}

}  // namespace
}  // namespace glass::stun
