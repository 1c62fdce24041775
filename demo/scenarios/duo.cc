#include "demo/scenarios/duo.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWallSeconds = 1'767'225'600;  // 2026-01-01, as the certificates see it

peer::Config config_of(const crypto::Identity& identity, sim::HostId host) {
  peer::Config config;
  config.identity = &identity;
  config.dtls_max_version = dtls::Version::k12;  // as in first_light.cc
  config.node = host.value();
  return config;
}

}  // namespace

Duo::Person::Person(Duo& duo, std::string_view name, const Address& where, Quirks quirks,
                    Sink* sink)
    : address(where),
      host(duo.world_.name(name)),
      identity(crypto::Identity::make(name, kWallSeconds)),
      random(duo.world_.seed_for(name)),
      peer(config_of(identity, host), random, sink),
      quirks_(std::move(quirks)),
      trace_(sink, host.value(), Layer::kPeer) {
  // Every port is its own: a quirk may send from another one.
  duo.world_.host(name, *this, address.with_port(0),
                  [this, &duo](peer::Peer::Event& event) { duo.on_event(*this, event); });
  (void)peer.add_host(duo.world_.now(), address);
}

void Duo::Person::mark(Instant now, std::string_view what) const {
  trace_.now(now);
  trace_.metric(what, 1);
}

void Duo::Person::receive(Instant now, const Received& in) {
  if (quirks_.hear && !quirks_.hear(now, in.bytes)) return mark(now, "fault heard");
  peer.receive(now, in);
}

std::optional<Path> Duo::Person::poll_transmit(Instant now, PacketBuffer& out) {
  while (auto path = peer.poll_transmit(now, out)) {
    if (!quirks_.send) return path;
    const ByteVector before(out.bytes().begin(), out.bytes().end());
    const Path way = *path;
    const bool leaves = quirks_.send(out, *path);
    if (!leaves || way != *path || !std::ranges::equal(before, out.bytes()))
      mark(now, "fault sent");
    if (leaves) return path;
    out.clear();
  }
  return std::nullopt;
}

void Duo::Person::edit(Instant now, Layer layer, std::string& text) const {
  const std::string before = text;
  if (layer == Layer::kSdp && quirks_.describe) quirks_.describe(text);
  if (layer == Layer::kSignaling && quirks_.candidate && !text.empty()) quirks_.candidate(text);
  if (text != before) mark(now, "fault sent");
}

Duo::Duo(const DuoOptions& options, Sink* sink, OnMessage on_message)
    : options_(options),
      on_message_(std::move(on_message)),
      world_(options.seed, sink),
      signaling_(world_, sink),
      alice_(*this, "alice", *parse_address("192.0.2.1:50001"), options.alice, sink),
      bob_(*this, "bob", *parse_address("198.51.100.2:50002"), options.bob, sink) {
  world_.link(alice_.host, bob_.host, options.way);
  signaling_.edit_with([this](sim::HostId from, Layer layer, std::string& text) {
    (from == alice_.host ? alice_ : bob_).edit(world_.now(), layer, text);
  });
}

bool Duo::connect(Duration limit) {
  const auto channel = alice_.peer.open(world_.now(), options_.channel);
  const auto offer = alice_.peer.create_offer(world_.now());
  if (!channel || !offer) {
    alice_.failure = "Alice cannot make an offer";
    return false;
  }
  alice_.channel = *channel;
  world_.poke(alice_.host);
  signaling_.carry_offer(alice_.end(), bob_.end(), *offer,
                         [this](const peer::Error& error) { bob_.failure = to_text(error); });
  const Instant end = world_.now() + limit;
  const auto is_open = [this] { return alice_.is_open && bob_.is_open; };
  while (!is_open() && !has_failed() && world_.now() < end && world_.step()) continue;
  return is_open();
}

void Duo::say(Person& person, std::string_view text) {
  signaling_.tell(person.host, Layer::kChannel, Direction::kSent, text);
  (void)person.peer.send(world_.now(), person.channel, sctp::MessageKind::kText, as_bytes(text));
  world_.poke(person.host);
}

void Duo::finish() {
  alice_.peer.close(world_.now());
  world_.poke(alice_.host);
  world_.run_for(1s);
}

void Duo::on_open(Person& person, const sctp::ChannelOpened& opened) {
  person.channel = opened.id;
  person.is_open = true;
}

void Duo::on_event(Person& person, peer::Peer::Event& event) {
  Person& other = &person == &alice_ ? bob_ : alice_;
  const auto handle = [&](auto& e) {
    using E = std::remove_cvref_t<decltype(e)>;
    if constexpr (std::is_same_v<E, peer::LocalCandidate>) {
      signaling_.carry_candidate(person.host, other.end(), e.line);
    } else if constexpr (std::is_same_v<E, peer::GatheringDone>) {
      signaling_.carry_candidate(person.host, other.end(), "");
    } else if constexpr (std::is_same_v<E, peer::Failed>) {
      person.failure = to_text(e.error);
    } else if constexpr (std::is_same_v<E, sctp::ChannelOpened>) {
      on_open(person, e);
    } else if constexpr (std::is_same_v<E, sctp::ChannelMessage>) {
      signaling_.tell(person.host, Layer::kChannel, Direction::kReceived, as_text(e.bytes));
      on_message_(person, as_text(e.bytes));
    }
  };
  std::visit(handle, event);
}

}  // namespace glass::demo
