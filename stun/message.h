// stun/message.h - a STUN message: the header, and a walk over attributes that loses nothing.
//
// MessageView reads a datagram in place; MessageBuilder writes one. Both know types and lengths
// only: what a value means is in attributes.h, what protects it in integrity.h.
// RFC 8489 §5 (header), §14 (attributes).  Tested by: tests/stun/message_test.cc
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/writer.h"

namespace glass::stun {

inline constexpr std::size_t kHeaderSize = 20;
inline constexpr std::size_t kAttributeHeaderSize = 4;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;  // RFC 8489 §5

enum class Class : std::uint8_t { kRequest, kIndication, kSuccess, kError };

// Twelve bits on the wire; values that have no name here are kept as they are.
enum class Method : std::uint16_t {
  kBinding = 0x001,   // RFC 8489
  kAllocate = 0x003,  // RFC 8656, all below
  kRefresh = 0x004,
  kSend = 0x006,
  kData = 0x007,
  kCreatePermission = 0x008,
  kChannelBind = 0x009,
  kConnect = 0x00A,  // RFC 6062 §6.1, all below
  kConnectionBind = 0x00B,
  kConnectionAttempt = 0x00C,
};

enum class AttributeType : std::uint16_t {
  // RFC 8489 §14; below 0x8000 the receiver has to understand it.
  kMappedAddress = 0x0001,
  kUsername = 0x0006,
  kMessageIntegrity = 0x0008,
  kErrorCode = 0x0009,
  kUnknownAttributes = 0x000A,
  kRealm = 0x0014,
  kNonce = 0x0015,
  kMessageIntegritySha256 = 0x001C,
  kPasswordAlgorithm = 0x001D,
  kUserhash = 0x001E,
  kXorMappedAddress = 0x0020,
  kPasswordAlgorithms = 0x8002,
  kAlternateDomain = 0x8003,
  kSoftware = 0x8022,
  kAlternateServer = 0x8023,
  kFingerprint = 0x8028,
  // RFC 8445 §16.1
  kPriority = 0x0024,
  kUseCandidate = 0x0025,
  kIceControlled = 0x8029,
  kIceControlling = 0x802A,
  // RFC 5780 §7
  kChangeRequest = 0x0003,
  kPadding = 0x0026,
  kResponsePort = 0x0027,
  kResponseOrigin = 0x802B,
  kOtherAddress = 0x802C,
  // RFC 8656 §18
  kChannelNumber = 0x000C,
  kLifetime = 0x000D,
  kXorPeerAddress = 0x0012,
  kData = 0x0013,
  kXorRelayedAddress = 0x0016,
  kRequestedAddressFamily = 0x0017,
  kEvenPort = 0x0018,
  kRequestedTransport = 0x0019,
  kDontFragment = 0x001A,
  kReservationToken = 0x0022,
  kAdditionalAddressFamily = 0x8000,
  kAddressErrorCode = 0x8001,
  kIcmp = 0x8004,
  kConnectionId = 0x002A,    // RFC 6062 §6.2
  kMobilityTicket = 0x8030,  // RFC 8016 §3.3
  // Seen from Chromium, without a specification.
  kGoogNetworkInfo = 0xC057,
};

// RFC 8489 §14: the lower half of the type space must be understood by the receiver.
constexpr bool is_comprehension_required(AttributeType type) {
  return static_cast<std::uint16_t>(type) < 0x8000;
}

struct TransactionId {
  std::array<std::uint8_t, 12> bytes{};

  static TransactionId make(Random& random);
  friend constexpr auto operator<=>(const TransactionId&, const TransactionId&) = default;
};

enum class ParseError : std::uint8_t {
  kTooShort,          // less than a header
  kTopBits,           // the first two bits are not zero: not STUN
  kCookie,            // the cookie is another: not STUN, or RFC 3489
  kLengthUneven,      // the length field is no multiple of four
  kLengthMismatch,    // the length field is not what follows the header
  kAttributeOverrun,  // an attribute reaches past the end of the message
};

std::string_view to_text(ParseError error);
// The requirement that such a message breaks: what a machine drops it with.
Rule rule_of(ParseError error);

// One attribute as it stands in the message. Views into the message.
struct Attribute {
  AttributeType type{};
  Bytes value;
  Bytes padding;           // zero to three bytes, whatever their content
  std::size_t offset = 0;  // of the attribute's header in the message
  // True behind MESSAGE-INTEGRITY and behind FINGERPRINT, where a value is not protected and is
  // therefore not heeded (RFC 8489 §14.5 to §14.7).
  bool is_ignored = false;

