#include "demo/server/turn_host.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/text.h"
#include "demo/safe_text.h"
#include "stun/turn/attributes.h"

namespace glass::demo {
namespace {

constexpr std::size_t kSecretSize = 32;
constexpr int kRelayBuffer = 512 * 1024;  // of each relay socket, asked of the kernel

ByteVector secret_of(const TurnHostOptions& options, Random& random) {
  if (!options.secret.empty()) return options.secret;
  ByteVector secret(kSecretSize);
  random.fill(secret);
  return secret;
}

net::PemPair pem_of(const TurnHostOptions& options) {
  if (!options.pem.certificate.empty()) return options.pem;
  std::vector<std::string> names{"localhost"};
  if (!options.name.empty()) names.push_back(options.name);
  for (const Address& host : options.hosts) names.push_back(ip_text(host));
  if (options.advertise) names.push_back(ip_text(*options.advertise));
  return net::make_self_signed("glass", names);
}

stun::turn::Prefix only(const Address& address) {
  return {address, static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)};
}

}  // namespace

TurnHost::TurnHost(net::Loop& loop, Random& random, const TurnHostOptions& options)
    : loop_(loop),
      options_(options),
      pem_(pem_of(options)),
      secret_(secret_of(options, random)),
      users_(secret_, std::chrono::seconds(loop.wall_seconds())) {}

TurnHost::~TurnHost() {
  *alive_ = false;
  streams_.reset();
  loop_.remove(node_);
}

Result<std::unique_ptr<TurnHost>, Failure> TurnHost::start(net::Loop& loop, Random& random,
                                                           const TurnHostOptions& options) {
  CHECK(!options.hosts.empty());
  std::unique_ptr<TurnHost> host(new TurnHost(loop, random, options));
  for (const auto& [name, password] : options.users)
    if (!host->users_.add(name, password))
      return std::unexpected(Failure{kExitUsage, "reading the users", printable(name),
                                     "such a name or password is not allowed", ""});
  for (const Address& address : options.hosts) TRY(host->open_udp(address.with_port(options.port)));
  if (options.alternate) TRY(host->open_alternate(*options.alternate));
  host->make_server(random);
  if (auto listening = host->listen(); !listening) return std::unexpected(listening.error());
  return host;
}

Result<void, Failure> TurnHost::open_udp(const Address& address) {
  auto socket = net::UdpSocket::open(address);
  if (!socket)
    return std::unexpected(Failure{kExitLocal, "opening STUN and TURN over UDP", to_text(address),
                                   socket.error().text, "choose another with --turn-port"});
  udp_.push_back(std::move(*socket));
  return {};
}

// RFC 5780 §6: two addresses with two ports each. The free port that 0 stands for has to be found
// first, for both addresses use it.
Result<void, Failure> TurnHost::open_alternate(const Address& wanted) {
  const Address primary = udp_.front().local();
  if (wanted.is_v4() != primary.is_v4() || wanted.same_ip(primary) || wanted.port == primary.port)
    return std::unexpected(Failure{
        kExitUsage, "opening the alternate address", to_text(wanted),
        "it has to differ from " + to_text(primary) + " in IP address and port, not in family",
        "check --alternate"});
  TRY(open_udp(wanted));
  const Address other = udp_.back().local();
  TRY(open_udp(primary.with_port(other.port)));
  TRY(open_udp(other.with_port(primary.port)));
  discovery_ = {.primary = primary, .other = other};
  return {};
}

// The address that clients know a host by.
Address TurnHost::shown(const Address& host) const {
  const bool is_first = host.same_ip(options_.hosts.front());
  return options_.advertise && is_first ? options_.advertise->with_port(host.port) : host;
}

void TurnHost::make_server(Random& random) {
  stun::turn::ServerConfig config;
  config.software = "glass";
  config.allocations_max = options_.allocations;
  config.allocations_per_user = options_.allocations_per_user;
  config.bytes_per_second_of_user = options_.bytes_per_second_of_user;
  config.policy = {.allow = options_.allow, .deny = options_.deny};
  if (options_.old_channels) config.channel_max = stun::turn::kChannelMaxRfc5766;
  if (discovery_) config.discovery.push_back(*discovery_);
  for (const net::UdpSocket& socket : udp_) {
    config.listening.push_back(socket.local());
    const Address relay = shown(socket.local());
    auto& of_family = relay.is_v4() ? config.relay_v4 : config.relay_v6;
    if (of_family) continue;
    of_family = relay.with_port(0);
    // Two members that both relay meet at our own address, whichever kind of address that is.
    config.policy.allow.push_back(only(relay));
  }
  server_ = std::make_unique<stun::turn::Server>(config, *this, users_, random, Trace());
  std::vector<net::UdpSocket*> sockets;
  for (net::UdpSocket& socket : udp_) sockets.push_back(&socket);
  node_ =
      loop_.add(*server_, sockets, [this](stun::turn::Server::Event& event) { on_event(event); });
  loop_.answer_each(node_);
}

