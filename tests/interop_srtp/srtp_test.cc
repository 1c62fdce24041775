// tests/interop_srtp/srtp_test.cc - our SRTP and libsrtp2's: the same packets, the same decisions.
//
// What one protects the other reads, through a network that loses, repeats, reorders and forges,
// over many wraps of the sequence number. Set GLASS_SRTP_PACKETS for a longer run.
#include "rtp/srtp.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <srtp2/srtp.h>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "base/writer.h"

namespace glass::rtp {
namespace {

constexpr std::array kProfiles{SrtpProfile::kAes128CmHmacSha1_80, SrtpProfile::kAes128CmHmacSha1_32,
                               SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm};
constexpr std::array<std::uint32_t, 3> kSsrcs{1, 0xdeadbeef, 0xffffffff};
constexpr std::uint32_t kPacketsInTests = 120'000;  // over all profiles and both directions

std::uint32_t packets_wanted() {
  const char* named = std::getenv("GLASS_SRTP_PACKETS");
  return named != nullptr ? static_cast<std::uint32_t>(std::strtoul(named, nullptr, 10))
                          : kPacketsInTests;
}

enum class Verdict { kGood, kReplayed, kTooOld, kForged, kMalformed, kOther };

std::string_view name_of(Verdict verdict) {
  constexpr std::array<std::string_view, 6> kNames{"good",   "replayed",  "too old",
                                                   "forged", "malformed", "other"};
  return kNames.at(static_cast<std::size_t>(verdict));
}

Verdict verdict_of(UnprotectError error) {
  switch (error) {
    case UnprotectError::kMalformed: return Verdict::kMalformed;
    case UnprotectError::kReplayed: return Verdict::kReplayed;
    case UnprotectError::kTooOld: return Verdict::kTooOld;
    case UnprotectError::kForged: return Verdict::kForged;
    case UnprotectError::kTooManyStreams: break;
  }
  return Verdict::kOther;
}

Verdict verdict_of(srtp_err_status_t status) {
  switch (status) {
    case srtp_err_status_ok: return Verdict::kGood;
    case srtp_err_status_replay_fail: return Verdict::kReplayed;
    case srtp_err_status_replay_old: return Verdict::kTooOld;
    case srtp_err_status_cant_check:  // RTCP whose E flag was turned off: refused before the tag
    case srtp_err_status_auth_fail: return Verdict::kForged;
    case srtp_err_status_bad_param:
    case srtp_err_status_parse_err: return Verdict::kMalformed;
    default: return Verdict::kOther;
  }
}

// One direction of libsrtp2. Its buffers must be aligned and hold the trailer.
class Libsrtp {
 public:
  Libsrtp(SrtpProfile profile, const SrtpMaster& master, srtp_ssrc_type_t direction) {
    static const srtp_err_status_t kInitialised = srtp_init();
    EXPECT_EQ(kInitialised, srtp_err_status_ok);
    key_.assign(master.key.bytes().begin(), master.key.bytes().end());
    key_.insert(key_.end(), master.salt.bytes().begin(), master.salt.bytes().end());
    srtp_policy_t policy{};
    const auto theirs = static_cast<srtp_profile_t>(profile);
    EXPECT_EQ(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, theirs), srtp_err_status_ok);
    EXPECT_EQ(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, theirs),
              srtp_err_status_ok);
    policy.ssrc.type = direction;
    policy.key = key_.data();
    policy.window_size = kSrtpWindow;
    EXPECT_EQ(srtp_create(&session_, &policy), srtp_err_status_ok);
  }
  ~Libsrtp() { srtp_dealloc(session_); }
  Libsrtp(const Libsrtp&) = delete;
  Libsrtp& operator=(const Libsrtp&) = delete;

  Verdict protect(ByteVector& packet) { return turn(packet, srtp_protect); }
  Verdict protect_rtcp(ByteVector& packet) { return turn(packet, srtp_protect_rtcp); }
  Verdict unprotect(ByteVector& packet) { return turn(packet, srtp_unprotect); }
  Verdict unprotect_rtcp(ByteVector& packet) { return turn(packet, srtp_unprotect_rtcp); }

 private:
  template <class F>
  Verdict turn(ByteVector& packet, F function) {
    std::memcpy(room_.data(), packet.data(), packet.size());
    int size = static_cast<int>(packet.size());
    const srtp_err_status_t status = function(session_, room_.data(), &size);
    if (status == srtp_err_status_ok) packet.assign(room_.data(), room_.data() + size);
    return verdict_of(status);
  }

  alignas(16) std::array<std::uint8_t, 2048> room_{};
  ByteVector key_;
  srtp_t session_ = nullptr;
};

class Ours {
 public:
  Ours(SrtpProfile profile, const SrtpMaster& master)
      : sender_(profile, master, Trace{}), receiver_(profile, master, Trace{}) {}

