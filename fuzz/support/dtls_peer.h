// fuzz/support/dtls_peer.h - one connection, and a peer that is the input.
//
// The peer says whatever message it likes, in whatever epoch it likes, and cryptography is
// transparent, so that all of it gets through. The first byte of an input chooses versions and
// options; then each step has a way, a type, a size and that many bytes. The harnesses
// machine_dtls_client and machine_dtls_server are this for one role each.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/writer.h"
#include "crypto/aead.h"
#include "crypto/certificate.h"
#include "crypto/seeded_random.h"
#include "crypto/transparent.h"
#include "dtls/connection.h"
#include "dtls/handshake.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/certificate13.h"
#include "dtls/record.h"
#include "dtls/wire.h"

namespace glass::fuzz {

using namespace glass::dtls;

inline const crypto::Identity& identity() {
  static const crypto::Identity kIdentity = [] {
    crypto::seed_openssl(1);
    return crypto::Identity::make("fuzz", 1'700'000'000);
  }();
  return kIdentity;
}

// Of a step's first byte.
inline constexpr std::uint8_t kEpochBits = 0x03;
inline constexpr std::uint8_t kRawBit = 0x04;  // the type is the record's, and no message is around
inline constexpr std::uint8_t kCertificateBit =
    0x08;                                        // the bytes are those of the one right certificate
inline constexpr std::uint8_t kAgainBit = 0x10;  // under the number of the message before
inline constexpr std::uint8_t kTimeBit = 0x20;   // the next timer of the connection runs out first
inline constexpr std::uint8_t kCommandBit = 0x40;  // no message but a wish of our own side
inline constexpr std::uint8_t kUnifiedBit = 0x80;  // sealed as in DTLS 1.3

struct Setup {
  Setup(Role role, std::uint8_t bits) : is_13((bits & 2) != 0), has_ids((bits & 8) != 0) {
    static const crypto::TransparentPrimitives kTransparent;
    config.role = role;
    config.max_version = is_13 ? Version::k13 : Version::k12;
    config.min_version = (bits & 4) != 0 && is_13 ? Version::k13 : Version::k12;
    config.identity = &identity();
    config.remote_fingerprints = {identity().fingerprint()};
    if (has_ids) config.connection_id = ByteVector{1};
    if ((bits & 16) != 0) config.record_size_limit = 200;
    config.cookie_exchange = (bits & 32) != 0;
    if ((bits & 64) != 0) config.srtp_profiles = {SrtpProfile::kAeadAes128Gcm};
    if ((bits & 128) != 0) config.extended_master_secret = ExtendedMasterSecret::kPreferred;
    config.limits.records_before_update = 20;
    config.primitives = &kTransparent;
  }
  Config config;
  bool is_13;
  bool has_ids;
};

class Peer {
 public:
  explicit Peer(const Setup& setup) : has_ids_(setup.has_ids), is_13_(setup.is_13) {
    connection_ = std::make_unique<Connection>(setup.config, random_, Trace{});
    connection_->start(now_);
    drain();
  }
  void step(std::uint8_t way, std::uint8_t type, Bytes bytes) {
    if ((way & kTimeBit) != 0) pass_time();
    if ((way & kCommandBit) != 0) return command(type, bytes);
    if ((way & kRawBit) != 0) return record(way, ContentType{type}, bytes);
    ByteVector body(bytes.begin(), bytes.end());
    if ((way & kCertificateBit) != 0) body = certificate();
    if ((way & kAgainBit) != 0 && next_message_ > 0) --next_message_;
    ByteVector text;
    Writer out(text);
    write_whole(
        out,
        {.type = HandshakeType{type}, .message_seq = next_message_++, .body = std::move(body)});
    record(way, ContentType::kHandshake, text);
  }

 private:
  void command(std::uint8_t which, Bytes bytes) {
    switch (which % 6) {
      case 0: connection_->close(now_); break;
      case 1: connection_->update_keys(now_); break;
      case 2: (void)connection_->request_connection_ids(now_, which); break;
      case 3: (void)connection_->use_next_connection_id(now_); break;
      case 4:
        connection_->pause_timers(now_);
        connection_->resume_timers(now_, std::chrono::milliseconds(which));
        break;
      default:
        if (connection_->is_open()) {
          PacketBuffer packet;
          packet.assign(bytes.first(std::min(bytes.size(), packet.room())));
          connection_->seal(packet);
        }
        break;
    }
    drain();
  }
  ByteVector certificate() const {
    ByteVector bytes;
    Writer out(bytes);
    if (is_13_)
      write(out, Certificate13{.context = {}, .chain = {identity().certificate_der()}});
    else
      write(out, Certificate{.chain = {identity().certificate_der()}});
    return bytes;
  }
  void pass_time() {
    const Instant next = connection_->next_time();
    if (next != kNever) now_ = std::max(now_, next);
    connection_->on_time(now_);
    drain();
  }
  void record(std::uint8_t way, ContentType type, Bytes text) {
    const std::uint8_t epoch = way & kEpochBits;
    ByteVector bytes;
    Writer out(bytes);
    if ((way & kUnifiedBit) != 0) {
      out.u8(static_cast<std::uint8_t>(0x2c | (has_ids_ ? 0x10 : 0) | epoch));
      if (has_ids_) out.u8(1);
      out.u16(static_cast<std::uint16_t>(sequences_.at(epoch)++));
      out.u16(static_cast<std::uint16_t>(text.size() + 1 + crypto::kAeadTagSize));
      out.bytes(text).u8(std::to_underlying(type)).zeros(crypto::kAeadTagSize);
    } else {
      ByteVector fragment(epoch == 0 ? 0 : kExplicitNonceSize, 0);
      fragment.insert(fragment.end(), text.begin(), text.end());
      const bool with_id = epoch > 0 && has_ids_;
      if (with_id) fragment.push_back(std::to_underlying(type));
      if (epoch > 0) fragment.resize(fragment.size() + crypto::kAeadTagSize);
      const ByteVector id{1};
      write(out, Record{.type = type,
                        .epoch = epoch,
                        .sequence = plain_sequences_.at(epoch)++,
                        .connection_id = with_id ? Bytes(id) : Bytes(),
                        .fragment = fragment});
    }
    connection_->receive(now_, bytes);
    drain();
  }
  void drain() {
    std::size_t said = 0;
    while (auto event = connection_->poll_event()) {
      CHECK(++said < 4096);
      CHECK(!over_);
      over_ = std::holds_alternative<Closed>(*event);
    }
    PacketBuffer out;
    for (std::size_t count = 0; connection_->poll_transmit(now_, out); out.clear())
      CHECK(++count < 256);
  }

  SeededRandom random_{1};
  std::unique_ptr<Connection> connection_;
  Instant now_{};
  bool over_ = false;
  bool has_ids_;
  bool is_13_;
  std::uint16_t next_message_ = 0;
  std::array<std::uint64_t, 4> sequences_{};
  std::array<std::uint64_t, 4> plain_sequences_{};
};

// The whole of an input.
inline void run_peer(Role role, Bytes input) {
  (void)identity();
  crypto::seed_openssl(7);
  Reader in(input);
  const Setup setup(role, in.u8("setup"));
  Peer peer(setup);
  for (int steps = 0; in.ok() && in.left() > 0 && steps < 200; ++steps) {
    const std::uint8_t way = in.u8("way");
    const std::uint8_t type = in.u8("type");
    const std::size_t count = std::min<std::size_t>(in.u16("size"), in.left());
    peer.step(way, type, in.bytes(count, "bytes"));
  }
}

}  // namespace glass::fuzz
