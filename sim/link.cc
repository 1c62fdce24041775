#include "sim/link.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.h"
#include "base/random.h"
#include "base/time.h"

namespace glass::sim {
namespace {

constexpr std::size_t kIpv4AndUdp = 20 + 8;
constexpr std::size_t kIpv6AndUdp = 40 + 8;

}  // namespace

bool happens(Chance chance, Random& dice) {
  if (chance.per_million == 0) return false;
  if (chance.per_million >= kAlways.per_million) return true;
  return dice.below(kAlways.per_million) < chance.per_million;
}

std::size_t ip_packet_size(const Address& address, std::size_t payload) {
  return payload + (address.is_v4() ? kIpv4AndUdp : kIpv6AndUdp);
}

Pipe::Passage Pipe::pass(Instant now, std::size_t size, Split split) {
  if (split == Split::kNo && impairment_.mtu != 0 && size > impairment_.mtu)
    return {"too big", {}, {}};
  const auto departure = transmit(now, size);
  if (!departure) return {"queue full", {}, {}};
  if (lose()) return {"lost", {}, {}};
  Passage passage{{}, travel(*departure), {}};
  if (happens(impairment_.duplicate, dice_)) passage.repeat = travel(*departure);
  return passage;
}

std::optional<Instant> Pipe::transmit(Instant now, std::size_t size) {
  if (impairment_.bits_per_second == 0) return now;
  for (; !queue_.empty() && queue_.front().gone <= now; queue_.pop_front())
    queued_ -= queue_.front().size;
  if (!queue_.empty() && queued_ + size > impairment_.queue_bytes) return std::nullopt;
  const Instant start = queue_.empty() ? now : queue_.back().gone;
  // Rounded up to whole nanoseconds: a link is never faster than its rate.
  const std::uint64_t work = std::uint64_t{size} * 8 * 1'000'000'000;
  const std::uint64_t rate = impairment_.bits_per_second;
  const Instant gone = start + Duration(static_cast<Duration::rep>((work + rate - 1) / rate));
  queue_.push_back({gone, size});
  queued_ += size;
  return gone;
}

bool Pipe::lose() {
  const Bursts& bursts = impairment_.bursts;
  if (happens(bad_ ? bursts.to_good : bursts.to_bad, dice_)) bad_ = !bad_;
  const bool in_burst = happens(bad_ ? bursts.lost_while_bad : bursts.lost_while_good, dice_);
  return happens(impairment_.loss, dice_) || in_burst;
}

Instant Pipe::travel(Instant departure) {
  Instant arrival = departure + impairment_.delay;
  if (impairment_.jitter > Duration{}) {
    const auto most = static_cast<std::uint64_t>(impairment_.jitter.count()) + 1;
    arrival += Duration(static_cast<Duration::rep>(dice_.u64() % most));
  }
  if (happens(impairment_.reorder, dice_)) return arrival + impairment_.reorder_delay;
  latest_ = std::max(latest_, arrival);
  return latest_;
}

}  // namespace glass::sim
