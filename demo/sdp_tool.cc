#include "demo/sdp_tool.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <fmt/format.h>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/text.h"
#include "demo/json.h"
#include "demo/safe_text.h"
#include "explain/sdpview.h"
#include "sdp/attributes/media.h"
#include "sdp/diff.h"
#include "sdp/explain.h"
#include "sdp/jsep/session.h"
#include "sdp/parse.h"

namespace glass::demo {
namespace {

using Ordered = nlohmann::ordered_json;

constexpr std::size_t kMaxText = sdp::kMaxDescriptionSize;
constexpr std::size_t kMaxName = 100;

// JSON holds UTF-8 only; what a stranger sent need not be.
std::string as_json_text(std::string_view text) {
  return sdp::is_utf8(text) ? std::string(text) : printable(text);
}

// "RFC 8829 §5.3.1"
std::string place(const Rule& rule) {
  if (rule.rfc == 0) return {};
  return fmt::format("RFC {} §{}", rule.rfc, rule.section);
}

void add_complaint(Ordered& out, const sdp::Complaint& complaint) {
  out["line"] = complaint.line;
  out["column"] = complaint.column;
  out["text"] = as_json_text(complaint.text);
  out["rule"] = to_text(complaint.rule);
}

std::string complaint_text(const sdp::Complaint& complaint) {
  std::string text = "problem: " + safe_text(sdp::to_text(complaint), 400);
  if (complaint.rule.rfc != 0) text += " (" + place(complaint.rule) + ")";
  return text + '\n';
}

SdpReport refusal(const sdp::Complaint& complaint, bool json, std::string_view which = {}) {
  if (!json)
    return {kExitFailed,
            (which.empty() ? "" : std::string(which) + ": ") + complaint_text(complaint)};
  Ordered out;
  out["ok"] = false;
  if (!which.empty()) out["which"] = which;
  add_complaint(out, complaint);
  return {kExitFailed, out.dump() + '\n'};
}

std::string answer_json(const std::string& answer, const sdp::Decisions& decisions) {
  Ordered out;
  out["ok"] = true;
  out["answer"] = answer;
  out["decisions"] = Ordered::array();
  for (const sdp::Decision& decision : decisions) {
    Ordered one;
    one["line"] = decision.line;
    one["mid"] = as_json_text(decision.mid);
    one["what"] = as_json_text(decision.what);
    one["accepted"] = decision.accepted;
    one["why"] = as_json_text(decision.why);
    one["rule"] = to_text(decision.rule);
    out["decisions"].push_back(one);
  }
  return out.dump() + '\n';
}

std::string answer_text(std::string answer, const sdp::Decisions& decisions) {
  std::string out = "What is taken (+) and what is not (-), by line of the offer:\n";
  for (const sdp::Decision& decision : decisions)
    out += fmt::format("{:>5} {} {}: {} ({})\n",
                       decision.line == 0 ? std::string() : std::to_string(decision.line),
                       decision.accepted ? '+' : '-', safe_text(decision.what),
                       safe_text(decision.why, 400), place(decision.rule));
  std::erase(answer, '\r');
  return out + "\nThe answer:\n\n" + answer;
}

sdp::SessionConfig config_of(const AnswerOptions& options) {
  sdp::SessionConfig config{.fingerprints = {options.fingerprint}};
  if (options.bundle == "max-compat") config.bundle = sdp::BundlePolicy::kMaxCompat;
  if (options.bundle == "max-bundle") config.bundle = sdp::BundlePolicy::kMaxBundle;
  return config;
}

}  // namespace

SdpReport explain_sdp(std::string_view text, bool json) {
  if (!json) {
    auto view = explain::sdpview(text);
    if (!view) return refusal(view.error(), false);
    return {kExitDone, *std::move(view)};
  }
  const auto description = sdp::parse(text);
  if (!description) return refusal(description.error(), true);
  Ordered out;
  out["ok"] = true;
  out["lines"] = Ordered::array();
  for (const sdp::LineNote& note : sdp::explain(*description)) {
    Ordered one;
    one["line"] = note.line;
    one["text"] = as_json_text(note.text);
    one["kind"] = as_json_text(note.kind);
    one["meaning"] = note.meaning;
    if (!note.detail.empty()) one["detail"] = as_json_text(note.detail);
    if (!note.section.empty()) one["section"] = note.section;
    out["lines"].push_back(one);
  }
  return {kExitDone, out.dump() + '\n'};
}

SdpReport diff_sdp(std::string_view first, std::string_view second, bool json) {
  const auto a = sdp::parse(first);
  if (!a) return refusal(a.error(), json, "first");
  const auto b = sdp::parse(second);
  if (!b) return refusal(b.error(), json, "second");
  const std::vector<sdp::SectionDiff> sections = sdp::diff(*a, *b);
  const ExitCode code = sections.empty() ? kExitDone : kExitFailed;
  if (json) {
    Ordered out;
    out["ok"] = true;
    out["equal"] = sections.empty();
    out["sections"] = Ordered::array();
    for (const sdp::SectionDiff& section : sections) {
      Ordered one;
      one["name"] = section.name;
      for (const char* name : {"first", "second"}) one[name] = Ordered::array();
      for (const sdp::LineChange& change : section.changes)
        one[change.side == sdp::DiffSide::kFirst ? "first" : "second"].push_back({
            {"line", change.line              },
            {"text", as_json_text(change.text)}
        });
      out["sections"].push_back(one);
    }
    return {code, out.dump() + '\n'};
  }
  std::string text = sections.empty() ? "They say the same.\n" : "";
  for (const sdp::SectionDiff& section : sections) {
    text += section.name + '\n';
    for (const sdp::LineChange& change : section.changes)
      text += fmt::format("  {} {:>4}  {}\n", change.side == sdp::DiffSide::kFirst ? '-' : '+',
                          change.line, safe_text(change.text, 400));
  }
  return {code, text};
}

SdpReport answer_sdp(std::string_view offer, const AnswerOptions& options, Random& random) {
  sdp::Session session(config_of(options), random);
  session.add_track(sdp::MediaKind::kAudio, {"glass"});
  session.add_track(sdp::MediaKind::kVideo, {"glass"});
  const sdp::Done taken = session.set_remote_description(sdp::Type::kOffer, offer);
  if (!taken) return refusal(taken.error().complaint, options.json);
  auto answer = session.create_answer();
  if (!answer) return refusal(answer.error().complaint, options.json);
  if (options.json) return {kExitDone, answer_json(*answer, session.decisions())};
  return {kExitDone, answer_text(*std::move(answer), session.decisions())};
}

struct SdpSession::Impl {
  Impl(const AnswerOptions& options, Random& random) : session(config_of(options), random) {}