  [[nodiscard]] std::size_t end() const {
    return offset + kAttributeHeaderSize + value.size() + padding.size();
  }
};

// All attributes of a parsed message in order, unknown and ignored ones included.
class AttributeRange {
 public:
  class Iterator {
   public:
    Iterator(Bytes message, std::size_t at);
    const Attribute& operator*() const { return current_; }
    const Attribute* operator->() const { return &current_; }
    Iterator& operator++();
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    enum class Tail : std::uint8_t { kNone, kIntegrity, kIntegritySha256, kFingerprint };
    void load();

    Bytes message_;
    std::size_t at_;
    Tail tail_ = Tail::kNone;
    Attribute current_;
  };

  explicit AttributeRange(Bytes message) : message_(message) {}
  [[nodiscard]] Iterator begin() const { return {message_, kHeaderSize}; }
  [[nodiscard]] Iterator end() const { return {message_, message_.size()}; }

 private:
  Bytes message_;
};

struct Header {
  Class cls = Class::kRequest;
  Method method = Method::kBinding;
  TransactionId transaction;
};

// The 20 bytes that every message starts with, whatever may be wrong behind them.
Result<Header, ParseError> parse_header(Bytes datagram);

// A message whose framing has been checked. It points into the datagram that it was parsed from.
class MessageView {
 public:
  // Checks the header and the framing of every attribute. With a tap, every byte gets a name.
  static Result<MessageView, ParseError> parse(Bytes datagram, FieldTap* tap = nullptr);

  [[nodiscard]] Class cls() const { return header_.cls; }
  [[nodiscard]] Method method() const { return header_.method; }
  [[nodiscard]] const TransactionId& transaction() const { return header_.transaction; }
  [[nodiscard]] Bytes bytes() const { return bytes_; }
  [[nodiscard]] AttributeRange attributes() const { return AttributeRange(bytes_); }
  // The first of this type that is not ignored (RFC 8489 §14: later ones do not count).
  [[nodiscard]] std::optional<Attribute> find(AttributeType type) const;
  [[nodiscard]] bool has(AttributeType type) const { return find(type).has_value(); }
  [[nodiscard]] bool is(Class cls, Method method) const {
    return header_.cls == cls && header_.method == method;
  }
  [[nodiscard]] bool is_response() const {
    return header_.cls == Class::kSuccess || header_.cls == Class::kError;
  }

 private:
  MessageView() = default;

  Bytes bytes_;
  Header header_;
};

// Does this look like STUN at first sight: two zero bits, the cookie, a whole header?
// RFC 8489 §5; what is not STUN belongs to another protocol on the same port (RFC 7983 §7).
bool is_stun(Bytes datagram);

// The 14 bits of the type field, class bits woven into the method bits (RFC 8489 §5, figure 3).
std::uint16_t message_type(Class cls, Method method);

// Writes one message behind whatever the target holds. The length field is right after every step,
// so there is nothing to finish. The caller keeps a message in a PacketBuffer within its room.
class MessageBuilder {
 public:
  MessageBuilder(Writer out, Class cls, Method method, const TransactionId& transaction);

  // Appends value and zero padding.
  MessageBuilder& attribute(AttributeType type, Bytes value);
  // Appends an attribute of another message as it stood there, padding included.
  MessageBuilder& copy(const Attribute& attribute);
  // Appends a typed attribute of attributes.h.
  template <class T>
  MessageBuilder& add(const T& typed) {
    const std::size_t start = open(T::kType);
    typed.write(out_, transaction_);
    close(start);
    return *this;
  }
  // RFC 8489 §14.5: HMAC-SHA1 over all before it. Nothing but the two below may follow.
  MessageBuilder& add_integrity(Bytes key);
  // RFC 8489 §14.6: HMAC-SHA256, the whole 32 bytes.
  MessageBuilder& add_integrity_sha256(Bytes key);
  // RFC 8489 §14.7: CRC-32 over all before it; always the last.
  MessageBuilder& add_fingerprint();

  [[nodiscard]] const TransactionId& transaction() const { return transaction_; }
  // The message so far, the length field included.
  [[nodiscard]] Bytes bytes() { return out_.written().subspan(start_); }

 private:
  std::size_t open(AttributeType type);
  void close(std::size_t start);
  // Sets the length field as if `extra` more bytes stood there.
  void set_length(std::size_t extra);

  Writer out_;
  std::size_t start_;
  TransactionId transaction_;
};

}  // namespace glass::stun
