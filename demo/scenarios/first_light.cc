#include "demo/scenarios/first_light.h"

#include <algorithm>
#include <memory>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/address.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/seeded_random.h"
#include "demo/scenarios/signaling.h"
#include "demo/storage.h"
#include "demo/transfer.h"
#include "peer/peer.h"
#include "sim/world.h"
#include "stun/binding_server.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWallSeconds = 1'767'225'600;  // 2026-01-01, as the certificates see it
constexpr Duration kLimit = 60s;
constexpr std::string_view kHello = "hello, Bob: this is the first light";
constexpr std::string_view kAnswer = "hello, Alice: I can see it";

constexpr std::string_view kFileName = "first-light.txt";
constexpr std::string_view kFileLine = "light takes its time, and so do datagrams\n";

// Alice's file: the same line over and over.
class Lines final : public Source {
 public:
  explicit Lines(std::size_t size) : size_(size) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<std::size_t, DiskError> read(MutableBytes out) override {
    const std::size_t count = std::min(out.size(), size_ - at_);
    for (std::uint8_t& byte : out.first(count))
      byte = static_cast<std::uint8_t>(kFileLine[at_++ % kFileLine.size()]);
    return count;
  }

 private:
  std::string name_{kFileName};
  std::size_t size_;
  std::size_t at_ = 0;
};

// Bob's disk, of which only the hash is kept: Transfer has it.
class Memory final : public Storage {
 public:
  Result<std::unique_ptr<Target>, DiskError> create(std::string_view name,
                                                    std::uint64_t /*size*/) override {
    return std::make_unique<File>(name);
  }

 private:
  class File final : public Target {
   public:
    explicit File(std::string_view name) : name_(name) {}
    Result<void, DiskError> write(Bytes /*bytes*/) override { return {}; }
    Result<std::string, DiskError> commit() override { return name_; }

   private:
    std::string name_;
  };
};

peer::Config config_of(const crypto::Identity& identity, sim::HostId host, const Address& stun) {
  peer::Config config;
  config.identity = &identity;
  // Its handshake can be read in a capture; of 1.3 only the hellos can.
  config.dtls_max_version = dtls::Version::k12;
  config.node = host.value();
  config.stun_servers.push_back(stun);
  return config;
}

class FirstLight {
 public:
  FirstLight(const FirstLightOptions& options, Sink& sink)
      : file_size_(options.file_size),
        world_(options.seed, &sink),
        signaling_(world_, &sink),
        alice_("alice", *parse_address("192.0.2.1:50001"), *this, sink),
        bob_("bob", *parse_address("198.51.100.2:50002"), *this, sink),
        stun_host_(world_.name("stun server")),
        stun_({}, Trace(&sink, stun_host_.value(), Layer::kStun)) {
    world_.host("stun server", stun_, kStun, [](const stun::BindingServer::Event&) {});
    const sim::Impairment link{.delay = options.delay,
                               .jitter = options.jitter,
                               .loss = {options.loss_per_million},
                               .reorder = {options.reorder_per_million},
                               .reorder_delay = options.jitter};
    join(link);
    if (!options.fork) return;
    const sim::Impairment other{.delay = options.fork->delay,
                                .jitter = options.fork->jitter,
                                .loss = {options.fork->loss_per_million}};
    world_.at(Instant{} + options.fork->at, [this, other](sim::World&) { join(other); });
  }

  FirstLightResult run() {
    const auto chat = alice_.peer.open(world_.now(), channel_named("chat"));
    const auto files = alice_.peer.open(world_.now(), channel_named("files"));
    const auto offer = alice_.peer.create_offer(world_.now());
    if (!chat || !files || !offer) return {.failure = "Alice cannot make an offer"};
    alice_.chat = *chat;
    alice_.files = *files;
    world_.poke(alice_.host);
    signaling_.carry_offer(alice_.end(), bob_.end(), *offer,
                           [this](const peer::Error& error) { result_.failure = to_text(error); });
    (void)world_.run_until([this] { return result_.done || !result_.failure.empty(); }, kLimit);
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
    [[nodiscard]] Signaling::End end() { return {host, peer}; }

    sim::HostId host;
    crypto::Identity identity;
    SeededRandom random;
    peer::Peer peer;
    sctp::ChannelId chat;
    sctp::ChannelId files;
    Memory disk;
    Transfer transfer{{}, disk};
  };

