#include "stun/attributes.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/text.h"
#include "base/writer.h"
#include "stun/message.h"

namespace glass::stun {
namespace {

const TransactionId kId{
    {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}
};

// A message with this one attribute.
template <class T>
ByteVector message_with(const T& typed) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, kId).add(typed);
  return out;
}

ByteVector message_with(AttributeType type, std::string_view digits) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, kId)
      .attribute(type, *from_hex(digits));
  return out;
}

template <class T>
Result<T, AttributeError> read(std::string_view digits) {
  static std::deque<ByteVector> kept;  // texts in the result are views
  kept.push_back(message_with(T::kType, digits));
  return get<T>(*MessageView::parse(kept.back()));
}

// What is written is read as it was.
template <class T>
void expect_round_trip(const T& typed) {
  const ByteVector raw = message_with(typed);
  const auto back = get<T>(*MessageView::parse(raw));
  ASSERT_TRUE(back) << hex(raw);
  EXPECT_EQ(*back, typed) << hex(raw);
}

TEST(Attributes, ComeBackAsTheyWereWritten) {
  for (const char* text : {"192.0.2.1:32853", "0.0.0.0:0", "[2001:db8::1]:3478", "[::]:65535"}) {
    const Address address = *parse_address(text);
    expect_round_trip(MappedAddress{address});
    expect_round_trip(XorMappedAddress{address});
    expect_round_trip(AlternateServer{address});
    expect_round_trip(ResponseOrigin{address});
    expect_round_trip(OtherAddress{address});
  }
  expect_round_trip(Username{"frag:gart"});
  expect_round_trip(Username{""});
  expect_round_trip(Realm{"example.org"});
  expect_round_trip(Nonce{"abc"});
  expect_round_trip(Software{"glass"});
  expect_round_trip(AlternateDomain{"example.org"});
  expect_round_trip(Userhash{
      {1, 2, 3}
  });
  expect_round_trip(ErrorCode{420, "Unknown Attribute"});
  expect_round_trip(ErrorCode{699, ""});
  expect_round_trip(Priority{0x7fffffff});
  expect_round_trip(UseCandidate{});
  expect_round_trip(IceControlled{0x8000000000000001});
  expect_round_trip(IceControlling{0});
  expect_round_trip(ChangeRequest{true, false});
  expect_round_trip(ChangeRequest{false, true});
  expect_round_trip(ResponsePort{3478});
}

TEST(MappedAddress, IgnoresItsFirstByte) {
  EXPECT_EQ(read<MappedAddress>("ff010d96c0000201")->address, *parse_address("192.0.2.1:3478"));
}

TEST(MappedAddress, RefusesFamiliesAndSizesThatDoNotFit) {
  for (const char* digits : {
           "",                                          // nothing
           "0001",                                      // no port
           "00010d96",                                  // no address
           "00010d96c00002",                            // three quarters of one
           "00010d96c000020100",                        // IPv4 and a byte
           "00020d96c0000201",                          // IPv6 of four bytes
           "00010d96c0000201c0000201c0000201c0000201",  // IPv4 of sixteen
           "00030d96c0000201",                          // no such family
           "00000d96c0000201",
       }) {
    EXPECT_EQ(read<MappedAddress>(digits).error(), AttributeError::kMalformed) << digits;
    EXPECT_EQ(read<XorMappedAddress>(digits).error(), AttributeError::kMalformed) << digits;
  }
}

TEST(XorMappedAddress, DependsOnTheTransaction) {
  const XorMappedAddress typed{*parse_address("[2001:db8::1]:1")};
  ByteVector first = message_with(typed);
  EXPECT_EQ(get<XorMappedAddress>(*MessageView::parse(first)).value(), typed);

  first[19] ^= 1;  // the transaction id

  EXPECT_EQ(to_text(get<XorMappedAddress>(*MessageView::parse(first))->address), "[2001:db8::]:1");
}

TEST(ErrorCode, ReadsClassAndNumber) {
  EXPECT_EQ(read<ErrorCode>("00000414")->code, 420U);
  EXPECT_EQ(read<ErrorCode>("fffffc63")->code, 499U);  // 21 reserved bits, whatever they are
  EXPECT_EQ(read<ErrorCode>("000004014142")->reason, "AB");
}

