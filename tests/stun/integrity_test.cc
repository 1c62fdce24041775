#include "stun/integrity.h"

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "tests/stun/vectors.h"

namespace glass::stun {
namespace {

const Bytes kKey = as_bytes("a password");

ByteVector protected_request() {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{})
      .add(Username{"a:b"})
      .add_integrity(kKey)
      .add_integrity_sha256(kKey)
      .add_fingerprint();
  return out;
}

TEST(Crc32, ChecksOut) {
  EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926U);
  EXPECT_EQ(crc32({}), 0U);
}

TEST(CheckIntegrity, HoldsForWhatWasWritten) {
  const ByteVector raw = protected_request();
  const auto message = MessageView::parse(raw);

  ASSERT_TRUE(message);
  EXPECT_EQ(check_integrity(*message, kKey), Verdict::kValid);
  EXPECT_EQ(check_integrity_sha256(*message, kKey), Verdict::kValid);
  EXPECT_EQ(check_fingerprint(*message), Verdict::kValid);
}

TEST(CheckIntegrity, AnotherKeyDoesNot) {
  const ByteVector raw = protected_request();
  const auto message = MessageView::parse(raw);

  EXPECT_EQ(check_integrity(*message, as_bytes("a passwore")), Verdict::kWrong);
  EXPECT_EQ(check_integrity(*message, {}), Verdict::kWrong);
  EXPECT_EQ(check_integrity_sha256(*message, as_bytes("a passwore")), Verdict::kWrong);
}

// Whichever bit is turned over, some check fails, or the message is none any more.
TEST(CheckIntegrity, NoFlippedBitGoesUnseen) {
  const ByteVector raw = protected_request();
  for (std::size_t bit = 0; bit < raw.size() * 8; ++bit) {
    ByteVector broken = raw;
    broken[bit / 8] = static_cast<std::uint8_t>(broken[bit / 8] ^ 1U << bit % 8);
    const auto message = MessageView::parse(broken);
    if (!message) continue;
    EXPECT_FALSE(check_integrity(*message, kKey) == Verdict::kValid &&
                 check_integrity_sha256(*message, kKey) == Verdict::kValid &&
                 check_fingerprint(*message) == Verdict::kValid)
        << bit;
  }
}

TEST(CheckIntegrity, IsAbsentWhereThereIsNone) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{});
  const auto message = MessageView::parse(out);

  EXPECT_EQ(check_integrity(*message, kKey), Verdict::kAbsent);
  EXPECT_EQ(check_integrity_sha256(*message, kKey), Verdict::kAbsent);
  EXPECT_EQ(check_fingerprint(*message), Verdict::kAbsent);
}

TEST(CheckIntegrity, AnotherSizeIsWrong) {
  for (const std::size_t size : {0U, 16U, 19U, 21U, 32U}) {
    ByteVector out;
    MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{})
        .attribute(AttributeType::kMessageIntegrity, ByteVector(size));
    EXPECT_EQ(check_integrity(*MessageView::parse(out), kKey), Verdict::kWrong) << size;
  }
}

TEST(CheckIntegrity, ATruncatedSha256IsWrong) {
  const ByteVector raw = protected_request();
  const auto whole = MessageView::parse(raw)->find(AttributeType::kMessageIntegritySha256);
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{})
      .attribute(AttributeType::kMessageIntegritySha256, whole->value.first(16));

  EXPECT_EQ(check_integrity_sha256(*MessageView::parse(out), kKey), Verdict::kWrong);
}

TEST(CheckIntegrity, HoldsWithoutTheFingerprintThatFollowed) {
  ByteVector raw = protected_request();
  raw.resize(raw.size() - 8);
  raw[3] = static_cast<std::uint8_t>(raw[3] - 8);

  EXPECT_EQ(check_integrity(*MessageView::parse(raw), kKey), Verdict::kValid);
}

TEST(CheckFingerprint, IsWrongInAnotherPlaceThanTheLast) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{})
      .add_fingerprint()
      .add(Software{"late"});

  EXPECT_EQ(check_fingerprint(*MessageView::parse(out)), Verdict::kWrong);
}

TEST(CheckFingerprint, IsWrongInAnotherSize) {
  for (const std::size_t size : {0U, 3U, 5U, 8U}) {
    ByteVector out;
    MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{})
        .attribute(AttributeType::kFingerprint, ByteVector(size));
    EXPECT_EQ(check_fingerprint(*MessageView::parse(out)), Verdict::kWrong) << size;
  }
}

TEST(CheckFingerprint, IsWrongWithAnotherValue) {
  ByteVector raw = test::kSampleRequest;
  raw.back() ^= 1;

  EXPECT_EQ(check_fingerprint(*MessageView::parse(raw)), Verdict::kWrong);
}

TEST(Keys, ShortTermIsThePassword) {
  EXPECT_EQ(as_text(short_term_key("VOkJxbRl1RmTxUk/WvJxBt")), "VOkJxbRl1RmTxUk/WvJxBt");
}

// RFC 8489 §9.2.2 has this example.
TEST(Keys, LongTermOfTheExample) {
  EXPECT_EQ(hex(long_term_key(PasswordAlgorithmNumber::kMd5, "user", "realm", "pass")),
            "8493fbc53ba582fb4c044c456bdc40eb");
}

}  // namespace
}  // namespace glass::stun
