// tests/dtls/support/library_end.h - another DTLS library as an end of a Line: what all of them
// share. Datagrams lie in queues that the library's callbacks read and write.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "crypto/certificate.h"
#include "tests/dtls/support/link.h"

namespace glass::dtls::test {

class LibraryEnd : public End {
 public:
  LibraryEnd(const LibraryEnd&) = delete;
  LibraryEnd& operator=(const LibraryEnd&) = delete;

  void start(Instant now) final { pump(now); }
  void receive(Instant now, ByteVector datagram) final {
    incoming_.push_back(std::move(datagram));
    pump(now);
  }
  std::optional<ByteVector> poll_transmit(Instant /*now*/) final {
    if (outgoing_.empty()) return std::nullopt;
    ByteVector out = std::move(outgoing_.front());
    outgoing_.pop_front();
    return out;
  }
  bool is_open() final { return is_open_; }
  [[nodiscard]] std::vector<std::string> received() const final { return received_; }

  int error = 0;  // the library's own number of what ended the handshake

 protected:
  LibraryEnd() = default;

  // Shakes hands as far as the datagrams here allow; then reads what they say.
  virtual void pump(Instant now) = 0;

  void wrote(Bytes datagram) { outgoing_.emplace_back(datagram.begin(), datagram.end()); }
  [[nodiscard]] bool has_datagram() const { return !incoming_.empty(); }
  // One datagram, as much of it as `out` takes; nullopt: none is here.
  std::optional<std::size_t> read_datagram(MutableBytes out) {
    if (incoming_.empty()) return std::nullopt;
    const ByteVector datagram = std::move(incoming_.front());
    incoming_.pop_front();
    const std::size_t count = std::min(out.size(), datagram.size());
    copy_bytes(Bytes(datagram).first(count), out.first(count));
    return count;
  }
  [[nodiscard]] std::size_t written() const { return outgoing_.size(); }

  bool is_open_ = false;
  std::vector<std::string> received_;

 private:
  std::deque<ByteVector> incoming_;
  std::deque<ByteVector> outgoing_;
};

// Made once each: a key pair for RSA takes longer than a handshake.
inline const crypto::Identity& identity_of(crypto::IdentityKind kind) {
  static const crypto::Identity kEcdsa = crypto::Identity::make("ecdsa", 1'700'000'000);
  static const crypto::Identity kRsa =
      crypto::Identity::make("rsa", 1'700'000'000, crypto::IdentityKind::kRsa2048);
  return kind == crypto::IdentityKind::kRsa2048 ? kRsa : kEcdsa;
}

// Both say something. What got lost is said again, a few times.
inline void expect_talk(Line& line, Ours& ours, End& theirs, const std::string& from_them) {
  for (int i = 0; i < 20 && (ours.received().empty() || theirs.received().empty()); ++i) {
    ours.send(line.now, "from us");
    theirs.send(line.now, from_them);
    line.collect();
    line.run_for(200ms);
  }
  ASSERT_FALSE(ours.received().empty() || theirs.received().empty());
  EXPECT_EQ(ours.received()[0], from_them);
  EXPECT_EQ(theirs.received()[0], "from us");
}

}  // namespace glass::dtls::test
