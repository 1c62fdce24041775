#include "demo/transfer.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"
#include "base/text.h"
#include "base/writer.h"
#include "demo/json.h"
#include "demo/safe_text.h"

namespace glass::demo {
namespace {

constexpr std::uint64_t kMaxJsonNumber = (std::uint64_t{1} << 53) - 1;  // what a page can count to
constexpr std::uint64_t kMaxId = 0xffff'ffff;

std::string finish_hex(crypto::Hash& hash) {
  std::array<std::uint8_t, crypto::kHashSizeMax> digest{};
  const MutableBytes out = MutableBytes(digest).first(hash.size());
  hash.finish(out);
  return hex(out);
}

}  // namespace

struct Transfer::Incoming {
  std::string name;
  std::uint64_t size = 0;
  std::uint64_t done = 0;
  std::unique_ptr<Target> target;  // null: not accepted yet
  crypto::Hash hash{crypto::HashKind::kSha256};
  std::string sha256;
};

struct Transfer::Outgoing {
  std::unique_ptr<Source> source;
  std::uint64_t done = 0;
  bool accepted = false;
  bool ended = false;  // all is said, the receiver's word is awaited
  crypto::Hash hash{crypto::HashKind::kSha256};
  std::string sha256;
};

struct Transfer::Control {
  Json json;
  std::uint32_t id = 0;
  std::string reason;
};

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kDone: return "done";
    case Outcome::kRefused: return "refused";
    case Outcome::kCancelled: return "cancelled";
    case Outcome::kMismatch: return "damaged";
    case Outcome::kDisk: return "disk error";
    case Outcome::kLost: return "connection lost";
  }
  return "";
}

Transfer::Transfer(const Config& config, Storage& storage) : config_(config), storage_(storage) {}
Transfer::~Transfer() = default;

// --- Commands ---------------------------------------------------------------------------------

std::optional<std::uint32_t> Transfer::offer(std::unique_ptr<Source> source) {
  if (outgoing_.size() >= kMaxOpen) return std::nullopt;
  const std::uint32_t id = next_id_++;
  if (next_id_ == 0) next_id_ = kFirstId;
  say(write_json({
      {"type", "offer"                       },
      {"id",   id                            },
      {"name", safe_file_name(source->name())},
      {"size", source->size()                }
  }));
  Outgoing transfer;
  transfer.source = std::move(source);
  outgoing_.insert_or_assign(id, std::move(transfer));
  return id;
}

void Transfer::accept(std::uint32_t id) {
  const auto found = incoming_.find(id);
  if (found == incoming_.end() || found->second.target != nullptr) return;
  auto target = storage_.create(found->second.name, found->second.size);
  if (!target) {
    say_over("refuse", id, target.error().text);
    return end_incoming(id, Outcome::kDisk, target.error().text);
  }
  found->second.target = std::move(*target);
  say(write_json({
      {"type", "accept"},
      {"id",   id      }
  }));
}

void Transfer::refuse(std::uint32_t id, std::string_view reason) {
  const auto found = incoming_.find(id);
  if (found == incoming_.end() || found->second.target != nullptr) return;
  say_over("refuse", id, reason);
  end_incoming(id, Outcome::kRefused, std::string(reason));
}

void Transfer::request(std::string_view name, std::uint64_t size) {
  say(write_json({
      {"type", "request"},
      {"name", name     },
      {"size", size     }
  }));
}

void Transfer::decline(std::string_view reason) {
  say(write_json({
      {"type",   "refuse"},
      {"reason", reason  }
  }));
}

void Transfer::say_verify(std::string_view mac) {
  say(write_json({
      {"type", "verify"},
      {"mac",  mac     }
  }));
}

void Transfer::cancel(TransferKey key, std::string_view reason) {
  const bool known = key.way == Way::kIn ? incoming_.contains(key.id) : outgoing_.contains(key.id);
  if (!known) return;
  say_over("cancel", key.id, reason);
  if (key.way == Way::kIn) return end_incoming(key.id, Outcome::kCancelled, std::string(reason));
  end_outgoing(key.id, Outcome::kCancelled, std::string(reason));
}

// --- In ---------------------------------------------------------------------------------------

