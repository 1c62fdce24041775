#include "dtls/epochs13.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "dtls/record13.h"
#include "dtls/replay_window.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

bool has_bits(std::uint64_t epoch, std::uint8_t bits) { return (epoch & 3) == bits; }

}  // namespace

void Epochs13::begin_reading(std::uint64_t epoch, Protection13 protection) {
  if (reading_.size() == kKept) reading_.erase(reading_.begin());
  reading_.push_back({.epoch = epoch, .protection = std::move(protection), .window = {}});
}

void Epochs13::begin_writing(std::uint64_t epoch, Protection13 protection) {
  if (writing_.size() == kKept) writing_.erase(writing_.begin());
  writing_.push_back({.epoch = epoch, .protection = std::move(protection)});
}

bool Epochs13::is_reading(std::uint8_t epoch_bits) const {
  return std::ranges::any_of(reading_,
                             [&](const Reading& r) { return has_bits(r.epoch, epoch_bits); });
}

std::uint64_t Epochs13::read_epoch() const { return reading_.empty() ? 0 : reading_.back().epoch; }
std::uint64_t Epochs13::write_epoch() const { return writing_.empty() ? 0 : writing_.back().epoch; }

RecordNumber Epochs13::write(const Outside& outside, Bytes text, PacketBuffer& out) {
  const auto writing = std::ranges::find(writing_, outside.epoch, &Writing::epoch);
  CHECK(writing != writing_.end());
  const RecordNumber number{.epoch = outside.epoch, .sequence = writing->next++};
  writing->protection.append({outside.type, number.epoch, number.sequence, outside.connection_id},
                             text, out);
  return number;
}

void Epochs13::seal(ContentType type, Bytes connection_id, PacketBuffer& packet) {
  CHECK(!writing_.empty());
  Writing& writing = writing_.back();
  writing.protection.seal({type, writing.epoch, writing.next++, connection_id}, packet);
}

// RFC 9147 §4.2.2: the current epoch if the bits are its own, else the latest before it.
std::optional<Epochs13::Opened> Epochs13::open(const UnifiedRecord& record, MutableBytes whole) {
  for (auto reading = reading_.rbegin(); reading != reading_.rend(); ++reading) {
    if (!has_bits(reading->epoch, record.epoch_bits)) continue;
    auto opened = reading->protection.open(record, whole, reading->window.next());
    if (!opened) return std::nullopt;
    const ReplayWindow::Verdict verdict = reading->window.check(opened->sequence);
    if (verdict == ReplayWindow::Verdict::kNew) reading->window.note(opened->sequence);
    return Opened{.epoch = reading->epoch, .record = *opened, .verdict = verdict};
  }
  return std::nullopt;
}

void Epochs13::forget() {
  reading_.clear();
  writing_.clear();
}

}  // namespace glass::dtls
