#include "rtp/payload/vp8.h"

#include <utility>

#include "base/check.h"

namespace glass::rtp {

std::string_view to_text(Vp8Error error) {
  switch (error) {
    case Vp8Error::kTruncated: return "a VP8 payload descriptor that reaches past the end";
    case Vp8Error::kNoPayload: return "a VP8 payload descriptor and nothing behind it";
    case Vp8Error::kIndexAlone: return "TL0PICIDX without TID";
  }
  std::unreachable();
}

Rule rule_of(Vp8Error error) {
  switch (error) {
    case Vp8Error::kTruncated: return "7741:4.2#1"_rule;
    case Vp8Error::kNoPayload: return "7741:4.4#6"_rule;
    case Vp8Error::kIndexAlone: return "7741:4.2#14"_rule;
  }
  std::unreachable();
}

//  |X|R|N|S|R| PID |  required            RFC 7741 §4.2
//  |I|L|T|K|  RSV  |  if X
//  |M| PictureID   |  if I, one octet more if M
//  |   TL0PICIDX   |  if L
//  |TID|Y| KEYIDX  |  if T or K
Result<Vp8Payload, Vp8Error> parse_vp8(Bytes payload) {
  Reader in(payload);
  Vp8Payload out;
  Vp8Descriptor& descriptor = out.descriptor;
  const std::uint8_t first = in.u8("X, N, S, PID");
  descriptor.is_non_reference = (first & 0x20) != 0;
  descriptor.starts_partition = (first & 0x10) != 0;
  descriptor.partition = first & 0x07;
  const std::uint8_t more = (first & 0x80) != 0 ? in.u8("I, L, T, K") : std::uint8_t{0};
  if ((more & 0x80) != 0) {
    std::uint16_t id = in.u8("PictureID");
    descriptor.has_long_picture_id = (id & 0x80) != 0;
    if (descriptor.has_long_picture_id)
      id = static_cast<std::uint16_t>((id & 0x7f) << 8 | in.u8("PictureID"));
    descriptor.picture_id = id;
  }
  if ((more & 0x40) != 0) {
    descriptor.tl0_picture_index = in.u8("TL0PICIDX");
    if ((more & 0x20) == 0) return std::unexpected(Vp8Error::kIndexAlone);
  }
  if ((more & 0x30) != 0) {
    const std::uint8_t layers = in.u8("TID, Y, KEYIDX");
    if ((more & 0x20) != 0) descriptor.temporal_layer = static_cast<std::uint8_t>(layers >> 6);
    descriptor.is_layer_sync = (layers & 0x20) != 0;
    if ((more & 0x10) != 0) descriptor.key_index = static_cast<std::uint8_t>(layers & 0x1f);
  }
  if (!in.ok()) return std::unexpected(Vp8Error::kTruncated);
  if (in.left() == 0) return std::unexpected(Vp8Error::kNoPayload);
  out.data = in.rest();
  return out;
}

namespace {

FramePart descriptor_of(const Vp8Descriptor& descriptor) {
  FramePart part;
  const auto put = [&](unsigned value) {
    part.header.at(part.header_size++) = static_cast<std::uint8_t>(value);
  };
  const bool has_layers =
      descriptor.temporal_layer || descriptor.key_index || descriptor.is_layer_sync;
  const unsigned more =
      (descriptor.picture_id ? 0x80U : 0U) | (descriptor.tl0_picture_index ? 0x40U : 0U) |
      (descriptor.temporal_layer ? 0x20U : 0U) | (descriptor.key_index ? 0x10U : 0U);
  put((more != 0 ? 0x80U : 0U) | (descriptor.is_non_reference ? 0x20U : 0U) |
      (descriptor.partition & 7U));
  if (more == 0) return part;
  put(more);
  if (descriptor.picture_id) {
    const unsigned id = *descriptor.picture_id;
    if (descriptor.has_long_picture_id || id > 0x7f) put(0x80U | id >> 8);
    put(id & (descriptor.has_long_picture_id || id > 0x7f ? 0xffU : 0x7fU));
  }
  if (descriptor.tl0_picture_index) put(*descriptor.tl0_picture_index);
  if (has_layers && (more & 0x30) != 0)
    put(static_cast<unsigned>(descriptor.temporal_layer.value_or(0)) << 6 |
        (descriptor.is_layer_sync ? 0x20U : 0U) | (descriptor.key_index.value_or(0) & 0x1fU));
  return part;
}

}  // namespace

Vp8Packetizer::Vp8Packetizer(Bytes frame, const Vp8Descriptor& descriptor, std::size_t size_max)
    : head_(descriptor_of(descriptor)), left_(frame) {
  CHECK(!frame.empty() && size_max > head_.header_size);
  CHECK(!descriptor.tl0_picture_index || descriptor.temporal_layer);
  const std::size_t room = size_max - head_.header_size;
  parts_left_ = (frame.size() + room - 1) / room;
}

std::optional<FramePart> Vp8Packetizer::next() {
  if (parts_left_ == 0) return std::nullopt;
  FramePart part = head_;
  if (is_first_) part.header[0] |= 0x10;
  is_first_ = false;
  const std::size_t size = (left_.size() + parts_left_ - 1) / parts_left_;
  part.body = left_.first(size);
  left_ = left_.subspan(size);
  part.is_last = --parts_left_ == 0;
  return part;
}

}  // namespace glass::rtp
