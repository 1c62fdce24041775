// fuzz: uses dtls crypto
//
// Two honest ends, and the fuzzer edits their flights. The first byte chooses whether cryptography
// is transparent, which version each end can do, and whether there are connection ids, small
// records and small datagrams; then each byte is a step: deliver, lose, change or invent a
// datagram, let time pass, say something, close.
#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "crypto/certificate.h"
#include "crypto/seeded_random.h"
#include "crypto/transparent.h"
#include "dtls/connection.h"
#include "fuzz/support/dtls_edit.h"

namespace {

using namespace glass;
using namespace glass::dtls;

constexpr std::size_t kFlyingMax = 64;
constexpr std::size_t kSmallMtu = 296;
constexpr std::array<std::uint8_t, 3> kConnectionId{1, 2, 3};

const crypto::Identity& identity() {
  static const crypto::Identity kIdentity = [] {
    crypto::seed_openssl(1);
    return crypto::Identity::make("fuzz", 1'700'000'000);
  }();
  return kIdentity;
}

struct End {
  End(Role role, std::uint8_t setup, bool cookies, Version newest)
      : random(role == Role::kClient ? 1 : 2) {
    static const crypto::TransparentPrimitives kTransparent;
    Config config;
    const bool transparent = (setup & 1) != 0;
    config.role = role;
    if ((setup & 16) != 0) config.connection_id.emplace(kConnectionId.begin(), kConnectionId.end());
    if ((setup & 32) != 0) config.record_size_limit = 64;
    if ((setup & 64) != 0) config.mtu = kSmallMtu;
    config.max_version = newest;
    config.limits.records_before_update = 40;
    config.identity = &identity();
    config.remote_fingerprints = {identity().fingerprint()};
    config.cookie_exchange = cookies;
    config.srtp_profiles = {SrtpProfile::kAeadAes128Gcm};
    if (transparent) config.primitives = &kTransparent;
    mtu = config.mtu;
    connection = std::make_unique<Connection>(config, random, Trace{});
  }
  void drain(Instant now) {
    std::size_t said = 0;
    while (auto event = connection->poll_event()) {
      CHECK(++said < 4096);
      CHECK(!over);
      over = std::holds_alternative<Closed>(*event);
    }
    PacketBuffer out;
    for (std::size_t count = 0; connection->poll_transmit(now, out); out.clear()) {
      CHECK(++count < 256);
      CHECK(out.size() <= mtu);
      if (flying.size() < kFlyingMax) flying.emplace_back(out.bytes().begin(), out.bytes().end());
    }
  }
  SeededRandom random;
  std::unique_ptr<Connection> connection;
  std::vector<ByteVector> flying;  // what it has sent
  std::size_t mtu = 0;
  bool over = false;
};

class Program {
 public:
  explicit Program(Bytes input) : input_(input) {}
  [[nodiscard]] bool done() const { return at_ == input_.size(); }
  std::uint8_t byte() { return done() ? 0 : input_[at_++]; }
  std::size_t number() {
    const std::size_t high = byte();
    return high << 8 | byte();
  }
  Bytes bytes(std::size_t count) {
    count = std::min(count, input_.size() - at_);
    at_ += count;
    return input_.subspan(at_ - count, count);
  }

 private:
  Bytes input_;
  std::size_t at_ = 0;
};

// What the fuzzer does to a datagram on its way.
void change(Program& program, ByteVector& datagram, const std::vector<ByteVector>& others) {
  if (datagram.empty()) return;
  const std::uint8_t how = program.byte();
  switch (how % 6) {
    case 0: datagram[program.byte() % datagram.size()] ^= program.byte(); break;
    case 1: datagram[program.number() % datagram.size()] ^= how | 1; break;
    case 2: datagram.resize(program.byte() * datagram.size() / 256); break;
    case 3: {
      const ByteVector& other = others[program.byte() % others.size()];
      datagram.insert(datagram.end(), other.begin(), other.end());
      break;
    }
    default: {
      fuzz::BodyEdit edit;
      edit.record = how / 6 % 8;
      edit.at = program.number();
      edit.removed = program.byte();
      edit.inserted = program.bytes(program.byte() % 64);
      fuzz::edit_body(datagram, edit, kConnectionId.size());
      break;
    }
  }
}

void deliver(Program& program, End& from, End& to, Instant now, bool is_changed) {
  if (from.flying.empty()) return;
  const std::size_t which = program.byte() % from.flying.size();
  ByteVector datagram = from.flying[which];
  if (is_changed)
    change(program, datagram, from.flying);
  else
    from.flying.erase(from.flying.begin() + static_cast<std::ptrdiff_t>(which));
  to.connection->receive(now, datagram);
  to.drain(now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)identity();
  crypto::seed_openssl(7);
  Program program(Bytes(data, size));
  const std::uint8_t setup = program.byte();
  End client(Role::kClient, setup, false, (setup & 4) != 0 ? Version::k12 : Version::k13);
  End server(Role::kServer, setup, (setup & 2) != 0,
             (setup & 8) != 0 ? Version::k12 : Version::k13);
  Instant now{};
  server.connection->start(now);
  client.connection->start(now);
  client.drain(now);
  for (int steps = 0; !program.done() && steps < 500; ++steps) {
    const std::uint8_t op = program.byte();
    End& one = (op & 1) != 0 ? server : client;
    End& other = (op & 1) != 0 ? client : server;
    switch (op >> 1 & 7) {
      case 0:
      case 1: deliver(program, one, other, now, false); break;
      case 2: deliver(program, one, other, now, true); break;
      case 3:
        if (!one.flying.empty()) one.flying.erase(one.flying.begin());
        break;
      case 4: {
        const Instant next = one.connection->next_time();
        if (next != kNever) now = std::max(now, next);
        one.connection->on_time(now);
        break;
      }
      case 5: {
        const Bytes invented = program.bytes(program.byte());
        ByteVector datagram(invented.begin(), invented.end());
        one.connection->receive(now, datagram);
        one.drain(now);
        break;
      }
      case 6:
        if (one.connection->is_open() && one.flying.size() < kFlyingMax) {
          PacketBuffer packet;
          packet.assign(program.bytes(program.byte()));
          one.connection->seal(packet);
          if (!packet.empty())
            one.flying.emplace_back(packet.bytes().begin(), packet.bytes().end());
        }
        break;
      default:
        if (op >= 0xf0)
          one.connection->close(now);
        else if (op >= 0xe0)
          one.connection->update_keys(now);
        else if (op >= 0xd0)
          (void)one.connection->request_connection_ids(now, program.byte());
        else if (op >= 0xc0)
          (void)one.connection->use_next_connection_id(now);
        else
          now += std::chrono::milliseconds(program.byte());
        break;
    }
    one.drain(now);
  }
  return 0;
}
