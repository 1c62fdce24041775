// SRTP beside libsrtp2 in one run: what protecting and unprotecting a packet of 1200 bytes costs.
#include <array>
#include <benchmark/benchmark.h>
#include <cstdint>
#include <cstring>
#include <srtp2/srtp.h>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/trace.h"
#include "base/writer.h"
#include "rtp/srtp.h"

namespace {

using namespace glass;

constexpr std::size_t kPacket = 1200;
// Sealed before the clock runs, so that a receiver never sees one twice.
constexpr std::size_t kSealed = 4096;

rtp::SrtpMaster master_for(rtp::SrtpProfile profile) {
  return {.key = crypto::Secret(ByteVector(rtp::sizes_of(profile).key, 1)),
          .salt = crypto::Secret(ByteVector(rtp::sizes_of(profile).salt, 2))};
}

ByteVector plain(std::uint16_t sequence) {
  ByteVector packet;
  Writer(packet).u8(0x80).u8(96).u16(sequence).u32(0).u32(7);
  packet.resize(kPacket);
  return packet;
}

void set_sequence(MutableBytes packet, std::uint16_t sequence) {
  packet[2] = static_cast<std::uint8_t>(sequence >> 8);
  packet[3] = static_cast<std::uint8_t>(sequence);
}

srtp_t their_session(rtp::SrtpProfile profile, srtp_ssrc_type_t direction) {
  static const srtp_err_status_t kInitialised = srtp_init();
  CHECK(kInitialised == srtp_err_status_ok);
  ByteVector key(rtp::sizes_of(profile).key, 1);
  key.resize(key.size() + rtp::sizes_of(profile).salt, 2);
  srtp_policy_t policy{};
  const auto theirs = static_cast<srtp_profile_t>(profile);
  CHECK(srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, theirs) == srtp_err_status_ok);
  CHECK(srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, theirs) == srtp_err_status_ok);
  policy.ssrc.type = direction;
  policy.key = key.data();
  policy.window_size = rtp::kSrtpWindow;
  srtp_t session = nullptr;
  CHECK(srtp_create(&session, &policy) == srtp_err_status_ok);
  return session;
}

void protect_ours(benchmark::State& state, rtp::SrtpProfile profile) {
  rtp::SrtpSender sender(profile, master_for(profile), Trace{});
  PacketBuffer packet;
  packet.assign(plain(0));
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    packet.truncate(kPacket);
    set_sequence(packet.bytes(), sequence++);
    CHECK(sender.protect(packet).has_value());
  }
}

void protect_theirs(benchmark::State& state, rtp::SrtpProfile profile) {
  srtp_t session = their_session(profile, ssrc_any_outbound);
  alignas(16) std::array<std::uint8_t, 2048> packet{};
  copy_bytes(plain(0), packet);
  std::uint16_t sequence = 0;
  for (auto _ : state) {
    int size = kPacket;
    set_sequence(packet, sequence++);
    CHECK(srtp_protect(session, packet.data(), &size) == srtp_err_status_ok);
  }
  srtp_dealloc(session);
}

// Sealed packets with rising indices, made while the clock stands.
class Sealed {
 public:
  explicit Sealed(rtp::SrtpProfile profile)
      : sender_(profile, master_for(profile), Trace{}), packets_(kSealed) {}
  void refill() {
    for (ByteVector& packet : packets_) {
      buffer_.assign(plain(sequence_++));
      CHECK(sender_.protect(buffer_).has_value());
      packet.assign(buffer_.bytes().begin(), buffer_.bytes().end());
    }
    at_ = 0;
  }
  [[nodiscard]] bool is_empty() const { return at_ == packets_.size(); }
  ByteVector& next() { return packets_[at_++]; }

 private:
  rtp::SrtpSender sender_;
  PacketBuffer buffer_;
  std::vector<ByteVector> packets_;
  std::size_t at_ = kSealed;
  std::uint16_t sequence_ = 0;
};

template <class Open>
void unprotect(benchmark::State& state, rtp::SrtpProfile profile, Open open) {
  Sealed sealed(profile);
  for (auto _ : state) {
    if (sealed.is_empty()) {
      state.PauseTiming();
      sealed.refill();
      state.ResumeTiming();
    }
    open(sealed.next());
  }
}

void unprotect_ours(benchmark::State& state, rtp::SrtpProfile profile) {
  rtp::SrtpReceiver receiver(profile, master_for(profile), Trace{});
  unprotect(state, profile,
            [&](ByteVector& packet) { CHECK(receiver.unprotect(packet).has_value()); });
}

void unprotect_theirs(benchmark::State& state, rtp::SrtpProfile profile) {
  srtp_t session = their_session(profile, ssrc_any_inbound);
  unprotect(state, profile, [&](ByteVector& packet) {
    int size = static_cast<int>(packet.size());
    CHECK(srtp_unprotect(session, packet.data(), &size) == srtp_err_status_ok);
  });
  srtp_dealloc(session);
}

// Ours and theirs one after the other, so that what slows the machine down slows both.
const bool kRegistered = [] {
  struct Job {
    const char* name;
    void (*run)(benchmark::State&, rtp::SrtpProfile);
  };
  const std::array<Job, 4> jobs{
      {{"protect/glass", protect_ours},
       {"protect/libsrtp2", protect_theirs},
       {"unprotect/glass", unprotect_ours},
       {"unprotect/libsrtp2", unprotect_theirs}}
  };
  for (const rtp::SrtpProfile profile :
       {rtp::SrtpProfile::kAes128CmHmacSha1_80, rtp::SrtpProfile::kAeadAes128Gcm,
        rtp::SrtpProfile::kAeadAes256Gcm})
    for (const Job& job : jobs)
      benchmark::RegisterBenchmark((std::string(rtp::to_text(profile)) + '/' + job.name).c_str(),
                                   job.run, profile);
  return true;
}();

}  // namespace