void Transfer::on_text(std::string_view text) {
  if (text.size() > kMaxControl) return;
  auto json = parse_object(text);
  if (!json) return;
  const std::string type = text_of(*json, "type", 32).value_or("");
  if (type == "request") {
    const auto name = text_of(*json, "name", kMaxControl);
    if (name && events_.size() < kMaxQueued)
      events_.emplace_back(Requested{.name = safe_file_name(*name),
                                     .size = number_of(*json, "size", kMaxJsonNumber).value_or(0)});
    return;
  }
  const auto id = number_of(*json, "id", kMaxId);
  if (!id) return;
  Control control{std::move(*json), static_cast<std::uint32_t>(*id), {}};
  control.reason = safe_text(text_of(control.json, "reason", kMaxControl).value_or(""));
  if (type == "offer") return on_offer(control);
  if (type == "accept") return on_accept(control);
  if (type == "end") return on_end(control);
  if (type == "received") return on_received(control);
  if (type == "refuse") return on_over(control, Outcome::kRefused);
  if (type == "cancel") return on_over(control, Outcome::kCancelled);
}

void Transfer::on_offer(const Control& control) {
  const auto name = text_of(control.json, "name", kMaxControl);
  const auto size = number_of(control.json, "size", kMaxJsonNumber);
  if (!name || !size) return say_over("refuse", control.id, "an offer has a name and a size");
  if (incoming_.contains(control.id)) return;  // the same offer twice
  if (*size > config_.max_size)
    return say_over(
        "refuse", control.id,
        "the file is too large: at most " + bytes_text(config_.max_size) + " are taken");
  if (incoming_.size() >= kMaxOpen || events_.size() >= kMaxQueued)
    return say_over("refuse", control.id, "too many files at once");
  Incoming transfer;
  transfer.name = safe_file_name(*name);
  transfer.size = *size;
  events_.emplace_back(Offered{.id = control.id, .name = transfer.name, .size = *size});
  incoming_.emplace(control.id, std::move(transfer));
}

void Transfer::on_binary(Bytes bytes) {
  Reader in(bytes);
  const std::uint32_t id = in.u32("id");
  const Bytes piece = in.rest();
  const auto found = incoming_.find(id);
  if (!in.ok() || found == incoming_.end() || found->second.target == nullptr) return;
  Incoming& transfer = found->second;
  if (piece.size() > transfer.size - transfer.done) {
    say_over("cancel", id, "more bytes than offered");
    return end_incoming(id, Outcome::kMismatch, "more bytes came than were offered");
  }
  if (const auto written = transfer.target->write(piece); !written) {
    say_over("cancel", id, written.error().text);
    return end_incoming(id, Outcome::kDisk, written.error().text);
  }
  transfer.hash.update(piece);
  transfer.done += piece.size();
  progress({Way::kIn, id}, transfer.done, transfer.size);
}

void Transfer::on_end(const Control& control) {
  const auto found = incoming_.find(control.id);
  if (found == incoming_.end() || found->second.target == nullptr) return;
  Incoming& transfer = found->second;
  transfer.sha256 = finish_hex(transfer.hash);
  std::string claimed = text_of(control.json, "sha256", 128).value_or("");
  std::ranges::transform(claimed, claimed.begin(), [](char c) {
    return c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c;
  });
  Json answer{
      {"type",   "received"     },
      {"id",     control.id     },
      {"size",   transfer.done  },
      {"sha256", transfer.sha256}
  };
  const bool whole = transfer.done == transfer.size;
  if (!whole || claimed != transfer.sha256) {
    answer["ok"] = false;
    say(write_json(answer));
    return end_incoming(control.id, Outcome::kMismatch,
                        whole ? "the SHA-256 differs from the sender's" : "bytes are missing");
  }
  auto name = transfer.target->commit();
  answer["ok"] = name.has_value();
  if (!name) {
    say(write_json(answer));
    say_over("cancel", control.id, name.error().text);
    return end_incoming(control.id, Outcome::kDisk, name.error().text);
  }
  answer["name"] = *name;
  say(write_json(answer));
  transfer.name = std::move(*name);
  end_incoming(control.id, Outcome::kDone, "");
}

void Transfer::on_accept(const Control& control) {
  const auto found = outgoing_.find(control.id);
  if (found == outgoing_.end() || std::exchange(found->second.accepted, true)) return;
  turn_.push_back(control.id);
}

void Transfer::on_received(const Control& control) {
  const auto found = outgoing_.find(control.id);
  if (found == outgoing_.end() || !found->second.ended) return;
  const auto ok = control.json.find("ok");
  const bool agrees = ok != control.json.end() && ok->is_boolean() && ok->get<bool>() &&
                      text_of(control.json, "sha256", 128) == found->second.sha256;
  if (agrees) return end_outgoing(control.id, Outcome::kDone, "");
  end_outgoing(control.id, Outcome::kMismatch, "the receiver has other bytes than were sent");
}

