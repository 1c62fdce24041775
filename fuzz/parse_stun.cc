// fuzz: uses stun
//
// A datagram is refused with a reason, or it is a message that comes back byte for byte when its
// attributes are copied, and whose typed values come back when they are written and read again.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"
#include "stun/turn/attributes.h"

namespace {

using namespace glass;
using namespace glass::stun;

// Every byte has exactly one name, and structures are closed as often as opened.
struct Coverage final : FieldTap {
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    CHECK(!name.empty());
    CHECK(offset == next);
    next += bytes.size();
  }
  void open(std::string_view, std::size_t) override { ++depth; }
  void close(std::size_t) override { --depth; }
  std::size_t next = 0;
  int depth = 0;
};

template <class T>
void check_typed(const MessageView& message) {
  const auto typed = get<T>(message);
  if (!typed) return;
  ByteVector raw;
  MessageBuilder(Writer(raw), message.cls(), message.method(), message.transaction()).add(*typed);
  const auto again = MessageView::parse(raw);
  CHECK(again.has_value());
  const auto back = get<T>(*again);
  CHECK(back.has_value());
  ByteVector twice;
  MessageBuilder(Writer(twice), message.cls(), message.method(), message.transaction()).add(*back);
  CHECK(raw == twice);
}

template <class... T>
void check_all(const MessageView& message) {
  (check_typed<T>(message), ...);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes datagram(data, size);
  const auto channel_data = turn::parse_channel_data(datagram);
  CHECK(!channel_data || !is_stun(datagram));  // the first byte tells them apart
  const auto message = MessageView::parse(datagram);
  if (!message) {
    CHECK(!to_text(message.error()).empty());
    return 0;
  }
  CHECK(is_stun(datagram));

  ByteVector copy;
  MessageBuilder builder(Writer(copy), message->cls(), message->method(), message->transaction());
  for (const Attribute& attribute : message->attributes()) builder.copy(attribute);
  CHECK(equal(copy, datagram));

  Coverage tap;
  CHECK(MessageView::parse(datagram, &tap).has_value());
  CHECK(tap.next == size && tap.depth == 0);

  (void)check_fingerprint(*message);
  (void)check_integrity(*message, as_bytes("key"));
  (void)check_integrity_sha256(*message, as_bytes("key"));
  (void)unknown_required(*message, kIceAttributes);
  check_all<MappedAddress, XorMappedAddress, AlternateServer, Username, Realm, Nonce, Software,
            AlternateDomain, Userhash, ErrorCode, UnknownAttributes, PasswordAlgorithm,
            PasswordAlgorithms, Priority, UseCandidate, IceControlled, IceControlling,
            ChangeRequest, ResponsePort, Padding, ResponseOrigin, OtherAddress>(*message);
  check_all<turn::ChannelNumber, turn::Lifetime, turn::XorPeerAddress, turn::XorRelayedAddress,
            turn::Data, turn::RequestedAddressFamily, turn::AdditionalAddressFamily, turn::EvenPort,
            turn::RequestedTransport, turn::DontFragment, turn::ReservationToken,
            turn::AddressErrorCode, turn::Icmp>(*message);
  return 0;
}
