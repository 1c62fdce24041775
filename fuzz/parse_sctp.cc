// fuzz: uses sctp
// Packets: what can be read can be written, and reads the same again.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"

namespace glass::sctp {
namespace {

// Fields come in order, and none lies outside the packet.
class OrderTap final : public FieldTap {
 public:
  explicit OrderTap(std::size_t size) : size_(size) {}
  void field(std::string_view /*name*/, std::size_t offset, Bytes bytes) override {
    CHECK(offset >= at_ && bytes.size() <= size_ - offset);
    at_ = offset + bytes.size();
  }

 private:
  std::size_t size_;
  std::size_t at_ = 0;
};

// The bytes of a chunk that was read and written again, without padding.
template <class Write>
void expect_same(const RawChunk& raw, Write&& rewrite) {
  ByteVector bytes;
  Writer out(bytes);
  rewrite(out);
  CHECK(bytes.size() == padded(raw.bytes.size()));
  CHECK(equal(Bytes(bytes).subspan(4, raw.bytes.size() - 4), raw.bytes.subspan(4)));
}

void round_trip(RawChunk& raw) {
  switch (raw.type) {
    case ChunkType::kInterleavedData:
      if (const auto chunk = parse_data(raw); chunk && raw.bytes[10] == 0 && raw.bytes[11] == 0)
        expect_same(raw, [&](Writer& out) { write(out, *chunk); });
      break;
    case ChunkType::kData:
      if (const auto chunk = parse_data(raw))
        expect_same(raw, [&](Writer& out) { write(out, *chunk); });
      break;
    case ChunkType::kSack:
      if (const auto chunk = parse_sack(raw)) {
        std::vector<GapBlock> gaps;
        std::vector<Tsn> duplicates;
        for (std::size_t i = 0; i < chunk->gap_count; ++i) gaps.push_back(chunk->gap(i));
        for (std::size_t i = 0; i < chunk->duplicate_count; ++i)
          duplicates.push_back(chunk->duplicate(i));
        expect_same(raw, [&](Writer& out) {
          write(out, SackContent{.cumulative = chunk->cumulative,
                                 .a_rwnd = chunk->a_rwnd,
                                 .gaps = gaps,
                                 .duplicates = duplicates});
        });
      }
      break;
    case ChunkType::kForwardTsn:
      if (const auto chunk = parse_forward_tsn(raw)) {
        std::vector<SkippedStream> skipped;
        for (std::size_t i = 0; i < chunk->stream_count(); ++i)
          skipped.push_back(chunk->skipped(i));
        expect_same(raw, [&](Writer& out) { write_forward_tsn(out, chunk->cumulative, skipped); });
      }
      break;
    case ChunkType::kShutdown:
      if (const auto chunk = parse_shutdown(raw))
        expect_same(raw, [&](Writer& out) { write(out, *chunk); });
      break;
    default: break;
  }
}

}  // namespace
}  // namespace glass::sctp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass::sctp;
  const glass::Bytes packet(data, size);
  OrderTap tap(size);
  (void)name_fields(packet, tap);
  glass::Reader in(packet);
  (void)parse_common_header(in);
  if (!in.ok()) return 0;
  ChunkWalk walk(in);
  while (auto raw = walk.next()) round_trip(*raw);
  return 0;
}
