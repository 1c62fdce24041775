#include "stun/message.h"

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/names.h"
#include "tests/stun/vectors.h"

namespace glass::stun {
namespace {

ByteVector bytes_of(std::string_view digits) { return *from_hex(digits); }

// A Binding request around attributes, with the length that belongs to them.
ByteVector request_with(std::string_view attributes) {
  const ByteVector body = bytes_of(attributes);
  ByteVector out;
  Writer(out).u16(0x0001).u16(static_cast<std::uint16_t>(body.size())).u32(kMagicCookie);
  Writer(out).zeros(12).bytes(body);
  return out;
}

ByteVector copy_of(const MessageView& message) {
  ByteVector out;
  MessageBuilder builder(Writer(out), message.cls(), message.method(), message.transaction());
  for (const Attribute& attribute : message.attributes()) builder.copy(attribute);
  return out;
}

TEST(MessageType, WeavesClassBitsBetweenMethodBits) {
  EXPECT_EQ(message_type(Class::kRequest, Method::kBinding), 0x0001);
  EXPECT_EQ(message_type(Class::kIndication, Method::kBinding), 0x0011);
  EXPECT_EQ(message_type(Class::kSuccess, Method::kBinding), 0x0101);
  EXPECT_EQ(message_type(Class::kError, Method::kBinding), 0x0111);
  EXPECT_EQ(message_type(Class::kIndication, Method::kData), 0x0017);
  EXPECT_EQ(message_type(Class::kError, static_cast<Method>(0xFFF)), 0x3FFF);
}

TEST(MessageType, EveryMethodAndClassComesBack) {
  for (unsigned method = 0; method <= 0xFFF; ++method) {
    for (const Class cls : {Class::kRequest, Class::kIndication, Class::kSuccess, Class::kError}) {
      ByteVector out;
      MessageBuilder(Writer(out), cls, static_cast<Method>(method), TransactionId{});
      ASSERT_TRUE(MessageView::parse(out)->is(cls, static_cast<Method>(method)));
    }
  }
}

TEST(MessageView, AMessageWithoutAttributesIsTwentyBytes) {
  const ByteVector raw = request_with("");
  const auto message = MessageView::parse(raw);

  ASSERT_TRUE(message);
  EXPECT_EQ(message->attributes().begin(), message->attributes().end());
}

TEST(MessageView, RefusesAnythingShorterThanAHeader) {
  const ByteVector raw = request_with("");
  for (std::size_t size = 0; size < kHeaderSize; ++size)
    EXPECT_EQ(MessageView::parse(Bytes(raw).first(size)).error(), ParseError::kTooShort) << size;
}

TEST(MessageView, RefusesTopBitsThatAreNotZero) {
  for (const std::uint8_t top : std::array<std::uint8_t, 3>{0x40, 0x80, 0xC0}) {
    ByteVector raw = request_with("");
    raw[0] = top;
    EXPECT_EQ(MessageView::parse(raw).error(), ParseError::kTopBits);
    EXPECT_FALSE(is_stun(raw));
  }
}

TEST(MessageView, RefusesAnotherCookie) {
  ByteVector raw = request_with("");
  raw[7] ^= 1;

  EXPECT_EQ(MessageView::parse(raw).error(), ParseError::kCookie);
  EXPECT_FALSE(is_stun(raw));
}

TEST(MessageView, RefusesALengthThatIsNoMultipleOfFour) {
  ByteVector raw = request_with("80220000");
  raw[3] = 2;

  EXPECT_EQ(MessageView::parse(raw).error(), ParseError::kLengthUneven);
}

TEST(MessageView, RefusesALengthBeyondTheDatagramOrShortOfIt) {
  ByteVector raw = request_with("80220000");
  raw[3] = 8;
  EXPECT_EQ(MessageView::parse(raw).error(), ParseError::kLengthMismatch);
  raw[3] = 0;
  EXPECT_EQ(MessageView::parse(raw).error(), ParseError::kLengthMismatch);
}

TEST(MessageView, RefusesAttributesThatReachPastTheEnd) {
  const std::string_view overruns[] = {
      "80220001",                  // one byte promised, none there
      "8022000541424344",          // one byte too long
      "8022ffff41424344",          // as long as can be said
      "80220004414243448022fffc",  // the second one
  };
  for (const std::string_view attributes : overruns) {
    const ByteVector raw = request_with(attributes);
    EXPECT_EQ(MessageView::parse(raw).error(), ParseError::kAttributeOverrun) << attributes;
    EXPECT_TRUE(is_stun(raw));
    EXPECT_TRUE(parse_header(raw));  // who asked is known even so
  }
}

TEST(MessageView, EveryTruncationOfAMessageIsRefused) {
  const Bytes whole = test::kSampleRequest;
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(MessageView::parse(whole.first(size))) << size;
}

TEST(MessageView, EveryErrorHasATextAndARule) {
  for (const auto error :
       {ParseError::kTooShort, ParseError::kTopBits, ParseError::kCookie, ParseError::kLengthUneven,
        ParseError::kLengthMismatch, ParseError::kAttributeOverrun}) {
    EXPECT_FALSE(to_text(error).empty());
    EXPECT_EQ(rule_of(error).rfc, 8489);
  }
}

TEST(MessageView, AttributesOfZeroLengthArePassedOneByOne) {
  const ByteVector raw = request_with("002500000025000080220000");
  const auto message = MessageView::parse(raw);

  ASSERT_TRUE(message);
  std::vector<std::size_t> offsets;
  for (const Attribute& attribute : message->attributes()) {
    EXPECT_TRUE(attribute.value.empty());
    offsets.push_back(attribute.offset);
  }
  EXPECT_EQ(offsets, (std::vector<std::size_t>{20, 24, 28}));
}

TEST(MessageView, OnlyTheFirstOfItsTypeCounts) {
  const ByteVector raw = request_with("002400040000000100240004000000 02");
  const auto message = MessageView::parse(raw);

  ASSERT_TRUE(message);
  EXPECT_EQ(get<Priority>(*message)->value, 1U);
}

TEST(MessageView, KeepsUnknownAttributesOrderAndPadding) {
  const ByteVector raw = request_with(
      "7777000141aabbcc"    // unknown, to be understood, odd padding
      "f00d0003010203ff"    // unknown, optional
      "0024000400000001"    // known
      "7777000242430000");  // the first type again
  const auto message = MessageView::parse(raw);

  ASSERT_TRUE(message);
  EXPECT_EQ(hex(copy_of(*message)), hex(raw));
  EXPECT_EQ(message->find(static_cast<AttributeType>(0x7777))->value.size(), 1U);
}

TEST(MessageView, SampleMessagesSurviveACopy) {
  for (const ByteVector* raw : {&test::kSampleRequest, &test::kSampleIpv4Response,
                                &test::kSampleIpv6Response, &test::kSampleLongTermRequest})
    EXPECT_EQ(hex(copy_of(*MessageView::parse(*raw))), hex(*raw));
}

TEST(MessageView, IgnoresWhatFollowsTheIntegrity) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{});
  builder.add(Username{"a:b"}).add_integrity(as_bytes("key"));
  builder.add(Priority{7}).add_integrity_sha256(as_bytes("key")).add(UseCandidate{});
  builder.add_fingerprint().add(Software{"late"});
  const auto message = MessageView::parse(out);

