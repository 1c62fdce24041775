#include "demo/turn_probe.h"

#include <array>
#include <fmt/format.h>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "base/trace.h"
#include "crypto/os_random.h"
#include "demo/safe_text.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/streams.h"
#include "net/udp.h"
#include "stun/turn/client.h"

namespace glass::demo {
namespace {

using stun::turn::Client;

constexpr Duration kRepeatEvery = std::chrono::milliseconds(500);  // data may be lost
constexpr std::string_view kQuestion = "glass turn: there";
constexpr std::string_view kAnswer = "glass turn: and back";

// A TURN client that also says and hears data: one end of the loop through the relay.
class End {
 public:
  using Event = Client::Event;

  End(const stun::turn::ClientConfig& config, Random& random) : client(config, random, Trace()) {}

  void receive(Instant now, const Received& in) {
    if (const auto data = client.unwrap(now, in)) {
      heard = std::string(as_text(data->bytes));
      if (heard == kQuestion) say = kAnswer;
      if (on_data) on_data(heard);
      return;
    }
    client.receive(now, in);
  }
  void on_time(Instant now) { client.on_time(now); }
  [[nodiscard]] Instant next_time() const { return client.next_time(); }
  std::optional<Path> poll_transmit(Instant now, PacketBuffer& out) {
    if (auto path = client.poll_transmit(now, out)) return path;
    if (say.empty() || !peer) return std::nullopt;
    out.assign(as_bytes(std::exchange(say, {})));
    return client.wrap(now, *peer, out);
  }
  std::optional<Event> poll_event() { return client.poll_event(); }

  Client client;
  std::optional<Address> peer;
  std::string say;
  std::string heard;
  std::function<void(const std::string&)> on_data;
};

Failure failure_of(unsigned code, const std::string& text, const std::string& server) {
  const auto make = [&](ExitCode exit, std::string advice) {
    return Failure{exit, "allocating a relayed address", "ask " + server,
                   code == 0 ? text : fmt::format("{} {}", code, safe_text(text)),
                   std::move(advice)};
  };
  switch (code) {
    case 0: return make(kExitTimeout, "check the address and that UDP passes; try ?transport=tcp");
    case 401:
    case 403:
    case 431:
    case 441: return make(kExitSecurity, "check --user and the password (GLASS_TURN_PASSWORD)");
    case 440:
    case 442: return make(kExitUnsupported, "the server has no such relay");
    case 486:
    case 508: return make(kExitFailed, "the server has nothing left; try later");
    default: return make(kExitFailed, "see the server's log");
  }
}

class Probe {
 public:
  explicit Probe(const TurnProbeOptions& options) : options_(options) {}
  // The loop lets go of the nodes before they go.
  ~Probe() {
    for (Side& side : sides_) side.streams.reset();
    for (Side& side : sides_) loop_.remove(side.node);
  }
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  TurnReport run() {
    const auto addresses = net::resolve_now(options_.uri.host, options_.uri.port);
    if (!addresses) {
      report_.failure = Failure{kExitUnreachable, "finding the server",
                                safe_text(options_.uri.host), addresses.error(), "check the name"};
      return report_;
    }
    report_.server = addresses->front();
    if (!open()) return report_;
    begin_ = loop_.now();
    for (Side& side : sides_) {
      side.end->client.allocate(loop_.now());
      loop_.poke(side.node);
    }
    repeat();
    if (!loop_.run_until([this] { return over_; }, options_.patience) && !report_.failure)
      report_.failure = Failure{kExitTimeout, stage(), "ask " + to_text(report_.server),
                                "nothing came within the time", "give more with --timeout"};
    give_back();
    return report_;
  }

 private:
  struct Side {
    std::optional<net::UdpSocket> socket;
    std::unique_ptr<End> end;
    net::NodeId node;
    std::unique_ptr<net::Streams> streams;
    bool permitted = false;
    bool bound = false;
    bool released = false;
  };
  enum class Step : std::uint8_t { kAllocating, kPermitting, kIndication, kBinding, kChannel };

  bool open() {
    const Address any = report_.server.is_v4() ? *parse_ip("0.0.0.0") : *parse_ip("::");
    for (std::size_t i = 0; i < sides_.size(); ++i) {
      Side& side = sides_.at(i);
      Path path{options_.uri.transport, any.with_port(static_cast<std::uint16_t>(i + 1)),
                report_.server};
      if (path.transport == Transport::kUdp) {
        auto socket = net::UdpSocket::open(any);
        if (!socket) return fail({kExitLocal, "opening a socket", "", socket.error().text, ""});
        side.socket = std::move(*socket);
        path.local = side.socket->local();
      }
      side.end = std::make_unique<End>(
          stun::turn::ClientConfig{
              .path = path, .username = options_.username, .password = options_.password},
          random_);
      std::vector<net::UdpSocket*> sockets;
      if (side.socket) sockets.push_back(&*side.socket);
      side.node = loop_.add(*side.end, sockets,
                            [this, &side](Client::Event& event) { on_event(side, event); });
      side.end->on_data = [this](const std::string& text) { on_data(text); };
      if (path.transport != Transport::kUdp && !open_stream(side)) return false;
    }
    return true;
  }
  bool open_stream(Side& side) {
    side.streams = std::make_unique<net::Streams>(
        loop_, side.node, net::StreamLimits{},
        [this, &side](const net::Streams::Closed& closed) { on_closed(side, closed); });
    if (options_.uri.transport != Transport::kTls) return true;
    auto trust =
        net::TlsContext::client({.ca_file = options_.ca_file, .accepts_all = options_.accepts_all});
    if (!trust)
      return fail({kExitLocal, "reading the authorities", options_.ca_file, trust.error(), ""});
    side.streams->set_client(std::move(*trust));
    side.streams->set_name(report_.server, options_.uri.host);
    return true;
  }
  bool fail(Failure failure) {
    if (!report_.failure) report_.failure = std::move(failure);
    over_ = true;
    return false;
  }

