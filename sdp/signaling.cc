// The state machine of sdp/offer_answer.h.
#include <expected>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "sdp/data_session.h"
#include "sdp/line.h"
#include "sdp/offer_answer.h"

namespace glass::sdp {

bool Signaling::allows_local(Type type) const {
  switch (type) {
    case Type::kOffer:  // RFC 8829 §5.5
      return machine_.is<Stable>() || machine_.is<HaveLocalOffer>();
    case Type::kPranswer:
    case Type::kAnswer: return machine_.is<HaveRemoteOffer>() || machine_.is<HaveLocalPranswer>();
    case Type::kRollback:  // RFC 8829 §5.7
      return !machine_.is<Stable>();
  }
  return false;
}

bool Signaling::allows_remote(Type type) const {
  switch (type) {
    case Type::kOffer:  // RFC 8829 §5.6
      return machine_.is<Stable>() || machine_.is<HaveRemoteOffer>();
    case Type::kPranswer:
    case Type::kAnswer: return machine_.is<HaveLocalOffer>() || machine_.is<HaveRemotePranswer>();
    case Type::kRollback: return !machine_.is<Stable>();
  }
  return false;
}

Result<void, Complaint> Signaling::set_local(Type type) {
  if (!allows_local(type)) return refuse("local", type, "8829:5.5#4"_rule);
  switch (type) {
    case Type::kOffer: machine_.move(HaveLocalOffer{}); break;
    case Type::kPranswer: machine_.move(HaveLocalPranswer{}); break;
    case Type::kAnswer: machine_.move(Stable{}); break;
    case Type::kRollback: roll_back(); break;
  }
  return {};
}

Result<void, Complaint> Signaling::set_remote(Type type) {
  if (!allows_remote(type)) return refuse("remote", type, "8829:5.6#4"_rule);
  switch (type) {
    case Type::kOffer: machine_.move(HaveRemoteOffer{}); break;
    case Type::kPranswer: machine_.move(HaveRemotePranswer{}); break;
    case Type::kAnswer: machine_.move(Stable{}); break;
    case Type::kRollback: roll_back(); break;
  }
  return {};
}

Result<void, Complaint> Signaling::refuse(std::string_view whose, Type type, Rule rule) const {
  if (type == Type::kRollback) rule = "8829:5.7#1"_rule;
  Complaint complaint{.text = "a " + std::string(whose) + ' ' + std::string(to_text(type)) +
                              " cannot be set in the state " + std::string(state()),
                      .rule = rule};
  trace_.drop(rule, complaint.text, {});
  return std::unexpected(complaint);
}

void Signaling::roll_back() {
  trace_.rule("8829:4.1.10#4"_rule);
  machine_.move(Stable{});
}

}  // namespace glass::sdp
