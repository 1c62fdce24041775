#include "explain/story/summary.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/text.h"
#include "dtls/handshake.h"
#include "dtls/messages/alert.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/wire.h"
#include "explain/format.h"
#include "explain/names.h"
#include "sctp/channel/dcep.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/names.h"

namespace glass::explain {
namespace {

std::string bytes_text(std::size_t count) { return decimal(count) + " B"; }

std::string quoted(std::string_view text) {
  constexpr std::size_t kShown = 40;
  std::string out = "\"" + printable(text.substr(0, kShown));
  if (text.size() > kShown) out += "...";
  return out + '"';
}

// --- STUN ---

std::string attribute_text(const stun::MessageView& message, const stun::Attribute& attribute) {
  using stun::AttributeType;
  switch (attribute.type) {
    case AttributeType::kUsername: return " user=" + printable(as_text(attribute.value));
    case AttributeType::kPriority:
      return " priority=" + decimal(Reader(attribute.value).u32("Priority"));
    case AttributeType::kUseCandidate: return " USE-CANDIDATE";
    case AttributeType::kIceControlling: return " controlling";
    case AttributeType::kIceControlled: return " controlled";
    case AttributeType::kXorMappedAddress: {
      const auto mapped = stun::get<stun::XorMappedAddress>(message);
      return mapped ? " mapped=" + to_text(mapped->address) : "";
    }
    case AttributeType::kErrorCode: {
      if (attribute.value.size() < 4) return {};
      const unsigned code = (attribute.value[2] & 7U) * 100 + attribute.value[3];
      return ' ' + decimal(code) + ' ' + printable(as_text(attribute.value.subspan(4)));
    }
    default: return {};
  }
}

std::string summarize_stun(Bytes bytes) {
  const auto message = stun::MessageView::parse(bytes);
  if (!message) return "STUN, malformed: " + std::string(stun::to_text(message.error()));
  std::string out = "STUN " + std::string(stun::name(message->method())) + ' ' +
                    std::string(stun::name(message->cls()));
  for (const stun::Attribute& attribute : message->attributes())
    out += attribute_text(*message, attribute);
  return out;
}

// --- DTLS ---

std::string handshake_text(Bytes bytes) {
  std::string out;
  Reader in(bytes);
  while (in.left() > 0) {
    const auto fragment = dtls::parse_fragment(in);
    if (!fragment) return out + " malformed handshake";
    out += (out.empty() ? "" : ", ") + std::string(dtls::to_text(fragment->type));
    if (fragment->bytes.size() != fragment->length)
      out += '[' + decimal(fragment->offset) + ".." +
             decimal(fragment->offset + fragment->bytes.size()) + " of " +
             decimal(fragment->length) + ']';
  }
  return out;
}

std::string record_text(const dtls::Record& record) {
  using dtls::ContentType;
  const std::string size = ' ' + bytes_text(record.fragment.size());
  if (record.type == ContentType::kApplicationData) return "application data" + size;
  if (record.type == ContentType::kChangeCipherSpec) return "ChangeCipherSpec";
  if (record.type == ContentType::kHandshake)
    return record.epoch > 0 ? "encrypted handshake" : handshake_text(record.fragment);
  if (record.type == ContentType::kAlert) {
    if (record.epoch > 0) return "encrypted alert";
    Reader in(record.fragment);
    const auto alert = dtls::parse_alert(in);
    return alert ? "alert " + std::string(dtls::to_text(alert->description)) : "malformed alert";
  }
  return "record of an unknown type" + size;
}

Result<std::string, dtls::RecordError> next_record_text(Reader& in) {
  // RFC 9147 §4: behind the short header even the kind of record is encrypted.
  if (dtls::is_unified(in.rest().front()))
    return "encrypted record " + bytes_text(TRY(dtls::parse_unified(in)).whole.size());
  return record_text(TRY(dtls::parse_record(in)));
}

std::string summarize_dtls(Bytes bytes) {
  std::string out = "DTLS ";
  std::string separator;
  Reader in(bytes);
  while (in.left() > 0) {
    const auto record = next_record_text(in);
    if (!record)
      return out + separator + "malformed: " + std::string(dtls::to_text(record.error()));
    out += separator + *record;
    separator = ", ";
  }
  return out;
}

// --- SCTP ---

std::string dcep_text(Bytes bytes) {
  Reader in(bytes);
  const auto message = sctp::parse_dcep(in);
  if (!message) return "malformed DCEP";
  const auto* open = std::get_if<sctp::OpenMessage>(&*message);
  if (open == nullptr) return "ACK";
  std::string out = "OPEN " + quoted(open->label);
  if (!open->protocol.empty()) out += " protocol=" + quoted(open->protocol);
  return out;
}

std::string data_text(sctp::RawChunk& raw) {
  const auto chunk = sctp::parse_data(raw);
  const std::string kind(sctp::to_text(raw.type));
  if (!chunk) return kind + ", malformed";
  std::string out =
      kind + " tsn=" + decimal(chunk->tsn.value()) + " stream=" + decimal(chunk->stream.value());
  if (chunk->interleaved)
    out += " mid=" + decimal(chunk->mid.value()) + " fsn=" + decimal(chunk->fsn);
  if (!chunk->interleaved || chunk->begin) out += " ppid=" + decimal(chunk->ppid.value());
  const std::string_view name = ppid_name(chunk->ppid.value());
  if (!name.empty()) out += " (" + std::string(name) + ')';
  if (chunk->unordered) out += " unordered";
  if (!chunk->begin || !chunk->end)
    out += chunk->begin ? " first part" : chunk->end ? " last part" : " middle part";
  if (chunk->ppid == sctp::kPpidDcep && chunk->begin && chunk->end)
    return out + ' ' + dcep_text(chunk->payload);
  if (chunk->ppid == sctp::kPpidText && chunk->begin) out += ' ' + quoted(as_text(chunk->payload));
  return out + ' ' + bytes_text(chunk->payload.size());
}

std::string sack_text(sctp::RawChunk& raw) {
  const auto sack = sctp::parse_sack(raw);
  if (!sack) return "SACK, malformed";
  std::string out = "SACK up to tsn=" + decimal(sack->cumulative.value());
  if (sack->gap_count > 0) out += " gaps=" + decimal(sack->gap_count);
  if (sack->duplicate_count > 0) out += " duplicates=" + decimal(sack->duplicate_count);
  return out + " a_rwnd=" + decimal(sack->a_rwnd);
}

std::string init_text(sctp::RawChunk& raw) {
  const std::string name(sctp::to_text(raw.type));
  const auto init = sctp::parse_init(raw);
  if (!init) return name + ", malformed";
  return name + " tsn=" + decimal(init->initial_tsn.value()) +
         " streams=" + decimal(init->outbound_streams) + " a_rwnd=" + decimal(init->a_rwnd);
}

std::string chunk_text(sctp::RawChunk& raw) {
  using sctp::ChunkType;
  switch (raw.type) {
    case ChunkType::kData:
    case ChunkType::kInterleavedData: return data_text(raw);
    case ChunkType::kSack: return sack_text(raw);
    case ChunkType::kInit:
    case ChunkType::kInitAck: return init_text(raw);
    case ChunkType::kForwardTsn:
    case ChunkType::kInterleavedForwardTsn: {
      const std::string kind(sctp::to_text(raw.type));
      const auto forward = sctp::parse_forward_tsn(raw);
      return forward ? kind + " to " + decimal(forward->cumulative.value()) : kind + ", malformed";
    }
    default: break;
  }
  const std::string name(sctp::to_text(raw.type));
  return name == "chunk" ? "chunk of type " + decimal(static_cast<std::uint8_t>(raw.type)) : name;
}

std::string summarize_sctp(Bytes bytes) {
  Reader in(bytes);
  (void)sctp::parse_common_header(in);
  if (!in.ok()) return "SCTP, shorter than its header";
  std::string out = "SCTP ";
  std::string separator;
  sctp::ChunkWalk walk(in);
  while (auto raw = walk.next()) {
    out += separator + chunk_text(*raw);
    separator = " + ";
  }
  return walk.is_broken() ? out + separator + "malformed chunk" : out;
}

}  // namespace

std::string summarize(Bytes bytes, std::optional<Format> as) {
  switch (as.value_or(guess_format(bytes))) {
    case Format::kStun: return summarize_stun(bytes);
    case Format::kDtls: return summarize_dtls(bytes);
    case Format::kSctp: return summarize_sctp(bytes);
    case Format::kDcep: return "DCEP " + dcep_text(bytes);
    case Format::kSdp: return "SDP " + bytes_text(bytes.size());
    case Format::kRtp: return "RTP or RTCP " + bytes_text(bytes.size());
    case Format::kChannelData:
      if (bytes.size() < 4) break;
      return "TURN channel " + hex(bytes.first(2)) + ' ' + bytes_text(bytes.size() - 4);
    case Format::kUnknown: break;
  }
  return "unknown " + bytes_text(bytes.size());
}

}  // namespace glass::explain
