#include <algorithm>
#include <utility>

#include "base/writer.h"
#include "conform/faults/faults.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/turn/attributes.h"

namespace glass::conform {

using stun::AttributeType;

Parts::Attribute* Parts::find(AttributeType wanted) {
  const auto found = std::ranges::find(attributes, wanted, &Attribute::type);
  return found == attributes.end() ? nullptr : &*found;
}

void Parts::remove(AttributeType unwanted) {
  std::erase_if(attributes, [&](const Attribute& one) { return one.type == unwanted; });
}

unsigned Parts::code() {
  const Attribute* const error = find(AttributeType::kErrorCode);
  return error == nullptr || error->value.size() < 4 ? 0 : error->value[2] * 100U + error->value[3];
}

void Parts::set_code(unsigned code) {
  Attribute* const error = find(AttributeType::kErrorCode);
  if (error == nullptr || error->value.size() < 4) return;
  error->value[2] = static_cast<std::uint8_t>(code / 100);
  error->value[3] = static_cast<std::uint8_t>(code % 100);
}

std::optional<Parts> take_apart(Bytes message) {
  const auto parsed = stun::MessageView::parse(message);
  if (!parsed) return std::nullopt;
  Parts parts{.type = stun::message_type(parsed->cls(), parsed->method()),
              .id = parsed->transaction(),
              .attributes = {}};
  for (const stun::Attribute& one : parsed->attributes())
    parts.attributes.push_back({
        .type = one.type,
        .value = {one.value.begin(), one.value.end()},
        .padding = one.padding.empty() ? std::uint8_t{0}
          : one.padding[0]
    });
  return parts;
}

ByteVector put_together(const Parts& parts) {
  ByteVector bytes;
  Writer out(bytes);
  out.u16(parts.type).u16(0).u32(parts.cookie).bytes(parts.id.bytes);
  const auto set_length = [&](std::size_t extra) {
    const std::size_t length = bytes.size() - stun::kHeaderSize + extra;
    bytes[2] = static_cast<std::uint8_t>(length >> 8);
    bytes[3] = static_cast<std::uint8_t>(length);
  };
  for (const Parts::Attribute& one : parts.attributes) {
    if (one.type == AttributeType::kFingerprint) {
      set_length(8);
      const std::uint32_t crc = stun::crc32(bytes) ^ stun::kFingerprintXor;
      out.u16(static_cast<std::uint16_t>(one.type)).u16(4).u32(crc);
      continue;
    }
    out.u16(static_cast<std::uint16_t>(one.type)).u16(static_cast<std::uint16_t>(one.value.size()));
    out.bytes(one.value);
    while (bytes.size() % 4 != 0) out.u8(one.padding);
  }
  set_length(0);
  return bytes;
}

void FaultySubject::remember_in(const Path& path, Bytes bytes) {
  const auto parts = take_apart(bytes);
  if (!parts) return;
  memory_.asked.insert_or_assign(path.remote, *parts);
  const auto message = stun::MessageView::parse(bytes);
  const auto channel = stun::get<stun::turn::ChannelNumber>(*message);
  const auto peer = stun::get<stun::turn::XorPeerAddress>(*message);
  if (channel && peer) memory_.peers[channel->number] = peer->address;
}

void FaultySubject::remember_out(const Path& path, Bytes bytes) {
  const auto message = stun::MessageView::parse(bytes);
  if (!message || !message->is(stun::Class::kSuccess, stun::Method::kAllocate)) return;
  const auto relayed = stun::get<stun::turn::XorRelayedAddress>(*message);
  if (!relayed) return;
  memory_.clients.insert_or_assign(relayed->address, path);
  if (!memory_.first_relayed) memory_.first_relayed = relayed->address;
}

void FaultySubject::receive(Instant now, const Received& in) {
  if (memory_.is_dead) return;
  Path path = in.path;
  ByteVector bytes(in.bytes.begin(), in.bytes.end());
  remember_in(path, bytes);
  if (fault_.in && !fault_.in(memory_, path, bytes)) return;
  inner_.receive(now, {path, bytes});
}

std::optional<Path> FaultySubject::poll_transmit(Instant now, ByteVector& out) {
  while (auto path = inner_.poll_transmit(now, out)) {
    remember_out(*path, out);
    if (memory_.is_dead) continue;
    if (!fault_.out || fault_.out(memory_, *path, out)) return path;
  }
  return std::nullopt;
}

}  // namespace glass::conform
