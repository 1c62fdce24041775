// stun/turn/server_core.h - what a TURN server holds. Included by server*.cc alone.
//
// server.cc: what comes in, who may ask, answers and time. server_data.cc: the data path.
// server_allocate.cc: Allocate. server_refresh.cc: Refresh and mobility. server_peers.cc:
// permissions, channels, ICMP. server_tcp.cc: TCP allocations.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/rule.h"
#include "base/slab.h"
#include "base/time.h"
#include "base/trace.h"
#include "crypto/hmac.h"
#include "stun/authenticator.h"
#include "stun/binding_server.h"
#include "stun/message.h"
#include "stun/turn/allocation.h"
#include "stun/turn/data_head.h"
#include "stun/turn/deadlines.h"
#include "stun/turn/index.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"

namespace glass::stun::turn {

inline constexpr Duration kReservationTime = std::chrono::seconds(30);  // RFC 8656 §7.2
inline constexpr Duration kConnectTime = std::chrono::seconds(30);      // RFC 6062 §5.2
inline constexpr Duration kBindTime = std::chrono::seconds(30);         // RFC 6062 §5.2, §5.3
inline constexpr Duration kOldTicketTime = std::chrono::seconds(30);    // RFC 8016 §3.2.2
inline constexpr std::uint32_t kPortTries = 128;  // ports that are tried for one allocation

// A request that has passed the checks all requests have in common.
struct Asking {
  Instant now;
  const Received& in;
  const MessageView& message;
  const Accepted& user;
};

enum class PortWish : std::uint8_t { kAny, kEven, kPair };

// What an Allocate request asks for, once it makes sense.
struct AllocateWish {
  Transport transport = Transport::kUdp;
  bool v4 = true;
  bool v6 = false;
  PortWish ports = PortWish::kAny;
  std::optional<std::uint64_t> token;
  bool ticket = false;
  std::optional<std::uint32_t> lifetime;
};

struct RefreshWish {
  std::array<bool, 2> families{true, true};  // IPv4, IPv6
  std::optional<std::uint32_t> lifetime;
};

class Server::Core {
 public:
  Core(const ServerConfig& config, RelayPorts& ports, Credentials& credentials, Random& random,
       const Trace& trace);

  std::optional<Hop> forward(Instant now, const Received& in);
  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const { return due_.next(); }
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  [[nodiscard]] bool is_dont_fragment() const { return last_dont_fragment_; }
  std::optional<Event> poll_event();
  void on_icmp(Instant now, const IcmpError& error);
  void on_closed(Instant now, const Path& client);
  void on_peer_connected(Instant now, std::uint32_t id);
  void on_peer_failed(Instant now, std::uint32_t id);
  std::optional<std::uint32_t> on_peer_accepted(Instant now, const Address& relayed,
                                                const Address& peer);
  void on_peer_closed(Instant now, std::uint32_t id);
  [[nodiscard]] std::size_t allocations() const { return open_; }

 private:
  struct Waiting {  // a datagram that waits to be polled
    Path path;
    std::uint32_t block = 0;
    bool dont_fragment = false;
    std::optional<std::uint32_t> joins{};  // the connection that becomes transparent behind it
  };
  struct Reservation {
    Address address;
    std::string user;
    DueTimes::Ticket due;
  };
  enum class Stage : std::uint8_t { kConnecting, kWaiting, kJoined };
  struct Connection {  // RFC 6062: of a peer
    std::uint32_t allocation = 0;
    Stage stage = Stage::kConnecting;
    Address peer;
    DueTimes::Ticket due;
    std::optional<Path> client{};  // the data connection
    // Of the Connect request that waits for its answer.
    TransactionId transaction{};
    std::optional<Accepted> asked_by{};
  };
  // An answer in the making.
  struct Answer {
    PacketBuffer& packet;
    MessageBuilder builder;
  };

  // server.cc
  void receive_stun(Instant now, const Received& in);
  void on_request(Instant now, const Received& in, const MessageView& message);
  void answer_malformed(const Received& in);
  void dispatch(const Asking& asking);
  Answer begin_answer(Class cls, Method method, const TransactionId& id);
  void finish_answer(const Path& path, Answer& answer, const Accepted* user,
                     std::optional<std::uint32_t> joins = {});
  void refuse(const Asking& asking, unsigned code, Rule rule, std::string_view why);
  void refuse_unknown(const Asking& asking, const UnknownAttributes& unknown);
  void succeed(const Asking& asking);
  void push(const Path& path, Bytes datagram, bool dont_fragment = false,
            std::optional<std::uint32_t> joins = {});
  void say(Event event);
  // The allocation of the 5-tuple, if it is this user's; otherwise the request is answered.
  Allocation* own_allocation(const Asking& asking);
  [[nodiscard]] bool is_own_ip(const Address& address) const;
  [[nodiscard]] std::optional<std::string_view> refusal_of(const Address& peer,
                                                           bool with_port) const;
  [[nodiscard]] bool may_send_to(const Address& peer) const;

