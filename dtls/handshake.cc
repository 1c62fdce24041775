#include "dtls/handshake.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "base/writer.h"
#include "dtls/wire.h"

namespace glass::dtls {

std::string_view to_text(FragmentError error) {
  switch (error) {
    case FragmentError::kTruncated: return "truncated handshake fragment";
    case FragmentError::kBeyondMessage: return "handshake fragment ends behind its message";
    case FragmentError::kTooLong: return "handshake message longer than we store";
  }
  return "unknown";
}

Result<Fragment, FragmentError> parse_fragment(Reader& in) {
  in.open("Handshake");
  Fragment fragment;
  fragment.type = HandshakeType{in.u8("msg_type")};
  fragment.length = in.u24("length");
  fragment.message_seq = in.u16("message_seq");
  fragment.offset = in.u24("fragment_offset");
  const std::uint32_t length = in.u24("fragment_length");
  fragment.bytes = in.bytes(length, "fragment");
  in.close();
  if (!in.ok()) return std::unexpected(FragmentError::kTruncated);
  if (fragment.offset + length > fragment.length)
    return std::unexpected(FragmentError::kBeyondMessage);
  if (fragment.length > kMessageMax) return std::unexpected(FragmentError::kTooLong);
  return fragment;
}

void write(Writer& out, const Fragment& fragment) {
  out.u8(std::to_underlying(fragment.type)).u24(fragment.length).u16(fragment.message_seq);
  out.u24(fragment.offset).u24(static_cast<std::uint32_t>(fragment.bytes.size()));
  out.bytes(fragment.bytes);
}

void write_whole(Writer& out, const Message& message) {
  write(out, Fragment{.type = message.type,
                      .length = static_cast<std::uint32_t>(message.body.size()),
                      .message_seq = message.message_seq,
                      .offset = 0,
                      .bytes = message.body});
}

bool Reassembly::Partial::is_complete() const {
  if (body.empty()) return true;
  return pieces.size() == 1 && pieces.front().begin == 0 && pieces.front().end == body.size();
}

// Ranges may overlap and repeat: what they have in common is simply written again.
bool Reassembly::Partial::fill(const Fragment& fragment) {
  Piece piece{.begin = fragment.offset, .end = fragment.offset + fragment.bytes.size()};
  if (piece.begin == piece.end) return true;
  const auto first =
      std::ranges::find_if(pieces, [&](const Piece& p) { return p.end >= piece.begin; });
  const auto last =
      std::find_if(first, pieces.end(), [&](const Piece& p) { return p.begin > piece.end; });
  if (first == last && pieces.size() >= kPiecesMax) return false;
  copy_bytes(fragment.bytes, MutableBytes(body).subspan(fragment.offset));
  if (first != last) {
    piece.begin = std::min(piece.begin, first->begin);
    piece.end = std::max(piece.end, std::prev(last)->end);
  }
  pieces.insert(pieces.erase(first, last), piece);
  return true;
}

bool Reassembly::is_ahead(const Fragment& fragment) const {
  if (fragment.message_seq != next_) return true;
  const auto at = partials_.find(next_);
  const std::size_t begun =
      at == partials_.end() || at->second.pieces.empty() || at->second.pieces.front().begin > 0
          ? 0
          : at->second.pieces.front().end;
  return fragment.offset > begun;
}

bool Reassembly::add(const Fragment& fragment) {
  if (fragment.message_seq - next_ >= kMessagesAhead) {
    trace_.drop("6347:4.2.2#2"_rule, "handshake message too far ahead", fragment.bytes);
    return false;
  }
  if (fragment.message_seq > next_)
    trace_.rule("6347:4.2.2#2"_rule, Fact{"expected", next_}, Fact{"got", fragment.message_seq});
  if (fragment.bytes.size() < fragment.length)
    trace_.rule("6347:4.2.3#4"_rule, Fact{"message_seq", fragment.message_seq},
                Fact{"offset", fragment.offset}, Fact{"of", fragment.length});
  auto [at, is_new] = partials_.try_emplace(fragment.message_seq);
  Partial& partial = at->second;
  if (is_new) {
    partial.type = fragment.type;
    partial.body.resize(fragment.length);
  } else if (partial.type != fragment.type || partial.body.size() != fragment.length) {
    trace_.drop("6347:4.2.3#0"_rule, "fragments of one message disagree", fragment.bytes);
    return false;
  }
  if (partial.is_complete() || partial.fill(fragment)) return true;
  trace_.drop("6347:4.2.3#4"_rule, "message in too many pieces", fragment.bytes);
  return false;
}

std::optional<Message> Reassembly::pop() {
  const auto at = partials_.find(next_);
  if (at == partials_.end() || !at->second.is_complete()) return std::nullopt;
  Message message{
      .type = at->second.type, .message_seq = next_, .body = std::move(at->second.body)};
  partials_.erase(at);
  ++next_;
  return message;
}

void Reassembly::restart_at(std::uint16_t message_seq) {
  partials_.clear();
  next_ = message_seq;
}

}  // namespace glass::dtls
