// tests/demo/rooms_test.cc - signaling rooms, without a socket.
#include "demo/server/rooms.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "demo/json.h"

namespace glass::demo {
namespace {

constexpr MemberId kAli{1};
constexpr MemberId kBina{2};
constexpr MemberId kStranger{3};

struct RoomsTest : testing::Test {
  Rooms rooms;

  void say(MemberId from, const Json& json) { rooms.receive(from, json.dump()); }
  void join(MemberId member, const std::string& room = "r1") {
    say(member, {
                    {"type", "join"   },
                    {"room", room     },
                    {"name", "browser"}
    });
  }
  // What was said since the last call.
  std::vector<std::pair<MemberId, Json>> heard() {
    std::vector<std::pair<MemberId, Json>> all;
    while (const auto output = rooms.poll())
      if (const auto* said = std::get_if<Rooms::Say>(&*output))
        all.emplace_back(said->to, Json::parse(said->text));
    return all;
  }
  void expect_error(MemberId to, const std::string& code) {
    const auto all = heard();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].first, to);
    EXPECT_EQ(all[0].second["type"], "error");
    EXPECT_EQ(all[0].second["code"], code);
    EXPECT_FALSE(all[0].second["text"].get<std::string>().empty());
  }
};

TEST_F(RoomsTest, TheSecondLearnsOfTheFirstAndTheFirstOfTheSecond) {
  join(kAli);
  join(kBina);

  const auto all = heard();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].first, kAli);
  EXPECT_EQ(all[0].second, Json::parse(R"({"type":"joined","id":"p1","peers":[]})"));
  EXPECT_EQ(all[1].first, kAli);
  EXPECT_EQ(all[1].second, Json::parse(R"({"type":"peer-joined","id":"p2","name":"browser"})"));
  EXPECT_EQ(all[2].first, kBina);
  EXPECT_EQ(all[2].second,
            Json::parse(R"({"type":"joined","id":"p2","peers":[{"id":"p1","name":"browser"}]})"));
}

TEST_F(RoomsTest, ADescriptionReachesTheOneItNamesWithFromInPlaceOfTo) {
  join(kAli);
  join(kBina);
  heard();

  say(kBina, {
                 {"type", "description"},
                 {"to",   "p1"         },
                 {"kind", "offer"      },
                 {"sdp",  "v=0\r\n"    }
  });

  const auto all = heard();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].first, kAli);
  EXPECT_EQ(all[0].second,
            (Json{
                {"type", "description"},
                {"from", "p2"         },
                {"kind", "offer"      },
                {"sdp",  "v=0\r\n"    }
  }));
}

TEST_F(RoomsTest, CandidatesAndTheirEndArePassedOn) {
  join(kAli);
  join(kBina);
  heard();

  say(kAli,
      {
          {"type",      "candidate"        },
          {"to",        "p2"               },
          {"candidate", "candidate:1 1 udp"},
          {"mid",       "0"                }
  });
  say(kAli, {
                {"type",      "candidate"},
                {"to",        "p2"       },
                {"candidate", ""         },
                {"mid",       "0"        }
  });

  const auto all = heard();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].second["candidate"], "candidate:1 1 udp");
  EXPECT_EQ(all[1].second["candidate"], "");
  EXPECT_EQ(all[1].second["from"], "p1");
}

TEST_F(RoomsTest, WhoLeavesOrLosesTheConnectionIsMissed) {
  join(kAli);
  join(kBina);
  heard();

  say(kAli, {
                {"type", "leave"}
  });
  EXPECT_EQ(heard().at(0), std::pair(kBina, Json::parse(R"({"type":"peer-left","id":"p1"})")));
  join(kAli);
  heard();
  rooms.disconnect(kBina);
  EXPECT_EQ(heard().at(0), std::pair(kAli, Json::parse(R"({"type":"peer-left","id":"p2"})")));

  rooms.disconnect(kAli);
  EXPECT_EQ(rooms.room_count(), 0U);
  EXPECT_EQ(rooms.member_count(), 0U);
}

TEST_F(RoomsTest, NothingCrossesTheWallOfARoom) {
  join(kAli);
  join(kStranger, "other");
  heard();

  say(kStranger, {
                     {"type", "description"},
                     {"to",   "p1"         },
                     {"kind", "offer"      },
                     {"sdp",  "x"          }
  });

  expect_error(kStranger, "no-such-peer");
}

TEST_F(RoomsTest, AnInvitationIsForWhoeverDrivesTheRooms) {
  join(kAli);
  heard();

  say(kAli, {
                {"type", "invite-glass"},
                {"role", "offer"       }
  });

  const auto output = rooms.poll();
  ASSERT_TRUE(output.has_value());
  const auto* invite = std::get_if<Rooms::Invite>(&*output);
  ASSERT_NE(invite, nullptr);
  EXPECT_EQ(invite->from, kAli);
  EXPECT_EQ(invite->room, "r1");
  EXPECT_TRUE(invite->glass_offers);
}