  Verdict protect(ByteVector& packet) {
    return turn(packet, [&](PacketBuffer& out) { return sender_.protect(out).has_value(); });
  }
  Verdict protect_rtcp(ByteVector& packet) {
    return turn(packet, [&](PacketBuffer& out) { return sender_.protect_rtcp(out).has_value(); });
  }
  Verdict unprotect(ByteVector& packet) { return settle(packet, receiver_.unprotect(packet)); }
  Verdict unprotect_rtcp(ByteVector& packet) {
    return settle(packet, receiver_.unprotect_rtcp(packet));
  }

 private:
  template <class F>
  Verdict turn(ByteVector& packet, F function) {
    buffer_.assign(packet);
    if (!function(buffer_)) return Verdict::kOther;
    packet.assign(buffer_.bytes().begin(), buffer_.bytes().end());
    return Verdict::kGood;
  }
  static Verdict settle(ByteVector& packet, Result<MutableBytes, UnprotectError> result) {
    if (!result) return verdict_of(result.error());
    packet.resize(result->size());
    return Verdict::kGood;
  }

  SrtpSender sender_;
  SrtpReceiver receiver_;
  PacketBuffer buffer_;
};

SrtpMaster random_master(SrtpProfile profile, Random& dice) {
  SrtpMaster master{.key = crypto::Secret(sizes_of(profile).key),
                    .salt = crypto::Secret(sizes_of(profile).salt)};
  dice.fill(master.key.bytes());
  dice.fill(master.salt.bytes());
  return master;
}

ByteVector rtp_packet(Random& dice, std::uint32_t ssrc, std::uint16_t sequence) {
  ByteVector packet;
  Writer out(packet);
  const std::uint8_t csrcs = dice.below(4) == 0 ? static_cast<std::uint8_t>(dice.below(4)) : 0;
  const bool has_extension = dice.below(2) == 0;
  out.u8(static_cast<std::uint8_t>(0x80 | (has_extension ? 0x10 : 0) | csrcs));
  out.u8(static_cast<std::uint8_t>(dice.below(128))).u16(sequence).u32(dice.u32()).u32(ssrc);
  dice.fill(out.append(std::size_t{4} * csrcs));
  if (has_extension) {
    const std::uint16_t words = static_cast<std::uint16_t>(dice.below(5));
    // A profile other than those of RFC 8285, whose elements libsrtp2 would look into.
    out.u16(0x1234).u16(words);
    dice.fill(out.append(std::size_t{4} * words));
  }
  dice.fill(out.append(dice.below(dice.below(4) == 0 ? 1200 : 100)));
  return packet;
}

ByteVector rtcp_packet(Random& dice, std::uint32_t ssrc) {
  ByteVector packet;
  const std::uint32_t words = dice.below(20);
  Writer out(packet);
  out.u8(0x80).u8(200).u16(static_cast<std::uint16_t>(1 + words)).u32(ssrc);
  dice.fill(out.append(std::size_t{4} * words));
  return packet;
}

// One sender, and both implementations as receivers of the very same packets.
template <class Sender>
class Course {
 public:
  Course(SrtpProfile profile, std::uint64_t seed, Sender& sender, const SrtpMaster& master)
      : profile_(profile),
        dice_(seed),
        sender_(sender),
        ours_(profile, master),
        theirs_(profile, master, ssrc_any_inbound) {
    for (std::uint16_t& sequence : sequences_) sequence = static_cast<std::uint16_t>(dice_.u32());
  }

  void packets(std::uint32_t count) {
    for (sent_ = 0; sent_ < count && !testing::Test::HasFailure(); ++sent_) {
      send();
      if (dice_.below(20) != 0 && waiting_.size() < 3 * kSrtpWindow) continue;
      // A burst has queued up; it arrives in any order, some of it twice, some not at all.
      while (waiting_.size() > (dice_.below(400) == 0 ? 0U : 5U)) deliver();
    }
  }
  [[nodiscard]] const std::array<std::uint32_t, 6>& counts() const { return counts_; }
  [[nodiscard]] std::uint32_t wraps() const { return wraps_; }

 private:
  struct Parcel {
    bool is_rtcp = false;
    ByteVector plain;
    ByteVector sealed;
  };

