#include <chrono>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/text.h"
#include "crypto/os_random.h"
#include "demo/commands/commands.h"
#include "demo/ice_uri.h"
#include "demo/safe_text.h"
#include "net/interfaces.h"
#include "net/loop.h"
#include "net/resolve.h"
#include "net/streams.h"
#include "net/udp.h"
#include "stun/binding_client.h"
#include "stun/nat_discovery.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

// Enough for a distant server, and short enough for somebody who waits at a prompt: 11.5 s.
constexpr stun::TransactionConfig kPatience{
    .rto = 500ms, .request_count = 5, .last_wait = 8, .reliable_wait = 12s};
constexpr auto kLimit = 60s;  // of everything but lifetimes
// RFC 8489 §10: how often a server may send us on. The person sees who answered in the end.
constexpr std::size_t kMaxRedirects = 3;

struct Target {
  IceUri uri;
  Address server;
  Address local;  // of ours, toward it; without a port
};

Failure failure(ExitCode code, const std::string& text, std::string cause, std::string advice) {
  return {code, "asking a STUN server", safe_text(text), std::move(cause), std::move(advice)};
}

Result<Address, std::string> local_toward(const Address& server) {
  for (const net::Interface& one : net::interfaces())
    if (one.is_loopback == server.is_loopback() && one.address.is_v4() == server.is_v4() &&
        one.address.is_link_local() == server.is_link_local())
      return one.address.with_port(0);
  return std::unexpected("this machine has no address of that family");
}

Result<Target, Failure> find_target(const std::string& text) {
  auto uri = parse_ice_uri(text);
  if (!uri || uri->is_turn)
    return std::unexpected(failure(kExitUsage, text, uri ? "that is a TURN server" : uri.error(),
                                   "stun:host, stun:host:port or stuns:host"));
  // RFC 8489 §8.1: a certificate names a host, and this is none.
  if (uri->transport == Transport::kTls && parse_ip(uri->host))
    return std::unexpected(
        failure(kExitUsage, text, "stuns: wants a host name, not an address", "stuns:host"));
  const auto found = net::resolve_now(uri->host, uri->port);
  if (!found)
    return std::unexpected(failure(kExitUnreachable, text, found.error(), "check the name"));
  const auto local = local_toward(found->front());
  if (!local)
    return std::unexpected(
        failure(kExitUnreachable, text, local.error(), "check the network of this machine"));
  return Target{*std::move(uri), found->front(), *local};
}

Result<std::vector<net::UdpSocket>, Failure> open_sockets(const Target& target, std::size_t count) {
  std::vector<net::UdpSocket> sockets;
  for (std::size_t i = 0; i < count; ++i) {
    auto socket = net::UdpSocket::open(target.local);
    if (!socket)
      return std::unexpected(failure(kExitLocal, to_text(target.local), socket.error().text, ""));
    sockets.push_back(*std::move(socket));
  }
  return sockets;
}

// ---- glass stun

using Outcome = std::optional<stun::BindingClient::Event>;

struct Asked {
  Outcome outcome;
  Address local;
  Address server;      // who was asked last
  std::string closed;  // why a connection ended; empty: it did not
  bool is_certificate = false;
};

Result<Asked, Failure> ask(const Target& target, const StunOptions& options) {
  crypto::OsRandom random;
  net::Loop loop;
  Asked asked{.local = target.local};
  const Transport transport = target.uri.transport;
  std::vector<net::UdpSocket> sockets;
  if (transport == Transport::kUdp) {
    auto opened = open_sockets(target, 1);
    if (!opened) return std::unexpected(opened.error());
    sockets = *std::move(opened);
    asked.local = sockets.front().local();
  }
  stun::BindingClient client(
      {
          .path = {transport, asked.local, target.server},
          .transaction = kPatience,
          .max_redirects = kMaxRedirects
  },
      random, {});
  std::vector<net::UdpSocket*> carried;
  for (net::UdpSocket& socket : sockets) carried.push_back(&socket);
  const net::NodeId id = loop.add(client, carried, [&](const stun::BindingClient::Event& event) {
    if (!asked.outcome) asked.outcome = event;
  });
  net::Streams streams(loop, id, {}, [&](const net::Streams::Closed& closed) {
    if (closed.path.remote != client.server()) return;  // it has sent us to another one
    asked.closed = closed.text.empty() ? std::string(to_text(closed.reason)) : closed.text;
    asked.is_certificate = closed.reason == net::CloseReason::kCertificate;
    client.on_unreachable();
    loop.poke(id);
  });
  if (transport == Transport::kTls) {
    auto trust =
        net::TlsContext::client({.ca_file = options.ca_file, .accepts_all = options.insecure});
    if (!trust)
      return std::unexpected(failure(kExitLocal,
                                     options.ca_file.empty() ? target.uri.host : options.ca_file,
                                     trust.error(), "check --ca"));
    streams.set_client(*std::move(trust));
    streams.set_name(target.server, target.uri.host);
  }
  loop.add_carrier(id, streams);
  client.start(loop.now());
  loop.poke(id);
  loop.run_until([&] { return asked.outcome.has_value(); }, kLimit);
  loop.remove_carrier(id, streams);
  asked.server = client.server();
  return asked;
}