  void on_closed(Side& side, const net::Streams::Closed& closed) {
    if (over_) return;
    side.end->client.on_unreachable(loop_.now(), closed.path);
    const bool untrusted = closed.reason == net::CloseReason::kCertificate;
    fail({untrusted ? kExitSecurity : kExitUnreachable, "connecting", to_text(options_.uri),
          closed.text.empty() ? std::string(to_text(closed.reason)) : closed.text,
          untrusted ? "trust its certificate with --ca FILE, or --insecure for a look"
                    : "check the address, the port and the transport"});
  }

  void on_event(Side& side, const Client::Event& event) {
    if (const auto* const made = std::get_if<stun::turn::Allocated>(&event)) on_allocated(*made);
    if (const auto* const failed = std::get_if<stun::turn::AllocationFailed>(&event)) {
      report_.code = failed->code;
      Failure failure = failure_of(failed->code, failed->text, to_text(report_.server));
      if (failed->alternate)  // RFC 8489 §10; it has proved to know the password
        failure.advice = "it asks to try " + to_text(*failed->alternate) + " instead";
      fail(std::move(failure));
    }
    if (std::holds_alternative<stun::turn::Permitted>(event)) on_permitted(side);
    if (const auto* const refused = std::get_if<stun::turn::Refused>(&event)) {
      report_.code = refused->code;
      fail({refused->code == 403 ? kExitSecurity : kExitFailed, stage(),
            "relay to " + to_text(refused->peer),
            fmt::format("the server answers {}", refused->code),
            refused->code == 403 ? "it does not relay to its own addresses; a call may work still"
                                 : "see the server's log"});
    }
    if (std::holds_alternative<stun::turn::ChannelBound>(event)) on_bound(side);
    if (std::holds_alternative<stun::turn::Released>(event)) side.released = true;
    if (const auto* const lost = std::get_if<stun::turn::Lost>(&event))
      fail({kExitFailed, stage(), "", "the allocation is gone: " + lost->why, ""});
  }

  void on_allocated(const stun::turn::Allocated& made) {
    End& a = *sides_[0].end;
    End& b = *sides_[1].end;
    if (!report_.relayed) {
      report_.relayed = made.relayed;
      report_.mapped = made.mapped;
      report_.lifetime = made.lifetime;
    }
    if (!a.client.is_allocated() || !b.client.is_allocated()) return;
    report_.allocated = elapsed();
    step_ = Step::kPermitting;
    const bool v4 = report_.server.is_v4();
    const auto relayed_of = [&](const End& end) {
      const auto same = end.client.relayed(v4);
      return same ? same : end.client.relayed(!v4);
    };
    a.peer = relayed_of(b);
    b.peer = relayed_of(a);
    for (Side& side : sides_) {
      side.end->client.permit(loop_.now(), *side.end->peer);
      loop_.poke(side.node);
    }
  }
  void on_permitted(Side& side) {
    side.permitted = true;
    if (step_ != Step::kPermitting || !sides_[0].permitted || !sides_[1].permitted) return;
    report_.permitted = elapsed();
    step_ = Step::kIndication;
    ask();
  }
  void on_data(const std::string& text) {
    if (text != kAnswer || (step_ != Step::kIndication && step_ != Step::kChannel)) return;
    (step_ == Step::kIndication ? report_.indication : report_.channel) = elapsed();
    if (step_ == Step::kChannel) {
      over_ = true;
      return;
    }
    step_ = Step::kBinding;
    for (Side& side : sides_) {
      side.end->client.bind_channel(loop_.now(), *side.end->peer);
      loop_.poke(side.node);
    }
  }
  void on_bound(Side& side) {
    side.bound = true;
    if (step_ != Step::kBinding || !sides_[0].bound || !sides_[1].bound) return;
    (void)elapsed();
    step_ = Step::kChannel;
    ask();
  }

  void ask() {
    sides_[0].end->say = kQuestion;
    loop_.poke(sides_[0].node);
  }
  void repeat() {
    loop_.after(kRepeatEvery, [this] {
      if (over_) return;
      if (step_ == Step::kIndication || step_ == Step::kChannel) ask();
      repeat();
    });
  }

  // Since the last call.
  Duration elapsed() {
    const Instant now = loop_.now();
    return now - std::exchange(begin_, now);
  }
  [[nodiscard]] std::string stage() const {
    constexpr std::array<std::string_view, 5> kStages{
        "allocating a relayed address", "asking for a permission", "relaying by Send indications",
        "binding a channel", "relaying by channel"};
    return std::string(kStages.at(static_cast<std::size_t>(step_)));
  }
  void give_back() {
    over_ = true;
    for (Side& side : sides_) {
      side.released = !side.end || !side.end->client.is_allocated();
      if (side.released) continue;
      side.end->client.close(loop_.now());
      loop_.poke(side.node);
    }
    (void)loop_.run_until([this] { return sides_[0].released && sides_[1].released; },
                          std::chrono::seconds(1));
  }

  TurnProbeOptions options_;
  TurnReport report_;
  net::Loop loop_;
  crypto::OsRandom random_;
  std::array<Side, 2> sides_;
  Step step_ = Step::kAllocating;
  Instant begin_{};
  bool over_ = false;
};

}  // namespace

TurnReport probe_turn(const TurnProbeOptions& options) { return Probe(options).run(); }

}  // namespace glass::demo
