// dtls/config.h - what a DTLS connection is told before it begins.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "crypto/fingerprint.h"
#include "crypto/key_exchange.h"
#include "crypto/primitives.h"

namespace glass::dtls {

enum class Role : std::uint8_t { kClient, kServer };

enum class Version : std::uint8_t { k12, k13 };

// RFC 5764 §4.1.2 and RFC 7714 §14.2.
enum class SrtpProfile : std::uint16_t {
  kAes128CmHmacSha1Tag80 = 0x0001,
  kAes128CmHmacSha1Tag32 = 0x0002,
  kAeadAes128Gcm = 0x0007,
  kAeadAes256Gcm = 0x0008,
};

enum class ExtendedMasterSecret : std::uint8_t {
  kRequired,   // RFC 7627 §5.2: a peer without it is refused
  kPreferred,  // used when the peer has it
};

// Where an association ends because its keys are worn out.
struct Limits {
  // RFC 9147 §4.5.3: AES-GCM bears with 2^24.5 records under one key. New keys are asked for well
  // before.
  std::uint64_t records_before_update = std::uint64_t{1} << 24;
  // RFC 6347 §4.1: sequence numbers have 48 bits and must not wrap. The last few are kept for
  // alerts.
  std::uint64_t records_sealed = (std::uint64_t{1} << 48) - 16;
  // RFC 9147 §4.5.3: forgery attempts that AES-GCM bears with.
  std::uint64_t records_failed = std::uint64_t{1} << 36;
};

struct Config {
  Role role = Role::kClient;
  // What is offered and accepted; a client that may do both says so in one hello.
  Version min_version = Version::k12;
  Version max_version = Version::k13;
  const crypto::Identity* identity = nullptr;  // ours; must outlive the connection
  // Of the peer's certificate, any of them will do. None: no certificate is accepted.
  std::vector<crypto::Fingerprint> remote_fingerprints;
  // RFC 6347 §4.2.4.1 says one second, and less where the application needs it (RFC 9147 §5.8.2
  // names such uses). 50 ms is what both browsers take.
  Duration initial_rto = std::chrono::milliseconds(50);
  Duration max_rto = std::chrono::seconds(60);          // RFC 6347 §4.2.4.1
  Duration handshake_limit = std::chrono::seconds(60);  // then the peer is given up
  std::size_t mtu = 1200;                               // of a datagram that poll_transmit() writes
  ExtendedMasterSecret extended_master_secret = ExtendedMasterSecret::kRequired;
  // RFC 6347 §4.2.1, RFC 9147 §5.1: off, because ICE has already shown that the peer is where it
  // says.
  bool cookie_exchange = false;
  // In order of preference; a DTLS 1.3 client sends a key share for the first of them.
  std::vector<crypto::Group> groups{crypto::Group::kX25519, crypto::Group::kP256,
                                    crypto::Group::kP384};
  std::vector<SrtpProfile> srtp_profiles;  // in order of preference; empty: no use_srtp
  // RFC 9146, RFC 9147 §9: the id that the peer is asked to put into its records to us, at most
  // kConnectionIdMax bytes; empty: we would send ids and want none. nullopt: no connection ids.
  std::optional<ByteVector> connection_id;
  // RFC 8449: the largest text of a protected record that we take, at least 64; in DTLS 1.3 its
  // content type counts. nullopt: not negotiated.
  std::optional<std::uint16_t> record_size_limit;
  Limits limits;
  const crypto::Primitives* primitives = nullptr;  // null: the real ones
};

}  // namespace glass::dtls
