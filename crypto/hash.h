// crypto/hash.h - message digests with a context that is used again and again.
//
// Knows bytes in, digest out. MD5 is here for STUN's long-term keys alone (RFC 8489 §9.2.2) and
// SHA-1 for its MESSAGE-INTEGRITY: neither serves anything where collisions matter.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/bytes.h"

struct evp_md_ctx_st;  // OpenSSL's name: its headers stay inside crypto/*.cc

namespace glass::crypto {

enum class HashKind : std::uint8_t { kMd5, kSha1, kSha256, kSha384, kSha512 };

inline constexpr std::size_t kHashSizeMax = 64;

// Bytes of a digest.
std::size_t hash_size(HashKind kind);
// Bytes that the compression function eats at once (RFC 2104 calls this B).
std::size_t hash_block_size(HashKind kind);
// "sha-256", the name that SDP and IANA's table of hash functions use.
std::string_view to_text(HashKind kind);

class Hash {
 public:
  explicit Hash(HashKind kind);

  [[nodiscard]] HashKind kind() const { return kind_; }
  [[nodiscard]] std::size_t size() const { return hash_size(kind_); }
  void update(Bytes bytes);
  // Writes the digest, cut to what `out` takes, and begins a new message.
  void finish(MutableBytes out);
  // A second message that begins with all that this one has seen.
  [[nodiscard]] Hash fork() const;

 private:
  struct Free {
    void operator()(evp_md_ctx_st* context) const;
  };
  HashKind kind_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
};

// The digest of one message.
ByteVector hash(HashKind kind, Bytes bytes);

}  // namespace glass::crypto
