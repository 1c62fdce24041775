// sdp/jsep/answer.cc - RFC 8829 §5.3: generating an answer.
#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rtp.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/core.h"
#include "sdp/jsep/section.h"
#include "sdp/jsep/select.h"
#include "sdp/line.h"
#include "sdp/lines.h"
#include "sdp/offer_answer.h"

namespace glass::sdp {
namespace {

// What every section that stays does in an answer; session_answer_test.cc looks at each.
constexpr std::array<Rule, 9> kEverySection{
    "8829:5.3.1#6"_rule,  "8829:5.3.1#7"_rule,  "8829:5.3.1#9"_rule,
    "8829:5.3.1#14"_rule, "8829:5.3.1#17"_rule, "8829:5.3.1#18"_rule,
    "8829:5.3.1#32"_rule, "8829:5.1.2#5"_rule,  "3264:6.1#2"_rule};

// Why a section is refused.
struct Refusal {
  std::string why;
  Rule rule;
};

class AnswerBuilder {
 public:
  AnswerBuilder(Core& core, const Workshop& shop, Decisions& decisions)
      : core_(core),
        shop_(shop),
        decisions_(decisions),
        offer_(core.pending_remote.description),
        extension_ids_(core.extension_ids) {
    out_.transports = core.transports;
    out_.transport_of = core.transport_of;
    out_.next_mid = core.next_mid;
  }

  Proposal build() {
    if (core_.remote_restarts_ice) restart_transports();
    for (std::size_t i = 0; i < offer_.media.size(); ++i) sections_.push_back(make_section(i));
    bundle_groups();
    for (std::size_t i = 0; i < sections_.size(); ++i)
      if (!sections_[i].is_rejected) give_transport(i);
    ++core_.session_version;
    out_.text = write_all();
    return std::move(out_);
  }

 private:
  // RFC 8829 §5.3.2, RFC 8839 §4.4.1.1.1: new credentials for whoever restarts.
  void restart_transports() {
    std::set<std::size_t> indices;
    for (std::size_t i = 0; i < offer_.media.size(); ++i) {
      if (!changes(core_, offer_, i, Type::kOffer, "ice-ufrag")) continue;
      const auto found = out_.transport_of.find(key_of(offer_, i));
      if (found != out_.transport_of.end()) indices.insert(found->second);
    }
    for (const std::size_t index : indices) restart(out_.transports[index], shop_);
    shop_.trace.rule("8829:5.3.2#6"_rule);
    decisions_.push_back({.what = "ICE",
                          .accepted = true,
                          .why = "the offer has new credentials: we restart with new ones of ours",
                          .rule = "8829:5.3.2#6"_rule});
  }

  [[nodiscard]] std::string name(std::size_t i) const { return std::string(mid(offer_.media[i])); }
  [[nodiscard]] Desk desk(std::size_t i) const {
    return {.mid = name(i), .decisions = decisions_, .trace = shop_.trace};
  }

  Section rejected(std::size_t i, const Refusal& refusal) {
    const Media& media = offer_.media[i];
    desk(i).decide(media.lines.front().number, "section " + media.kind, false, refusal.why,
                   refusal.rule);
    shop_.trace.rule("3264:6#8"_rule, Fact{"mid", mid(media)});
    return {.kind = media.kind,
            .protocol = media.protocol,
            .formats = {media.formats.front()},
            .mid = name(i),
            .is_rejected = true};
  }

  Section make_section(std::size_t i) {
    const Media& media = offer_.media[i];
    if (auto refusal = why_refused(i)) return rejected(i, *refusal);
    for (const Rule& rule : kEverySection) shop_.trace.rule(rule);
    if (data_form(media) != DataForm::kNone) return data_section(i);
    return media_section(i);
  }

  // RFC 8829 §5.3.1, the conditions that can be judged before looking inside.
  std::optional<Refusal> why_refused(std::size_t i) const {
    const Media& media = offer_.media[i];
    if (is_rejected(offer_, media)) return Refusal{"it is offered with port 0", "3264:8.2#2"_rule};
    if (auto refusal = why_bundle_refuses(i)) return refusal;
    if (data_form(media) != DataForm::kNone) return std::nullopt;
    if (!as_media_kind(media.kind))
      return Refusal{"we have no use for " + media.kind, "3264:6.1#24"_rule};
    if (!is_dtls_srtp_profile(media.protocol))
      return Refusal{"the protocol is none that stands for DTLS-SRTP", "8829:5.1.2#4"_rule};
    const Transceiver* transceiver = core_.at_index(i);
    if (transceiver != nullptr && transceiver->is_stopped && !is_established_tag(i))
      return Refusal{"our transceiver for it is stopped", "8829:5.3.1#5"_rule};
    return std::nullopt;
  }

