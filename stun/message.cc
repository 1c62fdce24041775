#include "stun/message.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/names.h"

namespace glass::stun {
namespace {

constexpr std::size_t padding_of(std::size_t length) { return (4 - length % 4) % 4; }

std::uint16_t u16_at(Bytes bytes, std::size_t at) {
  return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

// Names header and value of one attribute for whoever watches. Its framing has been checked.
void name_attribute(Reader& in, const TransactionId& transaction) {
  const auto type = static_cast<AttributeType>(u16_at(in.rest(), 0));
  in.open(name(type));
  in.skip(2, "Type");
  const std::size_t length = in.u16("Length");
  Reader value = in.nested(length);
  name_fields(type, value, transaction);
  in.skip(padding_of(length), "Padding");
  in.close();
}

//  |0 0|     STUN Message Type     |         Message Length        |      RFC 8489 §5
//  |                         Magic Cookie                          |
//  |                     Transaction ID (96 bits)                  |
Result<Header, ParseError> read_header(Reader& in) {
  const std::uint16_t type = in.u16("Message Type");
  const std::size_t length = in.u16("Message Length");
  const std::uint32_t cookie = in.u32("Magic Cookie");
  Header header;
  const Bytes id = in.bytes(header.transaction.bytes.size(), "Transaction ID");
  if (!in.ok()) return std::unexpected(ParseError::kTooShort);
  if ((type & 0xC000) != 0) return std::unexpected(ParseError::kTopBits);
  if (cookie != kMagicCookie) return std::unexpected(ParseError::kCookie);
  if (length % 4 != 0) return std::unexpected(ParseError::kLengthUneven);
  if (length != in.left()) return std::unexpected(ParseError::kLengthMismatch);
  // The two class bits stand between the method bits: MMMMM C MMM C MMMM.
  header.cls = static_cast<Class>((type >> 4 & 1) | (type >> 7 & 2));
  header.method =
      static_cast<Method>((type & 0x000F) | (type >> 1 & 0x0070) | (type >> 2 & 0x0F80));
  copy_bytes(id, header.transaction.bytes);
  return header;
}

}  // namespace

TransactionId TransactionId::make(Random& random) {
  TransactionId id;
  random.fill(id.bytes);
  return id;
}

std::string_view to_text(ParseError error) {
  switch (error) {
    case ParseError::kTooShort: return "shorter than a STUN header";
    case ParseError::kTopBits: return "the first two bits are not zero";
    case ParseError::kCookie: return "wrong magic cookie";
    case ParseError::kLengthUneven: return "message length is no multiple of four";
    case ParseError::kLengthMismatch: return "message length is not that of the datagram";
    case ParseError::kAttributeOverrun: return "an attribute reaches past the end";
  }
  return "malformed";
}

Rule rule_of(ParseError error) {
  switch (error) {
    case ParseError::kTopBits: return "8489:5#1"_rule;
    case ParseError::kCookie: return "8489:5#3"_rule;
    case ParseError::kAttributeOverrun: return "8489:14#3"_rule;
    case ParseError::kTooShort:
    case ParseError::kLengthUneven:
    case ParseError::kLengthMismatch: break;
  }
  return "8489:5#8"_rule;
}

AttributeRange::Iterator::Iterator(Bytes message, std::size_t at) : message_(message), at_(at) {
  load();
}

AttributeRange::Iterator& AttributeRange::Iterator::operator++() {
  if (current_.type == AttributeType::kFingerprint) tail_ = Tail::kFingerprint;
  if (!current_.is_ignored && current_.type == AttributeType::kMessageIntegritySha256)
    tail_ = Tail::kIntegritySha256;
  if (!current_.is_ignored && current_.type == AttributeType::kMessageIntegrity)
    tail_ = Tail::kIntegrity;
  at_ = current_.end();
  load();
  return *this;
}

void AttributeRange::Iterator::load() {
  current_ = Attribute{};
  if (at_ >= message_.size()) return;
  const std::size_t length = u16_at(message_, at_ + 2);
  current_.type = static_cast<AttributeType>(u16_at(message_, at_));
  current_.offset = at_;
  current_.value = message_.subspan(at_ + kAttributeHeaderSize, length);
  current_.padding = message_.subspan(at_ + kAttributeHeaderSize + length, padding_of(length));
  // RFC 8489 §14.5: only the two other checksums may follow, in their order.
  const bool may_follow_sha1 = current_.type == AttributeType::kMessageIntegritySha256;
  const bool may_follow_both = current_.type == AttributeType::kFingerprint;
  switch (tail_) {
    case Tail::kNone: break;
    case Tail::kIntegrity: current_.is_ignored = !may_follow_sha1 && !may_follow_both; break;
    case Tail::kIntegritySha256: current_.is_ignored = !may_follow_both; break;
    case Tail::kFingerprint: current_.is_ignored = true; break;
  }
}

Result<MessageView, ParseError> MessageView::parse(Bytes datagram, FieldTap* tap) {
  Reader in(datagram, tap);
  MessageView view;
  view.header_ = TRY(read_header(in));
  view.bytes_ = datagram;
  for (Reader framing(in.rest()); framing.left() > 0;) {
    framing.skip(2, "Type");
    const std::size_t value = framing.u16("Length");
    framing.skip(value + padding_of(value), "Value");
    if (!framing.ok()) return std::unexpected(ParseError::kAttributeOverrun);
  }
  if (tap != nullptr) [[unlikely]]
    while (in.left() > 0) name_attribute(in, view.transaction());
  return view;
}

Result<Header, ParseError> parse_header(Bytes datagram) {
  Reader in(datagram);
  return read_header(in);
}

std::optional<Attribute> MessageView::find(AttributeType type) const {
  for (const Attribute& attribute : attributes())
    if (attribute.type == type && !attribute.is_ignored) return attribute;
  return std::nullopt;
}

bool is_stun(Bytes datagram) {
  if (datagram.size() < kHeaderSize || (datagram[0] & 0xC0) != 0) return false;
  return Reader(datagram.subspan(4)).u32("Magic Cookie") == kMagicCookie;
}

std::uint16_t message_type(Class cls, Method method) {
  const auto m = static_cast<unsigned>(method);
  const auto c = static_cast<unsigned>(cls);
  return static_cast<std::uint16_t>((m & 0x000F) | (m & 0x0070) << 1 | (m & 0x0F80) << 2 |
                                    (c & 1) << 4 | (c & 2) << 7);
}

MessageBuilder::MessageBuilder(Writer out, Class cls, Method method,
                               const TransactionId& transaction)
    : out_(out), start_(out.size()), transaction_(transaction) {
  out_.u16(message_type(cls, method)).u16(0).u32(kMagicCookie).bytes(transaction.bytes);
}

MessageBuilder& MessageBuilder::attribute(AttributeType type, Bytes value) {
  const std::size_t start = open(type);
  out_.bytes(value);
  close(start);
  return *this;
}

MessageBuilder& MessageBuilder::copy(const Attribute& attribute) {
  const std::size_t start = open(attribute.type);
  out_.bytes(attribute.value);
  close(start);
  copy_bytes(attribute.padding, out_.written().last(attribute.padding.size()));
  return *this;
}

std::size_t MessageBuilder::open(AttributeType type) {
  out_.u16(static_cast<std::uint16_t>(type)).u16(0);
  return out_.size();
}

void MessageBuilder::close(std::size_t start) {
  const std::size_t length = out_.size() - start;
  CHECK(length <= UINT16_MAX);
  const MutableBytes field = out_.written().subspan(start - 2, 2);
  field[0] = static_cast<std::uint8_t>(length >> 8);
  field[1] = static_cast<std::uint8_t>(length);
  out_.zeros(padding_of(length));
  set_length(0);
}

void MessageBuilder::set_length(std::size_t extra) {
  const std::size_t length = out_.size() - start_ - kHeaderSize + extra;
  CHECK(length <= UINT16_MAX);
  const MutableBytes field = out_.written().subspan(start_ + 2, 2);
  field[0] = static_cast<std::uint8_t>(length >> 8);
  field[1] = static_cast<std::uint8_t>(length);
}

}  // namespace glass::stun