int report_failure(const std::string& text, const Asked& asked) {
  if (!asked.outcome) return report(failure(kExitTimeout, text, "no answer", ""));
  const auto& failed = std::get<stun::BindingClient::Failed>(*asked.outcome);
  std::string cause(stun::to_text(failed.reason));
  if (failed.code != 0) cause += " with " + decimal(failed.code);
  if (!asked.closed.empty()) cause += ": " + safe_text(asked.closed);
  switch (failed.reason) {
    case stun::BindingFailure::kTimeout:
      return report(failure(kExitTimeout, text, cause, "is UDP blocked? try another server"));
    case stun::BindingFailure::kUnreachable:
      return report(failure(asked.is_certificate ? kExitSecurity : kExitUnreachable, text, cause,
                            asked.is_certificate
                                ? "trust its certificate with --ca FILE, or --insecure for a look"
                                : "check host and port"));
    case stun::BindingFailure::kErrorResponse:
    case stun::BindingFailure::kUnusable: break;
  }
  return report(failure(kExitFailed, text, cause, ""));
}

void print_mapped(const Target& target, const Asked& asked,
                  const stun::BindingClient::Mapped& mapped, bool json) {
  const bool is_ours = mapped.address.same_ip(asked.local);
  if (json) {
    nlohmann::ordered_json out{
        {"schema",    "glass-stun/1"                            },
        {"server",    to_text(asked.server)                     },
        {"transport", std::string(to_text(target.uri.transport))},
        {"local",     to_text(asked.local)                      },
        {"mapped",    to_text(mapped.address)                   },
        {"nat",       !is_ours                                  },
    };
    if (mapped.round_trip)
      out["round_trip_us"] =
          std::chrono::duration_cast<std::chrono::microseconds>(*mapped.round_trip).count();
    if (asked.server != target.server) out["sent_on_by"] = to_text(target.server);
    fmt::print("{}\n", out.dump());
    return;
  }
  fmt::print("{}\n", to_text(mapped.address));
  fmt::print("  that is how {} sees you over {}", to_text(asked.server),
             to_text(target.uri.transport));
  if (mapped.round_trip) fmt::print(", {} away", milliseconds(*mapped.round_trip));
  if (asked.server != target.server)
    fmt::print("\n  {} has sent us on to it (ALTERNATE-SERVER)", to_text(target.server));
  fmt::print("\n  {}\n",
             is_ours ? "it is this machine's own address: no NAT is between"
                     : "this machine calls itself " + ip_text(asked.local) + ": a NAT is between");
}

// ---- glass nat

std::string_view meaning_of_mapping(stun::NatDependence mapping) {
  switch (mapping) {
    case stun::NatDependence::kEndpointIndependent:
      return "others can be told where to reach you: what one server sees holds for all";
    case stun::NatDependence::kAddressDependent:
      return "each address that you send to sees another port: a direct way needs an open filter "
             "on the other side";
    case stun::NatDependence::kAddressAndPortDependent:
      return "each port that you send to sees another port of yours: a direct way needs an open "
             "filter on the other side, else TURN";
    case stun::NatDependence::kUnknown: break;
  }
  return "";
}

std::string_view meaning_of_filtering(stun::NatDependence filtering) {
  switch (filtering) {
    case stun::NatDependence::kEndpointIndependent:
      return "anybody may answer through your mapping";
    case stun::NatDependence::kAddressDependent:
      return "only addresses that you have sent to may answer";
    case stun::NatDependence::kAddressAndPortDependent:
      return "only the very ports that you have sent to may answer";
    case stun::NatDependence::kUnknown: break;
  }
  return "";
}

void print_line(std::string_view name, std::string_view value, std::string_view meaning,
                std::string_view why) {
  fmt::print("{:<12} {}\n", name, value);
  if (!meaning.empty()) fmt::print("{:<12} {}\n", "", meaning);
  if (meaning.empty() && !why.empty()) fmt::print("{:<12} because {}\n", "", why);
}

std::string lifetime_text(const stun::NatReport& report) {
  const auto seconds = [](Duration duration) {
    return decimal(static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(duration).count()));
  };
  if (report.lives_at_least && report.gone_after)
    return "between " + seconds(*report.lives_at_least) + " and " + seconds(*report.gone_after) +
           " s";
  if (report.lives_at_least) return "at least " + seconds(*report.lives_at_least) + " s";
  if (report.gone_after) return "less than " + seconds(*report.gone_after) + " s";
  return "unknown";
}

