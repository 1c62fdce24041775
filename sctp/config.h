// sctp/config.h - what an association can be told before it starts, and how it reports.
//
// Every default cites its RFC or its reason. RFC 9260 §16 lists the protocol parameters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "base/bytes.h"
#include "base/time.h"
#include "sctp/types.h"

namespace glass::sctp {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""us;

constexpr std::size_t kMebibyte = std::size_t{1024} * 1024;

// RFC 8261 §5: DTLS over an unknown path keeps to 1200 bytes of UDP payload. A DTLS 1.2 record with
// AES-GCM takes 37 of them: header 13, explicit nonce 8, tag 16.
constexpr std::size_t kDatagramSize = 1200;
constexpr std::size_t kDtlsOverhead = 37;
// Whole chunks are multiples of four bytes, so the odd ones below 1163 would never be used.
constexpr std::size_t kDefaultPacketSize = (kDatagramSize - kDtlsOverhead) / 4 * 4;
constexpr std::size_t kMinPacketSize = 512;   // an INIT ACK with our cookie must fit
constexpr std::size_t kMaxPacketSize = 1500;  // a PacketBuffer holds it with room to seal

constexpr std::uint32_t kMinReceiveWindow = 1500;  // RFC 9260 §3.3.2
constexpr Duration kMaxSackDelay = 500ms;          // RFC 9260 §6.2
constexpr std::size_t kMaxReasonSize = 256;        // of the text in an ABORT

// Who decides how much is under way (tx/congestion.h).
enum class CongestionAlgorithm : std::uint8_t {
  kNewReno,  // RFC 9260 §7.2 to the letter
  kCubic,    // RFC 9438
  kModel     // by what the path was seen to carry: beyond RFC 9260 §7.2, see tx/model.h
};

// What counts as lost before T3-rtx expires.
enum class LossDetection : std::uint8_t {
  kMissReports,  // RFC 9260 §7.2.4: three SACKs that miss a chunk, once per chunk
  kTime          // also: what was sent well before something that has arrived (tx/outstanding.h)
};

// Whose data is next (RFC 8260 §3). Per message; with interleaving, per fragment.
enum class Scheduling : std::uint8_t {
  kWeightedFair,  // §3.6: streams share by their priority as a weight
  kFirstCome,     // §3.1: in the order of send()
  kRoundRobin,    // §3.2: streams in turn
  kPriority       // §3.4: the highest priority first, equals in turn
};

struct Config {
  std::uint16_t local_port = 5000;   // the port that browsers write into a=sctp-port
  std::uint16_t remote_port = 5000;  // may be set later, before connect()
  std::size_t packet_size = kDefaultPacketSize;
  // RFC 8831 §6.2: as many streams as the format can say.
  std::uint16_t outbound_streams = 65535;
  std::uint16_t inbound_streams = 65535;

  std::uint32_t receive_window = 5 * kMebibyte;  // at first: what Chromium offers
  // How far the window grows for a peer that fills it while our user reads as fast.
  std::uint32_t max_receive_window = 64 * kMebibyte;
  std::size_t send_buffer = 16 * kMebibyte;        // queued and unacknowledged user data
  std::size_t max_message_size = 256 * 1024;       // we accept; goes into a=max-message-size
  std::size_t max_send_message_size = 256 * 1024;  // the peer accepts (RFC 8841 §6)

  // RFC 9260 §16: the protocol parameters under their own names.
  Duration rto_initial = 1s;
  Duration rto_min = 1s;
  Duration rto_max = 60s;
  unsigned max_burst = 4;
  Duration valid_cookie_life = 60s;
  unsigned association_max_retrans = 10;
  unsigned max_init_retransmits = 8;
  Duration heartbeat_interval = 30s;
  Duration sack_delay = 200ms;  // RFC 9260 §6.2: never above 500 ms

  // CUBIC, because NewReno leaves a tenth of a path unused whose queue is a quarter of what the
  // path holds: half of 1.25 is less than 1, seven tenths are nearly not.
  // RFC 8260: a long message does not keep short ones of other streams waiting. Used where the peer
  // offers it as well. The user must be ready for any order of streams: channels are.
  bool interleaving = false;
  Scheduling scheduling = Scheduling::kWeightedFair;
  // RFC 9653: DTLS below protects every packet, so the checksum may be left out where the peer
  // agrees. Only for associations inside of DTLS.
  bool zero_checksum = false;

  CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
  LossDetection loss_detection = LossDetection::kMissReports;
};

enum class CloseReason : std::uint8_t {
  kShutdown,          // both sides agreed, all data delivered
  kAbortedByPeer,     // an ABORT arrived
  kAbortedHere,       // abort() was called
  kSetupTimeout,      // INIT or COOKIE ECHO stayed unanswered
  kUnreachable,       // too many retransmissions in a row
  kProtocolViolation  // the peer broke a rule that ends an association
};

enum class SendError : std::uint8_t {
  kClosed,         // the association or the channel is closing or gone
  kFull,           // the send buffer is at its limit: wait for BufferedAmountLow
  kTooLarge,       // longer than the peer accepts
  kEmpty,          // SCTP cannot carry a message of no bytes; channels can
  kBadStream,      // no such stream was negotiated
  kUnknownChannel  // no channel has this id
};

// How hard to try (RFC 3758 §4.1, RFC 7496 §3.1). Both absent: until it arrives.
struct Reliability {
  static constexpr std::uint32_t kUnlimited = 0xffffffff;
  std::uint32_t max_retransmits = kUnlimited;
  Duration lifetime = Duration::max();
  [[nodiscard]] bool is_limited() const {
    return max_retransmits != kUnlimited || lifetime != Duration::max();
  }
};

struct SendOptions {
  StreamId stream;
  Ppid ppid;
  Order order = Order::kOrdered;
  Reliability reliability;
  bool is_counted = true;  // in buffered_amount(): not what the layer above sends for itself
};

// Events that the association and the channels above it have in common.
struct Connected {
  std::uint16_t outbound_streams = 0;
  std::uint16_t inbound_streams = 0;
};
struct Closed {
  CloseReason reason = CloseReason::kShutdown;
  std::string text;  // for people: what the peer said, or what went wrong
};

}  // namespace glass::sctp
