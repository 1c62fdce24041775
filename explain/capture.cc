#include "explain/capture.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "explain/pcapng_numbers.h"

namespace glass::explain {
namespace {

// Link types that others write, and we do not.
constexpr std::uint16_t kEthernet = 1;
constexpr std::uint16_t kLinuxCooked = 113;
constexpr std::uint16_t kLinuxCooked2 = 276;
constexpr std::size_t kBlockFrame = 12;  // type, length, length again

// The order of bytes is the writer's, said by the section header.
class Numbers {
 public:
  explicit Numbers(bool is_big) : is_big_(is_big) {}
  [[nodiscard]] std::uint32_t at(Bytes bytes, std::size_t offset, std::size_t width) const {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < width; ++i)
      value = value << 8 | bytes[offset + (is_big_ ? i : width - 1 - i)];
    return value;
  }

 private:
  bool is_big_;
};

std::uint32_t big(Bytes bytes, std::size_t offset, std::size_t width) {
  return Numbers(true).at(bytes, offset, width);
}

std::optional<Bytes> ip_of(Bytes frame, std::uint16_t link) {
  const std::size_t header = link == kEthernet        ? 14
                             : link == kLinuxCooked   ? 16
                             : link == kLinuxCooked2  ? 20
                             : link == pcapng::kRawIp ? 0
                                                      : frame.size();
  if (frame.size() <= header) return std::nullopt;
  return frame.subspan(header);
}

std::optional<CapturedDatagram> udp_of(Bytes udp, const Address& from, const Address& to) {
  constexpr std::size_t kUdpHeader = 8;
  if (udp.size() < kUdpHeader) return std::nullopt;
  const std::size_t length = big(udp, 4, 2);
  if (length < kUdpHeader || length > udp.size()) return std::nullopt;
  return CapturedDatagram{.from = from.with_port(static_cast<std::uint16_t>(big(udp, 0, 2))),
                          .to = to.with_port(static_cast<std::uint16_t>(big(udp, 2, 2))),
                          .bytes = udp.subspan(kUdpHeader, length - kUdpHeader)};
}

std::optional<CapturedDatagram> datagram_of(Bytes ip) {
  constexpr std::uint8_t kUdp = 17;
  constexpr std::size_t kIpv4Header = 20;
  constexpr std::size_t kIpv6Header = 40;
  if (ip.size() >= kIpv4Header && ip[0] >> 4 == 4) {
    const std::size_t header = (ip[0] & 15U) * 4U;
    const bool is_fragment = (big(ip, 6, 2) & 0x3fff) != 0;
    if (ip[9] != kUdp || is_fragment || header < kIpv4Header || header > ip.size())
      return std::nullopt;
    return udp_of(ip.subspan(header), Address::v4(ip.subspan(12, 4), 0),
                  Address::v4(ip.subspan(16, 4), 0));
  }
  if (ip.size() < kIpv6Header || ip[0] >> 4 != 6 || ip[6] != kUdp) return std::nullopt;
  return udp_of(ip.subspan(kIpv6Header), Address::v6(ip.subspan(8, 16), 0),
                Address::v6(ip.subspan(24, 16), 0));
}

class Reading {
 public:
  Result<Capture, std::string> run(Bytes file) {
    while (file.size() >= kBlockFrame) {
      if (big(file, 0, 4) == pcapng::kSectionHeader)
        numbers_ = Numbers(big(file, 8, 4) == pcapng::kByteOrder);
      const std::size_t length = numbers_.at(file, 4, 4);
      if (length < kBlockFrame || length > file.size() || length % 4 != 0)
        return std::unexpected("a block of the capture is cut off or damaged");
      on_block(numbers_.at(file, 0, 4), file.subspan(8, length - kBlockFrame));
      file = file.subspan(length);
    }
    return std::move(capture_);
  }

 private:
  void on_block(std::uint32_t type, Bytes body) {
    if (type == pcapng::kSectionHeader) links_.clear();
    if (type == pcapng::kInterface && body.size() >= 8)
      links_.push_back(static_cast<std::uint16_t>(numbers_.at(body, 0, 2)));
    if (type == pcapng::kEnhancedPacket) on_packet(body);
    if (type == pcapng::kDecryptionSecrets && body.size() >= 8 &&
        numbers_.at(body, 0, 4) == pcapng::kTlsKeyLog) {
      const std::size_t size = std::min<std::size_t>(numbers_.at(body, 4, 4), body.size() - 8);
      capture_.key_log += as_text(body.subspan(8, size));
    }
  }
  void on_packet(Bytes body) {
    ++frames_;
    constexpr std::size_t kHeader = 20;
    if (body.size() < kHeader) return;
    const std::size_t interface = numbers_.at(body, 0, 4);
    const std::size_t size = numbers_.at(body, 12, 4);
    if (interface >= links_.size() || size > body.size() - kHeader) return;
    const auto ip = ip_of(body.subspan(kHeader, size), links_[interface]);
    if (!ip) return;
    auto datagram = datagram_of(*ip);
    if (!datagram) return;
    datagram->number = frames_;
    capture_.datagrams.push_back(*datagram);
  }

  Numbers numbers_{true};
  std::vector<std::uint16_t> links_;
  std::uint64_t frames_ = 0;
  Capture capture_;
};

}  // namespace

bool is_pcapng(Bytes file) {
  return file.size() >= kBlockFrame && big(file, 0, 4) == pcapng::kSectionHeader;
}

Result<Capture, std::string> read_pcapng(Bytes file) {
  if (!is_pcapng(file)) return std::unexpected("not a pcapng file");
  return Reading().run(file);
}

}  // namespace glass::explain
