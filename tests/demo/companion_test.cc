// tests/demo/companion_test.cc - two companions in a simulated network, with real rooms between
// them.
#include "demo/companion.h"

#include <chrono>
#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "crypto/certificate.h"
#include "demo/folder.h"
#include "demo/server/rooms.h"
#include "peer/peer.h"
#include "sim/world.h"
#include "tests/support/rules.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::uint64_t kWall = 1'700'000'000;

// Keeps what is written by its name.
class MemoryStorage final : public Storage {
 public:
  class File final : public Target {
   public:
    File(MemoryStorage& storage, std::string name) : storage_(storage), name_(std::move(name)) {}
    Result<void, DiskError> write(Bytes bytes) override {
      content_.insert(content_.end(), bytes.begin(), bytes.end());
      return {};
    }
    Result<std::string, DiskError> commit() override {
      storage_.files[name_] = std::move(content_);
      return name_;
    }

   private:
    MemoryStorage& storage_;
    std::string name_;
    ByteVector content_;
  };
  Result<std::unique_ptr<Target>, DiskError> create(std::string_view name, std::uint64_t) override {
    return std::make_unique<File>(*this, std::string(name));
  }
  std::map<std::string, ByteVector> files;
};

struct Meeting;

// A companion with its owner: keeps what it hears.
struct Person final : CompanionOwner {
  Person(Meeting& meeting, MemberId id, std::string_view address, const CompanionConfig& config);

  void say(std::string text) override;
  void on_problem(std::string_view stage, std::string_view text) override {
    problems.push_back(std::string(stage) + ": " + std::string(text));
  }
  void on_chat(std::string_view text) override { chat.emplace_back(text); }
  void on_files_open() override { files_open = true; }
  void on_verified(bool agrees) override { verified = agrees; }
  void on_transfer(const Transfer::Event& event) override {
    if (const auto* offered = std::get_if<Transfer::Offered>(&event))
      companion.transfer().accept(offered->id);
    if (const auto* end = std::get_if<Transfer::Ended>(&event)) ended.push_back(*end);
  }

  Meeting& meeting;
  MemberId id;
  crypto::Identity identity = crypto::Identity::make("person", kWall);
  SeededRandom random;
  peer::Peer peer;
  MemoryStorage storage;
  Companion companion;
  sim::HostId host;
  std::vector<std::string> problems;
  std::vector<std::string> chat;
  std::vector<Transfer::Ended> ended;
  std::optional<bool> verified;
  bool files_open = false;
};

// Two persons, the rooms between them, and signaling that takes 10 ms.
struct Meeting {
  explicit Meeting(std::uint64_t seed = 1) : world(seed, test::test_sink()) {}

  Person& add(const CompanionConfig& config) {
    const std::string address = "192.0.2." + std::to_string(people.size() + 1) + ":5000";
    return people.emplace_back(*this, MemberId{people.size() + 1}, address, config);
  }
  void carry() {
    while (auto output = rooms.poll()) {
      const auto* said = std::get_if<Rooms::Say>(&*output);
      if (said == nullptr) continue;
      world.at(world.now() + 10ms, [this, said = *said](sim::World&) {
        Person& person = people.at(said.to.value() - 1);
        person.companion.on_signal(world.now(), said.text);
        world.poke(person.host);
      });
    }
  }
  void start() {
    for (Person& person : people) {
      person.companion.start(world.now());
      world.run_for(50ms);
    }
  }
  template <class Done>
  bool until(Done done) {
    return world.run_until(done, 60s);
  }

  sim::World world;
  Rooms rooms;
  std::deque<Person> people;
};

peer::Config peer_config(const crypto::Identity& identity, MemberId id) {
  peer::Config config;
  config.identity = &identity;
  config.node = static_cast<std::uint16_t>(id.value());
  return config;
}

Person::Person(Meeting& m, MemberId member, std::string_view address, const CompanionConfig& config)
    : meeting(m),
      id(member),
      random(member.value()),
      peer(peer_config(identity, member), random, test::test_sink()),
      companion(config, peer, storage, *this) {
  host = m.world.host(
      "person " + std::to_string(id.value()), peer, *parse_address(address),
      [this](peer::Peer::Event& event) { companion.on_event(meeting.world.now(), event); });
  EXPECT_TRUE(peer.add_host(m.world.now(), *parse_address(address)));
}

void Person::say(std::string text) {
  meeting.rooms.receive(id, text);
  meeting.carry();
}

CompanionConfig in_room(const std::string& secret = "") {
  CompanionConfig config;
  config.room = "r";
  config.secret = secret;
  return config;
}

TEST(Companion, WhoWasThereFirstOffersAndTheFilesChannelOpens) {
  Meeting meeting;
  Person& first = meeting.add(in_room());
  Person& second = meeting.add(in_room());
  meeting.start();

  EXPECT_TRUE(meeting.until([&] { return first.files_open && second.files_open; }));

  EXPECT_TRUE(first.problems.empty());
  EXPECT_TRUE(second.problems.empty());
  EXPECT_TRUE(first.companion.was_connected());
}

