// tests/sdp/jsep/peer.h - two JSEP sessions that talk to each other.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/random.h"
#include "sdp/description.h"
#include "sdp/jsep/session.h"
#include "tests/sdp/fixtures.h"
#include "tests/support/rules.h"

namespace glass::sdp::test {

inline SessionConfig session_config() { return {.fingerprints = local_parameters().fingerprints}; }

struct Peer {
  explicit Peer(std::uint64_t seed = 1, SessionConfig config = session_config())
      : random(seed), session(std::move(config), random, glass::test::test_trace(Layer::kSdp)) {}

  // Makes an offer and sets it.
  std::string offer(OfferOptions options = {}) {
    const auto text = session.create_offer(options);
    EXPECT_TRUE(text) << (text ? "" : to_text(text.error().complaint));
    expect_done(session.set_local_description(Type::kOffer, text.value_or("")));
    return text.value_or("");
  }
  std::string answer(Type type = Type::kAnswer) {
    const auto text = session.create_answer();
    EXPECT_TRUE(text) << (text ? "" : to_text(text.error().complaint));
    expect_done(session.set_local_description(type, text.value_or("")));
    return text.value_or("");
  }
  void take(Type type, std::string_view text) {
    expect_done(session.set_remote_description(type, text), text);
  }
  static void expect_done(const Done& done, std::string_view text = "") {
    EXPECT_TRUE(done) << (done ? "" : to_text(done.error().complaint)) << '\n' << text;
  }

  SeededRandom random;
  Session session;
};

// One exchange: `a` offers, `b` answers. The answer's text.
inline std::string connect(Peer& a, Peer& b, OfferOptions options = {}) {
  b.take(Type::kOffer, a.offer(options));
  std::string answer = b.answer();
  a.take(Type::kAnswer, answer);
  return answer;
}

// What the peer of session_config() says in its first offer, or something else in its place.
inline std::string remote_offer(std::string_view sections, std::string_view group = "") {
  std::string text = "v=0\r\no=- 7 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
  if (!group.empty()) text += "a=group:BUNDLE " + std::string(group) + "\r\n";
  text += "a=ice-ufrag:Theirs\r\na=ice-pwd:0123456789abcdefghijkl\r\na=setup:actpass\r\n";
  text += "a=fingerprint:" + local_parameters().fingerprints.front() + "\r\n";
  for (const char c : sections) {
    if (c == '\n') text += '\r';
    text += c;
  }
  return text;
}

}  // namespace glass::sdp::test
