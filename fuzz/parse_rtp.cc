// fuzz: uses rtp
// RTP packets and their header extensions: what can be read can be written, and reads the same.
#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/check.h"
#include "rtp/demux.h"
#include "rtp/extensions.h"
#include "rtp/packet.h"

namespace glass::rtp {
namespace {

// Fields come in order, and together they are the packet.
class CoverTap final : public FieldTap {
 public:
  void field(std::string_view /*name*/, std::size_t offset, Bytes bytes) override {
    CHECK(offset == at);
    at += bytes.size();
  }
  std::size_t at = 0;
};

void walk_extensions(const Packet& packet) {
  ExtensionMap map;
  for (std::size_t i = 0; i < kExtensionKinds; ++i)
    map.set(static_cast<ExtensionKind>(i), static_cast<std::uint8_t>(i + 1));
  const Extensions values = read_extensions(packet, map, Trace{});
  if (values.mid.value_or("").size() + values.rid.value_or("").size() +
          values.repaired_rid.value_or("").size() >
      ExtensionWriter::kSizeMax - 40)
    return;
  ExtensionWriter writer;
  writer.write(values, map);
  const Packet again{.extension_profile = writer.profile(), .extension = writer.bytes()};
  const Extensions same = read_extensions(again, map, Trace{});
  CHECK(same.mid == values.mid && same.rid == values.rid);
  CHECK(same.repaired_rid == values.repaired_rid && same.audio_level == values.audio_level);
  CHECK(same.abs_send_time == values.abs_send_time);
  CHECK(same.transport_wide == values.transport_wide);
  CHECK(same.playout_delay == values.playout_delay);
}

}  // namespace
}  // namespace glass::rtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  const Bytes datagram(data, size);
  (void)rtp::rtp_kind(datagram);
  rtp::CoverTap tap;
  const auto packet = rtp::parse_packet(datagram, &tap);
  const auto header = rtp::header_size(datagram);
  CHECK(header.has_value() || !packet.has_value());
  if (!packet) return 0;
  CHECK(tap.at == size);
  CHECK(*header + packet->payload.size() + packet->padding_size == size);
  rtp::walk_extensions(*packet);
  if (size > PacketBuffer::kCapacity - PacketBuffer::kHeadroom) return 0;
  PacketBuffer out;
  rtp::write_packet(out, *packet);
  CHECK(out.size() == size);
  CHECK(equal(out.bytes().first(size - packet->padding_size),
              datagram.first(size - packet->padding_size)));
  return 0;
}