  static std::string refused(const sdp::SessionError& error) {
    Ordered out;
    out["ok"] = false;
    out["name"] = sdp::to_text(error.name);
    add_complaint(out, error.complaint);
    return out.dump();
  }
  static std::string wrong(std::string_view what) {
    return refused({.name = sdp::ErrorName::kType, .complaint = {.text = std::string(what)}});
  }
  static std::string done(const sdp::Done& result) {
    return result ? R"({"ok":true})" : refused(result.error());
  }
  static std::string text(const Result<std::string, sdp::SessionError>& result) {
    if (!result) return refused(result.error());
    Ordered out;
    out["ok"] = true;
    out["sdp"] = *result;
    return out.dump();
  }
  static std::optional<sdp::Type> type_of(const Json& json) {
    const auto name = glass::demo::text_of(json, "type", kMaxName);
    for (const auto type :
         {sdp::Type::kOffer, sdp::Type::kPranswer, sdp::Type::kAnswer, sdp::Type::kRollback})
      if (name == sdp::to_text(type)) return type;
    return std::nullopt;
  }
  static std::optional<sdp::TransceiverId> id_of(const Json& json) {
    const auto id = number_of(json, "id", UINT32_MAX);
    if (!id) return std::nullopt;
    return sdp::TransceiverId{static_cast<std::uint32_t>(*id)};
  }
  static sdp::MediaDirection direction_in(const Json& json) {
    return sdp::as_direction(glass::demo::text_of(json, "direction", kMaxName).value_or(""))
        .value_or(sdp::MediaDirection::kSendRecv);
  }
  static std::string with_id(sdp::TransceiverId id) {
    return fmt::format(R"({{"ok":true,"id":{}}})", static_cast<std::uint32_t>(id));
  }

