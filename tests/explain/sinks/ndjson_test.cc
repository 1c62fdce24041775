#include "explain/sinks/ndjson.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/trace.h"
#include "explain/json.h"
#include "tests/sim/toys.h"

namespace glass::explain {
namespace {

using namespace std::chrono_literals;

void tell_everything(Sink& sink) {
  const Trace trace(&sink, 1, Layer::kDtls);
  const Path path{Transport::kUdp, test::at_ip("192.0.2.1:1"), test::at_ip("[2001:db8::2]:2")};
  const ByteVector bytes{0xde, 0xad};
  trace.now(Instant{} + 1500us);
  trace.rule("6347:4.1.2.7#2"_rule, Fact{"epoch", 1}, Fact{"text", "a \"b\""});
  trace.rule("6347:4.2#0"_rule);
  trace.drop("6347:4.1.2.7#1"_rule, "bad record", bytes);
  trace.with(Layer::kNet).drop({}, "lost", bytes);
  trace.state("connection", "START", "OPEN");
  trace.timer("flight", Instant{} + 2ms);
  trace.timer("flight", kNever);
  trace.metric("records", 3);
  trace.with(Layer::kNet).packet({Direction::kSent, &path, 7, bytes});
  trace.with(Layer::kSctp).packet({Direction::kReceived, nullptr, 0, bytes});
  trace.secret("CLIENT_RANDOM", bytes, bytes);
}

TEST(Ndjson, WritesEveryVerbAsOneLine) {
  const std::vector<std::string> names{"network", "alice"};
  std::string text;
  Ndjson sink({.scenario = "first", .seed = 18446744073709551615U, .names = &names},
              to_string(text));

  tell_everything(sink);

  EXPECT_EQ(
      text,
      R"({"format":"glass-trace","version":1,"scenario":"first","seed":"18446744073709551615","time":"ns"}
{"t":1500000,"event":"node","node":1,"name":"alice"}
{"t":1500000,"event":"rule","node":1,"layer":"dtls","rule":"6347:4.1.2.7#2","facts":{"epoch":1,"text":"a \"b\""}}
{"t":1500000,"event":"rule","node":1,"layer":"dtls","rule":"6347:4.2#0"}
{"t":1500000,"event":"drop","node":1,"layer":"dtls","rule":"6347:4.1.2.7#1","why":"bad record","size":2,"hex":"dead"}
{"t":1500000,"event":"drop","node":1,"layer":"net","why":"lost","size":2,"hex":"dead"}
{"t":1500000,"event":"state","node":1,"layer":"dtls","machine":"connection","from":"START","to":"OPEN"}
{"t":1500000,"event":"timer","node":1,"layer":"dtls","timer":"flight","deadline":2000000}
{"t":1500000,"event":"timer","node":1,"layer":"dtls","timer":"flight","deadline":null}
{"t":1500000,"event":"metric","node":1,"layer":"dtls","metric":"records","value":3}
{"t":1500000,"event":"packet","node":1,"layer":"net","direction":"sent","id":7,"transport":"udp","local":"192.0.2.1:1","remote":"[2001:db8::2]:2","size":2,"hex":"dead"}
{"t":1500000,"event":"packet","node":1,"layer":"sctp","direction":"received","size":2,"hex":"dead"}
)");
}

TEST(Ndjson, SecretsAreWrittenOnlyWhereAskedFor) {
  std::string text;
  Ndjson sink({.with_secrets = true}, to_string(text));

  tell_everything(sink);

  EXPECT_TRUE(text.ends_with(
      R"("event":"secret","node":1,"layer":"dtls","label":"CLIENT_RANDOM","id":"dead","value":"dead"})"
      "\n"));
}

TEST(Ndjson, PayloadsMayBeBase64OrLeftOut) {
  std::string encoded;
  Ndjson with({.payload = Ndjson::Payload::kBase64}, to_string(encoded));
  std::string bare;
  Ndjson without({.payload = Ndjson::Payload::kNone}, to_string(bare));

  tell_everything(with);
  tell_everything(without);

  EXPECT_NE(encoded.find(R"("size":2,"base64":"3q0=")"), std::string::npos);
  EXPECT_EQ(encoded.find("hex"), std::string::npos);
  EXPECT_EQ(bare.find(R"("dead")"), std::string::npos);
}

// RFC 4648 §10
TEST(Base64, TestVectorsOfTheRfc) {
  EXPECT_EQ(base64(as_bytes("")), "");
  EXPECT_EQ(base64(as_bytes("f")), "Zg==");
  EXPECT_EQ(base64(as_bytes("fo")), "Zm8=");
  EXPECT_EQ(base64(as_bytes("foo")), "Zm9v");
  EXPECT_EQ(base64(as_bytes("foob")), "Zm9vYg==");
  EXPECT_EQ(base64(as_bytes("fooba")), "Zm9vYmE=");
  EXPECT_EQ(base64(as_bytes("foobar")), "Zm9vYmFy");
}

TEST(Json, WhatStrangersSendStaysValid) {
  EXPECT_EQ(json_string("plain"), R"("plain")");
  EXPECT_EQ(json_string("a\"\\\n\x01\x7f"), R"("a\"\\\n\u0001\u007f")");
  EXPECT_EQ(json_string("Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\"Gr\xc3\xbc\xc3\x9f\x65 \xe2\x82\xac \xf0\x9f\x98\x80\"");
  EXPECT_EQ(json_string("\xff"), R"("\ufffd")");
  EXPECT_EQ(json_string("\xc0\x80"), R"("\ufffd\ufffd")");  // too long a form
  EXPECT_EQ(json_string("\xe0\x80\x80"), R"("\ufffd\ufffd\ufffd")");
  EXPECT_EQ(json_string("\xed\xa0\x80"), R"("\ufffd\ufffd\ufffd")");  // half a surrogate pair
  EXPECT_EQ(json_string("\xf4\x90\x80\x80"), R"("\ufffd\ufffd\ufffd\ufffd")");
  EXPECT_EQ(json_string("\xe2\x82"), R"("\ufffd\ufffd")");  // cut short
}

}  // namespace
}  // namespace glass::explain
