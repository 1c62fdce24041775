// ice/gathering.h - asking STUN servers how our addresses look from outside.
//
// One transaction for each socket and server. The agent paces them together with its checks: it
// asks for start_next() once each Ta.  RFC 8445 §5.1.1.2, §5.1.1.4.
// Tested by: tests/ice/gathering_test.cc
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "ice/retransmission.h"
#include "ice/timing.h"
#include "stun/message.h"

namespace glass::ice {

// A datagram that is ready to leave.
struct Outgoing {
  Path path;
  ByteVector bytes;
};

// A server's answer: `base` is seen as `mapped` by `server`.
struct Reflection {
  Address base;
  Address server;
  Address mapped;
};

class Gathering {
 public:
  Gathering(const Timing& timing, Random& random, const Trace& trace)
      : timing_(timing), random_(&random), trace_(trace) {}

  // Queues a question of `base` to `server`; of another address family it is never asked.
  void ask(const Address& base, const Address& server);
  // Asks all answered questions again, so that the NATs between keep their bindings.
  void refresh();
  void clear() { questions_.clear(); }
  // The socket is gone, and what was asked from there is of no interest any more.
  void drop_base(const Address& base) {
    std::erase_if(questions_, [&](const Question& q) { return q.path.local == base; });
  }

  [[nodiscard]] bool has_queued() const;
  // All questions have got an answer or been given up.
  [[nodiscard]] bool is_done() const;
  [[nodiscard]] bool has_answers() const;

  std::optional<Outgoing> start_next(Instant now);
  // The earliest question to repeat or to give up, if its time has come.
  std::optional<Outgoing> repeat_next(Instant now);
  [[nodiscard]] Instant next_time() const;

  // For people: questions that led nowhere, and why.
  [[nodiscard]] std::vector<std::pair<Path, std::string>> failures() const;
  [[nodiscard]] bool owns(const stun::TransactionId& id) const;
  // nullopt: an error, or an answer that is of no use.
  std::optional<Reflection> on_answer(const Path& path, const stun::MessageView& message);

 private:
  enum class State : unsigned char { kQueued, kAsked, kAnswered, kFailed };
  struct Question {
    Path path;
    State state = State::kQueued;
    stun::TransactionId id;
    Retransmission schedule;
    bool is_refresh = false;
    std::string failure;
  };
  [[nodiscard]] Outgoing written(const Question& question) const;

  Timing timing_;
  Random* random_;
  Trace trace_;
  std::vector<Question> questions_;
};

}  // namespace glass::ice
