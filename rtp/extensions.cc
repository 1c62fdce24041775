#include "rtp/extensions.h"

#include <utility>

#include "base/check.h"

namespace glass::rtp {
namespace {

constexpr std::array<std::string_view, kExtensionKinds> kUris{
    "urn:ietf:params:rtp-hdrext:sdes:mid",
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
    "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
};

}  // namespace

ExtensionWalk::ExtensionWalk(std::uint16_t profile, Bytes extension, FieldTap* tap,
                             std::size_t origin)
    : in_(extension, tap, origin) {
  if (profile == kOneByteProfile) form_ = Form::kOneByte;
  if (is_two_byte(profile)) form_ = Form::kTwoByte;
}

std::optional<ExtensionElement> ExtensionWalk::next() {
  if (stopped_by_) return std::nullopt;
  switch (form_) {
    case Form::kNone: return std::nullopt;
    case Form::kOneByte: return next_one_byte();
    case Form::kTwoByte: return next_two_byte();
  }
  std::unreachable();
}

std::optional<ExtensionElement> ExtensionWalk::stop(Rule rule) {
  stopped_by_ = rule;
  return std::nullopt;
}

// RFC 8285 §4.2: four bits of ID, four of length less one.
std::optional<ExtensionElement> ExtensionWalk::next_one_byte() {
  while (in_.left() > 0) {
    if (in_.rest().front() == 0) {
      in_.skip(1, "Padding");
      continue;
    }
    const std::uint8_t head = in_.u8("ID, Length");
    const std::uint8_t id = head >> 4;
    if (id == 0) return stop("8285:4.1.2#5"_rule);
    if (id == 15) return stop("8285:4.2#4"_rule);
    const Bytes data = in_.bytes(1U + (head & 0x0fU), "Extension Data");
    if (!in_.ok()) return stop("8285:4.2#2"_rule);
    return ExtensionElement{.id = id, .data = data};
  }
  return std::nullopt;
}

// RFC 8285 §4.3: an octet each for ID and length; an ID of zero is a padding octet by itself.
std::optional<ExtensionElement> ExtensionWalk::next_two_byte() {
  while (in_.left() > 0) {
    if (in_.rest().front() == 0) {
      in_.skip(1, "Padding");
      continue;
    }
    const std::uint8_t id = in_.u8("ID");
    const std::uint8_t length = in_.u8("Length");
    const Bytes data = in_.bytes(length, "Extension Data");
    if (!in_.ok()) return stop("8285:4.3#0"_rule);
    return ExtensionElement{.id = id, .data = data};
  }
  return std::nullopt;
}

std::string_view uri_of(ExtensionKind kind) { return kUris.at(static_cast<std::size_t>(kind)); }

std::optional<ExtensionKind> extension_of(std::string_view uri) {
  for (std::size_t i = 0; i < kUris.size(); ++i)
    if (kUris.at(i) == uri) return static_cast<ExtensionKind>(i);
  return std::nullopt;
}

std::optional<ExtensionKind> ExtensionMap::kind(std::uint8_t id) const {
  if (id == 0) return std::nullopt;
  for (std::size_t i = 0; i < ids_.size(); ++i)
    if (ids_.at(i) == id) return static_cast<ExtensionKind>(i);
  return std::nullopt;
}

namespace {

// False: the size is none that this kind has.
bool read_value(Extensions& out, ExtensionKind kind, Bytes data) {
  if (data.empty()) return false;
  Reader in(data);
  switch (kind) {
    case ExtensionKind::kMid: out.mid = as_text(data); return true;
    case ExtensionKind::kRid: out.rid = as_text(data); return true;
    case ExtensionKind::kRepairedRid: out.repaired_rid = as_text(data); return true;
    case ExtensionKind::kAudioLevel: {
      // RFC 6464 §3: a byte of one octet; in the two-byte form a second, zero one may follow (§4).
      if (data.size() > 2) return false;
      const std::uint8_t level = in.u8("");
      out.audio_level = AudioLevel{.has_voice = (level & 0x80) != 0,
                                   .minus_dbov = static_cast<std::uint8_t>(level & 0x7f)};
      return true;
    }
    case ExtensionKind::kAbsSendTime:
      if (data.size() != 3) return false;
      out.abs_send_time = in.u24("");
      return true;
    case ExtensionKind::kTransportWide:
      if (data.size() != 2) return false;
      out.transport_wide = in.u16("");
      return true;
    case ExtensionKind::kPlayoutDelay: {
      if (data.size() != 3) return false;
      const std::uint32_t both = in.u24("");
      out.playout_delay = PlayoutDelay{.min = static_cast<std::uint16_t>(both >> 12),
                                       .max = static_cast<std::uint16_t>(both & 0xfff)};
      return true;
    }
  }
  std::unreachable();
}

}  // namespace

Extensions read_extensions(const Packet& packet, const ExtensionMap& map, Trace trace) {
  Extensions out;
  ExtensionWalk walk(packet);
  while (const auto element = walk.next()) {
    const auto kind = map.kind(element->id);
    // RFC 8285 §4.1.2: what was not negotiated means nothing here.
    if (!kind) {
      trace.rule("8285:4.1.2#1"_rule, Fact{"id", element->id});
      continue;
    }
    if (!read_value(out, *kind, element->data))
      trace.drop("8285:4.1#2"_rule, "a header extension of a wrong size", element->data);
  }
  if (const auto rule = walk.stopped_by())
    trace.drop(*rule, "the rest of a header extension is left alone", packet.extension);
  return out;
}

void ExtensionWriter::element(std::uint8_t id, Bytes data) {
  const std::size_t head = profile_ == kOneByteProfile ? 1 : 2;
  CHECK(size_ + head + data.size() + 3 <= kSizeMax);
  if (profile_ == kOneByteProfile) {
    room_.at(size_++) = static_cast<std::uint8_t>(std::size_t{id} << 4 | (data.size() - 1));
  } else {
    room_.at(size_++) = id;
    room_.at(size_++) = static_cast<std::uint8_t>(data.size());
  }
  copy_bytes(data, MutableBytes(room_).subspan(size_));
  size_ += data.size();
}

void ExtensionWriter::write(const Extensions& values, const ExtensionMap& map) {
  size_ = 0;
  profile_ = kOneByteProfile;
  struct Value {
    ExtensionKind kind;
    Bytes data;
  };
  const AudioLevel level = values.audio_level.value_or(AudioLevel{});
  const std::uint32_t time = values.abs_send_time.value_or(0);
  const std::uint16_t wide = values.transport_wide.value_or(0);
  const PlayoutDelay delay = values.playout_delay.value_or(PlayoutDelay{});
  const std::uint32_t delays = static_cast<std::uint32_t>(delay.min << 12) | delay.max;
  const auto octet = [](std::uint32_t number, int shift) {
    return static_cast<std::uint8_t>(number >> shift);
  };
  const std::array<std::uint8_t, 1> level_bytes{
      static_cast<std::uint8_t>((level.has_voice ? 0x80 : 0) | (level.minus_dbov & 0x7f))};
  const std::array time_bytes{octet(time, 16), octet(time, 8), octet(time, 0)};
  const std::array wide_bytes{octet(wide, 8), octet(wide, 0)};
  const std::array delay_bytes{octet(delays, 16), octet(delays, 8), octet(delays, 0)};
  const auto when = [](bool is_there, Bytes data) { return is_there ? data : Bytes{}; };
  const std::array<Value, kExtensionKinds> list{
      {
       {ExtensionKind::kMid, as_bytes(values.mid.value_or(""))},
       {ExtensionKind::kRid, as_bytes(values.rid.value_or(""))},
       {ExtensionKind::kRepairedRid, as_bytes(values.repaired_rid.value_or(""))},
       {ExtensionKind::kAudioLevel, when(values.audio_level.has_value(), level_bytes)},
       {ExtensionKind::kAbsSendTime, when(values.abs_send_time.has_value(), time_bytes)},
       {ExtensionKind::kTransportWide, when(values.transport_wide.has_value(), wide_bytes)},
       {ExtensionKind::kPlayoutDelay, when(values.playout_delay.has_value(), delay_bytes)},
       }
  };
  for (const Value& value : list)
    if (map.id(value.kind) > 14 || (map.id(value.kind) > 0 && value.data.size() > 16))
      profile_ = value.data.empty() ? profile_ : kTwoByteProfile;
  for (const Value& value : list)
    if (map.id(value.kind) > 0 && !value.data.empty()) element(map.id(value.kind), value.data);
  while (size_ % 4 != 0) room_.at(size_++) = 0;
}

}  // namespace glass::rtp
