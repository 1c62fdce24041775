// tests/sctp/association/allocation_test.cc - the data path asks for no memory, and how fast it is.
#include <cstddef>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/trace.h"
#include "sctp/channel/channels.h"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t size) {
  ++allocations;
  return std::malloc(size);
}

}  // namespace

void* operator new(std::size_t size) { return counted(size); }
void operator delete(void* at) noexcept { std::free(at); }
void operator delete(void* at, std::size_t /*size*/) noexcept { std::free(at); }

namespace glass::sctp {
namespace {

// Two ends without a network: what one sends the other has.
struct Wire {
  Wire()
      : random_a(1),
        random_b(2),
        a(config(true), random_a, Trace{}),
        b(config(false), random_b, Trace{}) {
    a.connect(now);
    b.connect(now);
    exchange();
    id = *a.open(now, {.label = "bulk"});
    exchange();
  }
  static ChannelsConfig config(bool client) {
    ChannelsConfig config;
    config.dtls_client = client;
    return config;
  }
  void exchange() {
    for (bool idle = false; !idle;) {
      idle = true;
      for (packet.clear(); a.poll_transmit(now, packet); packet.clear(), idle = false)
        b.receive(now, packet.bytes());
      for (packet.clear(); b.poll_transmit(now, packet); packet.clear(), idle = false)
        a.receive(now, packet.bytes());
      while (const auto event = b.poll_event())
        if (const auto* message = std::get_if<ChannelMessage>(&*event))
          received += message->bytes.size();
      while (a.poll_event()) {
      }
    }
    now += Duration{1'000'000};
  }
  SeededRandom random_a;
  SeededRandom random_b;
  Channels a;
  Channels b;
  ChannelId id;
  Instant now{};
  PacketBuffer packet;
  std::size_t received = 0;
};

TEST(DataPath, AllocatesNothingInASteadyFlow) {
  Wire wire;
  const ByteVector message(16 * 1024, 7);
  const auto round = [&] {
    for (int i = 0; i < 16; ++i)
      ASSERT_TRUE(wire.a.send(wire.now, wire.id, MessageKind::kBinary, message));
    wire.exchange();
  };
  for (int i = 0; i < 20; ++i) round();  // rings and pools find their sizes
  const std::size_t received = wire.received;
  const std::size_t before = allocations;
  for (int i = 0; i < 20; ++i) round();

  EXPECT_EQ(allocations - before, 0u);
  EXPECT_EQ(wire.received - received, 20u * 16 * message.size());
}

TEST(DataPath, AllocatesNothingForSmallMessages) {
  Wire wire;
  const ByteVector message(100, 7);
  const auto round = [&] {
    for (int i = 0; i < 200; ++i)
      ASSERT_TRUE(wire.a.send(wire.now, wire.id, MessageKind::kText, message));
    wire.exchange();
  };
  for (int i = 0; i < 20; ++i) round();
  const std::size_t before = allocations;
  for (int i = 0; i < 20; ++i) round();

  EXPECT_EQ(allocations - before, 0u);
}

}  // namespace
}  // namespace glass::sctp