TEST(Companion, AFileGoesEachWay) {
  Meeting meeting;
  Person& first = meeting.add(in_room());
  Person& second = meeting.add(in_room());
  meeting.start();
  ASSERT_TRUE(meeting.until([&] { return first.files_open && second.files_open; }));

  first.companion.transfer().offer(make_sample("a.bin", 500'000, 1));
  second.companion.transfer().offer(make_sample("b.bin", 200'000, 2));
  for (Person* person : {&first, &second}) {
    person->companion.pump(meeting.world.now());
    meeting.world.poke(person->host);
  }

  ASSERT_TRUE(meeting.until([&] { return first.ended.size() == 2 && second.ended.size() == 2; }));
  for (const auto& end : first.ended) EXPECT_EQ(end.outcome, Outcome::kDone);
  EXPECT_EQ(second.storage.files.at("a.bin").size(), 500'000U);
  EXPECT_EQ(first.storage.files.at("b.bin").size(), 200'000U);
}

TEST(Companion, TheChatIsAnswered) {
  Meeting meeting;
  CompanionConfig echo = in_room();
  echo.echoes_chat = true;
  Person& asker = meeting.add(in_room());
  Person& echoer = meeting.add(echo);
  meeting.start();
  ASSERT_TRUE(meeting.until([&] { return asker.files_open; }));

  asker.companion.say_chat(meeting.world.now(), "salaam");
  meeting.world.poke(asker.host);

  ASSERT_TRUE(meeting.until([&] { return !asker.chat.empty(); }));
  EXPECT_EQ(echoer.chat, std::vector<std::string>{"salaam"});
  EXPECT_EQ(asker.chat, std::vector<std::string>{"you said: salaam"});
}

TEST(Companion, TheSameSecretIsProven) {
  Meeting meeting;
  Person& first = meeting.add(in_room("0123456789abcdef"));
  Person& second = meeting.add(in_room("0123456789abcdef"));
  meeting.start();

  ASSERT_TRUE(meeting.until([&] { return first.verified && second.verified; }));

  EXPECT_EQ(first.verified, true);
  EXPECT_EQ(second.verified, true);
  EXPECT_TRUE(first.files_open);
}

TEST(Companion, AnotherSecretIsFoundOutAndNoFileMoves) {
  Meeting meeting;
  Person& first = meeting.add(in_room("0123456789abcdef"));
  Person& second = meeting.add(in_room("another secret 0"));
  meeting.start();

  ASSERT_TRUE(meeting.until([&] { return first.verified && second.verified; }));

  EXPECT_EQ(first.verified, false);
  EXPECT_FALSE(first.files_open);
}

TEST(Companion, GoodbyeEndsTheOtherSideAndItsTransfers) {
  Meeting meeting;
  Person& first = meeting.add(in_room());
  Person& second = meeting.add(in_room());
  meeting.world.link(first.host, second.host, {.delay = 5ms, .bits_per_second = 10'000'000});
  meeting.start();
  ASSERT_TRUE(meeting.until([&] { return first.files_open && second.files_open; }));
  first.companion.transfer().offer(make_sample("a.bin", 50'000'000, 1));
  first.companion.pump(meeting.world.now());
  meeting.world.poke(first.host);
  meeting.world.run_for(100ms);

  first.companion.close(meeting.world.now());
  meeting.world.poke(first.host);

  ASSERT_TRUE(meeting.until([&] { return second.companion.is_over(); }));
  EXPECT_EQ(first.ended.at(0).outcome, Outcome::kLost);
  EXPECT_EQ(second.ended.at(0).outcome, Outcome::kLost);
  EXPECT_TRUE(second.storage.files.empty());
}

TEST(Companion, ABadDescriptionIsAProblemWithItsPlace) {
  Meeting meeting;
  Person& person = meeting.add(in_room());
  meeting.start();

  person.companion.on_signal(meeting.world.now(), R"({"type":"joined","id":"p1","peers":[]})");
  person.companion.on_signal(
      meeting.world.now(),
      R"({"type":"description","from":"p2","kind":"offer","sdp":"v=0\r\nnonsense\r\n"})");

  ASSERT_EQ(person.problems.size(), 1U);
  EXPECT_TRUE(person.problems[0].starts_with("SDP: SDP line 2")) << person.problems[0];
}

TEST(Companion, NonsenseOfTheServerIsPassedOver) {
  Meeting meeting;
  Person& person = meeting.add(in_room());
  for (const char* text :
       {"", "{", "[]", "{}", R"({"type":"joined"})", R"({"type":"joined","peers":[1,{"id":2}]})",
        R"({"type":"description"})", R"({"type":"candidate","from":"p9","candidate":"x"})",
        R"({"type":"peer-left","id":"p9"})", R"({"type":"stopping"})"})
    person.companion.on_signal(meeting.world.now(), text);

  EXPECT_TRUE(person.problems.empty());
}

}  // namespace
}  // namespace glass::demo