  void send() {
    const std::size_t source = dice_.below(16) < 14 ? 0 : 1 + dice_.below(2);
    Parcel parcel{.is_rtcp = dice_.below(32) == 0};
    std::uint16_t& sequence = sequences_.at(source);
    const std::uint16_t before = sequence;
    // Steps, and now and then a jump of up to a third of the circle: a run sees many wraps.
    sequence = static_cast<std::uint16_t>(sequence +
                                          (dice_.below(300) == 0 ? 1 + dice_.below(20'000) : 1U));
    if (sequence < before) ++wraps_;
    parcel.plain = parcel.is_rtcp ? rtcp_packet(dice_, kSsrcs.at(source))
                                  : rtp_packet(dice_, kSsrcs.at(source), sequence);
    parcel.sealed = parcel.plain;
    const Verdict verdict =
        parcel.is_rtcp ? sender_.protect_rtcp(parcel.sealed) : sender_.protect(parcel.sealed);
    ASSERT_EQ(verdict, Verdict::kGood) << "packet " << sent_ << ", " << to_text(profile_);
    waiting_.push_back(std::move(parcel));
  }

  void deliver() {
    const std::size_t reach =
        dice_.below(40) == 0 ? waiting_.size() : std::min<std::size_t>(8, waiting_.size());
    const auto place = waiting_.begin() + dice_.below(static_cast<std::uint32_t>(reach));
    const std::uint32_t fate = dice_.below(100);
    if (fate < 8) {
      waiting_.erase(place);  // lost
      return;
    }
    if (fate < 12) {
      ByteVector forged = place->sealed;
      forged[dice_.below(static_cast<std::uint32_t>(forged.size()))] ^=
          static_cast<std::uint8_t>(1U << dice_.below(8));
      // A packet that is wrong in two ways gets the reason that is looked for first, and libsrtp2
      // has an order of its own for the first octet, and for an E flag turned off in what was
      // replayed.
      if (forged[0] != place->sealed[0]) return;
      if (place->is_rtcp && forged[flag_at(forged)] >> 7 != place->sealed[flag_at(forged)] >> 7)
        return;
      arrive(forged, place->is_rtcp, nullptr);
      return;
    }
    arrive(place->sealed, place->is_rtcp, &place->plain);
    if (fate > 94) old_.push_back(*place);
    if (fate < 90) waiting_.erase(place);
    if (old_.size() > 2000) old_.pop_front();
    if (fate > 94) {
      const Parcel& parcel = old_[dice_.below(static_cast<std::uint32_t>(old_.size()))];
      arrive(parcel.sealed, parcel.is_rtcp, &parcel.plain);
    }
  }

  // Where the E flag of an SRTCP packet is.
  [[nodiscard]] std::size_t flag_at(const ByteVector& packet) const {
    return packet.size() - kSrtcpIndexSize - (is_aead(profile_) ? 0 : sizes_of(profile_).rtcp_tag);
  }

  void arrive(const ByteVector& packet, bool is_rtcp, const ByteVector* plain) {
    ByteVector here = packet;
    ByteVector there = packet;
    const Verdict mine = is_rtcp ? ours_.unprotect_rtcp(here) : ours_.unprotect(here);
    const Verdict yours = is_rtcp ? theirs_.unprotect_rtcp(there) : theirs_.unprotect(there);
    ASSERT_EQ(name_of(mine), name_of(yours))
        << (is_rtcp ? "RTCP" : "RTP") << " after " << sent_ << " packets of " << to_text(profile_)
        << ": " << hex(packet).substr(0, 64);
    ++counts_.at(static_cast<std::size_t>(mine));
    if (mine != Verdict::kGood) return;
    ASSERT_EQ(here, there);
    if (plain == nullptr) return;
    ASSERT_EQ(here, *plain);
  }

  SrtpProfile profile_;
  SeededRandom dice_;
  Sender& sender_;
  Ours ours_;
  Libsrtp theirs_;
  std::array<std::uint16_t, 3> sequences_{};
  std::deque<Parcel> waiting_;
  std::deque<Parcel> old_;
  std::array<std::uint32_t, 6> counts_{};
  std::uint32_t wraps_ = 0;
  std::uint32_t sent_ = 0;
};

class AgainstLibsrtp2 : public testing::TestWithParam<SrtpProfile> {
 protected:
  template <class Sender>
  void agree(Sender& sender, const SrtpMaster& master, std::uint64_t seed) {
    Course<Sender> run(GetParam(), seed, sender, master);
    const std::uint32_t packets = packets_wanted() / 8;
    run.packets(packets);
    for (const Verdict seen :
         {Verdict::kGood, Verdict::kReplayed, Verdict::kTooOld, Verdict::kForged})
      EXPECT_GT(run.counts().at(static_cast<std::size_t>(seen)), 0U) << name_of(seen);
    EXPECT_GT(run.wraps(), packets / 10'000);  // one at least in ten thousand packets
  }
};

INSTANTIATE_TEST_SUITE_P(AllProfiles, AgainstLibsrtp2, testing::ValuesIn(kProfiles),
                         [](const auto& one) { return std::string(to_text(one.param)); });

TEST_P(AgainstLibsrtp2, WhatWeProtectIsJudgedAlike) {
  SeededRandom dice(1);
  const SrtpMaster master = random_master(GetParam(), dice);
  Ours sender(GetParam(), master);
  agree(sender, master, 11);
}

TEST_P(AgainstLibsrtp2, WhatItProtectsIsJudgedAlike) {
  SeededRandom dice(2);
  const SrtpMaster master = random_master(GetParam(), dice);
  Libsrtp sender(GetParam(), master, ssrc_any_outbound);
  agree(sender, master, 12);
}

}  // namespace
}  // namespace glass::rtp
