// sdp/jsep/offer.cc - RFC 8829 §5.2: constructing an offer.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/rtp.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/description.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/core.h"
#include "sdp/jsep/payload_types.h"
#include "sdp/jsep/section.h"
#include "sdp/jsep/select.h"
#include "sdp/lines.h"

namespace glass::sdp {
namespace {

// What write_all() does for every offer; session_offer_test.cc looks at each.
constexpr std::array<Rule, 12> kEveryOffer{
    "8829:5.2.1#1"_rule,  "8829:5.2.1#2"_rule,  "8829:5.2.1#4"_rule,  "8829:5.2.1#7"_rule,
    "8829:5.2.1#9"_rule,  "8829:5.2.1#10"_rule, "8829:5.2.1#11"_rule, "8829:5.2.1#16"_rule,
    "8829:5.2.1#23"_rule, "8829:5.2.1#26"_rule, "8829:5.2.1#41"_rule, "8829:5.2.1#46"_rule};
// What a section without a transport of its own leaves out in a later offer.
constexpr std::array<Rule, 5> kBundledLater{"8829:5.2.2#13"_rule, "8829:5.2.2#18"_rule,
                                            "8829:5.2.2#31"_rule, "8829:5.2.2#32"_rule,
                                            "8829:5.2.1#35"_rule};
// What stays in a section that has been answered.
constexpr std::array<Rule, 7> kAnsweredBefore{
    "8829:5.2.2#7"_rule,  "8829:5.2.2#19"_rule, "8829:5.2.2#20"_rule, "8829:5.2.2#21"_rule,
    "8829:5.2.2#25"_rule, "8829:5.2.2#27"_rule, "8829:5.2.2#30"_rule};

class OfferBuilder {
 public:
  OfferBuilder(Core& core, const Workshop& shop, bool ice_restart) : core_(core), shop_(shop) {
    out_.transports = core.transports;
    out_.transport_of = core.transport_of;
    out_.next_mid = core.next_mid;
    if (ice_restart && !core.local().is_null()) restart_all();
  }

  Proposal build() {
    keep_sections();
    add_transceivers();
    add_data();
    plan_bundle();
    for (std::size_t i = 0; i < sections_.size(); ++i)
      if (!sections_[i].is_rejected) give_transport(i);
    ++core_.session_version;
    out_.text = write_all();
    return std::move(out_);
  }

 private:
  // RFC 8829 §5.2.3.1.
  void restart_all() {
    shop_.trace.rule("8829:5.2.3.1#1"_rule);
    for (LocalTransport& transport : out_.transports) restart(transport, shop_);
    out_.restarts_ice = true;
  }

  // The section with this name in the most recent answer; null: it was never answered.
  [[nodiscard]] const Media* last_answer(std::string_view name) const {
    if (core_.current_local.is_null()) return nullptr;
    const SetDescription& answer =
        core_.current_local.type == Type::kAnswer ? core_.current_local : core_.current_remote;
    return name.empty() ? nullptr : find_mid(answer.description, name);
  }

  void fire(std::span<const Rule> rules) const {
    for (const Rule& rule : rules) shop_.trace.rule(rule);
  }

  std::string new_mid() {
    shop_.trace.rule("8829:5.2.1#27"_rule);
    return decimal(out_.next_mid++);
  }

  // RFC 8829 §5.2.2: each section of the descriptions in force keeps its place.
  void keep_sections() {
    if (core_.local().is_null()) return;
    shop_.trace.rule("3264:8#9"_rule);
    shop_.trace.rule("3264:8#10"_rule);
    shop_.trace.rule("8829:5.2.2#3"_rule);
    if (!out_.restarts_ice) shop_.trace.rule("8829:5.2.2#12"_rule);
    const Description& last = core_.local().description;
    for (std::size_t i = 0; i < last.media.size(); ++i) keep_section(last, i);
  }