  // The section on whose transport a group stands already. Refusing it would end the whole group
  // (RFC 9143 §7.3.3), so that a stopped transceiver waits there until we offer.
  [[nodiscard]] bool is_established_tag(std::size_t i) const {
    return core_.bundled.size() > 1 && core_.bundled.front() == name(i);
  }

  [[nodiscard]] bool shares_bundle(std::size_t a, std::size_t b) const {
    const std::optional<Group> group = bundle_of(offer_, mid(offer_.media[a]));
    return group &&
           std::ranges::find(group->mids, mid(offer_.media[b]), &Token::text) != group->mids.end();
  }

  std::optional<Refusal> why_bundle_refuses(std::size_t i) const {
    if (shop_.config.bundle == BundlePolicy::kMaxCompat) return std::nullopt;
    for (std::size_t first = 0; first < i; ++first) {
      const bool counts = shop_.config.bundle == BundlePolicy::kMaxBundle ||
                          offer_.media[first].kind == offer_.media[i].kind;
      if (!counts || is_rejected(offer_, offer_.media[first])) continue;
      if (shares_bundle(first, i)) return std::nullopt;
      return Refusal{"it is in no group with the first section" +
                         (shop_.config.bundle == BundlePolicy::kMaxBundle
                              ? std::string(", and the policy is max-bundle")
                              : " of its kind, and the policy is balanced"),
                     "8829:5.3.1#5"_rule};
    }
    return std::nullopt;
  }

  Section data_section(std::size_t i) {
    const Media& media = offer_.media[i];
    shop_.trace.rule("8829:5.3.1#27"_rule);
    shop_.trace.rule("8829:5.3.1#28"_rule);
    shop_.trace.rule("8829:5.3.1#29"_rule);
    desk(i).decide(media.lines.front().number, "section application", true,
                   "it is for data channels", "8829:5.3.1#27"_rule);
    return {.kind = media.kind,
            .protocol = media.protocol,
            .formats = media.formats,
            .mid = name(i),
            .data = data_form(media),
            .sctp_port = shop_.config.sctp_port,
            .max_message_size = shop_.config.max_message_size};
  }

  Section media_section(std::size_t i) {
    const Media& media = offer_.media[i];
    const MediaKind kind = *as_media_kind(media.kind);
    const Transceiver* transceiver = core_.at_index(i);
    const Desk desk = this->desk(i);
    std::vector<Codec> codecs = select_codecs(
        media, shop_.config.codecs(kind),
        transceiver == nullptr ? std::vector<std::string>{} : transceiver->preferences, desk);
    drop_conflicts(i, codecs, desk);
    if (!codecs.empty()) shop_.trace.rule("8829:5.3.1#13"_rule);
    if (codecs.empty())
      return rejected(i, {"no codec is left that both sides have", "3264:6.1#24"_rule});
    Section section{.kind = media.kind,
                    .protocol = media.protocol,
                    .mid = name(i),
                    .direction = answer_direction(i, transceiver, desk),
                    .codecs = std::move(codecs)};
    section.extensions =
        select_extensions(offer_, media, shop_.config.extensions(kind), extension_ids_, desk);
    section.encodings = select_encodings(media, section.direction, section.codecs, desk);
    const Transport transport(offer_, media, Side::kAnswer);
    section.has_rtcp_mux = has_rtcp_mux(media) || transport.find("rtcp-mux").has_value();
    section.has_rtcp_rsize = has(media.lines, "rtcp-rsize");
    if (transceiver != nullptr && transceiver->current_direction) {
      shop_.trace.rule("8829:5.3.2#10"_rule);
      shop_.trace.rule("8829:5.3.2#16"_rule);
    }
    if (has(media.lines, "rtcp-mux-only")) shop_.trace.rule("8858:4.3#3"_rule);
    if (transceiver != nullptr && !transceiver->is_stopped)
      add_sender(section, *transceiver, core_);
    return section;
  }

  // RFC 9143 §9.1.1: in a group one payload type stands for one codec.
  void drop_conflicts(std::size_t i, std::vector<Codec>& codecs, const Desk& desk) {
    if (!bundle_of(offer_, mid(offer_.media[i]))) return;
    std::erase_if(codecs, [&](const Codec& codec) {
      const auto [known, is_new] = bundled_types_.try_emplace(codec.payload_type, codec);
      if (is_new || name_of(known->second) == name_of(codec)) return false;
      desk.decide(offer_.media[i].lines.front().number, "codec " + decimal(codec.payload_type),
                  false, "in its group the payload type stands for " + name_of(known->second),
                  "9143:9.1.1#1"_rule);
      return true;
    });
    if (std::ranges::none_of(codecs, [](const Codec& c) { return role(c) == CodecRole::kMedia; }))
      codecs.clear();
  }

