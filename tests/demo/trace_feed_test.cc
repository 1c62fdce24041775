// tests/demo/trace_feed_test.cc - what the page is told, and what it is never told.
#include "demo/trace_feed.h"

#include <array>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "demo/json.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

struct TraceFeedTest : testing::Test {
  explain::Notes notes;
  std::vector<std::pair<std::string, Json>> told;
  TraceFeed feed{notes, [this](std::string_view room, const std::string& line) {
                   told.emplace_back(room, Json::parse(line));
                 }};
  Trace trace{&feed, 7, Layer::kIce};

  TraceFeedTest() {
    notes.add("# RFC 8445: ICE\n\n#### 7#1 MUST - A check is a Binding request\nText.\n");
    feed.add(7, "room");
  }
};

TEST_F(TraceFeedTest, ARuleCarriesItsNoteItsFactsAndItsInstant) {
  trace.now(Instant{} + 12345us);
  trace.rule("8445:7#1"_rule, Fact{"pair", 3}, Fact{"why", "triggered"});

  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, "room");
  const Json expected{
      {"t_ms",  12.345                                                },
      {"node",  "glass"                                               },
      {"kind",  "rule"                                                },
      {"layer", "ice"                                                 },
      {"rule",  "8445:7#1"                                            },
      {"note",  "A check is a Binding request"                        },
      {"facts", {{"pair", 3}, {"why", "triggered"}}                   },
      {"text",  "A check is a Binding request (pair=3, why=triggered)"}
  };
  EXPECT_EQ(told[0].second, expected);
}

TEST_F(TraceFeedTest, StatesDropsAndPacketsAreTold) {
  const Path path{Transport::kUdp, *parse_address("127.0.0.1:1"), *parse_address("127.0.0.1:2")};
  const std::array<std::uint8_t, 20> bytes{22, 0xfe, 0xfd};
  trace.state("agent", "checking", "connected");
  trace.drop("8445:7#1"_rule, "no pair", bytes);
  trace.with(Layer::kNet).packet({.direction = Direction::kSent, .path = &path, .bytes = bytes});

  ASSERT_EQ(told.size(), 3U);
  EXPECT_EQ(told[0].second["kind"], "state");
  EXPECT_EQ(told[0].second["text"], "agent: checking -> connected");
  EXPECT_EQ(told[1].second["kind"], "drop");
  EXPECT_EQ(told[1].second["text"], "dropped: no pair");
  EXPECT_EQ(told[2].second["kind"], "packet");
  EXPECT_EQ(told[2].second["layer"], "dtls");
  EXPECT_EQ(told[2].second["facts"]["to"], "127.0.0.1:2");
}

TEST_F(TraceFeedTest, SecretsAndPlaintextAreNeverTold) {
  const std::array<std::uint8_t, 4> bytes{1, 2, 3, 4};
  trace.secret("CLIENT_RANDOM", bytes, bytes);
  trace.with(Layer::kSctp).packet({.bytes = bytes});
  trace.metric("rtt", 5);

  EXPECT_TRUE(told.empty());
}

TEST_F(TraceFeedTest, WhatComesAThousandTimesIsToldMoreAndMoreSeldom) {
  for (int i = 0; i < 1000; ++i) trace.rule("8445:7#1"_rule);

  EXPECT_EQ(told.size(), TraceFeed::kToldInFull + 5);  // 32, 64, 128, 256, 512
  EXPECT_EQ(told.back().second["facts"]["times"], 512);
}

TEST_F(TraceFeedTest, WhoComesLateHearsTheStoryFromItsBeginning) {
  trace.state("agent", "new", "checking");
  feed.tell(7, "channel", Layer::kChannel, "\"chat\" is open");

  const auto story = feed.story("room");
  ASSERT_EQ(story.size(), 2U);
  EXPECT_EQ(Json::parse(story[1])["text"], "\"chat\" is open");
  EXPECT_TRUE(feed.story("other").empty());
}

TEST_F(TraceFeedTest, EachRoomHearsItsOwnPeerOnly) {
  feed.add(8, "other");
  Trace(&feed, 8, Layer::kIce).state("a", "b", "c");
  Trace(&feed, 9, Layer::kIce).state("a", "b", "c");
  feed.remove(7);
  trace.state("a", "b", "c");

  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, "other");
}

TEST_F(TraceFeedTest, WordsOfStrangersAreMadeHarmless) {
  trace.rule("8445:7#1"_rule, Fact{"name", "a\n\x1b[2J\xff"});

  EXPECT_EQ(told.at(0).second["facts"]["name"], "a[2J?");
}

}  // namespace
}  // namespace glass::demo