  void keep_section(const Description& last, std::size_t i) {
    const Media& media = last.media[i];
    const std::string name = key_of(last, i);
    const Transceiver* transceiver = core_.at_index(i);
    const bool is_zero = is_free(last, i);
    if (data_form(media) != DataForm::kNone) {
      if (!is_zero) return append(data_section(name), std::nullopt);
      if (core_.wants_data && !has_live_data(last))
        return append(data_section(new_mid()), std::nullopt);
    } else if (transceiver != nullptr && !transceiver->is_stopped && transceiver->mid == name) {
      shop_.trace.rule("8829:5.2.2#11"_rule, Fact{"mid", name});
      return append(media_section(*transceiver, name), transceiver->id);
    }
    if (!is_zero) shop_.trace.rule("8829:5.2.2#6"_rule, Fact{"mid", name});
    if (is_zero && has_zero_port(i)) recyclable_.push_back(i);
    append({.kind = media.kind,
            .protocol = media.protocol,
            .formats = {media.formats.front()},
            .mid = std::string(mid(media)),
            .is_rejected = true},
           std::nullopt);
  }

  // Rejected in the local or the remote description in force.
  [[nodiscard]] bool has_zero_port(std::size_t i) const {
    for (const SetDescription* set : {&core_.current_local, &core_.current_remote}) {
      const Description& description = set->description;
      if (i < description.media.size() && is_rejected(description, description.media[i]))
        return true;
    }
    return false;
  }

  // Is the place to be had? An offer that is out already has taken what was free before.
  [[nodiscard]] bool is_free(const Description& last, std::size_t i) const {
    return is_rejected(last, last.media[i]) || (core_.pending_local.is_null() && has_zero_port(i));
  }

  [[nodiscard]] bool has_live_data(const Description& last) const {
    for (std::size_t i = 0; i < last.media.size(); ++i)
      if (data_form(last.media[i]) != DataForm::kNone && !is_free(last, i)) return true;
    return false;
  }

  void append(Section section, std::optional<TransceiverId> owner) {
    sections_.push_back(std::move(section));
    out_.owners.push_back(owner);
  }

  // RFC 8829 §5.2.1: one section for each transceiver, in the order in which they were added;
  // §5.2.2: places that are free are taken first.
  void add_transceivers() {
    std::size_t next_free = 0;
    for (const Transceiver& transceiver : core_.transceivers) {
      if (transceiver.index) continue;
      if (transceiver.is_stopped) {
        shop_.trace.rule("8829:5.2.2#5"_rule);
        continue;
      }
      Section section = media_section(transceiver, new_mid());
      if (next_free < recyclable_.size()) {
        const std::size_t place = recyclable_[next_free++];
        shop_.trace.rule("8829:5.2.2#4"_rule, Fact{"index", place});
        sections_[place] = std::move(section);
        out_.owners[place] = transceiver.id;
        continue;
      }
      if (!core_.local().is_null()) shop_.trace.rule("3264:8.1#1"_rule);
      append(std::move(section), transceiver.id);
    }
  }

  void add_data() {
    const auto is_data = [](const Section& section) {
      return section.data != DataForm::kNone && !section.is_rejected;
    };
    if (!core_.wants_data || std::ranges::any_of(sections_, is_data)) return;
    shop_.trace.rule("8829:5.2.1#37"_rule);
    append(data_section(new_mid()), std::nullopt);
  }

  Section data_section(std::string name) {
    shop_.trace.rule("8829:5.2.1#38"_rule);
    shop_.trace.rule("8829:5.2.1#39"_rule);
    shop_.trace.rule("8829:5.2.1#40"_rule);
    return {.kind = "application",
            .protocol = "UDP/DTLS/SCTP",
            .formats = {std::string(kDataFormat)},
            .mid = std::move(name),
            .data = DataForm::kNew,
            .sctp_port = shop_.config.sctp_port,
            .max_message_size = shop_.config.max_message_size};
  }

