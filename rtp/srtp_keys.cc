#include "rtp/srtp_keys.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "crypto/stream_cipher.h"

namespace glass::rtp {

SrtpMasters split_exported(SrtpProfile profile, Bytes exported) {
  CHECK(exported.size() == exported_size(profile));
  const SrtpSizes sizes = sizes_of(profile);
  const auto take = [&](std::size_t count) {
    crypto::Secret out(exported.first(count));
    exported = exported.subspan(count);
    return out;
  };
  SrtpMasters masters;
  masters.client.key = take(sizes.key);
  masters.server.key = take(sizes.key);
  masters.client.salt = take(sizes.salt);
  masters.server.salt = take(sizes.salt);
  return masters;
}

// RFC 3711 §4.3.1: x = (label || 000000000000) XOR master_salt, the label standing seven octets
// before the end of a 112-bit salt. §4.3.3: the key is the AES-CM key stream from x * 2^16 on. A
// 96-bit salt (RFC 7714) stands at the left, as if two zero octets followed.
crypto::Secret derive_key(Bytes master_key, Bytes master_salt, KeyLabel label, std::size_t size) {
  constexpr std::size_t kLabelAt = 7;
  std::array<std::uint8_t, crypto::kCounterBlockSize> counter{};
  copy_bytes(master_salt, counter);
  counter[kLabelAt] ^= std::to_underlying(label);
  crypto::Secret key(size);
  crypto::make_aes_counter(master_key)->apply(counter, key.bytes());
  crypto::wipe(counter);
  return key;
}

SrtpSessionKeys derive_session_keys(SrtpProfile profile, const SrtpMaster& master, Trace trace) {
  const SrtpSizes sizes = sizes_of(profile);
  CHECK(master.key.size() == sizes.key && master.salt.size() == sizes.salt);
  const auto derive = [&](KeyLabel label, std::size_t size) {
    return derive_key(master.key.bytes(), master.salt.bytes(), label, size);
  };
  // RFC 3711 §4.3.1: at least once, before the first packet; and only once, the rate being zero.
  trace.rule("3711:4.3.1#2"_rule, Fact{"profile", to_text(profile)});
  if (profile == SrtpProfile::kAeadAes128Gcm) trace.rule("7714:11#1"_rule);
  if (profile == SrtpProfile::kAeadAes256Gcm) trace.rule("7714:11#2"_rule);
  return {.rtp_key = derive(KeyLabel::kRtpEncryption, sizes.key),
          .rtp_auth = derive(KeyLabel::kRtpAuthentication, sizes.auth_key),
          .rtp_salt = derive(KeyLabel::kRtpSalt, sizes.salt),
          .rtcp_key = derive(KeyLabel::kRtcpEncryption, sizes.key),
          .rtcp_auth = derive(KeyLabel::kRtcpAuthentication, sizes.auth_key),
          .rtcp_salt = derive(KeyLabel::kRtcpSalt, sizes.salt)};
}

}  // namespace glass::rtp
