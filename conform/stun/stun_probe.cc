#include "conform/stun/stun_probe.h"

#include <algorithm>

#include "base/text.h"
#include "explain/story/summary.h"

namespace glass::conform {
namespace {

constexpr std::size_t kStraysMax = 100;

std::string code_text(unsigned code) {
  return code == 0 ? "error without a code" : "error " + decimal(code);
}

}  // namespace

std::string Reply::name() const {
  switch (kind) {
    case Kind::kSuccess: return "success";
    case Kind::kError: return code_text(code);
    case Kind::kOther: return "other";
    case Kind::kMalformed: return "malformed";
    case Kind::kSilence: return "silence";
    case Kind::kClosed: return "closed";
    case Kind::kRefused: return "refused";
  }
  return "other";
}

stun::MessageView Reply::view() const {
  auto parsed = stun::MessageView::parse(bytes);
  CHECK(parsed.has_value());
  return *parsed;
}

bool Reply::has(AttributeType type) const { return is_answer() && view().has(type); }

std::string Reply::text_of(AttributeType type) const {
  if (!is_answer()) return {};
  const auto found = view().find(type);
  return found ? std::string(as_text(found->value)) : std::string();
}

Outcome outcome_of(const Reply& reply) {
  Outcome outcome{.name = reply.name()};
  if (!reply.bytes.empty()) outcome.detail = explain::summarize(reply.bytes);
  if (reply.kind == Reply::Kind::kMalformed) {
    const auto parsed = stun::MessageView::parse(reply.bytes);
    if (!parsed) outcome.detail = std::string(to_text(parsed.error()));
  }
  return outcome;
}

StunProbe::StunProbe(Session& session, Transport transport)
    : session_(session), transport_(transport), plug_(session.wire.open(transport)) {}

void StunProbe::say(Bytes bytes) {
  if (plug_) session_.wire.send(*plug_, session_.wire.target(transport_), bytes);
}

// The first whole message of the stream, whatever its length field makes of it.
std::optional<ByteVector> StunProbe::cut() {
  if (stream_.size() < 4) return std::nullopt;
  const std::size_t length = static_cast<std::size_t>(stream_[2] << 8 | stream_[3]);
  const bool is_channel = (stream_[0] & 0xC0) == 0x40;
  std::size_t size = is_channel ? 4 + length : stun::kHeaderSize + length;
  const std::size_t padded = is_channel ? (size + 3) & ~std::size_t{3} : size;
  if (stream_.size() < padded) return std::nullopt;
  ByteVector out(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(padded));
  stream_.erase(stream_.begin(), stream_.begin() + static_cast<std::ptrdiff_t>(padded));
  return out;
}

Reply StunProbe::judge(Heard heard) const {
  Reply reply{.from = heard.from, .bytes = std::move(heard.bytes)};
  switch (heard.kind) {
    case Heard::Kind::kNothing: return {};
    case Heard::Kind::kClosed: return {.kind = Reply::Kind::kClosed, .from = heard.from};
    case Heard::Kind::kRefused: return {.kind = Reply::Kind::kRefused, .from = heard.from};
    case Heard::Kind::kBytes: break;
  }
  const auto parsed = stun::MessageView::parse(reply.bytes);
  if (!parsed) {
    reply.kind = stun::is_stun(reply.bytes) ? Reply::Kind::kMalformed : Reply::Kind::kOther;
    return reply;
  }
  if (!parsed->is_response()) {
    reply.kind = Reply::Kind::kOther;
    return reply;
  }
  reply.kind = parsed->cls() == stun::Class::kSuccess ? Reply::Kind::kSuccess : Reply::Kind::kError;
  if (const auto error = stun::get<stun::ErrorCode>(*parsed)) reply.code = error->code;
  return reply;
}

Reply StunProbe::hear(Duration patience) {
  if (!plug_) return {.kind = Reply::Kind::kRefused};
  if (!is_stream()) return judge(session_.wire.receive(*plug_, patience));
  const Instant deadline = session_.wire.now() + patience;
  for (;;) {
    if (auto message = cut())
      return judge({Heard::Kind::kBytes, session_.wire.path(*plug_).remote, std::move(*message)});
    const Duration left = std::max(deadline - session_.wire.now(), Duration::zero());
    Heard heard = session_.wire.receive(*plug_, left);
    if (heard.kind != Heard::Kind::kBytes) return judge(std::move(heard));
    stream_.insert(stream_.end(), heard.bytes.begin(), heard.bytes.end());
  }
}

Reply StunProbe::hear_next(Duration patience) {
  if (strays_.empty()) return hear(patience);
  Reply first = std::move(strays_.front());
  strays_.erase(strays_.begin());
  return first;
}

Reply StunProbe::hear_answer(const TransactionId& id, Duration patience) {
  const Instant deadline = session_.wire.now() + patience;
  for (;;) {
    Reply reply = hear(std::max(deadline - session_.wire.now(), Duration::zero()));
    const bool is_over = reply.kind == Reply::Kind::kSilence ||
                         reply.kind == Reply::Kind::kClosed || reply.kind == Reply::Kind::kRefused;
    if (is_over) return reply;
    const bool is_ours = reply.bytes.size() >= stun::kHeaderSize &&
                         equal(Bytes(reply.bytes).subspan(8, id.bytes.size()), id.bytes);
    if (is_ours && reply.kind != Reply::Kind::kOther) return reply;
    if (strays_.size() < kStraysMax) strays_.push_back(std::move(reply));
  }
}

Reply StunProbe::ask(const RawStun& request) { return ask(request.bytes(), request.id()); }

Reply StunProbe::ask(Bytes bytes, const TransactionId& id) {
  Reply reply;
  const int tries = is_stream() ? 1 : session_.timing.tries;
  for (int i = 0; i < tries; ++i) {
    say(bytes);
    const Duration patience = session_.timing.answer * (is_stream() ? session_.timing.tries : 1);
    reply = hear_answer(id, patience);
    if (reply.kind != Reply::Kind::kSilence) return reply;
  }
  return reply;
}

Outcome StunProbe::silence_after(Bytes bytes) {
  strays_.clear();
  say(bytes);
  const Reply proof = ask(good_ ? good_() : binding());
  if (proof.kind == Reply::Kind::kClosed) return {.name = "closed"};
  if (proof.kind == Reply::Kind::kRefused) return {.name = "refused"};
  if (strays_.empty() && proof.kind == Reply::Kind::kSilence)
    return inconclusive("the good request behind it got no answer either");
  const Reply late = strays_.empty() ? hear(session_.timing.grace) : strays_.front();
  return outcome_of(late);
}

}  // namespace glass::conform