  Section media_section(const Transceiver& transceiver, std::string name) {
    // RFC 8829 §5.1.2: the correct protocol, whatever was negotiated.
    shop_.trace.rule("8829:5.2.1#20"_rule);
    const Media* answered = last_answer(name);
    Section section{.kind = std::string(to_text(transceiver.kind)),
                    .protocol = "UDP/TLS/RTP/SAVPF",
                    .mid = std::move(name),
                    .direction = transceiver.direction,
                    .codecs = codecs_for(transceiver, answered),
                    .extensions = extensions_for(transceiver, answered)};
    if (answered != nullptr) fire(kAnsweredBefore);
    set_rtcp(section, answered);
    if (sends(section.direction)) add_encodings(section, transceiver);
    add_sender(section, transceiver, core_);
    return section;
  }

  std::vector<Codec> codecs_for(const Transceiver& transceiver, const Media* answered) {
    std::vector<Codec> codecs = shop_.config.codecs(transceiver.kind);
    if (!transceiver.preferences.empty()) {
      shop_.trace.rule("8829:5.2.1#21"_rule);
      codecs = prefer(codecs, transceiver.preferences);
    } else if (answered != nullptr) {
      shop_.trace.rule("8829:5.2.2#23"_rule);
      shop_.trace.rule("8829:5.2.2#24"_rule);
      codecs = in_order_of(codecs, codecs_of(*answered));
    } else {
      shop_.trace.rule("8829:5.2.1#22"_rule);
    }
    if (answered != nullptr) keep_feedback(codecs, codecs_of(*answered));
    return assign_payload_types(core_.payload_types, codecs);
  }

  // Those that were answered first, in the answer's order; RFC 8829 §5.2.2.
  static std::vector<Codec> in_order_of(const std::vector<Codec>& codecs,
                                        const std::vector<Codec>& answered) {
    std::vector<Codec> out;
    for (const Codec& wanted : answered)
      for (const Codec& codec : codecs)
        if (is_same_kind(codec, wanted) && std::ranges::find(out, codec) == out.end()) {
          out.push_back(codec);
          break;
        }
    for (const Codec& codec : codecs)
      if (std::ranges::find(out, codec) == out.end()) out.push_back(codec);
    return out;
  }

  static bool is_same_kind(const Codec& codec, const Codec& wanted) {
    return role(codec) != CodecRole::kRtx && why_different(wanted, codec).empty();
  }

  // RFC 8829 §5.2.2: feedback only as it was answered, but for formats that are new.
  void keep_feedback(std::vector<Codec>& codecs, const std::vector<Codec>& answered) {
    shop_.trace.rule("8829:5.2.2#26"_rule);
    for (Codec& codec : codecs) {
      const auto found = std::ranges::find_if(
          answered, [&codec](const Codec& wanted) { return is_same_kind(codec, wanted); });
      if (found == answered.end()) continue;
      std::erase_if(codec.feedback, [&found](const std::string& feedback) {
        return std::ranges::find(found->feedback, feedback) == found->feedback.end();
      });
    }
  }

  std::vector<Extension> extensions_for(const Transceiver& transceiver, const Media* answered) {
    std::vector<Extension> extensions = shop_.config.extensions(transceiver.kind);
    if (answered != nullptr) {
      std::erase_if(extensions, [answered](const Extension& extension) {
        return !was_answered(*answered, extension.uri);
      });
    }
    for (Extension& extension : extensions)
      extension.id = assign_extension_id(core_.extension_ids, extension);
    std::erase_if(extensions, [](const Extension& extension) { return extension.id == 0; });
    return extensions;
  }

  static bool was_answered(const Media& answered, std::string_view uri) {
    for (const Attribute& attribute : find_all(answered.lines, "extmap"))
      if (const auto map = parse_extmap(attribute); map && map->uri == uri) return true;
    return false;
  }

