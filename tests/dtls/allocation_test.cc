// The data path asks for no memory: neither ours nor OpenSSL's.
#include <cstddef>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include "base/bytes.h"
#include "base/trace.h"
#include "dtls/connection.h"
#include "dtls/replay_window.h"
#include "dtls/walk.h"
#include "tests/dtls/support/link.h"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  return std::malloc(size);
}
void* openssl_malloc(std::size_t size, const char* /*file*/, int /*line*/) { return counted(size); }
void* openssl_realloc(void* at, std::size_t size, const char* /*file*/, int /*line*/) {
  ++allocations;
  return std::realloc(at, size);
}
void openssl_free(void* at, const char* /*file*/, int /*line*/) { std::free(at); }
// Before OpenSSL has asked for anything.
const int kInstalled = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t /*size*/) noexcept { std::free(at); }

namespace glass::dtls::test {
namespace {

void expect_no_allocations(Version version, std::size_t overhead) {
  ASSERT_EQ(kInstalled, 1);
  SeededRandom dice(1);
  Config client_config = config_for(Role::kClient);
  Config server_config = config_for(Role::kServer);
  client_config.max_version = version;
  server_config.max_version = version;
  Connection client(client_config, dice, Trace{});
  Connection server(server_config, dice, Trace{});
  const Instant now{};
  PacketBuffer packet;
  server.start(now);
  client.start(now);
  for (int i = 0; i < 10; ++i) {
    for (packet.clear(); client.poll_transmit(now, packet); packet.clear())
      server.receive(now, packet.bytes());
    for (packet.clear(); server.poll_transmit(now, packet); packet.clear())
      client.receive(now, packet.bytes());
  }
  while (client.poll_event() || server.poll_event()) {
  }
  ASSERT_TRUE(client.is_open() && server.is_open());
  std::size_t bytes = 0;
  const auto send_one = [&] {
    packet.clear();
    (void)packet.append(1000);
    client.seal(packet);
    server.receive(now, packet.bytes());
    while (const auto event = server.poll_event())
      bytes += std::get<Plaintext>(*event).bytes.size();
  };
  send_one();

  const std::size_t before = allocations;
  for (int i = 0; i < 100; ++i) send_one();

  EXPECT_EQ(allocations - before, 0U);
  EXPECT_EQ(bytes, 101'000U);
  EXPECT_EQ(packet.size(), 1000 + overhead);
}

TEST(Connection, SealsAndOpensWithoutAllocating) {
  expect_no_allocations(Version::k12, Connection::overhead());
  expect_no_allocations(Version::k13, 22);  // RFC 9147 §4: 5 of header, 1 of type, 16 of tag
}

TEST(ReplayWindow, RemembersTheLatest64) {
  using enum ReplayWindow::Verdict;
  ReplayWindow window;

  window.note(100);

  EXPECT_EQ(window.check(100), kSeen);
  EXPECT_EQ(window.check(101), kNew);
  EXPECT_EQ(window.check(99), kNew);
  EXPECT_EQ(window.check(37), kNew);
  EXPECT_EQ(window.check(36), kTooOld);
  window.note(37);
  EXPECT_EQ(window.check(37), kSeen);
  window.note(163);
  EXPECT_EQ(window.check(100), kSeen);
  window.note(1000);
  EXPECT_EQ(window.check(999), kNew);
  EXPECT_EQ(window.check(163), kTooOld);
}

struct Names final : FieldTap {
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    EXPECT_EQ(offset, next) << name;
    next = offset + bytes.size();
  }
  std::size_t next = 0;
};

TEST(Walk, NamesEveryByteOfAFlight) {
  SeededRandom dice(1);
  Connection client(config_for(Role::kClient), dice, Trace{});
  PacketBuffer packet;
  client.start(Instant{});
  ASSERT_TRUE(client.poll_transmit(Instant{}, packet));
  Names names;

  EXPECT_TRUE(walk_datagram(packet.bytes(), names));

  EXPECT_EQ(names.next, packet.size());
}

}  // namespace
}  // namespace glass::dtls::test
