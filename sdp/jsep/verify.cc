// sdp/jsep/verify.cc - RFC 8829 §5.8.3: what a remote description must say before it is applied.
#include <algorithm>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rtp.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/core.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"
#include "sdp/offer_answer.h"

namespace glass::sdp {
namespace {

using Checked = Result<void, Complaint>;

std::unexpected<Complaint> wrong(const Media& media, std::string text, Rule rule) {
  return std::unexpected(complain(media.lines.front(), 0, std::move(text), rule));
}

// Do we look into this section at all?
bool is_ours(const Media& media) {
  return data_form(media) != DataForm::kNone ||
         (as_media_kind(media.kind) && is_dtls_srtp_profile(media.protocol));
}

// RFC 8829 §5.1.1: ICE and DTLS, wherever BUNDLE lets them stand; never keys in the clear.
Checked check_mandatory(const Description& description, const Media& media, Side side) {
  if (const auto crypto = find(media.lines, "crypto"))
    return std::unexpected(complain(*crypto->line, kValueColumn,
                                    "keys for SRTP in the clear are forbidden",
                                    "8829:5.1.1#7"_rule));
  const Transport transport(description, media, side);
  for (const std::string_view name : {"ice-ufrag", "ice-pwd"})
    if (!transport.find(name))
      return wrong(
          media, "neither the section nor its transport nor the session has a=" + std::string(name),
          "8839:5.4#1"_rule);
  const std::vector<Attribute> fingerprints = transport.find_all("fingerprint");
  const bool is_verified = std::ranges::any_of(fingerprints, [](const Attribute& attribute) {
    const auto fingerprint = parse_fingerprint(attribute);
    return fingerprint && is_verifiable(*fingerprint);
  });
  if (!is_verified)
    return wrong(media, "there is no fingerprint that a certificate can be verified with",
                 "8829:5.8.3#7"_rule);
  if (!transport.find("setup")) return wrong(media, "there is no a=setup", "8829:5.8.3#6"_rule);
  return {};
}

bool has_mux(const Description& description, const Media& media) {
  return has_rtcp_mux(media) ||
         Transport(description, media, Side::kAnswer).find("rtcp-mux").has_value();
}

Checked check_mux(const Core& core, const Workshop& shop, const Description& description,
                  std::size_t i) {
  const Media& media = description.media[i];
  const bool is_muxed = has_mux(description, media);
  if (shop.config.rtcp_mux == RtcpMuxPolicy::kRequire && !is_muxed)
    return wrong(media, "RTCP is not multiplexed with RTP, which we require", "8829:5.8.3#9"_rule);
  const Transceiver* transceiver = core.at_index(i);
  const bool was_negotiated = transceiver != nullptr && transceiver->current_direction &&
                              !transceiver->media.receive.empty();
  if (was_negotiated && transceiver->media.rtcp_mux != is_muxed)
    return wrong(media, "multiplexing of RTCP differs from what was agreed on",
                 "8829:5.8.3#11"_rule);
  return {};
}

// RFC 3264 §8: the sections of before are still there, under their names.
Checked check_offer(const Core& core, const Description& offer) {
  if (core.current_remote.is_null()) return {};
  const Description& last = core.current_remote.description;
  if (offer.media.size() < last.media.size())
    return std::unexpected(Complaint{.text = "the offer has " + decimal(offer.media.size()) +
                                             " media sections, and there were " +
                                             decimal(last.media.size()),
                                     .rule = "3264:8#9"_rule});
  for (std::size_t i = 0; i < last.media.size(); ++i) {
    const bool was_free =
        is_rejected(last, last.media[i]) ||
        is_rejected(core.current_local.description, core.current_local.description.media[i]);
    if (was_free || is_rejected(offer, offer.media[i])) continue;
    if (mid(last.media[i]) != mid(offer.media[i]))
      return wrong(offer.media[i],
                   "the section was \"" + printable(mid(last.media[i])) + "\" before",
                   "8829:5.2.2#11"_rule);
  }
  return {};
}

// RFC 3264 §6.1: what may stand in the answer to each direction.
Checked check_direction(const Description& offer, const Media& offered, const Description& answer,
                        const Media& answered) {
  const MediaDirection asked = direction(offer, offered);
  const MediaDirection said = direction(answer, answered);
  if (intersection(reversed(asked), said) == said) return {};
  const Rule rule = asked == MediaDirection::kSendOnly   ? "3264:6.1#3"_rule
                    : asked == MediaDirection::kRecvOnly ? "3264:6.1#4"_rule
                                                         : "3264:6.1#6"_rule;
  return wrong(answered,
               std::string(to_text(said)) + " does not answer " + std::string(to_text(asked)),
               rule);
}

Checked check_formats(const Media& offered, const Media& answered) {
  const std::vector<Codec> theirs = codecs_of(answered);
  const std::vector<Codec> ours = codecs_of(offered);
  const bool has_common = std::ranges::any_of(theirs, [&ours](const Codec& codec) {
    return std::ranges::any_of(ours, [&codec](const Codec& own) {
      return equal_ignoring_case(own.encoding, codec.encoding) &&
             own.clock_rate == codec.clock_rate;
    });
  });
  if (!has_common) return wrong(answered, "no codec of it was offered", "3264:6.1#10"_rule);
  // RFC 8829 §5.11: feedback that was not offered cannot be answered.
  for (const Codec& codec : theirs) {
    for (const Codec& own : ours) {
      if (own.payload_type != codec.payload_type || own.encoding != codec.encoding) continue;
      for (const std::string& feedback : codec.feedback)
        if (std::ranges::find(own.feedback, feedback) == own.feedback.end())
          return wrong(answered, "the feedback \"" + printable(feedback) + "\" was not offered",
                       "8829:5.11#4"_rule);
    }
  }
  return {};
}

// RFC 8285 §7: what was offered under an identifier is answered under it.
Checked check_extensions(const Description& offer, const Media& offered, const Description& answer,
                         const Media& answered) {
  const std::vector<Extension> ours = extensions_of(offer, offered);
  for (const Extension& extension : extensions_of(answer, answered)) {
    const auto own = std::ranges::find(ours, extension.uri, &Extension::uri);
    if (own == ours.end() || own->id == extension.id) continue;
    return wrong(
        answered,
        "the extension " + printable(extension.uri) + " was offered as " + decimal(own->id),
        "8285:7#16"_rule);
  }
  return {};
}

Checked check_ice_of_answer(const Core& core, const Description& answer, Type type) {
  if (core.current_remote.is_null()) return {};
  const bool changed = changes(core, answer, type, "ice-ufrag");
  if (changed && !core.offer_restarts_ice)
    return std::unexpected(
        Complaint{.text = "the answer has new ICE credentials, and the offer did not restart ICE",
                  .rule = "8829:5.10#0"_rule});
  if (!changed && core.offer_restarts_ice)
    return std::unexpected(
        Complaint{.text = "the offer restarts ICE, and the answer has the old credentials",
                  .rule = "8829:5.10#0"_rule});
  return {};
}

Checked check_answered(const Core& core, const Description& answer, Type type) {
  const Description& offer = core.pending_local.description;
  TRY(check_answer(offer, answer));
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    const Media& offered = offer.media[i];
    const Media& answered = answer.media[i];
    if (is_rejected(offer, offered) && answered.port != 0)
      return wrong(answered, "it was offered with port 0", "3264:8.2#2"_rule);
    if (is_rejected(answer, answered) || !is_rtp(offered)) continue;
    TRY(check_direction(offer, offered, answer, answered));
    TRY(check_formats(offered, answered));
    TRY(check_extensions(offer, offered, answer, answered));
  }
  return check_ice_of_answer(core, answer, type);
}

}  // namespace