  ASSERT_TRUE(message);
  std::string heeded;
  std::string ignored;
  for (const Attribute& attribute : message->attributes())
    (attribute.is_ignored ? ignored : heeded) += std::string(name(attribute.type)) + ' ';
  EXPECT_EQ(heeded, "USERNAME MESSAGE-INTEGRITY MESSAGE-INTEGRITY-SHA256 FINGERPRINT ");
  EXPECT_EQ(ignored, "PRIORITY USE-CANDIDATE SOFTWARE ");
  EXPECT_FALSE(message->has(AttributeType::kPriority));
  EXPECT_EQ(get<Priority>(*message).error(), AttributeError::kAbsent);
}

TEST(MessageView, AnUnknownAttributeBehindTheIntegrityIsNotComplainedAbout) {
  ByteVector out;
  MessageBuilder builder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{});
  builder.add_integrity(as_bytes("key")).attribute(static_cast<AttributeType>(0x7777), {});

  EXPECT_TRUE(unknown_required(*MessageView::parse(out), kStunAttributes).empty());
}

TEST(MessageBuilder, WritesBehindWhatIsThere) {
  PacketBuffer packet;
  packet.clear();
  Writer out(packet);
  out.u32(0xAABBCCDD);

  MessageBuilder builder(out, Class::kRequest, Method::kBinding, TransactionId{});
  builder.add(Priority{1}).add_integrity(as_bytes("key")).add_fingerprint();

  const auto message = MessageView::parse(packet.bytes().subspan(4));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->bytes().size(), builder.bytes().size());
  EXPECT_EQ(get<Priority>(*message)->value, 1U);
}

