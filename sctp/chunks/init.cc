// sctp/chunks/init.cc - reading and writing INIT and INIT ACK.
#include "sctp/chunks/init.h"

#include <cstdint>
#include <expected>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/parameters/parameters.h"
#include "sctp/tlv.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

void read_extensions(InitChunk& chunk, Reader& in) {
  while (in.left() > 0) {
    const auto type = static_cast<ChunkType>(in.u8("Chunk Type"));
    if (type == ChunkType::kReconfig) chunk.reconfig = true;
    if (type == ChunkType::kInterleavedData) chunk.interleaving = true;
  }
}

// False: the rest of the parameters is to be left alone.
bool read_parameter(InitChunk& chunk, RawTlv& raw) {
  switch (static_cast<ParameterType>(raw.type)) {
    case ParameterType::kForwardTsnSupported: chunk.forward_tsn = true; return true;
    case ParameterType::kSupportedExtensions: read_extensions(chunk, raw.body); return true;
    case ParameterType::kZeroChecksum:
      chunk.zero_checksum = raw.body.u32("Error Detection Method Identifier") == kProtectedByDtls;
      break;
    case ParameterType::kHostNameAddress: chunk.has_host_name = true; break;
    case ParameterType::kStateCookie:
      chunk.has_cookie = true;
      chunk.cookie = raw.value;
      break;
    // RFC 8261 §6.1: one path, whose addresses SCTP does not see. The life of a cookie is ours to
    // choose, and what the peer did not recognize it simply does not support.
    case ParameterType::kIpv4Address:
    case ParameterType::kIpv6Address:
    case ParameterType::kSupportedAddressTypes:
    case ParameterType::kCookiePreservative:
    case ParameterType::kUnrecognizedParameter: break;
    default: {
      (void)raw.body.bytes(raw.body.left(), "Parameter Value");
      const UnknownAction action = unknown_parameter_action(raw.type);
      if (action.report) chunk.unrecognized.push_back(raw.bytes);
      return !action.stop;
    }
  }
  (void)raw.body.bytes(raw.body.left(), "Parameter Value");
  return true;
}

}  // namespace

Result<InitChunk, ChunkError> parse_init(RawChunk& raw) {
  Reader& in = raw.body;
  InitChunk chunk;
  chunk.tag = VerificationTag{in.u32("Initiate Tag")};
  chunk.a_rwnd = in.u32("a_rwnd");
  chunk.outbound_streams = in.u16("Number of Outbound Streams");
  chunk.inbound_streams = in.u16("Number of Inbound Streams");
  chunk.initial_tsn = Tsn{in.u32("Initial TSN")};
  if (!in.ok()) return std::unexpected(ChunkError::kTruncated);
  TlvWalk walk(in);
  while (auto parameter = walk.next("Parameter"))
    if (!read_parameter(chunk, *parameter)) walk.stop();
  if (walk.is_broken()) return std::unexpected(ChunkError::kBadParameter);
  return chunk;
}

void write(Writer& out, ChunkType type, const InitChunk& chunk) {
  const Tlv tlv(out, std::to_underlying(type), 0);
  out.u32(chunk.tag.value()).u32(chunk.a_rwnd);
  out.u16(chunk.outbound_streams).u16(chunk.inbound_streams).u32(chunk.initial_tsn.value());
  if (chunk.has_cookie) {
    const Tlv parameter(out, std::to_underlying(ParameterType::kStateCookie));
    out.bytes(chunk.cookie);
  }
  if (chunk.forward_tsn)
    const Tlv parameter(out, std::to_underlying(ParameterType::kForwardTsnSupported));
  if (chunk.reconfig || chunk.interleaving) {
    const Tlv parameter(out, std::to_underlying(ParameterType::kSupportedExtensions));
    if (chunk.reconfig) out.u8(std::to_underlying(ChunkType::kReconfig));
    if (chunk.forward_tsn) out.u8(std::to_underlying(ChunkType::kForwardTsn));
    if (chunk.interleaving) out.u8(std::to_underlying(ChunkType::kInterleavedData));
    if (chunk.interleaving && chunk.forward_tsn)
      out.u8(std::to_underlying(ChunkType::kInterleavedForwardTsn));
  }
  if (chunk.zero_checksum) {
    const Tlv parameter(out, std::to_underlying(ParameterType::kZeroChecksum));
    out.u32(kProtectedByDtls);
  }
  for (const Bytes unrecognized : chunk.unrecognized) {
    const Tlv parameter(out, std::to_underlying(ParameterType::kUnrecognizedParameter));
    out.bytes(unrecognized);
  }
}

}  // namespace glass::sctp