TEST(ErrorCode, RefusesCodesThatAreNone) {
  for (const char* digits : {"", "000004", "00000200", "00000700", "00000464", "000000ff"})
    EXPECT_EQ(read<ErrorCode>(digits).error(), AttributeError::kMalformed) << digits;
}

TEST(UnknownAttributes, ListsEachTypeOnce) {
  const auto list = read<UnknownAttributes>("777700247777");

  ASSERT_TRUE(list);
  EXPECT_THAT(list->types(),
              testing::ElementsAre(static_cast<AttributeType>(0x7777), AttributeType::kPriority));
  EXPECT_EQ(read<UnknownAttributes>("777700").error(), AttributeError::kMalformed);
}

TEST(UnknownAttributes, IsBounded) {
  UnknownAttributes list;
  for (unsigned type = 0; type < 1000; ++type) list.insert(static_cast<AttributeType>(type));

  EXPECT_EQ(list.types().size(), UnknownAttributes::kMax);
  EXPECT_EQ(get<UnknownAttributes>(*MessageView::parse(message_with(list)))->types().size(),
            UnknownAttributes::kMax);
}

TEST(UnknownRequired, NamesWhatMustBeUnderstoodAndIsNot) {
  ByteVector out;
  MessageBuilder(Writer(out), Class::kRequest, Method::kBinding, kId)
      .attribute(static_cast<AttributeType>(0x7777), {})
      .attribute(static_cast<AttributeType>(0xF777), {})
      .add(Priority{1})
      .attribute(static_cast<AttributeType>(0x7777), {});
  const auto message = MessageView::parse(out);

  EXPECT_THAT(unknown_required(*message, kIceAttributes).types(),
              testing::ElementsAre(static_cast<AttributeType>(0x7777)));
  EXPECT_EQ(unknown_required(*message, kStunAttributes).types().size(), 2U);
}

TEST(Text, IsReadUpToSevenHundredAndSixtyThreeBytes) {
  const std::string long_text(763, 'x');
  expect_round_trip(Realm{long_text});

  const std::string too_long(764, 'x');
  EXPECT_EQ(get<Realm>(*MessageView::parse(message_with(Realm{too_long}))).error(),
            AttributeError::kMalformed);
}

TEST(Numbers, OfAnotherSizeAreRefused) {
  EXPECT_EQ(read<Priority>("000001").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<Priority>("0000000100").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<IceControlled>("00000001").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<UseCandidate>("00").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<Userhash>("00").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<ChangeRequest>("0000").error(), AttributeError::kMalformed);
}

TEST(ResponsePort, IsReadWithPaddingAndWithout) {
  EXPECT_EQ(read<ResponsePort>("0d96")->port, 3478);
  EXPECT_EQ(read<ResponsePort>("0d960000")->port, 3478);
  EXPECT_EQ(read<ResponsePort>("0d9600").error(), AttributeError::kMalformed);
}

TEST(PasswordAlgorithms, AreReadInOrderWithTheirParameters) {
  const ByteVector raw =
      message_with(AttributeType::kPasswordAlgorithms, "00020003aabbcc0000010000");
  const auto list = get<PasswordAlgorithms>(*MessageView::parse(raw));

  ASSERT_TRUE(list);
  ASSERT_EQ(list->count, 2U);
  EXPECT_EQ(list->list[0].algorithm, PasswordAlgorithmNumber::kSha256);
  EXPECT_EQ(hex(list->list[0].parameters), "aabbcc");
  EXPECT_EQ(list->list[1].algorithm, PasswordAlgorithmNumber::kMd5);
  EXPECT_EQ(hex(message_with(*list)), hex(raw));
}

TEST(PasswordAlgorithms, RefuseOverrunsAndMoreThanTheirLimit) {
  EXPECT_EQ(read<PasswordAlgorithms>("00020004aabbcc").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<PasswordAlgorithm>("0002").error(), AttributeError::kMalformed);
  std::string nine;
  for (int i = 0; i < 9; ++i) nine += "00010000";
  EXPECT_EQ(read<PasswordAlgorithms>(nine).error(), AttributeError::kMalformed);
}

}  // namespace
}  // namespace glass::stun