TEST_F(RoomsTest, WhatIsNoMessageIsAnsweredToItsSenderOnly) {
  rooms.receive(kAli, "{");
  expect_error(kAli, "bad-json");
  rooms.receive(kAli, "[1]");
  expect_error(kAli, "bad-json");
  rooms.receive(kAli, "{\"type\":7}");
  expect_error(kAli, "bad-field");
  rooms.receive(kAli, "{\"type\":\"dance\"}");
  expect_error(kAli, "unknown-type");
  rooms.receive(kAli, std::string(Rooms::kMaxMessage + 1, ' '));
  expect_error(kAli, "too-large");
  rooms.receive(kAli, "{\"type\":\"\xff\"}");
  expect_error(kAli, "bad-json");
}

TEST_F(RoomsTest, FieldsAreChecked) {
  say(kAli, {
                {"type", "description"},
                {"to",   "p2"         }
  });
  expect_error(kAli, "not-joined");
  for (const char* room : {"", "a b", "../x", "r\n"}) {
    join(kAli, room);
    expect_error(kAli, "bad-room");
  }
  join(kAli);
  join(kBina);
  heard();
  join(kAli);
  expect_error(kAli, "already-joined");
  say(kAli, {
                {"type", "description"},
                {"to",   "p2"         },
                {"kind", "rollback"   },
                {"sdp",  ""           }
  });
  expect_error(kAli, "bad-field");
  say(kAli, {
                {"type", "description"},
                {"to",   "p2"         },
                {"kind", "offer"      },
                {"sdp",  1            }
  });
  expect_error(kAli, "bad-field");
  say(kAli, {
                {"type", "candidate"},
                {"to", "p2"},
                {"candidate", std::string(2000, 'x')}
  });
  expect_error(kAli, "bad-field");
  say(kAli, {
                {"type", "invite-glass"},
                {"role", "dance"       }
  });
  expect_error(kAli, "bad-field");
  say(kAli, {
                {"type",      "candidate"},
                {"to",        "p1"       },
                {"candidate", ""         }
  });
  expect_error(kAli, "no-such-peer");  // itself
}

TEST_F(RoomsTest, ARoomHasEightMembersAndTheServerSomanyRooms) {
  for (std::uint64_t i = 1; i <= Rooms::kMaxMembers; ++i) join(MemberId{i});
  heard();
  join(MemberId{9});
  expect_error(MemberId{9}, "room-full");

  for (std::uint64_t i = 1; i < Rooms::kMaxRooms; ++i)
    join(MemberId{100 + i}, "room" + std::to_string(i));
  heard();
  join(MemberId{9}, "one-more");
  expect_error(MemberId{9}, "too-many-rooms");
}

TEST_F(RoomsTest, StoppingIsSaidToAllAndForgetsThem) {
  join(kAli);
  join(kStranger, "other");
  heard();

  rooms.stop();

  const auto all = heard();
  ASSERT_EQ(all.size(), 2U);
  for (const auto& [to, json] : all) EXPECT_EQ(json, Json::parse(R"({"type":"stopping"})"));
  EXPECT_EQ(rooms.member_count(), 0U);
  join(kAli);
  EXPECT_EQ(heard().at(0).second["peers"], Json::array());
}

TEST_F(RoomsTest, NothingIsKeptForAConnectionThatIsGone) {
  join(kAli);

  rooms.disconnect(kAli);

  EXPECT_TRUE(heard().empty());
}

TEST_F(RoomsTest, WhatNobodyFetchesIsBounded) {
  for (std::size_t i = 0; i < Rooms::kMaxOutputs + 100; ++i) rooms.receive(kAli, "{");

  EXPECT_EQ(heard().size(), Rooms::kMaxOutputs);
}

TEST_F(RoomsTest, WhoJoinsIsToldWhereToAskAndWhoRelays) {
  rooms.set_ice_servers([](std::string_view room, std::string_view id) {
    return std::vector<IceServer>{
        {.urls = {"stun:192.0.2.1:3478"}},
        {.urls = {"turn:192.0.2.1:3478?transport=udp"},
         .username = std::string(room) + "." + std::string(id),
         .credential = "secret"}
    };
  });

  join(kAli, "r");

  const auto all = heard();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].second["ice_servers"], Json::parse(R"([{"urls":["stun:192.0.2.1:3478"]},
                {"urls":["turn:192.0.2.1:3478?transport=udp"],"username":"r.p1","credential":"secret"}])"));
}

}  // namespace
}  // namespace glass::demo
