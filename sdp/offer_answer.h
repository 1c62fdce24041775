// sdp/offer_answer.h - offers and answers for data channels, and what may follow what.
//
// make_offer and make_answer write descriptions with one live section, for data channels; every
// other section of an offer is answered with port 0. An answer never repeats what it does not know.
// Signaling is the state machine of JSEP: which description may be set in which state.
// RFC 8829 §3.2, §5.2 to §5.7; RFC 3264 §5 to §8.  Tested by: offer_answer_test.cc,
// signaling_test.cc, fixtures_test.cc
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/machine.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

constexpr std::uint16_t kDefaultSctpPort = 5000;

// What we say about ourselves.
struct LocalParameters {
  std::uint64_t session_id = 0;       // make_session_id(), once per session
  std::uint64_t session_version = 0;  // one more with each description that differs
  std::string mid = "0";              // an answer takes the offer's
  std::string ufrag{};
  std::string pwd{};
  std::vector<std::string> ice_options{"trickle", "ice2"};
  bool ice_lite = false;                  // we answer checks only (RFC 8839 §5.3)
  std::vector<std::string> candidates{};  // with or without "candidate:" before them
  bool end_of_candidates = false;
  std::vector<std::string> fingerprints{};  // "sha-256 AB:CD:..."
  Setup setup = Setup::kActpass;  // in an answer kActpass means: whatever fits, active first
  std::string tls_id{};           // make_tls_id(); empty: none
  std::uint16_t sctp_port = kDefaultSctpPort;
  std::uint64_t max_message_size = 256UL * 1024;  // what we accept; 0: any
};

// RFC 8829 §5.2.1: 63 random bits.
[[nodiscard]] std::uint64_t make_session_id(Random& random);
// RFC 8842 §4: at least 120 random bits, here as 32 hex digits.
[[nodiscard]] std::string make_tls_id(Random& random);

[[nodiscard]] std::string make_offer(const LocalParameters& local, const Trace& trace = Trace());
// An offer within a session: the sections of `last`, our own description in force, keep their
// places; only the data section is live.
[[nodiscard]] std::string make_offer(const LocalParameters& local, const Description& last,
                                     const Trace& trace);
// Complains when the offer has no data section that we can accept.
[[nodiscard]] Result<std::string, Complaint> make_answer(const Description& offer,
                                                         const LocalParameters& local,
                                                         const Trace& trace = Trace());
// Does the answer fit the offer: the same sections, the same mids, no new groups, a fitting setup?
[[nodiscard]] Result<void, Complaint> check_answer(const Description& offer,
                                                   const Description& answer,
                                                   const Trace& trace = Trace());

// RFC 8829 §3.2, figure 2, and §5.7.
struct Stable {
  static constexpr std::string_view kName = "stable";
};
struct HaveLocalOffer {
  static constexpr std::string_view kName = "have-local-offer";
};
struct HaveRemoteOffer {
  static constexpr std::string_view kName = "have-remote-offer";
};
struct HaveLocalPranswer {
  static constexpr std::string_view kName = "have-local-pranswer";
};
struct HaveRemotePranswer {
  static constexpr std::string_view kName = "have-remote-pranswer";
};

// clang-format off
inline constexpr std::array<Arrow, 12> kSignalingArrows{{
    {"stable",               "have-local-offer",     "local offer",                "8829:5.5#2"_rule},
    {"stable",               "have-remote-offer",    "remote offer",               "8829:5.6#2"_rule},
    {"have-local-offer",     "have-local-offer",     "local offer",                "8829:5.5#2"_rule},
    {"have-local-offer",     "have-remote-pranswer", "remote pranswer",            "8829:5.6#3"_rule},
    {"have-local-offer",     "stable",               "remote answer, or rollback", "8829:5.6#3"_rule},
    {"have-remote-offer",    "have-remote-offer",    "remote offer",               "8829:5.6#2"_rule},
    {"have-remote-offer",    "have-local-pranswer",  "local pranswer",             "8829:5.5#3"_rule},
    {"have-remote-offer",    "stable",               "local answer, or rollback",  "8829:5.5#3"_rule},
    {"have-local-pranswer",  "have-local-pranswer",  "local pranswer",             "8829:5.5#3"_rule},
    {"have-local-pranswer",  "stable",               "local answer, or rollback",  "8829:5.5#3"_rule},
    {"have-remote-pranswer", "have-remote-pranswer", "remote pranswer",            "8829:5.6#3"_rule},
    {"have-remote-pranswer", "stable",               "remote answer, or rollback", "8829:5.6#3"_rule},
}};
// clang-format on

class Signaling {
 public:
  explicit Signaling(const Trace& trace) : trace_(trace), machine_("signaling", trace) {}

  // A description is about to take effect on our side or on the peer's. A complaint changes
  // nothing.
  [[nodiscard]] Result<void, Complaint> set_local(Type type);
  [[nodiscard]] Result<void, Complaint> set_remote(Type type);
  // May it be set now? The same verdict, without the effect.
  [[nodiscard]] bool allows_local(Type type) const;
  [[nodiscard]] bool allows_remote(Type type) const;
  [[nodiscard]] std::string_view state() const { return machine_.state_name(); }
  [[nodiscard]] bool is_stable() const { return machine_.is<Stable>(); }

 private:
  [[nodiscard]] Result<void, Complaint> refuse(std::string_view whose, Type type, Rule rule) const;
  void roll_back();

  Trace trace_;
  Machine<kSignalingArrows, Stable, HaveLocalOffer, HaveRemoteOffer, HaveLocalPranswer,
          HaveRemotePranswer>
      machine_;
};

}  // namespace glass::sdp