  std::string add(const Json& json, std::string_view what) {
    const auto kind = sdp::as_media_kind(glass::demo::text_of(json, "kind", kMaxName).value_or(""));
    if (!kind) return wrong("kind is audio or video");
    if (what == "add_track") return with_id(session.add_track(*kind, {"glass"}));
    sdp::TransceiverInit init{.direction = direction_in(json), .streams = {"glass"}};
    if (const auto rids = json.find("rids"); rids != json.end() && rids->is_array())
      for (const Json& rid : *rids)
        if (rid.is_string()) init.rids.push_back(rid.get<std::string>());
    const auto id = session.add_transceiver(*kind, std::move(init));
    return id ? with_id(*id) : refused(id.error());
  }

  std::string change(const Json& json, std::string_view what) {
    const auto id = id_of(json);
    if (!id) return wrong("id is the number of a transceiver");
    if (what == "remove_track") return done(session.remove_track(*id));
    if (what == "stop") return done(session.stop(*id));
    return done(session.set_direction(*id, direction_in(json)));
  }

  std::string set(const Json& json, bool is_local) {
    const auto type = type_of(json);
    if (!type) return wrong("type is offer, pranswer, answer or rollback");
    const std::string sdp = glass::demo::text_of(json, "sdp", kMaxText).value_or("");
    return done(is_local ? session.set_local_description(*type, sdp)
                         : session.set_remote_description(*type, sdp));
  }

  std::string state() const {
    Ordered out;
    out["ok"] = true;
    out["state"] = session.signaling_state();
    out["negotiation_needed"] = session.is_negotiation_needed();
    out["transceivers"] = Ordered::array();
    for (const sdp::Transceiver& transceiver : session.transceivers()) {
      Ordered one;
      one["id"] = static_cast<std::uint32_t>(transceiver.id);
      one["kind"] = to_text(transceiver.kind);
      one["mid"] = as_json_text(transceiver.mid);
      one["direction"] = to_text(transceiver.direction);
      if (transceiver.current_direction) one["current"] = to_text(*transceiver.current_direction);
      one["stopped"] = transceiver.is_stopped;
      one["codecs"] = Ordered::array();
      for (const sdp::Codec& codec : transceiver.media.send)
        one["codecs"].push_back(name_of(codec));
      one["send_rids"] = transceiver.media.send_rids;
      one["receive_rids"] = transceiver.media.receive_rids;
      out["transceivers"].push_back(one);
    }
    return out.dump();
  }

  sdp::Session session;
};

SdpSession::SdpSession(const AnswerOptions& options, Random& random)
    : impl_(std::make_unique<Impl>(options, random)) {}
SdpSession::~SdpSession() = default;

std::string SdpSession::handle(std::string_view line) {
  const auto json = parse_object(line);
  if (!json) return Impl::wrong("each line is one JSON object");
  const std::string what = text_of(*json, "do", kMaxName).value_or("");
  if (what == "add_track" || what == "add_transceiver") return impl_->add(*json, what);
  if (what == "remove_track" || what == "stop" || what == "set_direction")
    return impl_->change(*json, what);
  if (what == "create_data_channel") {
    impl_->session.create_data_channel();
    return R"({"ok":true})";
  }
  if (what == "create_offer") {
    const auto restart = json->find("ice_restart");
    const bool ice_restart =
        restart != json->end() && restart->is_boolean() && restart->get<bool>();
    return Impl::text(impl_->session.create_offer({.ice_restart = ice_restart}));
  }
  if (what == "create_answer") return Impl::text(impl_->session.create_answer());
  if (what == "set_local" || what == "set_remote") return impl_->set(*json, what == "set_local");
  if (what == "candidate")
    return Impl::done(impl_->session.add_local_candidate(
        text_of(*json, "mid", kMaxName).value_or(""),
        text_of(*json, "candidate", sdp::kMaxLineLength).value_or("")));
  if (what == "state") return impl_->state();
  return Impl::wrong("nobody knows \"" + safe_text(what) + "\"");
}

}  // namespace glass::demo