  // RFC 3264 §6.1, RFC 8829 §5.3.1: what was offered, seen from here, as far as ours allows it.
  MediaDirection answer_direction(std::size_t i, const Transceiver* transceiver, const Desk& desk) {
    const MediaDirection offered = direction(offer_, offer_.media[i]);
    const MediaDirection ours = transceiver == nullptr || transceiver->is_stopped
                                    ? MediaDirection::kInactive
                                    : transceiver->direction;
    const MediaDirection chosen = intersection(reversed(offered), ours);
    const Rule rule = offered == MediaDirection::kSendOnly   ? "3264:6.1#3"_rule
                      : offered == MediaDirection::kRecvOnly ? "3264:6.1#4"_rule
                      : offered == MediaDirection::kInactive ? "3264:6.1#6"_rule
                                                             : "3264:6.1#5"_rule;
    desk.decide(offer_.media[i].lines.front().number, "section " + offer_.media[i].kind, true,
                std::string(to_text(chosen)) + ": they offer " + std::string(to_text(offered)) +
                    ", we want " + std::string(to_text(ours)),
                rule);
    return chosen;
  }

  // RFC 9143 §7.3.1: the first section of a group that stays, and has a transport, is tagged.
  void bundle_groups() {
    for (const Group& group : groups(offer_)) {
      if (group.semantics != "BUNDLE") continue;
      std::vector<std::size_t> members;
      for (const Token& token : group.mids) {
        const Media* media = find_mid(offer_, token.text);
        const auto i = static_cast<std::size_t>(media - offer_.media.data());
        if (!sections_[i].is_rejected) members.push_back(i);
      }
      close_group(group, members);
    }
  }

  // Is this section able to lend its transport to the group?
  [[nodiscard]] bool has_transport(std::size_t i) const {
    const Media& media = offer_.media[i];
    return !is_bundle_only(offer_, media) && find(offer_, media, "ice-ufrag").has_value();
  }

  void close_group(const Group& group, const std::vector<std::size_t>& members) {
    std::vector<std::string> mids;
    for (const std::size_t i : members) {
      if (mids.empty() && !has_transport(i)) {
        sections_[i] =
            rejected(i, {"the section whose transport it shares is refused", "9143:7.3.1#4"_rule});
        continue;
      }
      if (mids.empty()) tag_[i] = i;
      tag_[i] = mids.empty() ? i : tag_of(mids.front());
      mids.push_back(sections_[i].mid);
    }
    if (mids.empty()) return;
    const bool is_first = mids.front() == group.mids.front().text;
    shop_.trace.rule(is_first ? "9143:7.3.1#2"_rule : "9143:7.3.1#3"_rule,
                     Fact{"mid", mids.front()});
    shop_.trace.rule("8829:5.3.1#30"_rule);
    shop_.trace.rule("8829:5.3.1#31"_rule);
    decisions_.push_back({.line = group.line->number,
                          .what = "group BUNDLE",
                          .accepted = true,
                          .why = "all sections that stay share the transport of " + mids.front(),
                          .rule = "8829:5.3.1#31"_rule});
    groups_.push_back(bundle_group(mids));
  }

  [[nodiscard]] std::size_t tag_of(std::string_view wanted) const {
    for (std::size_t i = 0; i < sections_.size(); ++i)
      if (sections_[i].mid == wanted) return i;
    return 0;
  }

  void give_transport(std::size_t i) {
    const auto tagged = tag_.find(i);
    const std::size_t owner = tagged == tag_.end() ? i : tagged->second;
    const std::string key = key_of(offer_, owner);
    const auto [entry, is_new] = out_.transport_of.try_emplace(key, out_.transports.size());
    if (is_new) out_.transports.push_back(make_transport(shop_));
    LocalTransport& transport = out_.transports[entry->second];
    sections_[i].destination = default_destination(transport.candidates);
    fire_candidates(transport);
    shop_.trace.rule("8829:5.3.1#16"_rule);
    if (owner != i) {
      shop_.trace.rule("9143:7.1.3#5"_rule, Fact{"mid", sections_[i].mid});
      shop_.trace.rule("8829:5.3.2#7"_rule);
      shop_.trace.rule("8829:5.3.2#15"_rule);
      return;
    }
    if (core_.remote_renews_dtls) {
      shop_.trace.rule("8829:5.3.2#8"_rule);
      transport.tls_id = make_tls_id(shop_.random);
      transport.setup.reset();
    }
    shop_.trace.rule("8829:5.3.1#23"_rule);
    const Setup setup = choose_role(i, transport);
    transport.setup = setup;
    sections_[i].transport = lines_of(transport, shop_, setup);
    if (!Transport(offer_, offer_.media[i], Side::kOffer).find("tls-id"))
      sections_[i].transport->tls_id.clear();
  }