  void set_rtcp(Section& section, const Media* answered) {
    if (answered == nullptr) {
      section.has_rtcp_mux = true;
      section.has_rtcp_rsize = true;
      section.has_rtcp_mux_only = shop_.config.rtcp_mux == RtcpMuxPolicy::kRequire;
      if (section.has_rtcp_mux_only) shop_.trace.rule("8858:4.2#2"_rule);
      return;
    }
    shop_.trace.rule("8829:5.2.2#28"_rule);
    shop_.trace.rule("8829:5.2.2#29"_rule);
    const Transceiver* transceiver = find_by_mid(section.mid);
    section.has_rtcp_mux = transceiver == nullptr || transceiver->media.rtcp_mux;
    section.has_rtcp_rsize = transceiver == nullptr || transceiver->media.rtcp_rsize;
  }

  [[nodiscard]] const Transceiver* find_by_mid(std::string_view name) const {
    const auto found = std::ranges::find(core_.transceivers, name, &Transceiver::mid);
    return found == core_.transceivers.end() ? nullptr : &*found;
  }

  void add_encodings(Section& section, const Transceiver& transceiver) {
    for (const std::string& rid : transceiver.rids) {
      shop_.trace.rule("8829:5.2.1#32"_rule);
      shop_.trace.rule("8829:5.2.1#33"_rule);
      section.encodings.rids.push_back(rid + " send");
      section.encodings.send_ids.push_back(rid);
    }
    if (transceiver.rids.size() < 2) return;
    shop_.trace.rule("8829:5.2.1#34"_rule);
    section.encodings.simulcast = "send ";
    for (const std::string& rid : transceiver.rids) {
      if (!section.encodings.simulcast.ends_with(' ')) section.encodings.simulcast += ';';
      section.encodings.simulcast += rid;
    }
  }

  // RFC 8829 §5.2.2 and RFC 9143 §7.5: who was bundled stays so, the tagged section first; who was
  // answered without stays without; who is new is offered for the group.
  void plan_bundle() {
    std::set<std::string, std::less<>> alive;
    for (const Section& section : sections_)
      if (!section.is_rejected) alive.insert(section.mid);
    for (const std::string& name : core_.bundled)
      if (alive.contains(name)) group_.push_back(name);
    established_ = group_.size();
    for (const Section& section : sections_) {
      const bool is_new = last_answer(section.mid) == nullptr;
      const bool is_named = place_in_group(section.mid) < group_.size();
      if (!section.is_rejected && is_new && !is_named) group_.push_back(section.mid);
    }
    shop_.trace.rule(core_.current_local.is_null() ? "8829:5.2.1#42"_rule : "8829:5.2.2#34"_rule);
    if (established_ > 0) shop_.trace.rule("8829:5.2.2#33"_rule);
  }

  [[nodiscard]] std::size_t place_in_group(std::string_view name) const {
    return static_cast<std::size_t>(std::ranges::find(group_, name) - group_.begin());
  }

  // RFC 8829 §4.1.1: sections that share a transport from the start.
  [[nodiscard]] bool is_bundle_only(std::size_t i) const {
    const auto is_alive = [](const Section& section) { return !section.is_rejected; };
    switch (shop_.config.bundle) {
      case BundlePolicy::kMaxCompat: return false;
      case BundlePolicy::kMaxBundle:
        return std::any_of(sections_.begin(), sections_.begin() + static_cast<std::ptrdiff_t>(i),
                           is_alive);
      case BundlePolicy::kBalanced:
        return std::any_of(sections_.begin(), sections_.begin() + static_cast<std::ptrdiff_t>(i),
                           [&](const Section& section) {
                             return is_alive(section) && section.kind == sections_[i].kind;
                           });
    }
    return false;
  }

