#include "demo/sdp_tool.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "tests/support/source_dir.h"

namespace glass::demo {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string fixture(std::string_view name) {
  std::ifstream in(glass::test::source_dir() + "/tests/sdp/fixtures/" + std::string(name),
                   std::ios::binary);
  EXPECT_TRUE(in.is_open()) << name;
  return {std::istreambuf_iterator<char>(in), {}};
}

AnswerOptions options(bool json) {
  return {.fingerprint = "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
          .json = json};
}

nlohmann::json parsed(const std::string& text) { return nlohmann::json::parse(text); }

TEST(SdpTool, ExplainsEveryLine) {
  const std::string text = fixture("chromium/av.offer.sdp");

  const SdpReport report = explain_sdp(text, false);
  const auto json = parsed(explain_sdp(text, true).text);

  EXPECT_EQ(report.code, kExitDone);
  EXPECT_THAT(report.text, HasSubstr("a=rtcp-mux\n        RTP and RTCP share one port. (RFC 5761"));
  EXPECT_EQ(json["lines"].size(), static_cast<std::size_t>(std::ranges::count(text, '\n')));
  EXPECT_EQ(json["lines"][0]["kind"], "version");
}

TEST(SdpTool, SaysWhereATextIsNoDescription) {
  const std::string text = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=now\n";

  const SdpReport report = explain_sdp(text, false);
  const auto json = parsed(explain_sdp(text, true).text);

  EXPECT_EQ(report.code, kExitFailed);
  EXPECT_EQ(report.text,
            "problem: line 4, column 3: a t= line has two decimal numbers (RFC 8829 §5.8.1)\n");
  EXPECT_EQ(json["ok"], false);
  EXPECT_EQ(json["line"], 4);
  EXPECT_EQ(json["column"], 3);
  EXPECT_EQ(json["rule"], "8829:5.8.1#5");
}

TEST(SdpTool, ShowsDifferences) {
  const std::string hold = fixture("chromium/av.re-hold.offer.sdp");
  const std::string call = fixture("chromium/av.offer.sdp");

  const SdpReport report = diff_sdp(call, hold, false);
  const auto json = parsed(diff_sdp(call, hold, true).text);

  EXPECT_EQ(report.code, kExitFailed);
  EXPECT_THAT(report.text, HasSubstr("section 0: audio, mid 0\n"));
  EXPECT_EQ(json["equal"], false);
  EXPECT_EQ(diff_sdp(call, call, false).text, "They say the same.\n");
  EXPECT_EQ(diff_sdp(call, call, true).code, kExitDone);
  EXPECT_THAT(diff_sdp(call, "hello", false).text, HasSubstr("second: problem: line 1"));
}

TEST(SdpTool, AnswersAndSaysWhy) {
  SeededRandom random(1);
  const std::string offer = fixture("firefox/av-data.offer.sdp");

  const SdpReport report = answer_sdp(offer, options(false), random);
  const auto json = parsed(answer_sdp(offer, options(true), random).text);

  EXPECT_EQ(report.code, kExitDone);
  EXPECT_THAT(report.text, HasSubstr("+ codec 109 opus/48000/2: we have it"));
  EXPECT_THAT(report.text,
              HasSubstr("- codec 9 G722/8000: we have no such codec (RFC 8829 §5.10)"));
  EXPECT_THAT(report.text, HasSubstr("The answer:\n\nv=0\n"));
  EXPECT_THAT(json["answer"].get<std::string>(), HasSubstr("a=setup:active\r\n"));
  EXPECT_GT(json["decisions"].size(), 10U);
}

TEST(SdpTool, AnOfferWithKeysInTheClearIsRefused) {
  SeededRandom random(1);
  std::string offer = fixture("chromium/audio.offer.sdp");
  offer += "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:x\r\n";

  const SdpReport report = answer_sdp(offer, options(false), random);

  EXPECT_EQ(report.code, kExitFailed);
  EXPECT_THAT(report.text, HasSubstr("keys for SRTP in the clear are forbidden (RFC 8829 §5.1.1)"));
}

TEST(SdpTool, ASessionTalksJson) {
  SeededRandom random(1);
  SeededRandom other_random(2);
  SdpSession a(options(true), random);
  SdpSession b(options(true), other_random);
  const auto ask = [](SdpSession& session, const nlohmann::json& request) {
    return parsed(session.handle(request.dump()));
  };

  EXPECT_EQ(ask(a,
                {
                    {"do",   "add_track"},
                    {"kind", "audio"    }
  })["id"],
            0);
  EXPECT_EQ(ask(a,
                {
                    {"do",   "add_transceiver"},
                    {"kind", "video"          },
                    {"rids", {"h", "l"}       }
  })["id"],
            1);
  const std::string offer = ask(a, {
                                       {"do", "create_offer"}
  })["sdp"];
  EXPECT_EQ(ask(a,
                {
                    {"do",   "set_local"},
                    {"type", "offer"    },
                    {"sdp",  offer      }
  })["ok"],
            true);
  EXPECT_EQ(ask(b,
                {
                    {"do",   "set_remote"},
                    {"type", "offer"     },
                    {"sdp",  offer       }
  })["ok"],
            true);
  const std::string answer = ask(b, {
                                        {"do", "create_answer"}
  })["sdp"];
  EXPECT_EQ(ask(b,
                {
                    {"do",   "set_local"},
                    {"type", "answer"   },
                    {"sdp",  answer     }
  })["ok"],
            true);
  EXPECT_EQ(ask(a,
                {
                    {"do",   "set_remote"},
                    {"type", "answer"    },
                    {"sdp",  answer      }
  })["ok"],
            true);
  const auto state = ask(a, {
                                {"do", "state"}
  });
  EXPECT_EQ(state["state"], "stable");
  EXPECT_EQ(state["transceivers"][1]["send_rids"].size(), 2U);
  EXPECT_EQ(ask(a,
                {
                    {"do",        "set_direction"},
                    {"id",        0              },
                    {"direction", "inactive"     }
  })["ok"],
            true);
  EXPECT_EQ(ask(a,
                {
                    {"do", "remove_track"},
                    {"id", 0             }
  })["ok"],
            true);
  EXPECT_EQ(ask(a,
                {
                    {"do", "stop"},
                    {"id", 0     }
  })["ok"],
            true);
  EXPECT_EQ(ask(a,
                {
                    {"do", "create_data_channel"}
  })["ok"],
            true);
  EXPECT_EQ(ask(a,
                {
                    {"do",        "candidate"                     },
                    {"mid",       "0"                             },
                    {"candidate", "1 1 udp 1 192.0.2.1 9 typ host"}
  })["ok"],
            true);
}

TEST(SdpTool, ASessionSaysWhatIsWrong) {
  SeededRandom random(1);
  SdpSession session(options(true), random);
  const auto name = [&session](std::string_view line) {
    const auto json = parsed(session.handle(line));
    EXPECT_EQ(json["ok"], false) << line;
    return json["name"].get<std::string>();
  };

  EXPECT_EQ(name("hello"), "TypeError");
  EXPECT_EQ(name(R"({"do":"dance"})"), "TypeError");
  EXPECT_EQ(name(R"({"do":"add_track","kind":"smell"})"), "TypeError");
  EXPECT_EQ(name(R"({"do":"stop"})"), "TypeError");
  EXPECT_EQ(name(R"({"do":"stop","id":7})"), "InvalidStateError");
  EXPECT_EQ(name(R"({"do":"create_answer"})"), "InvalidStateError");
  EXPECT_EQ(name(R"({"do":"set_local","type":"maybe"})"), "TypeError");
  EXPECT_EQ(name(R"({"do":"set_remote","type":"offer","sdp":"v=1"})"), "OperationError");
  EXPECT_EQ(name(R"({"do":"set_remote","type":"answer","sdp":"v=0"})"), "InvalidStateError");
  EXPECT_EQ(name(R"({"do":"add_transceiver","kind":"video","rids":["a","a"]})"), "TypeError");
  EXPECT_EQ(name(R"({"do":"candidate","mid":"9","candidate":"x"})"), "InvalidStateError");
}

}  // namespace
}  // namespace glass::demo
