// conform/stun/stun_probe.h - says STUN messages of any kind and tells what came of them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "conform/case.h"
#include "conform/stun/raw_stun.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::conform {

// What came in answer to something.
struct Reply {
  enum class Kind : std::uint8_t {
    kSuccess,
    kError,
    kOther,      // STUN of another class, or not STUN at all
    kMalformed,  // it should be STUN, and is not well-formed
    kSilence,
    kClosed,
    kRefused
  };
  Kind kind = Kind::kSilence;
  unsigned code = 0;  // of kError; 0: it says none
  Address from;
  ByteVector bytes{};

  [[nodiscard]] bool is_answer() const { return kind == Kind::kSuccess || kind == Kind::kError; }
  // "success", "error 420", "silence", "closed", "refused", "malformed", "other"
  [[nodiscard]] std::string name() const;
  // Of an answer: well-formed, so there is one.
  [[nodiscard]] stun::MessageView view() const;
  [[nodiscard]] bool has(AttributeType type) const;
  template <class T>
  [[nodiscard]] std::optional<T> get() const {
    if (!is_answer()) return std::nullopt;
    const auto found = stun::get<T>(view());
    return found ? std::optional<T>(*found) : std::nullopt;
  }
  [[nodiscard]] std::string text_of(AttributeType type) const;
};

// What a reply shows, and no more.
Outcome outcome_of(const Reply& reply);

class StunProbe {
 public:
  // Opens a plug; without one (no TCP, say) is_open() is false and each question ends in "refused".
  explicit StunProbe(Session& session) : StunProbe(session, session.transport) {}
  StunProbe(Session& session, Transport transport);

  [[nodiscard]] bool is_open() const { return plug_.has_value(); }
  [[nodiscard]] Session& session() { return session_; }
  [[nodiscard]] Plug plug() const { return *plug_; }
  [[nodiscard]] Path path() const { return session_.wire.path(*plug_); }
  [[nodiscard]] bool is_stream() const { return transport_ != Transport::kUdp; }

  TransactionId new_id() { return TransactionId::make(session_.random); }
  RawStun request(Method method) { return {stun::Class::kRequest, method, new_id()}; }
  RawStun binding() { return request(Method::kBinding); }

  // Says it once.
  void say(Bytes bytes);
  // The next message, whatever it is; waits so long.
  Reply hear(Duration patience);
  // The next message that answers this transaction; others are kept, for silence_after() and
  // hear_next().
  Reply hear_answer(const TransactionId& id, Duration patience);
  // What came while an answer was waited for, first come first; then as hear().
  Reply hear_next(Duration patience);
  // Asks, over UDP again and again, until an answer with this id comes.
  Reply ask(const RawStun& request);
  Reply ask(Bytes bytes, const TransactionId& id);

  // "silence" where a good request is answered after these bytes and nothing else comes; "closed"
  // where the connection ends; the name of the first other thing that came; "lost" where the good
  // request is not answered either.
  Outcome silence_after(Bytes bytes);
  Outcome silence_after(const RawStun& message) { return silence_after(message.bytes()); }
  // The good request of silence_after(); Binding unless set.
  void set_good(std::function<RawStun()> make) { good_ = std::move(make); }

 private:
  std::optional<ByteVector> cut();
  Reply judge(Heard heard) const;

  Session& session_;
  Transport transport_;
  std::optional<Plug> plug_;
  ByteVector stream_;
  std::vector<Reply> strays_;
  std::function<RawStun()> good_;
};

// A case whose program is written for a probe.
template <class P>
std::function<Outcome(Session&)> on(Outcome (*program)(P&)) {
  return [program](Session& session) {
    P probe(session);
    return program(probe);
  };
}

}  // namespace glass::conform
