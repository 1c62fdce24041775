// tests/demo/annotated_test.cc - a run as the trace that the page draws.
#include "demo/annotated.h"

#include <algorithm>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "demo/embedded.h"
#include "demo/json.h"
#include "demo/offline.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

std::vector<Json> lines_of(std::string_view query) {
  const std::string text = annotated_run(*parse_run_request(query), embedded_notes());
  std::vector<Json> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines.push_back(*parse_object(std::string_view(text).substr(at, text.find('\n', at) - at)));
  return lines;
}

TEST(RunRequest, HasBoundsAndSaysThem) {
  const auto whole = parse_run_request("scenario=first-light&seed=7&loss=2.5&delay=100");
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->seed, 7U);
  EXPECT_EQ(whole->loss_per_million, 25'000U);
  EXPECT_EQ(whole->delay, 100ms);
  EXPECT_TRUE(parse_run_request("").has_value());
  for (const char* bad :
       {"scenario=",   "scenario=quic", "seed=-1",    "seed=x",     "seed=1e9",  "loss=41",
        "loss=-1",     "loss=nan",      "loss=",      "delay=2001", "delay=1.5", "jitter=1001",
        "a_nat=",      "a_nat=brick",   "colour=red", "seed",       "&",         "a_nat=ei%2",
        "a_nat=ei%zz", "seed=%"})
    EXPECT_FALSE(parse_run_request(bad).has_value()) << bad;
}

TEST(RunRequest, ReadsValuesAsLinksCarryThem) {
  const auto request = parse_run_request("scenario=nat&a_nat=ei%2Fapd&b_nat=apd%2fad");
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->a_nat, "ei/apd");
  EXPECT_EQ(request->b_nat, "apd/ad");
}

TEST(AnnotatedTrace, IsTheSameForTheSameRequest) {
  const auto notes = embedded_notes();
  const RunRequest request{.seed = 7};
  const std::string once = annotated_run(request, notes);
  EXPECT_EQ(once, annotated_run(request, notes));
  EXPECT_NE(once, annotated_run({.seed = 8}, notes));
  EXPECT_LT(once.size(), 4'000'000U);
}

TEST(AnnotatedTrace, EveryByteOfEveryPacketIsInExactlyOneLeaf) {
  std::size_t packets = 0;
  for (const char* query :
       {"seed=1", "seed=7&loss=10", "seed=3&delay=300", "scenario=port-restricted",
        "scenario=no-nat&a_nat=symmetric&b_nat=full-cone"}) {
    for (const Json& event : lines_of(query)) {
      if (!event.contains("fields")) continue;
      ++packets;
      std::vector<int> owners(event["size"].get<std::size_t>());
      const Json& fields = event["fields"];
      for (std::size_t i = 0; i < fields.size(); ++i) {
        const auto depth = fields[i][0].get<std::size_t>();
        const bool has_parts = i + 1 < fields.size() && fields[i + 1][0].get<std::size_t>() > depth;
        if (has_parts) continue;
        for (std::size_t k = 0; k < fields[i][2].get<std::size_t>(); ++k)
          ++owners.at(fields[i][1].get<std::size_t>() + k);
      }
      for (std::size_t k = 0; k < owners.size(); ++k)
        ASSERT_EQ(owners[k], 1) << event["summary"] << ", byte " << k;
    }
  }
  EXPECT_GT(packets, 100U);
}

TEST(AnnotatedTrace, HasTheNoteOfEveryRuleAndTheSentenceOfEveryLineOfSdp) {
  const std::vector<Json> lines = lines_of("seed=1");
  EXPECT_EQ(lines.front()["format"].get<std::string>(), "glass-trace");
  EXPECT_EQ(lines.back()["event"].get<std::string>(), "end");
  std::set<std::string> layers;
  std::set<std::string> noted;
  std::size_t descriptions = 0;
  for (const Json& event : lines) {
    if (event.contains("layer")) layers.insert(event["layer"].get<std::string>());
    if (!event.contains("event")) continue;
    if (event["event"] == "note") noted.insert(event["rule"].get<std::string>());
    if (event["event"] == "rule") {
      EXPECT_TRUE(noted.contains(event["rule"].get<std::string>())) << event["rule"];
    }
    if (!event.contains("lines")) continue;
    ++descriptions;
    for (const Json& line : event["lines"])
      EXPECT_FALSE(line[2].get<std::string>().empty()) << line;
  }
  EXPECT_EQ(descriptions, 4U);  // an offer and an answer, each sent and received
  for (const char* layer : {"net", "ice", "dtls", "sctp", "channel", "sdp", "stun", "signaling"})
    EXPECT_TRUE(layers.contains(layer)) << layer;
}

TEST(AnnotatedTrace, ShowsWhatANatMakesOfAddresses) {
  const std::vector<Json> lines = lines_of("scenario=port-restricted");
  const auto is_mapping = [](const Json& event) {
    return event.value("rule", "") == "4787:4.1#0" && event.value("event", "") == "rule";
  };

  const auto made = std::ranges::find_if(lines, is_mapping);

  ASSERT_NE(made, lines.end());
  EXPECT_EQ((*made)["facts"]["inside"].get<std::string>(), "10.1.0.2:50001");
  EXPECT_EQ((*made)["facts"]["outside"].get<std::string>(), "192.0.2.1:50001");
  const Json& names = lines.front()["names"];
  EXPECT_EQ(names[(*made)["node"].get<std::size_t>()].get<std::string>(), "alice's router");
}

TEST(AnnotatedTrace, KeepsNoSecrets) {
  const std::string text = annotated_run({}, embedded_notes());
  EXPECT_EQ(text.find("\"value\":\""), std::string::npos);
  EXPECT_NE(text.find("\"event\":\"secret\""), std::string::npos);
}

TEST(OfflinePage, HasRunsModulesAndStylesInside) {
  const auto page = offline_page(lesson_runs(), embedded_notes());

  ASSERT_TRUE(page.has_value());
  for (const std::string_view run : lesson_runs())
    EXPECT_NE(page->find("data-run=\"" + std::string(run) + '"'), std::string::npos) << run;
  EXPECT_NE(page->find("\"page/learn/main.js\":\"data:"), std::string::npos);
  for (const char* outside : {"src=\"", "href=\"style", "href=\"learn", "href=\"icon"})
    EXPECT_EQ(page->find(outside), std::string::npos) << outside;
}

TEST(OfflinePage, RefusesARunThatThereIsNot) {
  const std::string_view run = "scenario=quic";
  EXPECT_FALSE(offline_page(std::span(&run, 1), embedded_notes()).has_value());
}

}  // namespace
}  // namespace glass::demo