void Transfer::on_over(const Control& control, Outcome outcome) {
  if (outgoing_.contains(control.id)) return end_outgoing(control.id, outcome, control.reason);
  if (outcome == Outcome::kCancelled && incoming_.contains(control.id))
    end_incoming(control.id, outcome, control.reason);
}

void Transfer::on_closed() {
  control_.clear();
  piece_.clear();
  while (!incoming_.empty())
    end_incoming(incoming_.begin()->first, Outcome::kLost, "the connection was lost");
  while (!outgoing_.empty())
    end_outgoing(outgoing_.begin()->first, Outcome::kLost, "the connection was lost");
}

// --- Out --------------------------------------------------------------------------------------

const Transfer::Message* Transfer::next(std::uint64_t buffered) {
  if (piece_.empty() && control_.empty() && buffered < kHighWater && !turn_.empty())
    (void)read_piece(outgoing_.at(turn_.front()));
  if (!piece_.empty()) {
    message_ = {.is_text = false, .bytes = piece_};
  } else if (!control_.empty()) {
    message_ = {.is_text = true, .bytes = as_bytes(control_.front())};
  } else {
    return nullptr;
  }
  return &message_;
}

void Transfer::sent() {
  if (!piece_.empty()) {
    piece_.clear();
  } else if (!control_.empty()) {
    control_.pop_front();
  }
}

// Reads the next piece of the transfer whose turn it is. False: there is none; then what follows
// instead was said.
bool Transfer::read_piece(Outgoing& transfer) {
  const std::uint32_t id = turn_.front();
  const std::size_t room = std::clamp<std::size_t>(config_.piece, 1, kMaxPiece);
  Writer out(piece_);
  out.u32(id);
  const auto got = transfer.source->read(out.append(room));
  const std::uint64_t left = transfer.source->size() - transfer.done;
  const bool changed = got && (*got > left || (*got == 0 && left > 0));
  if (!got || changed) {
    piece_.clear();
    const std::string reason = changed ? "the file changed while it was sent" : got.error().text;
    say_over("cancel", id, reason);
    end_outgoing(id, Outcome::kDisk, reason);
    return false;
  }
  if (*got == 0) {
    piece_.clear();
    transfer.sha256 = finish_hex(transfer.hash);
    transfer.ended = true;
    turn_.pop_front();
    say(write_json({
        {"type",   "end"          },
        {"id",     id             },
        {"sha256", transfer.sha256}
    }));
    return false;
  }
  piece_.resize(kHeader + *got);
  transfer.hash.update(Bytes(piece_).subspan(kHeader));
  transfer.done += *got;
  progress({Way::kOut, id}, transfer.done, transfer.source->size());
  return true;
}

void Transfer::say(std::string text) {
  if (control_.size() < kMaxQueued) control_.push_back(std::move(text));
}

void Transfer::say_over(std::string_view type, std::uint32_t id, std::string_view reason) {
  say(write_json({
      {"type",   type  },
      {"id",     id    },
      {"reason", reason}
  }));
}

// --- Events -----------------------------------------------------------------------------------

std::optional<Transfer::Event> Transfer::poll_event() {
  if (events_.empty()) return std::nullopt;
  Event event = std::move(events_.front());
  events_.pop_front();
  return event;
}

// A newer progress replaces one that nobody has fetched.
void Transfer::progress(TransferKey key, std::uint64_t done, std::uint64_t size) {
  Progress* const last = events_.empty() ? nullptr : std::get_if<Progress>(&events_.back());
  if (last != nullptr && last->key == key) {
    last->done = done;
  } else if (events_.size() < kMaxQueued) {
    events_.emplace_back(Progress{key, done, size});
  }
}

void Transfer::end_incoming(std::uint32_t id, Outcome outcome, std::string reason) {
  const auto found = incoming_.find(id);
  CHECK(found != incoming_.end());
  events_.emplace_back(Ended{
      .key = {Way::kIn, id},
      .outcome = outcome,
      .name = found->second.name,
      .size = found->second.size,
      .sha256 = found->second.sha256,
      .reason = std::move(reason)
  });
  incoming_.erase(found);
}

void Transfer::end_outgoing(std::uint32_t id, Outcome outcome, std::string reason) {
  const auto found = outgoing_.find(id);
  CHECK(found != outgoing_.end());
  events_.emplace_back(Ended{
      .key = {Way::kOut, id},
      .outcome = outcome,
      .name = found->second.source->name(),
      .size = found->second.source->size(),
      .sha256 = found->second.sha256,
      .reason = std::move(reason)
  });
  std::erase(turn_, id);
  outgoing_.erase(found);
}

}  // namespace glass::demo
