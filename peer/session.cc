#include "peer/session.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "base/result.h"
#include "base/trace.h"
#include "peer/error.h"
#include "sdp/attributes/dtls.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/line.h"
#include "sdp/offer_answer.h"
#include "sdp/parse.h"

namespace glass::peer {
namespace {

Error as_error(const sdp::Complaint& complaint) {
  return {.stage = Stage::kSdp,
          .line = complaint.line,
          .column = complaint.column,
          .text = complaint.text};
}

}  // namespace

Session::Session(std::string fingerprint, std::uint64_t max_message_size, Random& random,
                 const Trace& trace)
    : fingerprint_(std::move(fingerprint)),
      max_message_size_(max_message_size),
      session_id_(sdp::make_session_id(random)),
      tls_id_(sdp::make_tls_id(random)),
      trace_(trace),
      signaling_(trace) {}

sdp::LocalParameters Session::local(const LocalTransport& transport) {
  sdp::LocalParameters local;
  local.session_id = session_id_;
  local.session_version = version_++;
  local.mid = mid_;
  local.ufrag = transport.credentials.ufrag;
  local.pwd = transport.credentials.pwd;
  local.ice_lite = transport.is_lite;
  local.candidates = transport.candidates;
  local.end_of_candidates = transport.end_of_candidates;
  local.fingerprints = {fingerprint_};
  local.tls_id = tls_id_;
  local.max_message_size = max_message_size_;
  return local;
}

Result<std::string, Error> Session::offer(const LocalTransport& transport) {
  if (const auto allowed = signaling_.set_local(sdp::Type::kOffer); !allowed)
    return std::unexpected(as_error(allowed.error()));
  const sdp::LocalParameters parameters = local(transport);
  std::string text = in_force_ ? sdp::make_offer(parameters, *in_force_, trace_)
                               : sdp::make_offer(parameters, trace_);
  auto parsed = sdp::parse(text);
  CHECK(parsed.has_value());
  our_offer_ = std::move(*parsed);
  return text;
}

Result<std::string, Error> Session::answer(const LocalTransport& transport) {
  if (!pending_ || !signaling_.allows_local(sdp::Type::kAnswer))
    return std::unexpected(Error{.stage = Stage::kUsage, .text = "there is no offer to answer"});
  sdp::LocalParameters parameters = local(transport);
  // RFC 8842 §5.3: an answer within a session keeps the DTLS roles.
  if (dtls_role_)
    parameters.setup =
        *dtls_role_ == sdp::DtlsRole::kClient ? sdp::Setup::kActive : sdp::Setup::kPassive;
  // RFC 8842 §5.3: no tls-id in the answer to an offer without one.
  if (pending_->tls_id.empty()) {
    trace_.rule("8842:5.3#6"_rule);
    parameters.tls_id.clear();
  }
  auto text = sdp::make_answer(*their_offer_, parameters, trace_);
  if (!text) return std::unexpected(as_error(text.error()));
  CHECK(signaling_.set_local(sdp::Type::kAnswer).has_value());
  auto parsed = sdp::parse(*text);
  CHECK(parsed.has_value());
  in_force_ = std::move(*parsed);
  agreed_ = std::exchange(pending_, std::nullopt);
  if (!agreed_->mid.empty()) mid_ = agreed_->mid;
  if (!dtls_role_) dtls_role_ = agreed_->local_role;
  return *std::move(text);
}

// RFC 8842 §5.3, §5.5: another certificate or another tls-id asks for another DTLS association. We
// keep the one we have, and say so.
Result<void, sdp::Complaint> Session::check_unchanged(const sdp::RemoteParameters& remote) const {
  if (!agreed_) return {};
  const bool other_tls_id =
      !agreed_->tls_id.empty() && !remote.tls_id.empty() && agreed_->tls_id != remote.tls_id;
  if (!other_tls_id && agreed_->fingerprints == remote.fingerprints) return {};
  trace_.rule("8842:5.3#3"_rule);
  return std::unexpected(sdp::Complaint{
      .text = "asks for a new DTLS association within the session; start a new session instead"});
}

Result<sdp::RemoteParameters, Error> Session::set_remote(sdp::Type type, std::string_view text) {
  const auto wrong = [](const sdp::Complaint& complaint) {
    return std::unexpected(as_error(complaint));
  };
  if (type != sdp::Type::kOffer && type != sdp::Type::kAnswer)
    return std::unexpected(
        Error{.stage = Stage::kUsage, .text = "only offers and answers are taken"});
  auto parsed = sdp::parse(text, trace_);
  if (!parsed) return wrong(parsed.error());
  if (!signaling_.allows_remote(type)) {
    const auto refused = signaling_.set_remote(type);  // says why, changes nothing
    CHECK(!refused.has_value());
    return wrong(refused.error());
  }
  if (type == sdp::Type::kAnswer) {
    if (const auto fits = sdp::check_answer(*our_offer_, *parsed, trace_); !fits)
      return wrong(fits.error());
  }
  auto remote = sdp::data_session(*parsed, type, trace_);
  if (!remote) return wrong(remote.error());
  if (const auto same = check_unchanged(*remote); !same) return wrong(same.error());

  CHECK(signaling_.set_remote(type).has_value());
  if (type == sdp::Type::kOffer) {
    their_offer_ = std::move(*parsed);
    pending_ = *remote;
  } else {
    in_force_ = std::exchange(our_offer_, std::nullopt);
    agreed_ = *remote;
    if (!dtls_role_) dtls_role_ = remote->local_role;
  }
  return *std::move(remote);
}

}  // namespace glass::peer