Result<void, Failure> TurnHost::listen() {
  streams_.emplace(loop_, node_, net::StreamLimits{}, [this](const net::Streams::Closed& closed) {
    server_->on_closed(loop_.now(), closed.path);
    loop_.poke(node_);
  });
  auto tls = net::TlsContext::server(pem_.certificate, pem_.key);
  if (!tls)
    return std::unexpected(Failure{kExitUsage, "reading the certificate", "--cert and --key",
                                   tls.error(), "give PEM files that belong together"});
  streams_->set_server(std::move(*tls));
  for (std::size_t i = 0; i < options_.hosts.size(); ++i) {
    const Address& host = udp_[i].local();
    const auto tcp = streams_->listen(Transport::kTcp, host, net::Framing::kStun);
    const auto secure =
        streams_->listen(Transport::kTls, host.with_port(options_.tls_port), net::Framing::kStun);
    for (const auto* const opened : {&tcp, &secure})
      if (!*opened)
        return std::unexpected(Failure{kExitLocal, "opening TURN over TCP and TLS", to_text(host),
                                       opened->error().text,
                                       "choose others with --turn-port and --turns-port"});
    stun_uris_.push_back("stun:" + to_text(shown(host)));
    turn_uris_.push_back("turn:" + to_text(shown(host)) + "?transport=udp");
    turn_uris_.push_back("turn:" + to_text(shown(*tcp)) + "?transport=tcp");
    // Certificates name hosts, and Firefox takes nothing else here.
    const std::string named = options_.name.empty() || i > 0
                                  ? to_text(shown(*secure))
                                  : options_.name + ":" + decimal(secure->port);
    turn_uris_.push_back("turns:" + named + "?transport=tcp");
  }
  return {};
}

std::vector<IceServer> TurnHost::issue(std::string_view id) const {
  const auto now = std::chrono::seconds(loop_.wall_seconds()) +
                   std::chrono::duration_cast<std::chrono::seconds>(loop_.now().time_since_epoch());
  IceServer relay{.urls = options_.elsewhere.empty() ? turn_uris_ : options_.elsewhere,
                  .username = stun::time_limited_name(now + kPasswordLife, id)};
  relay.credential = stun::time_limited_password(secret_, relay.username);
  return {{.urls = stun_uris_}, std::move(relay)};
}

// --- Relayed addresses --------------------------------------------------------------------------

bool TurnHost::open(Transport transport, const Address& address) {
  if (transport != Transport::kUdp) return false;
  const auto host = std::ranges::find_if(
      options_.hosts, [&](const Address& one) { return shown(one).same_ip(address); });
  if (host == options_.hosts.end()) return false;
  auto socket = net::UdpSocket::open(host->with_port(address.port),
                                     {.buffer_size = kRelayBuffer, .drops_when_full = true});
  if (!socket) return false;
  socket->present_as(address);
  auto& kept = relayed_[address];
  kept = std::make_unique<net::UdpSocket>(std::move(*socket));
  loop_.add_socket(node_, *kept);
  return true;
}

// Later: the server may be in the middle of what came to this socket.
void TurnHost::close(Transport, const Address& address) {
  loop_.post([this, alive = alive_, address] {
    const auto found = *alive ? relayed_.find(address) : relayed_.end();
    if (!*alive || found == relayed_.end()) return;
    loop_.remove_socket(node_, *found->second);
    relayed_.erase(found);
  });
}

void TurnHost::on_event(const stun::turn::Server::Event& event) {
  if (const auto* const made = std::get_if<stun::turn::AllocationMade>(&event))
    log(fmt::format("turn: {} relays for {} ({}) over {}", to_text(made->relayed),
                    to_text(made->client.remote), safe_text(made->user, 80),
                    to_text(made->client.transport)));
  if (const auto* const ended = std::get_if<stun::turn::AllocationEnded>(&event))
    log(fmt::format("turn: {} is given back: {}", to_text(ended->relayed), ended->why));
}

void TurnHost::log(std::string_view line) const {
  if (options_.log) options_.log(line);
}

}  // namespace glass::demo
