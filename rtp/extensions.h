// rtp/extensions.h - header extensions: elements in one- or two-byte form, and what WebRTC puts in.
//
// RFC 8285 §4 (the forms), RFC 6464 (audio level), RFC 9143 §15 (mid), RFC 8852 (rid,
// repaired-rid); abs-send-time, transport-wide-cc and playout-delay as libwebrtc documents them.
// Tested by: tests/rtp/extensions_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/trace.h"
#include "rtp/packet.h"

namespace glass::rtp {

inline constexpr std::uint16_t kOneByteProfile = 0xbede;  // RFC 8285 §4.2
inline constexpr std::uint16_t kTwoByteProfile = 0x1000;  // RFC 8285 §4.3: with four appbits below

constexpr bool is_two_byte(std::uint16_t profile) { return (profile & 0xfff0) == kTwoByteProfile; }

struct ExtensionElement {
  std::uint8_t id = 0;
  Bytes data;
};

// The elements of one packet in order, in whichever form the packet has. Ends where RFC 8285 says
// that the rest is to be left alone, or where a length runs over.
class ExtensionWalk {
 public:
  ExtensionWalk(std::uint16_t profile, Bytes extension, FieldTap* tap = nullptr,
                std::size_t origin = 0);
  explicit ExtensionWalk(const Packet& packet)
      : ExtensionWalk(packet.extension_profile, packet.extension) {}

  std::optional<ExtensionElement> next();
  // The rule that ended the walk before the end; nullopt: it has not.
  [[nodiscard]] std::optional<Rule> stopped_by() const { return stopped_by_; }

 private:
  std::optional<ExtensionElement> next_one_byte();
  std::optional<ExtensionElement> next_two_byte();
  std::optional<ExtensionElement> stop(Rule rule);

  enum class Form : std::uint8_t { kNone, kOneByte, kTwoByte };
  Form form_ = Form::kNone;
  Reader in_;
  std::optional<Rule> stopped_by_;
};

// What an element means; SDP gives the numbers (a=extmap).
enum class ExtensionKind : std::uint8_t {
  kMid,
  kRid,
  kRepairedRid,
  kAudioLevel,
  kAbsSendTime,
  kTransportWide,
  kPlayoutDelay,
};
inline constexpr std::size_t kExtensionKinds = 7;

std::string_view uri_of(ExtensionKind kind);
// nullopt: none that we know.
std::optional<ExtensionKind> extension_of(std::string_view uri);

// RFC 8285 §5: one number for each kind; zero: not negotiated.
class ExtensionMap {
 public:
  // `id` is 1 to 14, or up to 255 where the two-byte form is used.
  void set(ExtensionKind kind, std::uint8_t id) { ids_[static_cast<std::size_t>(kind)] = id; }
  [[nodiscard]] std::uint8_t id(ExtensionKind kind) const {
    return ids_[static_cast<std::size_t>(kind)];
  }
  [[nodiscard]] std::optional<ExtensionKind> kind(std::uint8_t id) const;

 private:
  std::array<std::uint8_t, kExtensionKinds> ids_{};
};

struct AudioLevel {
  bool has_voice = false;
  std::uint8_t minus_dbov = 127;  // 0: loudest, 127: silence
  friend bool operator==(const AudioLevel&, const AudioLevel&) = default;
};
struct PlayoutDelay {
  std::uint16_t min = 0;  // in 10 ms, twelve bits each
  std::uint16_t max = 0;
  friend bool operator==(const PlayoutDelay&, const PlayoutDelay&) = default;
};

// Values of a packet; what is absent or of a wrong size is nullopt.
struct Extensions {
  std::optional<std::string_view> mid;
  std::optional<std::string_view> rid;
  std::optional<std::string_view> repaired_rid;
  std::optional<AudioLevel> audio_level;
  std::optional<std::uint32_t> abs_send_time;  // 24 bits, seconds in 1/2^18, wrapping every 64 s
  std::optional<std::uint16_t> transport_wide;
  std::optional<PlayoutDelay> playout_delay;
};

// Elements that nobody negotiated are passed over. A walk that stops early fires its rule; a value
// of a wrong size drops that value.
Extensions read_extensions(const Packet& packet, const ExtensionMap& map, Trace trace);

// Writes elements for the values that are there and negotiated. Uses the one-byte form unless an id
// or a length calls for the other (RFC 8285 §4.1.2).
class ExtensionWriter {
 public:
  static constexpr std::size_t kSizeMax = 256;

  void write(const Extensions& values, const ExtensionMap& map);
  [[nodiscard]] std::uint16_t profile() const { return profile_; }
  // A whole number of words; empty: no extension to send.
  [[nodiscard]] Bytes bytes() const { return Bytes(room_).first(size_); }

 private:
  void element(std::uint8_t id, Bytes data);

  std::uint16_t profile_ = kOneByteProfile;
  std::array<std::uint8_t, kSizeMax> room_{};
  std::size_t size_ = 0;
};

}  // namespace glass::rtp
