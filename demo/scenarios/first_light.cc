#include "demo/scenarios/first_light.h"

#include <type_traits>
#include <utility>
#include <variant>

#include "base/address.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/seeded_random.h"
#include "peer/peer.h"
#include "sim/world.h"
#include "stun/binding_server.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWallSeconds = 1'767'225'600;  // 2026-01-01, as the certificates see it
constexpr Duration kSignalingDelay = 40ms;
constexpr Duration kLimit = 60s;
constexpr std::string_view kHello = "hello, Bob: this is the first light";
constexpr std::string_view kAnswer = "hello, Alice: I can see it";

peer::Config config_of(const crypto::Identity& identity, sim::HostId host, const Address& stun) {
  peer::Config config;
  config.identity = &identity;
  config.node = host.value();
  config.stun_servers.push_back(stun);
  return config;
}

class FirstLight {
 public:
  FirstLight(const FirstLightOptions& options, Sink& sink)
      : world_(options.seed, &sink),
        alice_("alice", *parse_address("192.0.2.1:50001"), *this, sink),
        bob_("bob", *parse_address("198.51.100.2:50002"), *this, sink),
        stun_host_(world_.name("stun server")),
        stun_({}, Trace(&sink, stun_host_.value(), Layer::kStun)) {
    world_.host("stun server", stun_, kStun, [](const stun::BindingServer::Event&) {});
    const sim::Impairment link{.delay = options.delay, .loss = {options.loss_per_million}};
    world_.link(alice_.host, bob_.host, link);
    world_.link(alice_.host, stun_host_, link);
    world_.link(bob_.host, stun_host_, link);
  }

  FirstLightResult run() {
    const auto channel = alice_.peer.open(world_.now(), chat());
    const auto offer = alice_.peer.create_offer(world_.now());
    if (!channel || !offer) return {.failure = "Alice cannot make an offer"};
    chat_ = *channel;
    carry_offer(*offer);
    world_.poke(alice_.host);
    result_.done =
        world_.run_until([this] { return answered_ || !result_.failure.empty(); }, kLimit);
    result_.done = answered_;
    result_.ended = world_.now();
    alice_.peer.close(world_.now());
    world_.poke(alice_.host);
    world_.run_for(1s);
    return result_;
  }

 private:
  struct Person {
    Person(std::string_view name, const Address& address, FirstLight& story, Sink& sink)
        : host(story.world_.name(name)),
          identity(crypto::Identity::make(name, kWallSeconds)),
          random(story.world_.seed_for(name)),
          peer(config_of(identity, host, kStun), random, &sink) {
      story.world_.host(name, peer, address,
                        [this, &story](peer::Peer::Event& event) { story.on_event(*this, event); });
      (void)peer.add_host(story.world_.now(), address);
    }

    sim::HostId host;
    crypto::Identity identity;
    SeededRandom random;
    peer::Peer peer;
  };

  static sctp::ChannelConfig chat() {
    sctp::ChannelConfig config;
    config.label = "chat";
    return config;
  }
  template <class Do>
  void after_signaling(Do what) {
    world_.at(world_.now() + kSignalingDelay, std::move(what));
  }

  void carry_offer(const std::string& offer) {
    after_signaling([this, offer](sim::World& world) {
      if (!bob_.peer.set_remote(world.now(), sdp::Type::kOffer, offer)) return;
      const auto answer = bob_.peer.create_answer(world.now());
      world.poke(bob_.host);
      if (answer) carry_answer(*answer);
    });
  }
  void carry_answer(const std::string& answer) {
    after_signaling([this, answer](sim::World& world) {
      (void)alice_.peer.set_remote(world.now(), sdp::Type::kAnswer, answer);
      world.poke(alice_.host);
    });
  }
  // Alice's candidates may overtake nothing: signaling keeps the order.
  void carry_candidate(Person& to, const std::string& line) {
    after_signaling([&to, line](sim::World& world) {
      (void)to.peer.add_remote_candidate(world.now(), line);
      world.poke(to.host);
    });
  }

  void on_event(Person& person, peer::Peer::Event& event) {
    Person& other = &person == &alice_ ? bob_ : alice_;
    const auto handle = [&](auto& e) {
      using E = std::remove_cvref_t<decltype(e)>;
      if constexpr (std::is_same_v<E, peer::LocalCandidate>) {
        carry_candidate(other, e.line);
      } else if constexpr (std::is_same_v<E, peer::GatheringDone>) {
        carry_candidate(other, "");
      } else if constexpr (std::is_same_v<E, peer::StateChanged>) {
        if (e.to == peer::State::kConnected) result_.connected = world_.now();
      } else if constexpr (std::is_same_v<E, peer::Failed>) {
        result_.failure = to_text(e.error);
      } else if constexpr (std::is_same_v<E, sctp::ChannelOpened>) {
        if (&person == &alice_) say(alice_, chat_, kHello);
      } else if constexpr (std::is_same_v<E, sctp::ChannelMessage>) {
        if (&person == &bob_) say(bob_, e.id, kAnswer);
        answered_ = answered_ || &person == &alice_;
      }
    };
    std::visit(handle, event);
  }
  void say(Person& person, sctp::ChannelId channel, std::string_view text) {
    (void)person.peer.send(world_.now(), channel, sctp::MessageKind::kText, as_bytes(text));
  }

  static inline const Address kStun = *parse_address("203.0.113.3:3478");

  sim::World world_;
  FirstLightResult result_;
  sctp::ChannelId chat_;
  bool answered_ = false;
  Person alice_;
  Person bob_;
  sim::HostId stun_host_;
  stun::BindingServer stun_;
};

}  // namespace

std::vector<std::string> first_light_names() { return {"network", "alice", "bob", "stun server"}; }

FirstLightResult first_light(const FirstLightOptions& options, Sink& sink) {
  crypto::seed_openssl(options.seed);
  FirstLightResult result = FirstLight(options, sink).run();
  crypto::unseed_openssl();
  return result;
}

}  // namespace glass::demo
