// fuzz: uses rtp crypto
// Sender and receiver of SRTP with a network between them that the input plays. A packet that was
// sealed is read once and as it was; one that was changed is not read, and moves nothing.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/writer.h"
#include "crypto/transparent.h"
#include "rtp/packet.h"
#include "rtp/rtcp.h"
#include "rtp/srtp.h"

namespace glass::rtp {
namespace {

constexpr std::array kProfiles{SrtpProfile::kAes128CmHmacSha1_80, SrtpProfile::kAes128CmHmacSha1_32,
                               SrtpProfile::kAeadAes128Gcm, SrtpProfile::kAeadAes256Gcm};
constexpr std::size_t kStepsMax = 400;

SrtpMaster master_for(SrtpProfile profile) {
  return {.key = crypto::Secret(ByteVector(sizes_of(profile).key, 1)),
          .salt = crypto::Secret(ByteVector(sizes_of(profile).salt, 2))};
}

struct Sent {
  bool is_rtcp = false;
  std::uint64_t index = 0;
  bool was_read = false;
  ByteVector plain;
  ByteVector sealed;
};

class Driver {
 public:
  Driver(SrtpProfile profile, Reader& in)
      : in_(in),
        sender_(profile, master_for(profile), Trace{}),
        receiver_(profile, master_for(profile), Trace{}) {}

  void run() {
    for (std::size_t step = 0; step < kStepsMax && in_.left() > 0; ++step) {
      switch (in_.u8("step") % 6) {
        case 0: send(1); break;
        case 1: send(in_.u16("jump")); break;
        case 2: send_rtcp(); break;
        case 3: deliver(in_.u8("which")); break;
        case 4: deliver_changed(in_.u8("which"), in_.u8("where"), in_.u8("change")); break;
        case 5: deliver_raw(in_.u8("size")); break;
        default: break;
      }
    }
  }

 private:
  void send(std::uint16_t jump) {
    if (jump == 0 || jump > 0x7fff) return;  // the sender goes forward, by less than half a circle
    index_ += jump;
    packet_.clear();
    Writer(packet_).u8(0x80).u8(96).u16(static_cast<std::uint16_t>(index_)).u32(1).u32(7).u32(9);
    Sent sent{.index = index_, .plain = copy()};
    CHECK(sender_.protect(packet_).has_value());
    sent.sealed = copy();
    sent_.push_back(std::move(sent));
  }
  void send_rtcp() {
    packet_.clear();
    Writer(packet_).u8(0x80).u8(201).u16(1).u32(7);
    Sent sent{.is_rtcp = true, .index = rtcp_index_++, .plain = copy()};
    CHECK(sender_.protect_rtcp(packet_).has_value());
    sent.sealed = copy();
    sent_.push_back(std::move(sent));
  }
  [[nodiscard]] ByteVector copy() const { return {packet_.bytes().begin(), packet_.bytes().end()}; }

  void deliver(std::uint8_t which) {
    if (sent_.empty()) return;
    Sent& sent = sent_[which % sent_.size()];
    ByteVector bytes = sent.sealed;
    const auto opened = sent.is_rtcp ? receiver_.unprotect_rtcp(bytes) : receiver_.unprotect(bytes);
    if (opened) {
      CHECK(!sent.was_read && equal(*opened, sent.plain));
      sent.was_read = true;
      return;
    }
    // What was not read before is refused only behind the window, or where the guess of the
    // rollover counter is off by more than half a circle.
    CHECK(sent.was_read || opened.error() == UnprotectError::kTooOld ||
          opened.error() == UnprotectError::kForged || opened.error() == UnprotectError::kReplayed);
  }
  void deliver_changed(std::uint8_t which, std::uint8_t where, std::uint8_t change) {
    if (sent_.empty() || change == 0) return;
    const Sent& sent = sent_[which % sent_.size()];
    ByteVector bytes = sent.sealed;
    bytes[where % bytes.size()] ^= change;
    const auto before = receiver_.rollover_counter(Ssrc{7});
    const std::size_t streams = receiver_.stream_count();
    CHECK(!(sent.is_rtcp ? receiver_.unprotect_rtcp(bytes) : receiver_.unprotect(bytes)));
    CHECK(receiver_.rollover_counter(Ssrc{7}) == before && receiver_.stream_count() == streams);
  }
  void deliver_raw(std::uint8_t size) {
    const Bytes raw = in_.bytes(std::min<std::size_t>(size, in_.left()), "raw");
    ByteVector bytes(raw.begin(), raw.end());
    CHECK(!receiver_.unprotect(bytes));
    bytes.assign(raw.begin(), raw.end());
    CHECK(!receiver_.unprotect_rtcp(bytes));
  }

  Reader& in_;
  SrtpSender sender_;
  SrtpReceiver receiver_;
  PacketBuffer packet_;
  std::uint64_t index_ = 1;
  std::uint64_t rtcp_index_ = 0;
  std::vector<Sent> sent_;
};

// Behind ciphers that accept everything: packets of any content, lengths and orders.
void without_ciphers(SrtpProfile profile, Reader& in) {
  const crypto::TransparentPrimitives transparent;
  SrtpReceiver receiver(profile, master_for(profile), Trace{}, transparent);
  while (in.left() > 0) {
    const std::uint8_t head = in.u8("kind, size");
    const Bytes raw = in.bytes(std::min<std::size_t>(head & 0x7f, in.left()), "packet");
    ByteVector bytes(raw.begin(), raw.end());
    const bool is_rtcp = (head & 0x80) != 0;
    const auto opened = is_rtcp ? receiver.unprotect_rtcp(bytes) : receiver.unprotect(bytes);
    CHECK(receiver.stream_count() <= kSrtpStreamsMax);
    if (!opened) continue;
    CHECK(opened->size() < bytes.size());
    if (!is_rtcp) CHECK(header_size(*opened).has_value());
  }
}

}  // namespace
}  // namespace glass::rtp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace glass;
  Reader in(Bytes(data, size));
  const std::uint8_t choice = in.u8("profile");
  const rtp::SrtpProfile profile = rtp::kProfiles[choice % rtp::kProfiles.size()];
  if (choice >= 0x80) {
    rtp::without_ciphers(profile, in);
  } else {
    rtp::Driver(profile, in).run();
  }
  return 0;
}
