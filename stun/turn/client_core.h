// stun/turn/client_core.h - what a TURN client holds: its wishes, its requests, its timers.
//
// Included by client*.cc alone. client.cc: commands and time. client_requests.cc: what is asked and
// what the answers mean. client_data.cc: data to and from peers.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/machine.h"
#include "base/node.h"
#include "base/random.h"
#include "base/ring.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "stun/long_term.h"
#include "stun/message.h"
#include "stun/rto.h"
#include "stun/transaction.h"
#include "stun/turn/attributes.h"
#include "stun/turn/client.h"
#include "stun/turn/data_head.h"
#include "stun/turn/peers.h"

namespace glass::stun::turn {

inline constexpr Duration kRefreshMargin = std::chrono::minutes(1);       // RFC 8656 §8
inline constexpr Duration kChannelCoolDown = std::chrono::minutes(5);     // RFC 8656 §12
inline constexpr Duration kRetryAfterQuota = std::chrono::minutes(1);     // RFC 8656 §7.4: 486, 508
inline constexpr Duration kRetryAfterMismatch = std::chrono::minutes(2);  // RFC 8656 §7.4: 437
inline constexpr Duration kConnectPause = std::chrono::seconds(10);       // RFC 6062 §4.3: 447
inline constexpr std::size_t kWaitingMax = 64;  // addresses that wait for one permission

struct NoAllocation {
  static constexpr std::string_view kName = "no allocation";
};
struct Allocating {
  static constexpr std::string_view kName = "allocating";
};
struct Active {
  static constexpr std::string_view kName = "allocated";
};
struct Releasing {
  static constexpr std::string_view kName = "releasing";
};

inline constexpr std::array<Arrow, 7> kClientArrows{
    {
     {"no allocation", "allocating", "allocate", "8656:7.1#0"_rule},
     {"allocating", "allocated", "a success response", "8656:7.3#0"_rule},
     {"allocating", "no allocation", "an error, or no answer", "8656:7.4#0"_rule},
     {"allocated", "no allocation", "the server has forgotten it", "8656:5#7"_rule},
     {"allocating", "releasing", "close", "8656:8#2"_rule},
     {"allocated", "releasing", "close", "8656:8#2"_rule},
     {"releasing", "no allocation", "an answer, or none", "8656:8.3#0"_rule},
     }
};

enum class Ask : std::uint8_t {
  kAllocate,
  kRefresh,
  kRelease,
  kMove,
  kPermission,
  kChannel,
  kConnect,
  kConnectionBind
};

struct Request {
  Ask ask = Ask::kAllocate;
  Address peer{};
  std::uint16_t channel = 0;
  std::uint32_t connection = 0;
  Path path{};
};
struct Asked {
  Request request;
  Transaction transaction;
};

class Client::Core {
 public:
  Core(const ClientConfig& config, Random& random, const Trace& trace);

  void allocate(Instant now);
  void permit(Instant now, const Address& peer);
  void bind_channel(Instant now, const Address& peer);
  void forget(const Address& peer);
  void close(Instant now);
  void move(Instant now, const Path& path);
  void connect(Instant now, const Address& peer);
  void bind_connection(Instant now, std::uint32_t id, const Path& data_path);
  void on_unreachable(Instant now, const Path& path);

  [[nodiscard]] bool is_allocated() const { return machine_.is<Active>(); }
  [[nodiscard]] std::optional<Address> relayed(bool v4) const;
  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] bool is_permitted(Instant now, const Address& peer) const;
  [[nodiscard]] bool has_channel(Instant now, const Address& peer) const;

  std::optional<Path> wrap(Instant now, const Address& peer, PacketBuffer& out);
  std::optional<Relayed> unwrap(Instant now, const Received& in);

