// dtls/messages/ack.h - which records have arrived: content type 26 of DTLS 1.3 (RFC 9147 §7).
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/epochs13.h"
#include "dtls/messages/message_error.h"

namespace glass::dtls {

inline constexpr std::size_t kRecordNumberSize = 16;
inline constexpr std::size_t kAckListHeaderSize = 2;

struct AckMessage {
  std::vector<RecordNumber> record_numbers;
};

inline Result<AckMessage, MessageError> parse_ack(Reader& in) {
  AckMessage ack;
  const std::size_t size = in.u16("record_numbers length");
  if (!in.ok() || size != in.left() || size % kRecordNumberSize != 0)
    return std::unexpected(MessageError::kLength);
  while (in.left() > 0) {
    RecordNumber number;
    number.epoch = in.u64("epoch");
    number.sequence = in.u64("sequence_number");
    ack.record_numbers.push_back(number);
  }
  return ack;
}

inline void write(Writer& out, const AckMessage& ack) {
  const auto block = out.block(2);
  for (const RecordNumber& each : ack.record_numbers) out.u64(each.epoch).u64(each.sequence);
}

}  // namespace glass::dtls
