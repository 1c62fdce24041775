#include "stun/turn/attributes.h"

#include <deque>

#include <gtest/gtest.h>

#include "base/address.h"
#include "base/text.h"
#include "base/writer.h"
#include "stun/message.h"

namespace glass::stun::turn {
namespace {

template <class T>
void expect_round_trip(const T& typed) {
  ByteVector raw;
  MessageBuilder(Writer(raw), Class::kRequest, Method::kAllocate,
                 TransactionId{
                     {1, 2, 3}
  })
      .add(typed);
  const auto back = get<T>(*MessageView::parse(raw));
  ASSERT_TRUE(back) << hex(raw);
  EXPECT_EQ(*back, typed) << hex(raw);
}

template <class T>
Result<T, AttributeError> read(std::string_view digits) {
  static std::deque<ByteVector> kept;  // texts in the result are views
  ByteVector raw;
  MessageBuilder(Writer(raw), Class::kRequest, Method::kAllocate, TransactionId{})
      .attribute(T::kType, *from_hex(digits));
  kept.push_back(std::move(raw));
  return get<T>(*MessageView::parse(kept.back()));
}

TEST(TurnAttributes, ComeBackAsTheyWereWritten) {
  expect_round_trip(ChannelNumber{0x4001});
  expect_round_trip(Lifetime{600});
  expect_round_trip(XorPeerAddress{*parse_address("192.0.2.7:9")});
  expect_round_trip(XorRelayedAddress{*parse_address("[2001:db8::7]:50000")});
  expect_round_trip(RequestedAddressFamily{kFamilyV6});
  expect_round_trip(AdditionalAddressFamily{kFamilyV6});
  expect_round_trip(EvenPort{true});
  expect_round_trip(EvenPort{false});
  expect_round_trip(RequestedTransport{kProtocolUdp});
  expect_round_trip(DontFragment{});
  expect_round_trip(ReservationToken{0x0123456789abcdef});
  expect_round_trip(AddressErrorCode{kFamilyV6, 440, "Address Family not Supported"});
  expect_round_trip(Icmp{3, 4, 1400});
}

TEST(TurnAttributes, IgnoreReservedBits) {
  EXPECT_EQ(read<ChannelNumber>("4001ffff")->number, 0x4001);
  EXPECT_EQ(read<RequestedTransport>("11ffffff")->protocol, kProtocolUdp);
  EXPECT_EQ(read<RequestedAddressFamily>("02ffffff")->family, kFamilyV6);
  EXPECT_TRUE(read<EvenPort>("ff")->reserve_next);
  EXPECT_FALSE(read<EvenPort>("7f")->reserve_next);
  EXPECT_EQ(read<AddressErrorCode>("01fffd08")->code, 508U);
}

TEST(TurnAttributes, RefuseOtherSizesAndFamilies) {
  EXPECT_EQ(read<ChannelNumber>("4001").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<Lifetime>("0258").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<EvenPort>("").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<RequestedAddressFamily>("03000000").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<AddressErrorCode>("03000428").error(), AttributeError::kMalformed);
  EXPECT_EQ(read<ReservationToken>("01").error(), AttributeError::kMalformed);
}

TEST(ChannelData, WrapsAPacketInPlace) {
  PacketBuffer packet;
  packet.assign(as_bytes("hello"));

  wrap_channel_data(packet, 0x4001);

  EXPECT_EQ(hex(packet.bytes()), "4001000568656c6c6f");
  const auto parsed = parse_channel_data(packet.bytes());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->channel, 0x4001);
  EXPECT_EQ(as_text(parsed->data), "hello");
}

TEST(ChannelData, PaddingIsNoData) {
  const ByteVector raw = *from_hex("40000001ff000000");

  EXPECT_EQ(hex(parse_channel_data(raw)->data), "ff");
}

TEST(ChannelData, RefusesOtherNumbersAndDataThatIsNotThere) {
  for (const char* digits :
       {"", "4000", "400000", "3fff0000", "50000000", "40000001", "4000ffff00"})
    EXPECT_FALSE(parse_channel_data(*from_hex(digits))) << digits;
}

}  // namespace
}  // namespace glass::stun::turn