  void receive(Instant now, const Received& in);
  void on_time(Instant now);
  [[nodiscard]] Instant next_time() const { return wake_; }
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out);
  std::optional<Event> poll_event();

 private:
  // What we want of a peer's IP address: a permission.
  struct Wish {
    Address ip;                    // port 0
    std::vector<Address> waiting;  // who is told when it is there
    Instant expires{};
    Instant ask_at{};
    bool asking = false;
    bool wanted = true;
  };
  struct Binding {
    std::uint16_t number = 0;
    Address peer;
    Instant expires{};  // until then the server may hold it
    Instant ask_at{};
    bool asking = false;
    bool wanted = true;
    bool active = false;  // confirmed by the server
    bool told = false;
  };

  // client.cc
  void settle(Instant now);
  void ask_what_is_due(Instant now);
  void ask_for_peers(Instant now);
  [[nodiscard]] Instant next_wake() const;
  [[nodiscard]] bool may_ask() const { return requests_.size() < kRequestsMax; }
  [[nodiscard]] bool has_family_of(const Address& peer) const;
  [[nodiscard]] bool is_asking(Ask ask) const;
  void forget_old_channels(Instant now);
  void clear_allocation();
  void lose(std::string_view why);
  void say(Event event);
  std::vector<Wish>::iterator wish_place(const Address& ip);
  [[nodiscard]] const Wish* find_wish(const Address& peer) const;
  Binding* find_binding(const Address& peer);
  [[nodiscard]] const Binding* find_binding(const Address& peer) const;
  [[nodiscard]] const Binding* find_number(std::uint16_t number) const;
  [[nodiscard]] std::optional<std::uint16_t> free_number() const;

  // client_requests.cc
  void send(Instant now, const Request& request);
  void write(MessageBuilder& builder, const Request& request);
  void write_allocate(MessageBuilder& builder);
  void drop_unanswered(const Received& in);
  void on_indication(Instant now, const MessageView& message);
  void on_response(Instant now, std::size_t at, const MessageView& message);
  void on_success(Instant now, const Request& request, const MessageView& message);
  void on_error(Instant now, const Request& request, const MessageView& message, bool was_proved);
  void on_no_answer(Instant now, const Request& request);
  void on_allocated(Instant now, const MessageView& message);
  bool take_addresses(Allocated& made, const MessageView& message);
  void on_allocate_error(Instant now, const MessageView& message, unsigned code, bool was_proved);
  void fail_allocate(Instant now, AllocationFailed failed);
  void on_refreshed(Instant now, const MessageView& message);
  void on_moved(Instant now, const Request& request, const MessageView& message);
  void take_ticket(const MessageView& message);
  void on_permitted(Instant now, const Address& ip);
  void on_permission_refused(const Address& ip, unsigned code);
  void on_channel_bound(Instant now, const Request& request);
  void on_channel_refused(Instant now, const Request& request, unsigned code);
  void finish_release();
  [[nodiscard]] Instant refresh_time(Instant now, Duration lifetime) const;

  // client_data.cc
  [[nodiscard]] bool is_padded() const { return path_.transport != Transport::kUdp; }

  ClientConfig config_;
  Random& random_;
  Trace trace_;
  LongTermClient login_;
  Machine<kClientArrows, NoAllocation, Allocating, Active, Releasing> machine_;
  RtoEstimator rto_;
  IndicationIds ids_;
  Path path_;
  std::vector<Asked> requests_;
  Ring<Event> events_;
  bool asks_dont_fragment_ = false;

  std::optional<Address> relayed_v4_;
  std::optional<Address> relayed_v6_;
  Instant expires_ = kNever;
  Instant refresh_at_ = kNever;
  ByteVector ticket_;
  std::string lost_why_;                    // why a release is under way that nobody asked for
  std::optional<AllocationFailed> failed_;  // what stays true until its retry_at

  std::vector<Wish> wishes_;       // by address
  std::vector<Binding> bindings_;  // in the order of their making
  struct Pause {
    Address peer;
    Instant until{};
  };
  std::vector<Pause> pauses_;  // peers that must not be connected to before then
  Instant wake_ = kNever;
};

}  // namespace glass::stun::turn
