#include "demo/companion.h"

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/text.h"
#include "crypto/equal.h"
#include "crypto/hmac.h"
#include "demo/json.h"
#include "demo/safe_text.h"
#include "demo/server/rooms.h"

namespace glass::demo {
namespace {

constexpr std::string_view kChat = "chat";
constexpr std::string_view kEcho = "echo";
constexpr std::string_view kFiles = "files";

// The first fingerprint of a description, in lower case, as both sides of a proof write it.
std::string fingerprint_in(std::string_view sdp) {
  constexpr std::string_view kLine = "a=fingerprint:";
  std::size_t at = sdp.starts_with(kLine) ? 0 : sdp.find("\na=fingerprint:");
  if (at == std::string_view::npos) return "";
  at += sdp[at] == '\n' ? kLine.size() + 1 : kLine.size();
  std::string text(sdp.substr(at, sdp.find_first_of("\r\n", at) - at));
  while (text.ends_with(' ')) text.pop_back();
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  return text;
}

}  // namespace

struct Companion::Signal {
  Json json;
};

Companion::Companion(CompanionConfig config, peer::Peer& peer, Storage& storage,
                     CompanionOwner& owner)
    : config_(std::move(config)),
      peer_(peer),
      owner_(owner),
      transfer_(config_.transfer, storage),
      other_(config_.other) {}

Companion::~Companion() = default;

void Companion::start(Instant) {
  owner_.say(write_json({
      {"type", "join"      },
      {"room", config_.room},
      {"name", config_.name}
  }));
}

bool Companion::is_over() const {
  const peer::State state = peer_.state();
  return state == peer::State::kFailed || state == peer::State::kClosed ||
         (other_left_ && !was_connected_);
}

void Companion::close(Instant now) {
  owner_.say(R"({"type":"leave"})");
  peer_.close(now);
  transfer_.on_closed();
  drain_transfer(now);
}

void Companion::say_chat(Instant now, std::string_view text) {
  if (chat_ && chat_->is_open)
    (void)peer_.send(now, chat_->id, sctp::MessageKind::kText, as_bytes(text));
}

// --- Signaling --------------------------------------------------------------------------------

void Companion::on_signal(Instant now, std::string_view text) {
  auto json = parse_object(text);
  if (!json) return;
  const Signal signal{std::move(*json)};
  const std::string type = text_of(signal.json, "type", 32).value_or("");
  if (type == "joined") return on_joined(now, signal);
  if (type == "error")
    return problem("signaling", text_of(signal.json, "code", 64).value_or("") + ": " +
                                    text_of(signal.json, "text", 1024).value_or(""));
  const std::string from =
      text_of(signal.json, type.starts_with("peer-") ? "id" : "from", 32).value_or("");
  if (from.empty()) return;
  if (type == "peer-joined") return meet(now, from, /*was_here_first=*/true);
  if (type == "peer-left" && from == other_) {
    other_left_ = true;
    if (!was_connected_) problem("signaling", "the other side left before we were connected");
    return;
  }
  if (type == "description" && (other_.empty() || from == other_)) {
    other_ = from;
    return on_description(now, signal);
  }
  if (type == "candidate" && from == other_) return on_candidate(now, signal);
}

void Companion::on_joined(Instant now, const Signal& signal) {
  owner_.on_joined(text_of(signal.json, "id", 32).value_or(""));
  const auto peers = signal.json.find("peers");
  if (peers == signal.json.end() || !peers->is_array()) return;
  for (const Json& other : *peers) {
    if (!other.is_object()) continue;
    const auto id = text_of(other, "id", 32);
    if (id && (config_.other.empty() || *id == config_.other))
      return meet(now, *id, /*was_here_first=*/false);
  }
}

void Companion::meet(Instant now, std::string_view other, bool was_here_first) {
  if (!other_.empty() && other != other_) return;  // we talk to one, and have found it
  if (has_remote_ || offerer_) return;
  other_ = other;
  if (config_.makes_offer.value_or(was_here_first)) make_offer(now);
}

void Companion::make_offer(Instant now) {
  offerer_ = true;
  for (const std::string_view label : {kChat, kFiles}) {
    sctp::ChannelConfig channel_config;
    channel_config.label = label;
    const auto channel = peer_.open(now, channel_config);
    if (!channel)
      return problem("channel", "the channel " + std::string(label) + " cannot be opened");
    (label == kChat ? chat_ : files_) = Channel{*channel};
  }
  const auto offer = peer_.create_offer(now);
  if (!offer) return problem(to_text(offer.error().stage), to_text(offer.error()));
  send_description(sdp::Type::kOffer, *offer);
}

void Companion::on_description(Instant now, const Signal& signal) {
  const bool is_offer = text_of(signal.json, "kind", 16) == "offer";
  const sdp::Type type = is_offer ? sdp::Type::kOffer : sdp::Type::kAnswer;
  const std::string sdp = text_of(signal.json, "sdp", Rooms::kMaxDescription).value_or("");
  owner_.on_described(/*sent=*/false, type, sdp.size());
  const auto accepted = peer_.set_remote(now, type, sdp);
  if (!accepted) return problem(to_text(accepted.error().stage), to_text(accepted.error()));
  has_remote_ = true;
  remote_fingerprint_ = fingerprint_in(sdp);
  if (is_offer) {
    const auto answer = peer_.create_answer(now);
    if (!answer) return problem(to_text(answer.error().stage), to_text(answer.error()));
    send_description(sdp::Type::kAnswer, *answer);
  }
  for (const std::string& line : std::exchange(early_candidates_, {})) add_candidate(now, line);
}

void Companion::send_description(sdp::Type type, std::string_view sdp) {
  local_fingerprint_ = fingerprint_in(sdp);
  owner_.on_described(/*sent=*/true, type, sdp.size());
  owner_.say(write_json({
      {"type", "description"                                 },
      {"to",   other_                                        },
      {"kind", type == sdp::Type::kOffer ? "offer" : "answer"},
      {"sdp",  sdp                                           }
  }));
}

void Companion::on_candidate(Instant now, const Signal& signal) {
  const auto line = text_of(signal.json, "candidate", Rooms::kMaxCandidate);
  if (!line) return;
  if (has_remote_) return add_candidate(now, *line);
  if (early_candidates_.size() < kMaxEarlyCandidates) early_candidates_.push_back(*line);
}

void Companion::add_candidate(Instant now, const std::string& line) {
  owner_.on_candidate(/*sent=*/false, line);
  const auto added = peer_.add_remote_candidate(now, line);
  if (!added) problem(to_text(added.error().stage), to_text(added.error()));
}

// --- The peer ---------------------------------------------------------------------------------

void Companion::on_event(Instant now, peer::Peer::Event& event) {
  const auto handle = [&](auto& e) {
    using E = std::remove_cvref_t<decltype(e)>;
    if constexpr (std::is_same_v<E, peer::LocalCandidate>) {
      owner_.on_candidate(/*sent=*/true, e.line);
      owner_.say(write_json({
          {"type",      "candidate"},
          {"to",        other_     },
          {"candidate", e.line     },
          {"mid",       "0"        }
      }));
    } else if constexpr (std::is_same_v<E, peer::GatheringDone>) {
      owner_.say(write_json({
          {"type",      "candidate"},
          {"to",        other_     },
          {"candidate", ""         },
          {"mid",       "0"        }
      }));
    } else if constexpr (std::is_same_v<E, peer::StateChanged>) {
      was_connected_ = was_connected_ || e.to == peer::State::kConnected;
      if (e.to == peer::State::kFailed || e.to == peer::State::kClosed) transfer_.on_closed();
      owner_.on_state(e.from, e.to);
    } else if constexpr (std::is_same_v<E, peer::PathChanged>) {
      owner_.on_path(e.path);
    } else if constexpr (std::is_same_v<E, peer::Secured>) {
      owner_.on_secured(e);
    } else if constexpr (std::is_same_v<E, peer::Failed>) {
      problem(to_text(e.error.stage), to_text(e.error));
    } else if constexpr (std::is_same_v<E, sctp::ChannelOpened>) {
      adopt(now, e);
    } else if constexpr (std::is_same_v<E, sctp::ChannelMessage>) {
      on_message(now, e);
    } else if constexpr (std::is_same_v<E, sctp::ChannelClosed>) {
      on_channel_closed(e.id);
    }
  };
  std::visit(handle, event);
  pump(now);
}

void Companion::adopt(Instant, const sctp::ChannelOpened& opened) {
  const bool is_files = opened.config.label == kFiles;
  if (config_.echoes_chat && opened.config.label == kEcho && echoes_.size() < kMaxEchoes)
    echoes_.push_back(opened.id);
  if (!is_files && opened.config.label != kChat)
    return owner_.on_channel(opened.config.label, true);
  std::optional<Channel>& channel = is_files ? files_ : chat_;
  if (channel && channel->id != opened.id) return;  // a second one of the same name
  channel = Channel{opened.id, true};
  owner_.on_channel(opened.config.label, true);
  if (!is_files) return;
  peer_.set_low_water(opened.id, Transfer::kLowWater);
  if (config_.secret.empty()) return owner_.on_files_open();
  transfer_.say_verify(proof(/*of_offerer=*/offerer_));
}

void Companion::on_message(Instant now, const sctp::ChannelMessage& message) {
  const bool is_text = message.kind == sctp::MessageKind::kText;
  if (files_ && message.id == files_->id) {
    if (!is_text) return transfer_.on_binary(message.bytes);
    if (!take_verify(as_text(message.bytes))) transfer_.on_text(as_text(message.bytes));
    return;
  }
  if (std::ranges::find(echoes_, message.id) != echoes_.end()) return echo(now, message);
  if (!chat_ || message.id != chat_->id || !is_text) return;
  owner_.on_chat(as_text(message.bytes));
  if (config_.echoes_chat) say_back(now, message);
}

void Companion::say_back(Instant now, const sctp::ChannelMessage& message) {
  const std::string text = "you said: " + safe_text(as_text(message.bytes), kMaxEcho);
  const auto sent = peer_.send(now, message.id, sctp::MessageKind::kText, as_bytes(text));
  if (!sent) problem("channel", "the chat is full: a message was not answered");
}

void Companion::echo(Instant now, const sctp::ChannelMessage& message) {
  if (!peer_.send(now, message.id, message.kind, message.bytes))
    problem("channel", "the echo is full: a message was not returned");
}

void Companion::on_channel_closed(sctp::ChannelId id) {
  std::erase(echoes_, id);
  if (chat_ && chat_->id == id) {
    chat_.reset();
    owner_.on_channel(kChat, false);
  }
  if (files_ && files_->id == id) {
    files_.reset();
    transfer_.on_closed();
    owner_.on_channel(kFiles, false);
  }
}

// --- Files ------------------------------------------------------------------------------------

void Companion::pump(Instant now) {
  drain_transfer(now);
  while (files_ && files_->is_open) {
    const Transfer::Message* const message = transfer_.next(peer_.buffered_amount(files_->id));
    if (message == nullptr) break;
    const auto kind = message->is_text ? sctp::MessageKind::kText : sctp::MessageKind::kBinary;
    if (!peer_.send(now, files_->id, kind, message->bytes)) break;  // full: again when it is low
    transfer_.sent();
  }
  drain_transfer(now);
}

void Companion::drain_transfer(Instant) {
  while (const auto event = transfer_.poll_event()) owner_.on_transfer(*event);
}

// Both know the secret of the link, the server does not. Each sends a keyed hash over both
// fingerprints as it sees them: whoever stands in between shows other fingerprints.
std::string Companion::proof(bool of_offerer) const {
  const std::string& first = offerer_ ? local_fingerprint_ : remote_fingerprint_;
  const std::string& second = offerer_ ? remote_fingerprint_ : local_fingerprint_;
  const std::string text =
      config_.room + "\n" + first + "\n" + second + "\n" + (of_offerer ? "offerer" : "answerer");
  return hex(crypto::hmac(crypto::HashKind::kSha256, as_bytes(config_.secret), as_bytes(text)));
}

// True: the text was a proof, and has been looked at.
bool Companion::take_verify(std::string_view text) {
  if (config_.secret.empty() || text.size() > Transfer::kMaxControl) return false;
  const auto json = parse_object(text);
  if (!json || text_of(*json, "type", 32) != "verify") return false;
  const std::string claimed = text_of(*json, "mac", 128).value_or("");
  const std::string expected = proof(/*of_offerer=*/!offerer_);
  const bool agrees = crypto::equal_secret(as_bytes(claimed), as_bytes(expected));
  owner_.on_verified(agrees);
  if (agrees) owner_.on_files_open();
  return true;
}

void Companion::problem(std::string_view stage, std::string_view text) {
  owner_.on_problem(stage, safe_text(text, 2000));
}

}  // namespace glass::demo
