#include "rtp/srtp_transform.h"

#include <algorithm>

#include "base/check.h"

namespace glass::rtp {
namespace {

constexpr std::uint32_t kEncryptedFlag = 0x80000000;
constexpr std::size_t kTagMax = 20;

using Word = std::array<std::uint8_t, 4>;

Word word_of(std::uint32_t value) {
  return {static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
          static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

std::uint32_t word_at(Bytes bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(at, 4)) value = value << 8 | byte;
  return value;
}

// RFC 3711 §3.4: the SSRC of the first RTCP packet speaks for the whole compound.
std::uint32_t rtcp_ssrc(Bytes packet) { return word_at(packet, 4); }
std::uint32_t rtp_ssrc(Bytes packet) { return word_at(packet, 8); }

}  // namespace

SrtpTransform::SrtpTransform(SrtpProfile profile, const SrtpSessionKeys& keys, Trace trace,
                             const crypto::Primitives& primitives)
    : profile_(profile), sizes_(sizes_of(profile)), trace_(trace), primitives_(primitives) {
  set_up(rtp_, keys.rtp_key.bytes(), keys.rtp_auth.bytes(), keys.rtp_salt.bytes());
  set_up(rtcp_, keys.rtcp_key.bytes(), keys.rtcp_auth.bytes(), keys.rtcp_salt.bytes());
}

SrtpTransform::~SrtpTransform() {
  crypto::wipe(rtp_.salt);
  crypto::wipe(rtcp_.salt);
}

void SrtpTransform::set_up(Half& half, Bytes key, Bytes auth, Bytes salt) {
  CHECK(key.size() == sizes_.key && salt.size() == sizes_.salt);
  copy_bytes(salt, half.salt);
  if (is_aead(profile_)) {
    const crypto::AeadKind kind = profile_ == SrtpProfile::kAeadAes128Gcm
                                      ? crypto::AeadKind::kAes128Gcm
                                      : crypto::AeadKind::kAes256Gcm;
    half.aead = primitives_.aead(kind, key);
    return;
  }
  half.cipher = primitives_.aes_counter(key);
  half.mac.emplace(auth);
}

// RFC 3711 §4.1.1: IV = salt * 2^16 XOR SSRC * 2^64 XOR i * 2^16, sixteen octets.
// RFC 7714 §8.1: two zero octets, SSRC, ROC, SEQ, XOR salt: twelve octets, two fewer in front.
SrtpTransform::Block SrtpTransform::iv(const Half& half, std::uint32_t ssrc,
                                       std::uint64_t index) const {
  Block block = half.salt;
  std::size_t at = is_aead(profile_) ? 2 : 4;
  for (const std::uint8_t byte : word_of(ssrc)) block[at++] ^= byte;
  for (int shift = 40; shift >= 0; shift -= 8)
    block[at++] ^= static_cast<std::uint8_t>(index >> shift);
  return block;
}

Bytes SrtpTransform::nonce(const Block& iv) const {
  return Bytes(iv).first(crypto::kAeadNonceSize);
}

// Compares in a time that says nothing about where the codes differ (RFC 3711 §4.2).
bool SrtpTransform::has_code(Half& half, Bytes tag) {
  std::array<std::uint8_t, kTagMax> expected{};
  const MutableBytes code = MutableBytes(expected).first(tag.size());
  half.mac->finish(code);
  return primitives_.same_code(code, tag);
}

void SrtpTransform::seal_rtp(PacketBuffer& packet, std::size_t header, std::uint64_t index) {
  const Block block = iv(rtp_, rtp_ssrc(packet.bytes()), index);
  const std::size_t size = packet.size();
  const MutableBytes tag = packet.append(sizes_.rtp_tag);
  const MutableBytes text = packet.bytes().subspan(header, size - header);
  if (is_aead(profile_)) {
    rtp_.aead->seal(nonce(block), packet.bytes().first(header), text, tag);
    return;
  }
  // RFC 3711 §3.1: first encrypted, then authenticated.
  trace_.rule("3711:3.1#9"_rule);
  rtp_.cipher->apply(block, text);
  // RFC 3711 §4.2: the rollover counter is authenticated although it is not sent.
  rtp_.mac->update(packet.bytes().first(size));
  rtp_.mac->update(word_of(static_cast<std::uint32_t>(index >> 16)));
  rtp_.mac->finish(tag);
}

std::optional<MutableBytes> SrtpTransform::open_rtp(MutableBytes packet, std::size_t header,
                                                    std::uint64_t index) {
  const Block block = iv(rtp_, rtp_ssrc(packet), index);
  const MutableBytes covered = packet.first(packet.size() - sizes_.rtp_tag);
  const MutableBytes tag = packet.last(sizes_.rtp_tag);
  const MutableBytes text = covered.subspan(header);
  if (is_aead(profile_)) {
    if (rtp_.aead->open(nonce(block), covered.first(header), text, tag)) return covered;
    // RFC 7714 §5.3: nothing of it is let out.
    std::ranges::fill(text, std::uint8_t{0});
    return std::nullopt;
  }
  rtp_.mac->update(covered);
  rtp_.mac->update(word_of(static_cast<std::uint32_t>(index >> 16)));
  if (!has_code(rtp_, tag)) return std::nullopt;
  rtp_.cipher->apply(block, text);
  return covered;
}

// The order at the end differs: with AES-CM the E flag and index come before the tag, which covers
// them (RFC 3711 §3.4); with an AEAD the tag belongs to the ciphertext, and they come last and are
// associated data (RFC 7714 §9).
void SrtpTransform::seal_rtcp(PacketBuffer& packet, std::uint32_t index, RtcpCover cover) {
  CHECK(index <= kSrtcpIndexMax && packet.size() >= kRtcpHeaderSize);
  if (is_aead(profile_)) return seal_rtcp_aead(packet, index, cover);
  const std::uint32_t flag = cover == RtcpCover::kSealed ? kEncryptedFlag : 0;
  if (cover == RtcpCover::kSealed)
    rtcp_.cipher->apply(iv(rtcp_, rtcp_ssrc(packet.bytes()), index),
                        packet.bytes().subspan(kRtcpHeaderSize));
  copy_bytes(word_of(flag | index), packet.append(kSrtcpIndexSize));
  rtcp_.mac->update(packet.bytes());
  rtcp_.mac->finish(packet.append(sizes_.rtcp_tag));
}

void SrtpTransform::seal_rtcp_aead(PacketBuffer& packet, std::uint32_t index, RtcpCover cover) {
  const std::size_t size = packet.size();
  const Block block = iv(rtcp_, rtcp_ssrc(packet.bytes()), index);
  std::array<std::uint8_t, crypto::kAeadTagSize> tag{};
  if (cover == RtcpCover::kSealed) {
    const Word word = word_of(kEncryptedFlag | index);
    std::array<std::uint8_t, kRtcpHeaderSize + kSrtcpIndexSize> associated{};
    copy_bytes(packet.bytes().first(kRtcpHeaderSize), associated);
    copy_bytes(word, MutableBytes(associated).subspan(kRtcpHeaderSize));
    rtcp_.aead->seal(nonce(block), associated, packet.bytes().subspan(kRtcpHeaderSize), tag);
    copy_bytes(tag, packet.append(tag.size()));
    copy_bytes(word, packet.append(word.size()));
    return;
  }
  const Word word = word_of(index);
  copy_bytes(word, packet.append(word.size()));
  rtcp_.aead->seal(nonce(block), packet.bytes(), {}, tag);
  packet.truncate(size);
  copy_bytes(tag, packet.append(tag.size()));
  copy_bytes(word, packet.append(word.size()));
}

std::uint32_t SrtpTransform::rtcp_index(Bytes packet) const {
  const std::size_t behind = is_aead(profile_) ? 0 : sizes_.rtcp_tag;
  return word_at(packet, packet.size() - behind - kSrtcpIndexSize) & kSrtcpIndexMax;
}

std::optional<MutableBytes> SrtpTransform::open_rtcp(MutableBytes packet) {
  if (is_aead(profile_)) return open_rtcp_aead(packet);
  const MutableBytes covered = packet.first(packet.size() - sizes_.rtcp_tag);
  rtcp_.mac->update(covered);
  if (!has_code(rtcp_, packet.last(sizes_.rtcp_tag))) return std::nullopt;
  const MutableBytes inside = covered.first(covered.size() - kSrtcpIndexSize);
  const std::uint32_t word = word_at(covered, inside.size());
  if ((word & kEncryptedFlag) != 0)
    rtcp_.cipher->apply(iv(rtcp_, rtcp_ssrc(inside), word & kSrtcpIndexMax),
                        inside.subspan(kRtcpHeaderSize));
  return inside;
}

std::optional<MutableBytes> SrtpTransform::open_rtcp_aead(MutableBytes packet) {
  const MutableBytes inside = packet.first(packet.size() - rtcp_overhead());
  const std::uint32_t word = word_at(packet, packet.size() - kSrtcpIndexSize);
  std::array<std::uint8_t, crypto::kAeadTagSize> tag{};
  copy_bytes(packet.subspan(inside.size(), tag.size()), tag);
  const Block block = iv(rtcp_, rtcp_ssrc(inside), word & kSrtcpIndexMax);
  bool is_genuine = false;
  if ((word & kEncryptedFlag) != 0) {
    std::array<std::uint8_t, kRtcpHeaderSize + kSrtcpIndexSize> associated{};
    copy_bytes(inside.first(kRtcpHeaderSize), associated);
    copy_bytes(word_of(word), MutableBytes(associated).subspan(kRtcpHeaderSize));
    const MutableBytes text = inside.subspan(kRtcpHeaderSize);
    is_genuine = rtcp_.aead->open(nonce(block), associated, text, tag);
    if (!is_genuine) std::ranges::fill(text, std::uint8_t{0});
  } else {
    // All is associated data: the word moves up to where the tag was, which is kept above.
    copy_bytes(word_of(word), packet.subspan(inside.size(), kSrtcpIndexSize));
    is_genuine =
        rtcp_.aead->open(nonce(block), packet.first(inside.size() + kSrtcpIndexSize), {}, tag);
  }
  if (!is_genuine) return std::nullopt;
  return inside;
}

}  // namespace glass::rtp
