// ice/gathering.cc - Binding transactions with STUN servers.
#include "ice/gathering.h"

#include <algorithm>
#include <optional>

#include "base/address.h"
#include "base/rule.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/retransmission.h"
#include "ice/wire.h"
#include "stun/attributes.h"
#include "stun/integrity.h"
#include "stun/message.h"

namespace glass::ice {

void Gathering::ask(const Address& base, const Address& server) {
  if (base.is_v4() != server.is_v4()) return;
  Question question;
  question.path = {Transport::kUdp, base, server};
  questions_.push_back(question);
}

void Gathering::refresh() {
  for (Question& question : questions_) {
    if (question.state != State::kAnswered) continue;
    trace_.rule("8445:5.1.1.4#2"_rule, Fact{"server", to_text(question.path.remote)});
    question.state = State::kQueued;
    question.is_refresh = true;
  }
}

bool Gathering::has_queued() const {
  return std::ranges::any_of(questions_,
                             [](const Question& q) { return q.state == State::kQueued; });
}

bool Gathering::is_done() const {
  return std::ranges::all_of(questions_, [](const Question& question) {
    return question.is_refresh || question.state == State::kAnswered ||
           question.state == State::kFailed;
  });
}

bool Gathering::has_answers() const {
  return std::ranges::any_of(questions_,
                             [](const Question& q) { return q.state == State::kAnswered; });
}

Outgoing Gathering::written(const Question& question) const {
  return {question.path, write_server_request(question.id)};
}

std::optional<Outgoing> Gathering::start_next(Instant now) {
  const auto found = std::ranges::find(questions_, State::kQueued, &Question::state);
  if (found == questions_.end()) return std::nullopt;
  // RFC 8445 §14.3: as many server-reflexive candidates as there are questions.
  const Duration rto = std::max(timing_.rto_min, timing_.ta * static_cast<int>(questions_.size()));
  trace_.rule("8445:14.3#1"_rule, Fact{"rto_ms", static_cast<std::uint64_t>(rto / 1ms)});
  trace_.rule("8445:5.1.1.2#1"_rule, Fact{"base", to_text(found->path.local)},
              Fact{"server", to_text(found->path.remote)});
  found->state = State::kAsked;
  found->id = stun::TransactionId::make(*random_);
  found->schedule = Retransmission(now, rto, timing_);
  return written(*found);
}

std::optional<Outgoing> Gathering::repeat_next(Instant now) {
  for (Question& question : questions_) {
    if (question.state != State::kAsked) continue;
    const Retransmission::Due due = question.schedule.on_time(now);
    if (due == Retransmission::Due::kSend) return written(question);
    if (due == Retransmission::Due::kTimeout) {
      trace_.rule("8445:5.1.1.2#0"_rule, Fact{"server", to_text(question.path.remote)},
                  Fact{"failure", "nobody answered"});
      question.state = State::kFailed;
      question.failure = "has not answered";
    }
  }
  return std::nullopt;
}

Instant Gathering::next_time() const {
  Instant next = kNever;
  for (const Question& question : questions_)
    if (question.state == State::kAsked) next = std::min(next, question.schedule.next());
  return next;
}

std::vector<std::pair<Path, std::string>> Gathering::failures() const {
  std::vector<std::pair<Path, std::string>> out;
  for (const Question& question : questions_)
    if (question.state == State::kFailed) out.emplace_back(question.path, question.failure);
  return out;
}

bool Gathering::owns(const stun::TransactionId& id) const {
  return std::ranges::any_of(questions_, [&](const Question& question) {
    return question.state == State::kAsked && question.id == id;
  });
}

std::optional<Reflection> Gathering::on_answer(const Path& path, const stun::MessageView& message) {
  const auto found = std::ranges::find_if(questions_, [&](const Question& question) {
    return question.state == State::kAsked && question.id == message.transaction();
  });
  if (found == questions_.end()) return std::nullopt;
  if (found->path != path || stun::check_fingerprint(message) == stun::Verdict::kWrong) {
    trace_.drop("8445:5.1.1.2#0"_rule, "an answer from where nothing was asked", message.bytes());
    return std::nullopt;
  }
  Address mapped;
  if (const auto address = stun::get<stun::XorMappedAddress>(message)) {
    mapped = address->address;
  } else if (const auto plain = stun::get<stun::MappedAddress>(message)) {
    mapped = plain->address;  // a server of before RFC 5389
  }
  const bool is_good = message.cls() == stun::Class::kSuccess && mapped.port != 0 &&
                       mapped.is_v4() == path.local.is_v4();
  found->state = is_good ? State::kAnswered : State::kFailed;
  if (!is_good) found->failure = "has answered without telling how we look";
  trace_.rule("8445:5.1.1.2#0"_rule, Fact{"server", to_text(path.remote)},
              Fact{"mapped", to_text(mapped)});
  if (!is_good) return std::nullopt;
  return Reflection{path.local, path.remote, mapped};
}

}  // namespace glass::ice
