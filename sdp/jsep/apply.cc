// sdp/jsep/apply.cc - RFC 8829 §5.9 to §5.11: what a description that is set changes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rid.h"
#include "sdp/attributes/rtp.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/core.h"
#include "sdp/jsep/payload_types.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"
#include "sdp/offer_answer.h"

namespace glass::sdp {
namespace {

// More announced sources than these are passed over.
constexpr std::size_t kMaxSources = 64;
constexpr std::size_t kMaxStreams = 64;

// RFC 8829 §5.10: bits per second from b=TIAS, or from b=AS less headers and RTCP.
std::optional<std::uint64_t> bitrate_limit(const Media& media) {
  constexpr std::uint64_t kHeaders = 50ULL * 40 * 8;
  constexpr std::uint64_t kMaxKilobits = 1'000'000'000;
  if (const auto tias = bandwidth(media.lines, "TIAS")) return tias;
  const auto as = bandwidth(media.lines, "AS");
  if (!as) return std::nullopt;
  const std::uint64_t bits = std::min(*as, kMaxKilobits) * 950;
  return bits > kHeaders ? bits - kHeaders : 0;
}

std::vector<RemoteSource> sources_of(const Media& media) {
  std::vector<RemoteSource> sources;
  std::map<std::uint32_t, std::uint32_t> rtx_of;
  for (const Attribute& attribute : find_all(media.lines, "ssrc-group"))
    if (const auto group = parse_source_group(attribute);
        group && group->semantics == "FID" && group->sources.size() == 2)
      rtx_of[group->sources[0]] = group->sources[1];
  const auto is_rtx = [&rtx_of](std::uint32_t ssrc) {
    return std::ranges::any_of(rtx_of, [ssrc](const auto& pair) { return pair.second == ssrc; });
  };
  for (const Attribute& attribute : find_all(media.lines, "ssrc")) {
    const auto note = parse_source(attribute);
    if (!note || note->name != "cname" || is_rtx(note->ssrc)) continue;
    const bool is_known =
        std::ranges::find(sources, note->ssrc, &RemoteSource::ssrc) != sources.end();
    if (is_known || sources.size() == kMaxSources) continue;
    sources.push_back({.ssrc = note->ssrc,
                       .rtx_ssrc = rtx_of.contains(note->ssrc) ? rtx_of[note->ssrc] : 0,
                       .cname = std::string(note->value)});
  }
  return sources;
}

std::vector<std::string> streams_of(const Media& media) {
  std::vector<std::string> streams;
  for (const Attribute& attribute : find_all(media.lines, "msid")) {
    const auto msid = parse_msid(attribute);
    if (msid && msid->stream != "-" && streams.size() < kMaxStreams)
      streams.emplace_back(msid->stream);
  }
  return streams;
}

// The encodings of a section in one direction, in the order of the simulcast line.
std::vector<std::string> rids_of(const Media& media, RidDirection wanted) {
  std::vector<std::string> ids;
  if (const auto line = find(media.lines, "simulcast")) {
    if (const auto simulcast = parse_simulcast(*line)) {
      const auto& streams = wanted == RidDirection::kSend ? simulcast->send : simulcast->recv;
      for (const SimulcastStream& stream : streams)
        if (!stream.empty()) ids.emplace_back(stream.front().rid);
    }
    return ids;
  }
  for (const Attribute& attribute : find_all(media.lines, "rid"))
    if (const auto rid = parse_rid(attribute); rid && rid->direction == wanted)
      ids.emplace_back(rid->id);
  return ids;
}

std::vector<std::string> in_both(const std::vector<std::string>& a,
                                 const std::vector<std::string>& b) {
  std::vector<std::string> both;
  for (const std::string& one : a)
    if (std::ranges::find(b, one) != b.end()) both.push_back(one);
  return both;
}

// What to send: the peer's codecs that our own description has as well.
std::vector<Codec> sendable(const Media& remote, const Media& local) {
  const std::vector<Codec> ours = codecs_of(local);
  std::vector<Codec> out;
  for (Codec& codec : codecs_of(remote)) {
    const bool is_known = std::ranges::any_of(
        ours, [&codec](const Codec& own) { return why_different(codec, own).empty(); });
    if (is_known) out.push_back(std::move(codec));
  }
  std::erase_if(out, [&out](const Codec& codec) {
    if (role(codec) != CodecRole::kRtx) return false;
    const std::vector<std::uint8_t> carried = carried_types(codec);
    return carried.empty() ||
           std::ranges::find(out, carried.front(), &Codec::payload_type) == out.end();
  });
  return out;
}

std::vector<Extension> common_extensions(const Description& local, const Media& ours,
                                         const Description& remote, const Media& theirs) {
  const std::vector<Extension> known = extensions_of(remote, theirs);
  std::vector<Extension> out;
  for (const Extension& extension : extensions_of(local, ours))
    if (std::ranges::find(known, extension.uri, &Extension::uri) != known.end())
      out.push_back(extension);
  return out;
}

// One section of a description pair that agrees on it.
struct Pair {
  const Description& local;
  const Description& remote;
  const Description& answer;
  std::size_t index;
};

NegotiatedMedia agree(const Pair& pair, const Workshop& shop) {
  const Media& ours = pair.local.media[pair.index];
  const Media& theirs = pair.remote.media[pair.index];
  const Media& answered = pair.answer.media[pair.index];
  NegotiatedMedia media{.send = sendable(theirs, ours),
                        .receive = codecs_of(ours),
                        .extensions = common_extensions(pair.local, ours, pair.remote, theirs)};
  media.rtcp_mux = has_rtcp_mux(answered) ||
                   Transport(pair.answer, answered, Side::kAnswer).find("rtcp-mux").has_value();
  media.rtcp_rsize = has(ours.lines, "rtcp-rsize") && has(theirs.lines, "rtcp-rsize");
  const std::vector<std::string> wanted = rids_of(ours, RidDirection::kSend);
  media.send_rids = in_both(wanted, rids_of(theirs, RidDirection::kRecv));
  if (media.send_rids.empty() && !wanted.empty()) {
    // RFC 8853 §5.3.3: who does not answer a simulcast gets one stream.
    shop.trace.rule("8853:5.3.3#1"_rule, Fact{"index", pair.index});
    media.send_rids = {wanted.front()};
  }
  media.receive_rids =
      in_both(rids_of(theirs, RidDirection::kSend), rids_of(ours, RidDirection::kRecv));
  media.remote_streams = streams_of(theirs);
  media.remote_sources = sources_of(theirs);
  media.send_bitrate_max = bitrate_limit(theirs);
  if (const auto line = find(theirs.lines, "ptime"))
    if (const auto ptime = parse_packet_time(*line)) media.ptime = *ptime;
  return media;
}

// RFC 8829 §5.11: which transport each section uses from now on.
void bundle(Core& core, const Description& answer) {
  core.bundled.clear();
  for (const Group& group : groups(answer)) {
    if (group.semantics != "BUNDLE" || group.mids.empty()) continue;
    const auto tagged = core.transport_of.find(group.mids.front().text);
    // Sections are offered in one group only; of others that a peer offers just the transports
    // count.
    const bool is_first = core.bundled.empty();
    for (const Token& token : group.mids) {
      if (is_first) core.bundled.emplace_back(token.text);
      if (tagged != core.transport_of.end())
        core.transport_of.insert_or_assign(std::string(token.text), tagged->second);
    }
  }
}

// RFC 4145 §4.1: the answer says who is active.
void settle_setup(Core& core, const Description& answer, bool is_ours) {
  for (std::size_t i = 0; i < answer.media.size(); ++i) {
    if (is_rejected(answer, answer.media[i])) continue;
    const auto found = core.transport_of.find(key_of(answer, i));
    const auto line = Transport(answer, answer.media[i], Side::kAnswer).find("setup");
    if (found == core.transport_of.end() || !line) continue;
    const auto said = parse_setup(*line);
    if (!said) continue;
    const bool is_active = (*said == Setup::kActive) == is_ours;
    core.transports[found->second].setup = is_active ? Setup::kActive : Setup::kPassive;
  }
}

// RFC 8829 §5.11 for one section.
void settle_section(Core& core, const Workshop& shop, Type type, const Pair& pair) {
  const Media& answered = pair.answer.media[pair.index];
  Transceiver* transceiver = core.at_index(pair.index);
  if (transceiver == nullptr) return;
  if (is_rejected(pair.answer, answered)) {
    shop.trace.rule("8829:5.11#1"_rule, Fact{"mid", transceiver->mid});
    transceiver->current_direction = MediaDirection::kInactive;
    transceiver->media = {};
    if (type == Type::kAnswer) transceiver->is_stopped = true;
    return;
  }
  const MediaDirection said = direction(pair.answer, answered);
  transceiver->current_direction = &pair.answer == &pair.local ? said : reversed(said);
  transceiver->media = agree(pair, shop);
}

void settle(Core& core, const Workshop& shop, Type type, bool is_local) {
  const Description& local = core.local().description;
  const Description& remote = core.remote().description;
  const Description& answer = is_local ? local : remote;
  bundle(core, answer);
  settle_setup(core, answer, is_local);
  for (std::size_t i = 0; i < answer.media.size(); ++i)
    settle_section(core, shop, type,
                   {.local = local, .remote = remote, .answer = answer, .index = i});
  if (type != Type::kAnswer) return;
  const Media* data = find_data(answer);
  if (data != nullptr && is_rejected(answer, *data)) core.wants_data = false;
  core.current_local = std::exchange(core.pending_local, {});
  core.current_remote = std::exchange(core.pending_remote, {});
  core.offer_restarts_ice = false;
  core.remote_restarts_ice = false;
}

void note_numbers(Core& core, const Description& local) {
  for (const Media& media : local.media) {
    if (!is_rtp(media) || media.port == 0) continue;
    note_payload_types(core.payload_types, codecs_of(media));
    for (const Extension& extension : extensions_of(local, media))
      core.extension_ids.insert_or_assign(extension.id, extension.uri);
  }
}

// The section at this place is for somebody else from now on.
void disassociate(Core& core, const Workshop& shop, std::size_t index,
                  std::optional<TransceiverId> owner) {
  for (Transceiver& transceiver : core.transceivers) {
    if (transceiver.index != index || transceiver.id == owner) continue;
    shop.trace.rule("8829:5.10#0"_rule, Fact{"mid", transceiver.mid});
    transceiver.mid.clear();
    transceiver.index.reset();
  }
}

void associate_offer(Core& core, const Workshop& shop, const Description& offer) {
  for (std::size_t i = 0; i < core.offer.owners.size(); ++i) {
    const std::optional<TransceiverId> owner = core.offer.owners[i];
    Transceiver* transceiver = owner ? core.find(*owner) : nullptr;
    if (transceiver == nullptr) continue;
    disassociate(core, shop, i, owner);
    transceiver->mid = mid(offer.media[i]);
    transceiver->index = i;
  }
}

Transceiver& create_for(Core& core, const Workshop& shop, MediaKind kind) {
  Transceiver transceiver{.id = TransceiverId{core.next_transceiver++},
                          .kind = kind,
                          .direction = MediaDirection::kRecvOnly,
                          .was_created_by_remote = true,
                          .track = make_tls_id(shop.random),
                          .ssrc = shop.random.u32() | 1U,
                          .rtx_ssrc = shop.random.u32() | 2U};
  return core.transceivers.emplace_back(std::move(transceiver));
}

// RFC 8829 §5.10: find a transceiver for a section of a remote offer, or create one.
Transceiver& find_or_create(Core& core, const Workshop& shop, MediaKind kind, bool is_wanted) {
  if (is_wanted) {
    for (Transceiver& transceiver : core.transceivers)
      if (transceiver.kind == kind && transceiver.was_added_by_track && !transceiver.index &&
          !transceiver.is_stopped)
        return transceiver;
  }
  return create_for(core, shop, kind);
}

void associate_remote(Core& core, const Workshop& shop, const Description& offer, std::size_t i) {
  const Media& media = offer.media[i];
  const std::optional<MediaKind> kind = as_media_kind(media.kind);
  if (is_rejected(offer, media) || !kind || !is_rtp(media)) return;
  const std::string name = key_of(offer, i);
  if (const Transceiver* known = core.at_index(i); known != nullptr) {
    if (known->mid == name) return;
    disassociate(core, shop, i, std::nullopt);
  }
  Transceiver& transceiver = find_or_create(core, shop, *kind, receives(direction(offer, media)));
  transceiver.mid = name;
  transceiver.index = i;
}

// Names like ours in the peer's sections are not used again.
void skip_mids(Core& core, const Description& description) {
  for (const Media& media : description.media)
    if (const auto number = parse_decimal(mid(media), UINT16_MAX))
      core.next_mid = std::max(core.next_mid, static_cast<std::uint32_t>(*number) + 1);
}

}  // namespace

void apply_local(Core& core, const Workshop& shop, SetDescription description) {
  const Type type = description.type;
  const Proposal& proposal = type == Type::kOffer ? core.offer : core.answer;
  core.transports = proposal.transports;
  core.transport_of = proposal.transport_of;
  note_numbers(core, description.description);
  core.pending_local = std::move(description);
  skip_mids(core, core.pending_local.description);
  if (type == Type::kOffer) {
    core.offer_restarts_ice = core.offer.restarts_ice;
    core.next_mid = std::max(core.next_mid, core.offer.next_mid);
    return associate_offer(core, shop, core.pending_local.description);
  }
  settle(core, shop, type, true);
}

void apply_remote(Core& core, const Workshop& shop, SetDescription description) {
  const Type type = description.type;
  core.remote_restarts_ice =
      type == Type::kOffer && changes(core, description.description, type, "ice-ufrag");
  core.remote_renews_dtls =
      type == Type::kOffer && changes(core, description.description, type, "tls-id");
  if (core.remote_restarts_ice) shop.trace.rule("8829:5.10#5"_rule);
  core.pending_remote = std::move(description);
  skip_mids(core, core.pending_remote.description);
  if (type != Type::kOffer) return settle(core, shop, type, false);
  for (std::size_t i = 0; i < core.pending_remote.description.media.size(); ++i)
    associate_remote(core, shop, core.pending_remote.description, i);
}

}  // namespace glass::sdp
