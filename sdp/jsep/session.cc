#include "sdp/jsep/session.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rid.h"
#include "sdp/attributes/sctp.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/core.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"
#include "sdp/offer_answer.h"
#include "sdp/parse.h"

namespace glass::sdp {
namespace {

// A name of a stream or track must survive a=msid.
constexpr std::size_t kMaxStreamName = 64;
bool is_stream_name(std::string_view text) {
  return is_token(text) && text.size() <= kMaxStreamName && text != "-";
}

// Is there a section for data channels that neither side has rejected?
bool has_live_data(const Core& core) {
  const Description& local = core.current_local.description;
  const Description& remote = core.current_remote.description;
  for (std::size_t i = 0; i < local.media.size(); ++i)
    if (data_form(local.media[i]) != DataForm::kNone && !is_rejected(local, local.media[i]) &&
        !is_rejected(remote, remote.media[i]))
      return true;
  return false;
}

}  // namespace

std::string_view to_text(ErrorName name) {
  static constexpr std::array<std::string_view, 5> kNames{
      "InvalidStateError", "InvalidModificationError", "InvalidAccessError", "OperationError",
      "TypeError"};
  return kNames[static_cast<std::size_t>(name)];
}

Session::Session(SessionConfig config, Random& random, const Trace& trace)
    : config_(std::move(config)), random_(random), trace_(trace), signaling_(trace) {
  CHECK(!config_.fingerprints.empty());
  core_.session_id = make_session_id(random_);
  core_.cname = make_tls_id(random_).substr(0, 16);
  stable_ = core_;
}

std::unexpected<SessionError> Session::refuse(ErrorName name, Complaint complaint) const {
  trace_.drop(complaint.rule, complaint.text, {});
  return std::unexpected(SessionError{.name = name, .complaint = std::move(complaint)});
}

std::unexpected<SessionError> Session::refuse(ErrorName name, std::string text, Rule rule) const {
  return refuse(name, Complaint{.text = std::move(text), .rule = rule});
}

Transceiver& Session::append(MediaKind kind) {
  return core_.transceivers.emplace_back(Transceiver{.id = TransceiverId{core_.next_transceiver++},
                                                     .kind = kind,
                                                     .track = make_tls_id(random_),
                                                     .ssrc = random_.u32() | 1U,
                                                     .rtx_ssrc = random_.u32() | 2U});
}

TransceiverId Session::add_track(MediaKind kind, std::vector<std::string> streams) {
  std::erase_if(streams, [](const std::string& name) { return !is_stream_name(name); });
  const auto is_free = [kind](const Transceiver& t) {
    return t.kind == kind && !t.is_stopped && !t.has_track;
  };
  const auto found = std::ranges::find_if(core_.transceivers, is_free);
  Transceiver& transceiver = found == core_.transceivers.end() ? append(kind) : *found;
  if (found != core_.transceivers.end())
    transceiver.direction = direction_of(true, receives(transceiver.direction));
  transceiver.has_track = true;
  transceiver.was_added_by_track = true;
  if (transceiver.streams.empty()) transceiver.streams = std::move(streams);
  return transceiver.id;
}

Done Session::remove_track(TransceiverId id) {
  Transceiver* transceiver = TRY(need(id));
  transceiver->has_track = false;
  transceiver->direction = direction_of(false, receives(transceiver->direction));
  return {};
}

Result<TransceiverId, SessionError> Session::add_transceiver(MediaKind kind, TransceiverInit init) {
  const std::set<std::string> names(init.rids.begin(), init.rids.end());
  if (names.size() != init.rids.size() || init.rids.size() > kMaxRids)
    return refuse(ErrorName::kType, "an encoding has a name of its own", "8851:4#10"_rule);
  if (!std::ranges::all_of(init.rids, is_rid_id))
    return refuse(ErrorName::kType, "the name of an encoding has letters, digits, - and _",
                  "8853:5.1#1"_rule);
  if (!std::ranges::all_of(init.streams, is_stream_name))
    return refuse(ErrorName::kType, "the name of a stream is a token of at most 64 characters",
                  "8830:3#1"_rule);
  Transceiver& transceiver = append(kind);
  transceiver.direction = init.direction;
  transceiver.has_track = sends(init.direction);
  transceiver.streams = std::move(init.streams);
  transceiver.rids = std::move(init.rids);
  return transceiver.id;
}

Done Session::set_direction(TransceiverId id, MediaDirection direction) {
  TRY(need(id))->direction = direction;
  return {};
}

Done Session::set_codec_preferences(TransceiverId id, std::vector<std::string> encodings) {
  Transceiver* transceiver = TRY(need(id));
  const std::vector<Codec>& known = config_.codecs(transceiver->kind);
  for (const std::string& name : encodings)
    if (std::ranges::none_of(known, [&name](const Codec& codec) {
          return equal_ignoring_case(codec.encoding, name);
        }))
      return refuse(ErrorName::kInvalidModification, "we have no codec " + printable(name),
                    "8829:5.2.1#21"_rule);
  const std::vector<Codec> left = prefer(known, encodings);
  if (std::ranges::none_of(left, [](const Codec& c) { return role(c) == CodecRole::kMedia; }))
    return refuse(ErrorName::kInvalidModification, "no codec of media is left",
                  "8829:5.2.1#21"_rule);
  transceiver->preferences = std::move(encodings);
  return {};
}

Done Session::stop(TransceiverId id) {
  TRY(need(id))->is_stopped = true;
  return {};
}

const Transceiver* Session::find(TransceiverId id) const {
  const auto found = std::ranges::find(core_.transceivers, id, &Transceiver::id);
  return found == core_.transceivers.end() ? nullptr : &*found;
}

Result<Transceiver*, SessionError> Session::need(TransceiverId id) {
  Transceiver* transceiver = core_.find(id);
  if (transceiver != nullptr && !transceiver->is_stopped) return transceiver;
  return refuse(ErrorName::kInvalidState, "the transceiver is stopped", {});
}

Result<std::string, SessionError> Session::create_offer(OfferOptions options) {
  // RFC 8829 §4.1.8; the states are those in which an offer can be set.
  if (!signaling_.allows_local(Type::kOffer) && signaling_.state() != "have-remote-pranswer")
    return refuse(ErrorName::kInvalidState,
                  "no offer can be made in the state " + std::string(signaling_.state()),
                  "8829:5.5#2"_rule);
  return make_offer(core_, {.config = config_, .random = random_, .trace = trace_},
                    options.ice_restart);
}

Result<std::string, SessionError> Session::create_answer() {
  if (!signaling_.allows_local(Type::kAnswer))
    return refuse(ErrorName::kInvalidState, "there is no offer to answer", "8829:5.3.1#1"_rule);
  return make_answer(core_, {.config = config_, .random = random_, .trace = trace_}, decisions_);
}

Done Session::set_local_description(Type type, std::string_view text) {
  return set(true, type, text);
}

Done Session::set_remote_description(Type type, std::string_view text) {
  return set(false, type, text);
}

// RFC 8829 §5.5 and §5.6, in their order: the state, the text, then its effects.
Done Session::set(bool is_local, Type type, std::string_view text) {
  if (type == Type::kRollback) return roll_back(is_local, text);
  if (is_local ? !signaling_.allows_local(type) : !signaling_.allows_remote(type)) {
    const auto refused = is_local ? signaling_.set_local(type) : signaling_.set_remote(type);
    CHECK(!refused);
    return refuse(ErrorName::kInvalidState, refused.error());
  }
  if (is_local && text != (type == Type::kOffer ? core_.offer.text : core_.answer.text)) {
    return refuse(ErrorName::kInvalidModification, "the description is not what was created",
                  "8829:5.5#5"_rule);
  }
  Result<Description, Complaint> parsed = parse(text, trace_);
  if (!parsed) trace_.rule("8829:5.6#5"_rule);
  if (!parsed) return refuse(ErrorName::kOperation, std::move(parsed).error());
  const Workshop shop{.config = config_, .random = random_, .trace = trace_};
  if (!is_local) {
    const Result<void, Complaint> verified = verify_remote(core_, shop, type, *parsed);
    if (!verified) {
      trace_.rule("8829:5.8.3#14"_rule);
      return refuse(ErrorName::kInvalidAccess, verified.error());
    }
  }
  if (signaling_.is_stable()) stable_ = core_;
  SetDescription description{
      .type = type, .text = std::string(text), .description = *std::move(parsed)};
  if (is_local) {
    apply_local(core_, shop, std::move(description));
  } else {
    apply_remote(core_, shop, std::move(description));
  }
  const auto moved = is_local ? signaling_.set_local(type) : signaling_.set_remote(type);
  CHECK(moved.has_value());
  return {};
}

// RFC 8829 §5.7.
Done Session::roll_back(bool is_local, std::string_view text) {
  if (!text.empty())
    return refuse(ErrorName::kType, "a rollback has no text", "8829:4.1.10#5"_rule);
  const auto moved =
      is_local ? signaling_.set_local(Type::kRollback) : signaling_.set_remote(Type::kRollback);
  if (!moved) return refuse(ErrorName::kInvalidState, moved.error());
  trace_.rule("8829:5.7#2"_rule);
  Core before = stable_;
  // Versions and names that were handed out are not handed out again.
  before.session_version = core_.session_version;
  before.next_mid = core_.next_mid;
  before.next_transceiver = core_.next_transceiver;
  before.wants_data = core_.wants_data;
  before.payload_types = core_.payload_types;
  before.extension_ids = core_.extension_ids;
  std::vector<Transceiver> kept;
  for (Transceiver& transceiver : core_.transceivers) {
    const Transceiver* old = before.find(transceiver.id);
    if (old == nullptr && transceiver.was_created_by_remote && !transceiver.was_added_by_track) {
      trace_.rule("8829:5.7#4"_rule, Fact{"mid", transceiver.mid});
      continue;
    }
    if (transceiver.was_created_by_remote && old == nullptr) trace_.rule("8829:5.7#5"_rule);
    if (old == nullptr && transceiver.index) trace_.rule("8829:5.7#3"_rule);
    if (old != nullptr && transceiver.index && !old->index) trace_.rule("8829:5.7#3"_rule);
    transceiver.mid = old == nullptr ? std::string() : old->mid;
    transceiver.index = old == nullptr ? std::nullopt : old->index;
    transceiver.current_direction = old == nullptr ? std::nullopt : old->current_direction;
    transceiver.media = old == nullptr ? NegotiatedMedia{} : old->media;
    kept.push_back(std::move(transceiver));
  }
  before.transceivers = std::move(kept);
  core_ = std::move(before);
  return {};
}

std::optional<std::size_t> Session::transport_of(std::string_view mid) const {
  const auto found = core_.transport_of.find(mid);
  if (found == core_.transport_of.end()) return std::nullopt;
  return found->second;
}

Done Session::add_local_candidate(std::string_view mid, std::string candidate) {
  const std::optional<std::size_t> index = transport_of(mid);
  if (!index)
    return refuse(ErrorName::kInvalidState, "no section has the mid " + printable(mid), {});
  LocalTransport& transport = core_.transports[*index];
  if (transport.candidates.size() < kMaxCandidates)
    transport.candidates.push_back(std::move(candidate));
  return {};
}

Done Session::end_local_candidates(std::string_view mid) {
  const std::optional<std::size_t> index = transport_of(mid);
  if (!index)
    return refuse(ErrorName::kInvalidState, "no section has the mid " + printable(mid), {});
  core_.transports[*index].end_of_candidates = true;
  return {};
}

bool Session::is_negotiation_needed() const {
  const SetDescription& local = core_.current_local;
  const SetDescription& remote = core_.current_remote;
  if (core_.wants_data && !has_live_data(core_)) return true;
  for (const Transceiver& transceiver : core_.transceivers) {
    if (transceiver.is_stopped) {
      const std::optional<std::size_t> i = transceiver.index;
      if (i && *i < local.description.media.size() &&
          !is_rejected(local.description, local.description.media[*i]) &&
          !is_rejected(remote.description, remote.description.media[*i]))
        return true;
      continue;
    }
    if (!transceiver.index || !transceiver.current_direction ||
        *transceiver.index >= local.description.media.size())
      return true;
    const Media& media = local.description.media[*transceiver.index];
    const MediaDirection said = direction(local.description, media);
    const MediaDirection offered =
        direction(remote.description, remote.description.media[*transceiver.index]);
    const MediaDirection wanted = local.type == Type::kOffer
                                      ? transceiver.direction
                                      : intersection(transceiver.direction, reversed(offered));
    if (said != wanted) return true;
  }
  return false;
}

}  // namespace glass::sdp
