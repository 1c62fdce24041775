// dtls/wire.h - the numbers of TLS's registries that we speak of, and their names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace glass::dtls {

// RFC 6347 §4.1: one's complement of a version, so that no TLS version looks alike.
inline constexpr std::uint16_t kDtls10 = 0xfeff;
inline constexpr std::uint16_t kDtls12 = 0xfefd;
inline constexpr std::uint16_t kDtls13 = 0xfefc;  // RFC 9147 §5.3: in supported_versions alone

enum class ContentType : std::uint8_t {
  kChangeCipherSpec = 20,
  kAlert = 21,
  kHandshake = 22,
  kApplicationData = 23,
  kTls12Cid = 25,  // RFC 9146 §4: a sealed record of DTLS 1.2 with a connection id
  kAck = 26,       // RFC 9147 §7
};

enum class HandshakeType : std::uint8_t {
  kHelloRequest = 0,
  kClientHello = 1,
  kServerHello = 2,
  kHelloVerifyRequest = 3,
  kNewSessionTicket = 4,
  kEndOfEarlyData = 5,
  kEncryptedExtensions = 8,
  kRequestConnectionId = 9,
  kNewConnectionId = 10,
  kCertificate = 11,
  kServerKeyExchange = 12,
  kCertificateRequest = 13,
  kServerHelloDone = 14,
  kCertificateVerify = 15,
  kClientKeyExchange = 16,
  kFinished = 20,
  kKeyUpdate = 24,
  kMessageHash = 254,  // RFC 8446 §4.4.1: stands in the transcript, never on the wire
};
std::string_view to_text(HandshakeType type);

enum class AlertLevel : std::uint8_t { kWarning = 1, kFatal = 2 };

enum class Alert : std::uint8_t {
  kCloseNotify = 0,
  kUnexpectedMessage = 10,
  kBadRecordMac = 20,
  kRecordOverflow = 22,
  kHandshakeFailure = 40,
  kBadCertificate = 42,
  kUnsupportedCertificate = 43,
  kCertificateUnknown = 46,
  kIllegalParameter = 47,
  kUnknownCa = 48,
  kDecodeError = 50,
  kDecryptError = 51,
  kTooManyCidsRequested = 52,  // RFC 9147 §9
  kProtocolVersion = 70,
  kInsufficientSecurity = 71,
  kInternalError = 80,
  kUserCanceled = 90,
  kNoRenegotiation = 100,
  kMissingExtension = 109,
  kUnsupportedExtension = 110,
  kCertificateRequired = 116,
};
std::string_view to_text(Alert alert);

// RFC 5746 §3.3: a signal that stands among the suites and is none.
inline constexpr std::uint16_t kEmptyRenegotiationInfoScsv = 0x00ff;

enum class ExtensionType : std::uint16_t {
  kSupportedGroups = 10,        // RFC 8422 §5.1.1
  kEcPointFormats = 11,         // RFC 8422 §5.1.2
  kSignatureAlgorithms = 13,    // RFC 5246 §7.4.1.4.1
  kUseSrtp = 14,                // RFC 5764 §4.1.1
  kAlpn = 16,                   // RFC 7301
  kExtendedMasterSecret = 23,   // RFC 7627 §5.1
  kRecordSizeLimit = 28,        // RFC 8449
  kSessionTicket = 35,          // RFC 5077
  kSupportedVersions = 43,      // RFC 8446 §4.2.1
  kCookie = 44,                 // RFC 8446 §4.2.2
  kKeyShare = 51,               // RFC 8446 §4.2.8
  kConnectionId = 54,           // RFC 9146 §3
  kRenegotiationInfo = 0xff01,  // RFC 5746 §3.2
};

// RFC 8446 §4.1.3: near the end of the random of a server that was asked for less than it can do.
inline constexpr std::string_view kDowngradeMark = "DOWNGRD";

// A connection id is longer on no path of ours: that much room is there in front of a packet.
inline constexpr std::size_t kConnectionIdMax = 20;
inline constexpr std::size_t kRandomSize = 32;
inline constexpr std::size_t kSessionIdMax = 32;
inline constexpr std::size_t kCookieMax = 255;        // RFC 6347 §4.2.1
inline constexpr std::size_t kVerifyDataSize = 12;    // RFC 5246 §7.4.9
inline constexpr std::size_t kMasterSecretSize = 48;  // RFC 5246 §8.1

}  // namespace glass::dtls