TEST(MessageBuilder, PadsWithZeroes) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, TransactionId{})
      .add(Software{"abcde"});

  EXPECT_EQ(hex(Bytes(out).subspan(kHeaderSize)), "802200056162636465000000");
  EXPECT_EQ(out[3], 12);
}

TEST(TransactionId, TakesAllItsBitsFromTheDice) {
  SeededRandom random(1);
  const TransactionId first = TransactionId::make(random);
  const TransactionId second = TransactionId::make(random);

  EXPECT_NE(first, second);
  EXPECT_NE(first, TransactionId{});
}

TEST(Names, SayWhatTheRfcSays) {
  EXPECT_EQ(name(AttributeType::kUseCandidate), "USE-CANDIDATE");
  EXPECT_EQ(name(static_cast<AttributeType>(0x7777)), "unknown attribute");
  EXPECT_EQ(name(Method::kBinding), "Binding");
  EXPECT_EQ(name(static_cast<Method>(0x7FF)), "unknown method");
  EXPECT_EQ(name(Class::kError), "error response");
  EXPECT_EQ(reason_phrase(487), "Role Conflict");
  EXPECT_EQ(reason_phrase(699), "Error");
}

// Marks every byte that was given a name, and how often.
struct Coverage final : FieldTap {
  explicit Coverage(std::size_t size) : named(size) {}
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    EXPECT_FALSE(name.empty());
    for (std::size_t i = 0; i < bytes.size(); ++i) ++named.at(offset + i);
    fields.push_back(std::string(name) + '@' + decimal(offset));
  }
  void open(std::string_view name, std::size_t) override {
    structures.emplace_back(name);
    ++depth;
  }
  void close(std::size_t) override { --depth; }

  std::vector<int> named;
  std::vector<std::string> fields;
  std::vector<std::string> structures;
  int depth = 0;
};

TEST(FieldTap, EveryByteOfAMessageHasOneName) {
  const ByteVector odd = request_with(
      "00010003aabbcc00"           // MAPPED-ADDRESS, too short
      "00200008000300000000 0000"  // XOR-MAPPED-ADDRESS of no family
      "000a000300010200"           // UNKNOWN-ATTRIBUTES, half an entry
      "80020006000100ff41420000"   // PASSWORD-ALGORITHMS, overrun inside
      "000900020000aaaa"           // ERROR-CODE, too short
      "0024000500000001ff000000"   // PRIORITY, too long
      "777700057071727374000000");
  for (const ByteVector* raw : {&test::kSampleRequest, &test::kSampleIpv4Response,
                                &test::kSampleIpv6Response, &test::kSampleLongTermRequest, &odd}) {
    Coverage tap(raw->size());
    ASSERT_TRUE(MessageView::parse(*raw, &tap));
    EXPECT_THAT(tap.named, testing::Each(1)) << hex(*raw);
    EXPECT_EQ(tap.depth, 0);
  }
}

TEST(FieldTap, NamesAreThoseOfTheRfc) {
  Coverage tap(test::kSampleIpv4Response.size());

  ASSERT_TRUE(MessageView::parse(test::kSampleIpv4Response, &tap));

  EXPECT_EQ(tap.structures, (std::vector<std::string>{"SOFTWARE", "XOR-MAPPED-ADDRESS",
                                                      "MESSAGE-INTEGRITY", "FINGERPRINT"}));
  EXPECT_THAT(tap.fields, testing::IsSupersetOf({"Message Type@0", "Magic Cookie@4",
                                                 "Transaction ID@8", "Text@24", "Padding@35",
                                                 "Family@41", "X-Port@42", "X-Address@44"}));
}

}  // namespace
}  // namespace glass::stun
