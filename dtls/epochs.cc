#include "dtls/epochs.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "dtls/epochs13.h"
#include "dtls/record.h"
#include "dtls/wire.h"

namespace glass::dtls {

void Epochs::install(Protection reading, Protection writing) {
  reading_ = std::move(reading);
  writing_ = std::move(writing);
}

Record Epochs::next_record(ContentType type, std::uint64_t epoch) {
  constexpr std::uint64_t kSequenceEnd = std::uint64_t{1} << 48;
  CHECK(next_[epoch] < kSequenceEnd);  // RFC 6347 §4.1: it must not wrap; Limits sees to it
  return {.type = type,
          .version = version_,
          .epoch = epoch,
          .sequence = next_[epoch]++,
          .fragment = {}};
}

RecordNumber Epochs::write(ContentType type, std::uint64_t epoch, Bytes text, PacketBuffer& out) {
  if (epoch > kSealed) return later.write({type, epoch, ids.writing()}, text, out);
  Record record = next_record(type, epoch);
  if (epoch == kPlain) {
    record.fragment = text;
    Writer writer(out);
    glass::dtls::write(writer, record);
    return {.epoch = epoch, .sequence = record.sequence};
  }
  CHECK(writing_.has_value());
  record.connection_id = ids.writing();
  const std::size_t inner = text.size() + (record.connection_id.empty() ? 0 : 1);
  const std::size_t size = inner + writing_->overhead();
  fill_record_header(out.append(record_header_size(record)), record, size);
  const MutableBytes sealed = out.append(size);
  const MutableBytes inside = sealed.subspan(writing_->explicit_size(), inner);
  if (inner > text.size()) inside.back() = static_cast<std::uint8_t>(type);
  copy_bytes(text, inside);
  writing_->seal(record, sealed);
  return {.epoch = epoch, .sequence = record.sequence};
}

void Epochs::seal(ContentType type, PacketBuffer& packet) {
  if (later.write_epoch() > kSealed) return later.seal(type, ids.writing(), packet);
  CHECK(writing_.has_value());
  Record record = next_record(type, kSealed);
  record.connection_id = ids.writing();
  if (!record.connection_id.empty()) packet.append(1)[0] = static_cast<std::uint8_t>(type);
  packet.prepend(writing_->explicit_size());
  (void)packet.append(crypto::kAeadTagSize);
  writing_->seal(record, packet.bytes());
  const std::size_t length = packet.size();
  fill_record_header(packet.prepend(record_header_size(record)), record, length);
}

std::optional<MutableBytes> Epochs::open(const Record& record, MutableBytes fragment) {
  CHECK(reading_.has_value());
  return reading_->open(record, fragment);
}

void Epochs::forget() {
  reading_.reset();
  writing_.reset();
  later.forget();
}

}  // namespace glass::dtls
