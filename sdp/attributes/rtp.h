// sdp/attributes/rtp.h - what a description says about RTP streams.
//
// Payload types and what they stand for, feedback, header extensions, sources, packet times. Each
// function reads one attribute; the structs are views, so the Description must live on.
// RFC 8866 §6.4 to §6.6 and §6.15; RFC 4585 §4.2; RFC 8285 §5; RFC 5576 §4; RFC 3605 §2.1.
// Tested by: rtp_attributes_test.cc, media_bad_input_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "sdp/attributes/media.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// RFC 3550 §5.1: the field has seven bits.
constexpr std::uint8_t kMaxPayloadType = 127;
// RFC 8285 §5: what fits the two-byte form; 15 is no identifier of the one-byte form.
constexpr std::uint16_t kMaxExtensionId = 255;
constexpr std::uint16_t kMaxOneByteExtensionId = 14;
// RFC 8285 §7: placeholders for mappings that the answer has to choose from.
constexpr std::uint16_t kMinExtensionAlternative = 4096;
constexpr std::uint16_t kMaxExtensionAlternative = 4351;

// Do the section's formats stand for RTP payload types?
[[nodiscard]] bool is_rtp(const Media& media);
// RFC 8829 §5.1.2: a protocol that an offer may name and that stands for DTLS-SRTP.
[[nodiscard]] bool is_dtls_srtp_profile(std::string_view protocol);

[[nodiscard]] std::optional<std::uint8_t> parse_payload_type(std::string_view text);

// "111 opus/48000/2"
struct RtpMap {
  std::uint8_t payload_type = 0;
  std::string_view encoding{};
  std::uint32_t clock_rate = 0;
  std::uint8_t channels = 1;
};
[[nodiscard]] Result<RtpMap, Complaint> parse_rtpmap(const Attribute& attribute);

// "111 minptime=10;useinbandfec=1". The parameters are the codec's business.
struct Fmtp {
  std::string_view format{};
  std::string_view parameters{};
};
[[nodiscard]] Result<Fmtp, Complaint> parse_fmtp(const Attribute& attribute);

// "96 nack pli"; the format "*" stands for all of them.
struct Feedback {
  std::string_view format{};
  std::string_view text{};  // "nack pli"
};
[[nodiscard]] Result<Feedback, Complaint> parse_feedback(const Attribute& attribute);

// "3/recvonly urn:ietf:params:rtp-hdrext:sdes:mid"
struct Extmap {
  std::uint16_t id = 0;
  std::optional<MediaDirection> direction{};  // none: the stream's
  std::string_view uri{};
  std::string_view attributes{};  // what the extension itself defines
};
[[nodiscard]] Result<Extmap, Complaint> parse_extmap(const Attribute& attribute);

// "3227036811 cname:4RADA2epNJsjKUb4"
struct SourceNote {
  std::uint32_t ssrc = 0;
  std::string_view name{};
  std::string_view value{};
};
[[nodiscard]] Result<SourceNote, Complaint> parse_source(const Attribute& attribute);

// "FID 1563043237 4094584130"
struct SourceGroup {
  std::string_view semantics{};
  std::vector<std::uint32_t> sources{};
};
[[nodiscard]] Result<SourceGroup, Complaint> parse_source_group(const Attribute& attribute);

// a=ptime and a=maxptime: milliseconds, more than none; a fraction is cut off.
[[nodiscard]] Result<std::uint32_t, Complaint> parse_packet_time(const Attribute& attribute);

// The port of a=rtcp.
[[nodiscard]] Result<std::uint16_t, Complaint> parse_rtcp_port(const Attribute& attribute);

// The value of the first b= line that says `type` ("AS", "TIAS", ...); nullopt: there is none. The
// parser has checked their form.
[[nodiscard]] std::optional<std::uint64_t> bandwidth(const std::vector<Line>& lines,
                                                     std::string_view type);

}  // namespace glass::sdp