bool changes(const Core& core, const Description& description, std::size_t index, Type type,
             std::string_view attribute) {
  const Description& last = core.current_remote.description;
  const Media& media = description.media[index];
  const Media* before = mid(media).empty() ? nullptr : find_mid(last, mid(media));
  // A group in force uses its first section's transport, whatever the others once said of theirs.
  const bool is_bundled = std::ranges::find(core.bundled, mid(media)) != core.bundled.end();
  if (before != nullptr && is_bundled) before = find_mid(last, core.bundled.front());
  if (before == nullptr || is_rejected(last, *before) || is_rejected(description, media))
    return false;
  const Side last_side = core.current_remote.type == Type::kOffer ? Side::kOffer : Side::kAnswer;
  const Side side = type == Type::kOffer ? Side::kOffer : Side::kAnswer;
  const auto now = Transport(description, media, side).find(attribute);
  const auto then = Transport(last, *before, last_side).find(attribute);
  return now && then && now->value != then->value;
}

bool changes(const Core& core, const Description& description, Type type,
             std::string_view attribute) {
  for (std::size_t i = 0; i < description.media.size(); ++i)
    if (changes(core, description, i, type, attribute)) return true;
  return false;
}

Checked verify_remote(const Core& core, const Workshop& shop, Type type,
                      const Description& description) {
  if (changes(core, description, type, "tls-id") && !changes(core, description, type, "ice-ufrag"))
    return std::unexpected(Complaint{.text = "a new tls-id comes with new ICE credentials",
                                     .rule = "8829:5.8.3#5"_rule});
  if (type != Type::kOffer) TRY(check_answered(core, description, type));
  if (type == Type::kOffer) TRY(check_offer(core, description));
  // A group in force lets an offer leave out what its first section says (RFC 9143 §7.1.3).
  const bool is_initial = type == Type::kOffer && core.current_remote.is_null();
  const Side side = is_initial ? Side::kOffer : Side::kAnswer;
  for (std::size_t i = 0; i < description.media.size(); ++i) {
    const Media& media = description.media[i];
    if (is_rejected(description, media) || !is_ours(media)) continue;
    TRY(check_mandatory(description, media, side));
    if (is_rtp(media)) TRY(check_mux(core, shop, description, i));
  }
  return {};
}

}  // namespace glass::sdp
