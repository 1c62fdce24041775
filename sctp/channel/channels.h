// sctp/channel/channels.h - data channels: names, reliability and events over one association.
//
// Opens and closes channels, knows which stream is whose, turns payload identifiers into text,
// binary and empty messages. Knows nothing of TSNs or packets. RFC 8831 (channels over SCTP),
// RFC 8832 (opening them in band).  Tested by: channel/channels_test.cc, channel/link_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/result.h"
#include "base/ring.h"
#include "base/strong.h"
#include "base/time.h"
#include "base/trace.h"
#include "sctp/association.h"
#include "sctp/channel/dcep.h"
#include "sctp/config.h"
#include "sctp/rx/inbox.h"
#include "sctp/stream_table.h"
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
  enum class State : std::uint8_t { kFree, kConnecting, kOpen, kClosing };
  // Accepted before there was a stream to send it on.
  struct Early {
    MessageKind kind = MessageKind::kText;
    ByteVector bytes;
  };
  struct Channel {
    State state = State::kFree;
    std::uint16_t generation = 0;  // of the slot: makes old ids invalid
    bool incoming = false;
    bool may_be_unordered = false;  // RFC 8832 §6: the peer is known to know the channel
    bool out_reset = false;         // RFC 8831 §6.7: both ends of the stream are to be reset
    bool in_reset = false;
    std::optional<std::uint16_t> stream;
    std::uint64_t low_water = 0;
    ChannelConfig config;
    std::vector<Early> early;
    ByteVector partial;  // deprecated pieces of a message
  };
  struct StreamUse {
    enum class Kind : std::uint8_t { kFree, kChannel, kSpent };
    Kind kind = Kind::kFree;  // kSpent: could not be reset, and is not used again
    std::uint32_t slot = 0;
    std::uint16_t stale_resets = 0;  // of ours that are under way and belong to an earlier channel
    bool answered = false;           // we reset it although no channel was on it
  };

  [[nodiscard]] ChannelId id_of(std::uint32_t slot) const;
  [[nodiscard]] std::optional<std::uint32_t> slot_of(ChannelId id) const;
  [[nodiscard]] std::optional<std::uint32_t> slot_of(StreamId stream) const;
  std::uint32_t take_slot(const ChannelConfig& config);
  void free_slot(std::uint32_t slot);
  [[nodiscard]] std::optional<OpenError> fault_of(const ChannelConfig& config) const;
  [[nodiscard]] std::optional<std::uint16_t> find_stream();
  [[nodiscard]] std::uint32_t stream_limit() const;
  bool begin(std::uint32_t slot, std::uint16_t stream);
  void announce(std::uint32_t slot);
  Result<void, SendError> send_on(Channel& channel, MessageKind kind, Bytes bytes);
  [[nodiscard]] SendOptions options_of(const Channel& channel, Ppid ppid) const;
  bool send_dcep(std::uint16_t stream, Bytes message);
  void send_open(const Channel& channel);
  void refuse(StreamId stream);
  void make_way(StreamId stream);
  void start_closing(std::uint32_t slot);
  void finish_if_reset(std::uint32_t slot);
  void finish(std::uint32_t slot);

  // What the association tells. True: `out` is an event for above.
  bool translate(Association::Event& event, std::optional<Event>& out);
  void on_connected();
  std::optional<Event> on_message(const Message& message);
  std::optional<Event> on_user_message(std::uint32_t slot, const Message& message);
  void on_dcep(const Message& message);
  void on_open(StreamId stream, const OpenMessage& message);
  void on_ack(StreamId stream);
  void on_incoming_reset(const IncomingReset& reset);
  void on_outgoing_reset(const OutgoingReset& reset);
  void close_all();

  Trace trace_;
  Association association_;
  std::optional<bool> dtls_client_;
  std::size_t max_incoming_;
  Instant now_;  // of the last input: events are read without one
  bool connected_ = false;
  std::uint32_t streams_out_ = 0;
  std::vector<Channel> channels_;
  std::vector<std::uint32_t> free_slots_;
  StreamTable<StreamUse> uses_;
  std::uint32_t lowest_maybe_free_ = 0;
  std::size_t incoming_ = 0;
  std::size_t count_ = 0;
  Ring<Event> events_;
  ByteVector pieced_;  // the bytes of the last event, when it was sent in deprecated pieces
};

}  // namespace glass::sctp