  void fire_candidates(const LocalTransport& transport) const {
    if (transport.candidates.empty()) {
      shop_.trace.rule("8829:5.3.1#8"_rule);
      shop_.trace.rule("8829:5.3.1#15"_rule);
    } else {
      shop_.trace.rule("8829:5.3.2#4"_rule);
      shop_.trace.rule("8829:5.3.2#13"_rule);
    }
    if (transport.end_of_candidates) shop_.trace.rule("8829:5.3.2#14"_rule);
  }

  // RFC 8829 §5.3.1 and, while the DTLS association goes on, §5.3.2.
  Setup choose_role(std::size_t i, const LocalTransport& transport) {
    const std::optional<Attribute> attribute =
        Transport(offer_, offer_.media[i], Side::kOffer).find("setup");
    const auto offered = attribute ? parse_setup(*attribute) : Result<Setup, Complaint>();
    const Setup theirs = offered ? *offered : Setup::kActpass;
    Setup chosen = theirs == Setup::kActive ? Setup::kPassive : Setup::kActive;
    Rule rule = theirs == Setup::kActpass ? "8829:5.3.1#25"_rule : "8829:5.3.1#26"_rule;
    if (theirs == Setup::kActpass && transport.setup) {
      chosen = *transport.setup;
      rule = "8829:5.3.2#9"_rule;
    }
    shop_.trace.rule("8829:5.3.1#24"_rule);
    desk(i).decide(attribute ? attribute->line->number : 0, "DTLS role", true,
                   std::string(to_text(chosen)) + ": they say " + std::string(to_text(theirs)),
                   rule);
    return chosen;
  }

  // RFC 8829 §5.3.1: LS groups of the offer, as far as our streams do not contradict.
  void lip_sync_groups() {
    for (const Group& group : groups(offer_)) {
      if (group.semantics != "LS") continue;
      std::string text = "LS";
      int count = 0;
      std::optional<std::vector<std::string>> common;
      for (const Token& token : group.mids) {
        const std::size_t i = tag_of(token.text);
        if (i >= sections_.size() || sections_[i].mid != token.text || sections_[i].is_rejected)
          continue;
        const Transceiver* transceiver = core_.at_index(i);
        const std::vector<std::string> streams =
            transceiver == nullptr ? std::vector<std::string>{} : transceiver->streams;
        if (common && *common != streams && !streams.empty() && !common->empty()) continue;
        if (!common || common->empty()) common = streams;
        text += ' ' + std::string(token.text);
        ++count;
      }
      shop_.trace.rule(count > 1 ? "8829:5.3.1#3"_rule : "8829:5.3.1#4"_rule);
      if (count > 1) groups_.push_back(text);
    }
  }

  // RFC 3264 §6: the t= line is the offer's.
  [[nodiscard]] std::string_view time() const {
    for (const Line& line : offer_.session)
      if (line.type == 't') return line.value;
    return "0 0";
  }

  // RFC 8829 §5.3.1: only where the offer has such an option.
  [[nodiscard]] bool has_ice_options() const {
    return std::ranges::any_of(offer_.media, [this](const Media& media) {
      const std::vector<std::string> options = ice_options(offer_, media);
      return std::ranges::find(options, "trickle") != options.end() ||
             std::ranges::find(options, "ice2") != options.end();
    });
  }

  std::string write_all() {
    lip_sync_groups();
    for (const Rule& rule :
         {"3264:6#1"_rule, "3264:6#2"_rule, "3264:6#3"_rule, "3264:6#5"_rule, "8829:5.3#1"_rule})
      shop_.trace.rule(rule);
    if (core_.session_version > 1) shop_.trace.rule("8829:5.3.2#2"_rule);
    Lines out;
    write_head(out, core_, time(), groups_, has_ice_options());
    for (const Section& section : sections_) write(out, section);
    return std::move(out).take();
  }

  Core& core_;
  const Workshop& shop_;
  Decisions& decisions_;
  const Description& offer_;
  ExtensionIds extension_ids_;
  Proposal out_;
  std::vector<Section> sections_;
  std::map<std::size_t, std::size_t> tag_;  // section to the one that lends it the transport
  std::map<std::uint8_t, Codec> bundled_types_;
  std::vector<std::string> groups_;
};

}  // namespace

std::string make_answer(Core& core, const Workshop& shop, Decisions& decisions) {
  decisions.clear();
  core.answer = AnswerBuilder(core, shop, decisions).build();
  return core.answer.text;
}

}  // namespace glass::sdp
