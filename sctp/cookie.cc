// sctp/cookie.cc - sealing and opening state cookies.
#include "sctp/cookie.h"

#include <array>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "base/writer.h"
#include "crypto/equal.h"
#include "crypto/hash.h"
#include "crypto/hmac.h"
#include "sctp/types.h"

namespace glass::sctp {
namespace {

constexpr std::uint8_t kForwardTsn = 0x01;
constexpr std::uint8_t kReconfig = 0x02;
constexpr std::uint8_t kInterleaving = 0x04;
constexpr std::uint8_t kZeroChecksum = 0x08;

std::array<std::uint8_t, CookieJar::kMacSize> fresh_key(Random& random) {
  std::array<std::uint8_t, CookieJar::kMacSize> key{};
  random.fill(key);
  return key;
}

}  // namespace

CookieJar::CookieJar(Random& random) : mac_(crypto::HashKind::kSha256, fresh_key(random)) {}

ByteVector CookieJar::seal(const Cookie& cookie) {
  ByteVector sealed;
  Writer out(sealed);
  out.u64(static_cast<std::uint64_t>(cookie.made.time_since_epoch().count()));
  out.u32(cookie.tag.value()).u32(cookie.initial_tsn.value());
  out.u32(cookie.peer.tag.value()).u32(cookie.peer.initial_tsn.value()).u32(cookie.peer.a_rwnd);
  out.u16(cookie.peer.outbound_streams).u16(cookie.peer.inbound_streams);
  out.u32(cookie.local_tie).u32(cookie.peer_tie);
  out.u8(static_cast<std::uint8_t>((cookie.peer.forward_tsn ? kForwardTsn : 0) |
                                   (cookie.peer.reconfig ? kReconfig : 0) |
                                   (cookie.peer.interleaving ? kInterleaving : 0) |
                                   (cookie.peer.zero_checksum ? kZeroChecksum : 0)));
  mac_.update(sealed);
  std::array<std::uint8_t, kMacSize> mac{};
  mac_.finish(mac);
  out.bytes(mac);
  return sealed;
}

std::optional<Cookie> CookieJar::open(Bytes sealed) {
  if (sealed.size() < kMacSize) return std::nullopt;
  const Bytes inside = sealed.first(sealed.size() - kMacSize);
  mac_.update(inside);
  std::array<std::uint8_t, kMacSize> mac{};
  mac_.finish(mac);
  if (!crypto::equal_secret(mac, sealed.last(kMacSize))) return std::nullopt;
  Reader in(inside);
  Cookie cookie;
  cookie.made = Instant{Duration{static_cast<Duration::rep>(in.u64("made"))}};
  cookie.tag = VerificationTag{in.u32("local tag")};
  cookie.initial_tsn = Tsn{in.u32("local initial TSN")};
  cookie.peer.tag = VerificationTag{in.u32("peer tag")};
  cookie.peer.initial_tsn = Tsn{in.u32("peer initial TSN")};
  cookie.peer.a_rwnd = in.u32("peer a_rwnd");
  cookie.peer.outbound_streams = in.u16("peer outbound streams");
  cookie.peer.inbound_streams = in.u16("peer inbound streams");
  cookie.local_tie = in.u32("local tie-tag");
  cookie.peer_tie = in.u32("peer tie-tag");
  const std::uint8_t flags = in.u8("extensions");
  cookie.peer.forward_tsn = (flags & kForwardTsn) != 0;
  cookie.peer.reconfig = (flags & kReconfig) != 0;
  cookie.peer.interleaving = (flags & kInterleaving) != 0;
  cookie.peer.zero_checksum = (flags & kZeroChecksum) != 0;
  if (!in.ok() || in.left() != 0) return std::nullopt;
  return cookie;
}

}  // namespace glass::sctp