  std::size_t transport_index(const std::string& name) {
    const auto [entry, is_new] = out_.transport_of.try_emplace(name, out_.transports.size());
    if (is_new) out_.transports.push_back(make_transport(shop_));
    return entry->second;
  }

  void give_transport(std::size_t i) {
    Section& section = sections_[i];
    const std::size_t place = place_in_group(section.mid);
    const bool is_tagged = place == 0 && !group_.empty();
    if (place < established_ && !is_tagged) {
      fire(kBundledLater);
      set_destination(section, transport_index(group_.front()));
      return;
    }
    if (place >= established_ && place < group_.size() && !is_tagged && is_bundle_only(i)) {
      shop_.trace.rule("8829:5.2.1#14"_rule, Fact{"mid", section.mid});
      shop_.trace.rule("8829:5.2.1#18"_rule, Fact{"mid", section.mid});
      shop_.trace.rule("8829:5.2.1#25"_rule, Fact{"mid", section.mid});
      section.is_bundle_only = true;
      return;
    }
    const std::size_t index = transport_index(section.mid);
    set_destination(section, index);
    shop_.trace.rule("8829:5.2.1#13"_rule, Fact{"mid", section.mid});
    shop_.trace.rule("8829:5.2.1#15"_rule, Fact{"mid", section.mid});
    shop_.trace.rule("8829:5.2.1#36"_rule);
    section.transport = lines_of(out_.transports[index], shop_, Setup::kActpass);
  }

  void set_destination(Section& section, std::size_t index) const {
    const LocalTransport& transport = out_.transports[index];
    if (transport.candidates.empty()) {
      shop_.trace.rule("8829:5.2.1#19"_rule);
      shop_.trace.rule("8829:5.2.1#24"_rule);
    } else {
      shop_.trace.rule("8829:5.2.2#9"_rule);
      shop_.trace.rule("8829:5.2.2#16"_rule);
    }
    if (transport.end_of_candidates) shop_.trace.rule("8829:5.2.2#17"_rule);
    section.destination = default_destination(out_.transports[index].candidates);
  }

  // RFC 8829 §5.2.1: streams that several sections carry are to be played in step.
  [[nodiscard]] std::vector<std::string> lip_sync_groups() const {
    std::map<std::string, std::string> mids;
    std::map<std::string, int> count;
    for (std::size_t i = 0; i < sections_.size(); ++i) {
      const auto owner = out_.owners[i];
      const Transceiver* transceiver = owner ? core_.find(*owner) : nullptr;
      if (transceiver == nullptr || sections_[i].is_rejected || sections_[i].msids.empty())
        continue;
      for (const std::string& stream : transceiver->streams) {
        mids[stream] += ' ' + sections_[i].mid;
        ++count[stream];
      }
    }
    std::vector<std::string> groups;
    for (const auto& [stream, list] : mids)
      if (count[stream] > 1) groups.push_back("LS" + list);
    if (!groups.empty()) shop_.trace.rule("8829:5.2.1#43"_rule);
    return groups;
  }

  std::string write_all() {
    fire(kEveryOffer);
    if (core_.session_version > 1) shop_.trace.rule("8829:5.2.2#2"_rule);
    std::vector<std::string> groups = lip_sync_groups();
    if (!group_.empty()) groups.insert(groups.begin(), bundle_group(group_));
    Lines out;
    write_head(out, core_, "0 0", groups, true);
    for (const Section& section : sections_) write(out, section);
    return std::move(out).take();
  }

  Core& core_;
  const Workshop& shop_;
  Proposal out_;
  std::vector<Section> sections_;
  std::vector<std::size_t> recyclable_;
  std::vector<std::string> group_;
  std::size_t established_ = 0;  // how many of the group were bundled before
};

}  // namespace

std::string make_offer(Core& core, const Workshop& shop, bool ice_restart) {
  core.offer = OfferBuilder(core, shop, ice_restart).build();
  return core.offer.text;
}

}  // namespace glass::sdp