void print_report(const Target& target, const Address& local, const stun::NatReport& report) {
  fmt::print("{:<12} {} (this machine calls itself {})\n", "address", to_text(*report.mapped),
             ip_text(local));
  if (!report.is_translated)
    print_line("nat", "none", "the server sees this machine's own address", "");
  print_line("mapping", to_text(report.mapping), meaning_of_mapping(report.mapping),
             report.why_mapping);
  print_line("filtering", to_text(report.filtering), meaning_of_filtering(report.filtering),
             report.why_filtering);
  print_line("hairpinning", to_text(report.hairpinning),
             report.hairpinning == stun::NatHairpinning::kYes
                 ? "two hosts behind this NAT reach each other by their outside addresses"
             : report.hairpinning == stun::NatHairpinning::kNo
                 ? "two hosts behind this NAT need their inside addresses, or a relay"
                 : "",
             report.why_hairpinning);
  print_line("lifetime", lifetime_text(report), "", report.why_lifetime);
  fmt::print("{:<12} {}\n", "server", to_text(target.server));
}

void print_json(const Target& target, const Address& local, const stun::NatReport& report) {
  nlohmann::ordered_json out{
      {"schema",      "glass-nat/1"                           },
      {"server",      to_text(target.server)                  },
      {"local",       to_text(local)                          },
      {"mapped",      to_text(*report.mapped)                 },
      {"nat",         report.is_translated                    },
      {"mapping",     std::string(to_text(report.mapping))    },
      {"filtering",   std::string(to_text(report.filtering))  },
      {"hairpinning", std::string(to_text(report.hairpinning))},
  };
  const auto seconds = [](const std::optional<Duration>& duration) {
    return duration ? nlohmann::ordered_json(
                          std::chrono::duration_cast<std::chrono::seconds>(*duration).count())
                    : nlohmann::ordered_json();
  };
  out["lifetime"] = {
      {"at_least_s",  seconds(report.lives_at_least)},
      {"less_than_s", seconds(report.gone_after)    }
  };
  const auto why = [&out](const char* name, std::string_view text) {
    if (!text.empty()) out["why"][name] = std::string(text);
  };
  why("mapping", report.why_mapping);
  why("filtering", report.why_filtering);
  why("hairpinning", report.why_hairpinning);
  why("lifetime", report.why_lifetime);
  fmt::print("{}\n", out.dump());
}

}  // namespace

int run_stun(const StunOptions& options) {
  const auto target = find_target(options.uri);
  if (!target) return report(target.error());
  const auto asked = ask(*target, options);
  if (!asked) return report(asked.error());
  const auto* mapped =
      asked->outcome ? std::get_if<stun::BindingClient::Mapped>(&*asked->outcome) : nullptr;
  if (mapped == nullptr) return report_failure(options.uri, *asked);
  print_mapped(*target, *asked, *mapped, options.json);
  return kExitDone;
}

int run_nat(const NatOptions& options) {
  // RFC 5780 §4.1: the tests ask for answers from other addresses, which no connection can bring.
  if (const auto uri = parse_ice_uri(options.uri); uri && uri->transport != Transport::kUdp)
    return report(failure(kExitUsage, options.uri,
                          "what a NAT does is found out over UDP alone: over TCP and TLS a server "
                          "cannot answer from another address",
                          "stun:host"));
  const auto target = find_target(options.uri);
  if (!target) return report(target.error());
  std::vector<Duration> lifetimes;
  if (options.lifetime) lifetimes = {15s, 30s, 60s, 120s, 180s, 300s};
  auto sockets = open_sockets(*target, stun::NatDiscovery::kFixedPorts + lifetimes.size());
  if (!sockets) return report(sockets.error());
  stun::NatDiscoveryConfig config{.server = target->server, .lifetimes = lifetimes};
  std::vector<net::UdpSocket*> carried;
  for (net::UdpSocket& socket : *sockets) {
    carried.push_back(&socket);
    config.locals.push_back(socket.local());
  }
  crypto::OsRandom random;
  net::Loop loop;
  stun::NatDiscovery discovery(std::move(config), random, {});
  std::optional<stun::NatReport> found;
  const net::NodeId id =
      loop.add(discovery, carried, [&found](const stun::NatReport& event) { found = event; });
  discovery.start(loop.now());
  loop.poke(id);
  loop.run_until([&found] { return found.has_value(); },
                 options.lifetime ? kLimit + 15min : kLimit);
  if (!found || !found->reached)
    return report(failure(kExitTimeout, options.uri, "the server did not answer",
                          "is UDP blocked? try another server"));
  if (!found->mapped)
    return report(failure(kExitFailed, options.uri, "the server refused to answer", ""));
  if (options.json)
    print_json(*target, sockets->front().local(), *found);
  else
    print_report(*target, sockets->front().local(), *found);
  return found->mapping == stun::NatDependence::kUnknown ||
                 found->filtering == stun::NatDependence::kUnknown
             ? kExitUnsupported
             : kExitDone;
}

}  // namespace glass::demo
