// sctp/chunks/reconfig.cc - reading and writing RE-CONFIG.
#include "sctp/chunks/reconfig.h"

#include <cstddef>
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

constexpr unsigned kMaxParameters = 2;  // RFC 6525 §3.1

// Each returns false when the same kind stands there twice: no allowed pair has that, two responses
// apart.
bool read_reset(ReconfigChunk& chunk, Reader& in) {
  ResetRequest reset;
  reset.request = ReconfigSn{in.u32("Re-configuration Request Sequence Number")};
  reset.response = ReconfigSn{in.u32("Re-configuration Response Sequence Number")};
  reset.last_tsn = Tsn{in.u32("Sender's Last Assigned TSN")};
  if (in.left() % 2 != 0) return false;
  reset.streams = in.bytes(in.left(), "Stream Numbers");
  if (chunk.reset) return false;
  chunk.reset = reset;
  return true;
}

bool read_response(ReconfigChunk& chunk, Reader& in) {
  ReconfigResponse response;
  response.response = ReconfigSn{in.u32("Re-configuration Response Sequence Number")};
  response.result = static_cast<ReconfigResult>(in.u32("Result"));
  if (in.left() > 0) {
    (void)in.u32("Sender's Next TSN");
    (void)in.u32("Receiver's Next TSN");
  }
  (chunk.response ? chunk.second_response : chunk.response) = response;
  return true;
}

bool read_other(ReconfigChunk& chunk, ParameterType type, Reader& in) {
  const OtherRequest other{
      .type = type, .request = ReconfigSn{in.u32("Re-configuration Request Sequence Number")}};
  if (type == ParameterType::kIncomingSsnReset) {
    (void)in.bytes(in.left(), "Stream Numbers");
  } else if (type != ParameterType::kSsnTsnReset) {
    (void)in.u16("Number of new streams");
    (void)in.u16("Reserved");
  }
  if (chunk.other) return false;
  chunk.other = other;
  return true;
}

bool read_parameter(ReconfigChunk& chunk, RawTlv& raw) {
  switch (const auto type = static_cast<ParameterType>(raw.type); type) {
    case ParameterType::kOutgoingSsnReset: return read_reset(chunk, raw.body);
    case ParameterType::kReconfigResponse: return read_response(chunk, raw.body);
    case ParameterType::kIncomingSsnReset:
    case ParameterType::kSsnTsnReset:
    case ParameterType::kAddOutgoingStreams:
    case ParameterType::kAddIncomingStreams: return read_other(chunk, type, raw.body);
    default: return false;
  }
}

}  // namespace

StreamId ResetRequest::stream(std::size_t index) const {
  return StreamId{Reader(streams.subspan(index * 2, 2)).u16("Stream Number")};
}

Result<ReconfigChunk, ChunkError> parse_reconfig(RawChunk& raw) {
  ReconfigChunk chunk;
  TlvWalk walk(raw.body);
  unsigned count = 0;
  while (auto parameter = walk.next("Re-configuration Parameter")) {
    if (++count > kMaxParameters || !read_parameter(chunk, *parameter) || !parameter->body.ok())
      return std::unexpected(ChunkError::kBadParameter);
  }
  if (walk.is_broken() || count == 0) return std::unexpected(ChunkError::kBadParameter);
  return chunk;
}

void write_reconfig(Writer& out, const ResetRequestContent* request,
                    const ReconfigResponse* response) {
  const Tlv tlv(out, std::to_underlying(ChunkType::kReconfig), 0);
  if (response != nullptr) {
    const Tlv parameter(out, std::to_underlying(ParameterType::kReconfigResponse));
    out.u32(response->response.value()).u32(std::to_underlying(response->result));
  }
  if (request != nullptr) {
    const Tlv parameter(out, std::to_underlying(ParameterType::kOutgoingSsnReset));
    out.u32(request->request.value()).u32(request->response.value());
    out.u32(request->last_tsn.value());
    for (const StreamId stream : request->streams) out.u16(stream.value());
  }
}

}  // namespace glass::sctp
