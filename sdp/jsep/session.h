// sdp/jsep/session.h - a JSEP session: transceivers, and the offers and answers about them.
//
// The calls bear the names of RFC 8829 §4.1; what they do follows its section 5 in order: offers
// (offer.cc), answers (answer.cc), what is refused (verify.cc) and what a description that is set
// changes (apply.cc). A refused call changes nothing. Who sends what over which transport is for
// others: the transceivers and transports() tell them.
// RFC 8829 §3 to §5; RFC 3264; RFC 9143.
// Tested by: session_offer_test.cc, session_answer_test.cc, session_state_test.cc,
// session_renegotiation_test.cc, perfect_negotiation_test.cc, fuzz/machine_jsep.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "sdp/attributes/media.h"
#include "sdp/data_session.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/core.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"
#include "sdp/offer_answer.h"

namespace glass::sdp {

// The names that the W3C gives to what calls are refused with.
enum class ErrorName : std::uint8_t {
  kInvalidState,         // not in this signaling state, or of a stopped transceiver
  kInvalidModification,  // the local description is not what was created
  kInvalidAccess,        // the description says what it must not
  kOperation,            // the text is not SDP
  kType,                 // an argument makes no sense
};
[[nodiscard]] std::string_view to_text(ErrorName name);  // "InvalidStateError"

struct SessionError {
  ErrorName name = ErrorName::kOperation;
  Complaint complaint{};
};
using Done = Result<void, SessionError>;

// RFC 8829 §4.1.8.
struct OfferOptions {
  bool ice_restart = false;
};

class Session {
 public:
  // `random` must outlive the session.
  Session(SessionConfig config, Random& random, const Trace& trace = Trace());

  // RFC 8829 §4.1.2: the first free transceiver that fits sends the track, or a new one does.
  TransceiverId add_track(MediaKind kind, std::vector<std::string> streams);
  // RFC 8829 §4.1.3: the transceiver stops sending.
  Done remove_track(TransceiverId id);
  // RFC 8829 §4.1.4. Refused: names of encodings that are not fit for a=rid, or twice the same.
  Result<TransceiverId, SessionError> add_transceiver(MediaKind kind, TransceiverInit init = {});
  Done set_direction(TransceiverId id, MediaDirection direction);
  // Encoding names in the order of preference; none: all that there are. Refused: unknown names,
  // or no codec of media among them.
  Done set_codec_preferences(TransceiverId id, std::vector<std::string> encodings);
  Done stop(TransceiverId id);
  // RFC 8829 §4.1.6: the next offer has a section for data channels.
  void create_data_channel() { core_.wants_data = true; }

  Result<std::string, SessionError> create_offer(OfferOptions options = {});
  Result<std::string, SessionError> create_answer();
  // RFC 8829 §4.1.10. For a rollback the text must be empty.
  Done set_local_description(Type type, std::string_view text);
  Done set_remote_description(Type type, std::string_view text);

  // A candidate of ours for the section with this mid; the next description that is created has
  // it. Refused: no section of this name.
  Done add_local_candidate(std::string_view mid, std::string candidate);
  Done end_local_candidates(std::string_view mid);

  [[nodiscard]] std::string_view signaling_state() const { return signaling_.state(); }
  // Is there something that only a new offer can tell? RFC 8829 §3.5.4 leaves it to the W3C.
  [[nodiscard]] bool is_negotiation_needed() const;
  [[nodiscard]] const std::vector<Transceiver>& transceivers() const { return core_.transceivers; }
  // Null: there is none, or no longer.
  [[nodiscard]] const Transceiver* find(TransceiverId id) const;
  // RFC 8829 §4.1.13 to §4.1.16; empty: null.
  [[nodiscard]] const SetDescription& current_local() const { return core_.current_local; }
  [[nodiscard]] const SetDescription& current_remote() const { return core_.current_remote; }
  [[nodiscard]] const SetDescription& pending_local() const { return core_.pending_local; }
  [[nodiscard]] const SetDescription& pending_remote() const { return core_.pending_remote; }
  // Our half of each transport, and which section uses which.
  [[nodiscard]] const std::vector<LocalTransport>& transports() const { return core_.transports; }
  [[nodiscard]] std::optional<std::size_t> transport_of(std::string_view mid) const;
  // What the last create_answer() decided, in the order of the offer.
  [[nodiscard]] const Decisions& decisions() const { return decisions_; }

 private:
  [[nodiscard]] std::unexpected<SessionError> refuse(ErrorName name, Complaint complaint) const;
  [[nodiscard]] std::unexpected<SessionError> refuse(ErrorName name, std::string text,
                                                     Rule rule) const;
  Done set(bool is_local, Type type, std::string_view text);
  Done roll_back(bool is_local, std::string_view text);
  Result<Transceiver*, SessionError> need(TransceiverId id);
  Transceiver& append(MediaKind kind);

  SessionConfig config_;
  Random& random_;
  Trace trace_;
  Signaling signaling_;
  Core core_;
  Core stable_;  // as it was when the stable state was left
  Decisions decisions_;
};

}  // namespace glass::sdp
