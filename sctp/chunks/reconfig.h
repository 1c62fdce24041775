// sctp/chunks/reconfig.h - RE-CONFIG: asking for streams to begin anew, and the answer.
//
// RFC 6525 §3.1 (chunk), §4 (parameters).  Tested by: chunks/chunks_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "sctp/chunks/error_code.h"
#include "sctp/packet.h"
#include "sctp/parameters/parameters.h"
#include "sctp/types.h"

namespace glass::sctp {

//  |     Parameter Type = 13       | Parameter Length = 16 + 2 * N |   RFC 6525 §4.1
//  |           Re-configuration Request Sequence Number            |
//  |           Re-configuration Response Sequence Number           |
//  |                Sender's Last Assigned TSN                     |
//  |  Stream Number 1 (optional)   |    Stream Number 2 (optional) |
struct ResetRequest {
  ReconfigSn request;
  ReconfigSn response;  // of the incoming request that this answers
  Tsn last_tsn;
  Bytes streams;  // two bytes each; none: all of them

  [[nodiscard]] std::size_t stream_count() const { return streams.size() / 2; }
  [[nodiscard]] StreamId stream(std::size_t index) const;
};

// RFC 6525 §4.4, Table 3.
enum class ReconfigResult : std::uint32_t {
  kNothingToDo = 0,
  kPerformed = 1,
  kDenied = 2,
  kWrongSsn = 3,
  kAlreadyInProgress = 4,
  kBadSequenceNumber = 5,
  kInProgress = 6,
};
struct ReconfigResponse {
  ReconfigSn response;
  ReconfigResult result = ReconfigResult::kDenied;
};
// A request of a kind that we deny: it needs its number only.
struct OtherRequest {
  ParameterType type = ParameterType::kIncomingSsnReset;
  ReconfigSn request;
};

// RFC 6525 §3.1: at most two parameters, and not every pair.
struct ReconfigChunk {
  std::optional<ResetRequest> reset;
  std::optional<OtherRequest> other;
  std::optional<ReconfigResponse> response;
  std::optional<ReconfigResponse> second_response;
};

Result<ReconfigChunk, ChunkError> parse_reconfig(RawChunk& raw);

struct ResetRequestContent {
  ReconfigSn request;
  ReconfigSn response;
  Tsn last_tsn;
  std::span<const StreamId> streams;
};
void write_reconfig(Writer& out, const ResetRequestContent* request,
                    const ReconfigResponse* response);

}  // namespace glass::sctp