  void join(const sim::Impairment& link) {
    world_.link(alice_.host, bob_.host, link);
    world_.link(alice_.host, stun_host_, link);
    world_.link(bob_.host, stun_host_, link);
  }
  static sctp::ChannelConfig channel_named(std::string_view label) {
    sctp::ChannelConfig config;
    config.label = label;
    return config;
  }
  void on_event(Person& person, peer::Peer::Event& event) {
    Person& other = &person == &alice_ ? bob_ : alice_;
    const auto handle = [&](auto& e) {
      using E = std::remove_cvref_t<decltype(e)>;
      if constexpr (std::is_same_v<E, peer::LocalCandidate>) {
        signaling_.carry_candidate(person.host, other.end(), e.line);
      } else if constexpr (std::is_same_v<E, peer::GatheringDone>) {
        signaling_.carry_candidate(person.host, other.end(), "");
      } else if constexpr (std::is_same_v<E, peer::StateChanged>) {
        if (e.to == peer::State::kConnected) result_.connected = world_.now();
      } else if constexpr (std::is_same_v<E, peer::Failed>) {
        result_.failure = to_text(e.error);
      } else if constexpr (std::is_same_v<E, sctp::ChannelOpened>) {
        on_opened(person, e);
      } else if constexpr (std::is_same_v<E, sctp::ChannelMessage>) {
        on_message(person, e);
      } else if constexpr (std::is_same_v<E, sctp::BufferedAmountLow>) {
        pump(person);
      }
    };
    std::visit(handle, event);
  }
  void on_opened(Person& person, const sctp::ChannelOpened& opened) {
    (opened.config.label == "chat" ? person.chat : person.files) = opened.id;
    if (&person == &alice_ && opened.config.label == "chat") say(alice_, kHello);
  }
  void on_message(Person& person, const sctp::ChannelMessage& message) {
    if (message.id == person.files) {
      if (message.kind == sctp::MessageKind::kText) {
        person.transfer.on_text(as_text(message.bytes));
      } else {
        person.transfer.on_binary(message.bytes);
      }
      return pump(person);
    }
    signaling_.tell(person.host, Layer::kChannel, Direction::kReceived, as_text(message.bytes));
    if (&person == &bob_) return say(bob_, kAnswer);
    signaling_.stop();  // its work is done: the file goes over without it
    result_.greeted = world_.now();
    alice_.transfer.offer(std::make_unique<Lines>(file_size_));
    pump(alice_);
  }
  // What the transfer has to say goes into the channel, and what it knows into the result.
  void pump(Person& person) {
    while (auto event = person.transfer.poll_event()) {
      if (const auto* offered = std::get_if<Transfer::Offered>(&*event))
        person.transfer.accept(offered->id);
      if (const auto* ended = std::get_if<Transfer::Ended>(&*event)) on_ended(person, *ended);
    }
    person.peer.set_low_water(person.files, Transfer::kLowWater);
    while (const Transfer::Message* next =
               person.transfer.next(person.peer.buffered_amount(person.files))) {
      const auto kind = next->is_text ? sctp::MessageKind::kText : sctp::MessageKind::kBinary;
      if (!person.peer.send(world_.now(), person.files, kind, next->bytes)) return;
      person.transfer.sent();
    }
  }
  void on_ended(const Person& person, const Transfer::Ended& ended) {
    if (ended.outcome != Outcome::kDone)
      result_.failure = "the file did not arrive: " + std::string(to_text(ended.outcome));
    if (&person != &alice_) return;
    result_.sha256 = ended.sha256;
    result_.done = ended.outcome == Outcome::kDone;
  }
  void say(Person& person, std::string_view text) {
    signaling_.tell(person.host, Layer::kChannel, Direction::kSent, text);
    (void)person.peer.send(world_.now(), person.chat, sctp::MessageKind::kText, as_bytes(text));
  }

  static inline const Address kStun = *parse_address("203.0.113.3:3478");

  std::size_t file_size_;
  sim::World world_;
  Signaling signaling_;
  FirstLightResult result_;
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