  // server_data.cc
  [[nodiscard]] bool is_from_client(const Path& path) const;
  [[nodiscard]] bool is_channel_data(Bytes bytes) const;
  std::optional<Hop> forward_from_client(Instant now, std::uint32_t slot, const Received& in);
  std::optional<Hop> forward_channel_data(Instant now, Allocation& allocation, Bytes bytes);
  std::optional<Hop> forward_send(Instant now, Allocation& allocation, Bytes bytes);
  std::optional<Hop> forward_from_peer(Instant now, Allocation& allocation, const Received& in);
  static bool may_pass(Instant now, Allocation& allocation, Bucket Buckets::* way,
                       std::size_t size);
  void send_hop(const Hop& hop);
  void explain_peer_data(Instant now, const Allocation& allocation, const Received& in);
  void explain_channel_data(Instant now, const Received& in);
  void explain_send(Instant now, const Received& in, const MessageView& message);
  void leave_old_path(Allocation& allocation);

  // server_allocate.cc
  void on_allocate(const Asking& asking);
  bool read_transport(const Asking& asking, AllocateWish& wish);
  bool read_token(const Asking& asking, AllocateWish& wish);
  bool read_families(const Asking& asking, AllocateWish& wish);
  bool read_extras(const Asking& asking, AllocateWish& wish);
  bool is_within_limits(const Asking& asking, std::size_t wanted);
  bool open_relays(const AllocateWish& wish, Allocation& made, Instant now);
  bool open_both(const AllocateWish& wish, Allocation& made);
  std::optional<Address> open_port(Transport transport, const Address& ip, PortWish wish);
  [[nodiscard]] bool may_open(const Address& address) const;
  std::optional<std::uint64_t> reserve(Instant now, const Address& address,
                                       const std::string& user);
  std::optional<Address> redeem(std::uint64_t token);
  void end_reservation(std::uint64_t token);
  std::uint32_t free_slot();
  void answer_allocate(const Asking& asking, const Allocation& allocation);
  [[nodiscard]] Duration lifetime_of(std::optional<std::uint32_t> asked) const;
  User& account_of(const std::string& user, Instant now);
  void release_account(const std::string& user);

  // server_refresh.cc
  void on_refresh(const Asking& asking);
  bool read_refresh(const Asking& asking, const Allocation& allocation, RefreshWish& wish);
  void refresh(const Asking& asking, std::uint32_t slot, const RefreshWish& wish);
  Allocation* moved_allocation(const Asking& asking, Bytes ticket);
  void move(Allocation& allocation, std::uint32_t slot, const Path& client, Instant now);
  Ticket make_ticket();
  [[nodiscard]] bool is_ours(Bytes ticket);
  void reschedule(std::uint32_t slot);
  void end_relay(std::uint32_t slot, bool v4, std::string_view why);
  void end_allocation(std::uint32_t slot, std::string_view why);
  void on_allocation_due(Instant now, std::uint32_t slot);

  // server_peers.cc
  void on_create_permission(const Asking& asking);
  void on_channel_bind(const Asking& asking);

  // server_tcp.cc
  void on_connect(const Asking& asking);
  void on_connection_bind(const Asking& asking);
  std::uint32_t new_connection(std::uint32_t slot, const Address& peer, Instant due);
  void fail_connect(std::uint32_t id, Connection& connection);
  void end_connection(std::uint32_t id);
  void on_connection_due(std::uint32_t id);
  void end_connections_of(std::uint32_t slot);

  ServerConfig config_;
  RelayPorts& ports_;
  Random& random_;
  Trace trace_;
  HashKey hash_key_;
  Authenticator authenticator_;
  BindingServer binding_;
  IndicationIds ids_;
  crypto::Hmac ticket_signer_;

  std::vector<Allocation> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::size_t open_ = 0;
  Index<Path> by_client_;
  Index<Address> by_relay_;
  std::map<std::string, User, std::less<>> users_;
  std::map<std::uint64_t, Reservation> reservations_;  // by token
  std::map<std::array<std::uint8_t, Ticket::kIdSize>, std::uint32_t> by_ticket_;
  std::map<std::uint32_t, Connection> connections_;
  std::uint32_t connection_count_ = 0;
  Index<Path> by_data_path_;
  DueTimes due_;

  Slab blocks_;
  Ring<Waiting> waiting_;
  Ring<Event> events_;
  PacketBuffer scratch_;
  bool last_dont_fragment_ = false;
};

}  // namespace glass::stun::turn
