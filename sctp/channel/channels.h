// sctp/channel/channels.h - data channels: names, reliability and events over one association.
//
// Opens and closes channels, knows which stream is whose, turns payload identifiers into text,
// binary and empty messages. Knows nothing of TSNs or packets. RFC 8831 (channels over SCTP),
// RFC 8832 (opening them in band).  Tested by: channel/channels_test.cc, channel/link_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/association.h"
#include "sctp/channel/dcep.h"
#include "sctp/config.h"
#include "sctp/types.h"

namespace glass::sctp {

// Names one channel for as long as it lives and no other afterwards, although streams are reused.
using ChannelId = Strong<struct ChannelTag, std::uint32_t>;

enum class MessageKind : std::uint8_t { kText, kBinary };

struct ChannelConfig {
  std::string label;
  std::string protocol;
  bool ordered = true;
  std::optional<std::uint32_t> max_retransmits;  // at most one of these two
  std::optional<Duration> max_lifetime;
  std::optional<std::uint16_t> negotiated_id;  // agreed elsewhere: nothing is sent to open it
  std::uint16_t priority = 256;                // RFC 8831 §6.4: "normal"
};

enum class OpenError : std::uint8_t {
  kClosed,           // the association is closing or gone
  kNoStreams,        // all streams of our parity are taken
  kStreamInUse,      // the negotiated id belongs to another channel
  kBadStream,        // 65535, or above what the peer accepts
  kLabelTooLong,     // label or protocol above 65535 bytes
  kBadReliability,   // retransmits and lifetime at once, or above what DCEP can say
  kTooManyChannels,  // kMaxChannels are open
  kFull              // no room to queue the message that opens it
};

struct ChannelOpened {
  ChannelId id;
  std::uint16_t stream = 0;
  bool incoming = false;  // the peer opened it
  ChannelConfig config;   // label, protocol and the rest, as agreed
};
struct ChannelMessage {
  ChannelId id;
  MessageKind kind = MessageKind::kText;
  Bytes bytes;  // valid until the next receive() or poll_event()
};
struct ChannelClosed {
  ChannelId id;
};
struct BufferedAmountLow {
  ChannelId id;
};

struct ChannelsConfig {
  // What one peer may make us hold open; further OPENs are reset.
  static constexpr std::size_t kDefaultMaxIncoming = 4096;

  Config association;
  // RFC 8832 §6: even streams for the DTLS client. Not known before the SDP is answered: channels
  // may be opened before, and get their stream from set_dtls_role().
  std::optional<bool> dtls_client;
  std::size_t max_incoming = kDefaultMaxIncoming;
};

// A LayerMachine.
class Channels {
 public:
  // RFC 8831 §6.2: streams 0 to 65534.
  static constexpr std::size_t kMaxChannels = 65535;

  using Config = ChannelsConfig;
  using Event = std::variant<Connected, ChannelOpened, ChannelMessage, ChannelClosed,
                             BufferedAmountLow, Closed>;

  Channels(const Config& config, Random& random, const Trace& trace);
  Channels(const Channels&) = delete;
  Channels& operator=(const Channels&) = delete;
  ~Channels();

  // What the answer taught us. Before connect().
  void set_dtls_role(bool is_client);
  void set_remote(std::uint16_t remote_port, std::size_t max_message_size);

  // DTLS is up. Needs the DTLS role.
  void connect(Instant now);
  // RFC 8831 §6.2: ends the association after all data was delivered; every channel closes.
  void shutdown(Instant now);
  void abort(Instant now, std::string_view reason = {});

  Result<ChannelId, OpenError> open(Instant now, const ChannelConfig& config);
  Result<void, SendError> send(Instant now, ChannelId id, MessageKind kind, Bytes bytes);
  // Delivers what was sent, then resets the stream. ChannelClosed follows; an unknown id is
  // ignored.
  void close(Instant now, ChannelId id);

  // User data that send() took and that no packet has carried yet; 0 for an unknown channel.
  [[nodiscard]] std::uint64_t buffered_amount(ChannelId id) const;
  // BufferedAmountLow comes when the buffered amount falls to `amount` or below. 0 at first.
  void set_low_water(ChannelId id, std::uint64_t amount);
  [[nodiscard]] bool is_open(ChannelId id) const;
  [[nodiscard]] std::optional<std::uint16_t> stream_of(ChannelId id) const;
  [[nodiscard]] std::size_t channel_count() const;
  [[nodiscard]] const Association& association() const { return association_; }

  // LayerMachine
  void receive(Instant now, MutableBytes packet);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const;
  bool poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  struct Impl;
  Association association_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glass::sctp
