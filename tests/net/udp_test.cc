// tests/net/udp_test.cc - batches over loopback sockets.
#include "net/udp.h"

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/address.h"
#include "base/bytes.h"

namespace glass::net {
namespace {

Address loopback4() { return *parse_ip("127.0.0.1"); }
Address loopback6() { return *parse_ip("::1"); }

UdpSocket open_at(const Address& local, bool segmentation = true) {
  auto socket = UdpSocket::open(local, {.segmentation = segmentation});
  EXPECT_TRUE(socket.has_value()) << socket.error().text;
  return std::move(*socket);
}

void put(SendBatch& batch, const Path& path, std::size_t size, std::uint8_t fill) {
  for (std::uint8_t& byte : batch.slot().append(size)) byte = fill;
  batch.commit(path);
}

// What arrives within a second, until there are `count`; loopback delivers at once.
std::vector<ByteVector> receive_all(UdpSocket& socket, std::size_t count) {
  std::vector<ByteVector> got;
  ReceiveBatch batch;
  for (int tries = 0; got.size() < count && tries < 1000; ++tries) {
    socket.receive(batch, [&](const Received& in) {
      EXPECT_EQ(in.path.local, socket.local());
      got.emplace_back(in.bytes.begin(), in.bytes.end());
    });
    if (got.size() < count) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return got;
}

class UdpSocketBothFamilies : public testing::TestWithParam<std::string> {
 protected:
  Address local = *parse_ip(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Families, UdpSocketBothFamilies, testing::Values("127.0.0.1", "::1"),
                         [](const auto& test) { return test.param == "::1" ? "IPv6" : "IPv4"; });

TEST_P(UdpSocketBothFamilies, PortZeroTakesAFreePort) {
  const UdpSocket socket = open_at(local);

  EXPECT_TRUE(socket.local().same_ip(local));
  EXPECT_NE(socket.local().port, 0);
}

TEST_P(UdpSocketBothFamilies, DatagramsOfMixedSizesArriveWholeAndInOrder) {
  UdpSocket from = open_at(local);
  UdpSocket to = open_at(local);
  const Path path{Transport::kUdp, from.local(), to.local()};
  const std::vector<std::size_t> sizes{1200, 1200, 1200, 700, 1200, 1, 1300, 1300, 0, 5};
  SendBatch batch;
  for (std::size_t i = 0; i < sizes.size(); ++i)
    put(batch, path, sizes[i], static_cast<std::uint8_t>(i));

  EXPECT_EQ(from.flush(batch), UdpSocket::Flush::kDone);

  EXPECT_TRUE(batch.is_empty());
  const auto got = receive_all(to, sizes.size());
  ASSERT_EQ(got.size(), sizes.size());
  for (std::size_t i = 0; i < sizes.size(); ++i)
    EXPECT_EQ(got[i], ByteVector(sizes[i], static_cast<std::uint8_t>(i))) << i;
  EXPECT_EQ(from.counters().sent, sizes.size());
  EXPECT_EQ(to.counters().received, sizes.size());
}

TEST(UdpSocket, ARunOfEqualDatagramsIsOneCallToTheKernel) {
  UdpSocket from = open_at(loopback4());
  UdpSocket to = open_at(loopback4());
  if (!from.segments()) GTEST_SKIP() << "this kernel has no UDP_SEGMENT";
  SendBatch batch;
  while (!batch.is_full()) put(batch, {Transport::kUdp, from.local(), to.local()}, 900, 7);

  EXPECT_EQ(from.flush(batch), UdpSocket::Flush::kDone);

  EXPECT_EQ(receive_all(to, SendBatch::kSlots).size(), SendBatch::kSlots);
  EXPECT_EQ(from.counters().send_calls, 1U);
  EXPECT_EQ(from.counters().sent, SendBatch::kSlots);
}

TEST(UdpSocket, WithoutSegmentationTheSameDatagramsArrive) {
  UdpSocket from = open_at(loopback4(), false);
  UdpSocket to = open_at(loopback4(), false);
  SendBatch batch;
  while (!batch.is_full()) put(batch, {Transport::kUdp, from.local(), to.local()}, 900, 7);

  EXPECT_EQ(from.flush(batch), UdpSocket::Flush::kDone);

  EXPECT_EQ(receive_all(to, SendBatch::kSlots).size(), SendBatch::kSlots);
}

TEST(UdpSocket, ADatagramThatCannotGoIsCountedAndTheOthersLeave) {
  UdpSocket from = open_at(loopback4());
  UdpSocket to = open_at(loopback4());
  SendBatch batch;
  put(batch, {Transport::kUdp, from.local(), *parse_address("127.0.0.1:0")}, 10, 1);  // EINVAL
  put(batch, {Transport::kUdp, from.local(), *parse_address("[::1]:9")}, 10, 1);  // other family
  put(batch, {Transport::kUdp, from.local(), to.local()}, 10, 2);

  EXPECT_EQ(from.flush(batch), UdpSocket::Flush::kDone);

  EXPECT_EQ(receive_all(to, 1), std::vector<ByteVector>{ByteVector(10, 2)});
  EXPECT_EQ(from.counters().send_errors, 2U);
}

TEST(UdpSocket, AFullRunThatCannotBeCutGoesAsSingleDatagrams) {
  UdpSocket from = open_at(loopback4());
  UdpSocket to = open_at(loopback4());
  SendBatch batch;  // the first two make a run that the kernel refuses as a whole
  put(batch, {Transport::kUdp, from.local(), *parse_address("127.0.0.1:0")}, 10, 1);
  put(batch, {Transport::kUdp, from.local(), *parse_address("127.0.0.1:0")}, 10, 1);
  put(batch, {Transport::kUdp, from.local(), to.local()}, 10, 2);
  put(batch, {Transport::kUdp, from.local(), to.local()}, 10, 3);

  EXPECT_EQ(from.flush(batch), UdpSocket::Flush::kDone);

  EXPECT_EQ(receive_all(to, 2).size(), 2U);
  EXPECT_EQ(from.counters().send_errors, 2U);
  EXPECT_EQ(from.counters().sent, 2U);
}

TEST(UdpSocket, ABatchStopsWhereAnotherSocketIsMeant) {
  UdpSocket a = open_at(loopback4());
  UdpSocket b = open_at(loopback4());
  SendBatch batch;
  put(batch, {Transport::kUdp, a.local(), b.local()}, 10, 1);
  put(batch, {Transport::kUdp, b.local(), a.local()}, 10, 2);

  EXPECT_EQ(a.flush(batch), UdpSocket::Flush::kDone);

  EXPECT_EQ(batch.size(), 1U);
  EXPECT_EQ(batch.front_path().local, b.local());
}

TEST(UdpSocket, SendMovesOneDatagram) {
  UdpSocket from = open_at(loopback6());
  UdpSocket to = open_at(loopback6());

  EXPECT_TRUE(from.send(to.local(), as_bytes("hello")));

  const auto got = receive_all(to, 1);
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(as_text(got[0]), "hello");
}

TEST(UdpSocket, APortInUseIsAnErrorWithItsAddress) {
  const UdpSocket first = open_at(loopback4());

  const auto second = UdpSocket::open(first.local());

  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, EADDRINUSE);
  EXPECT_NE(second.error().text.find(to_text(first.local())), std::string::npos);
}

TEST(UdpSocket, LossOnPurposeIsTheSameForTheSameSeed) {
  const auto survivors = [](std::uint64_t seed) {
    UdpSocket from = open_at(loopback4());
    UdpSocket to = open_at(loopback4());
    from.set_loss(Loss(300'000, seed));
    SendBatch batch;
    for (std::uint8_t i = 0; i < SendBatch::kSlots; ++i)
      put(batch, {Transport::kUdp, from.local(), to.local()}, 1, i);
    EXPECT_EQ(from.flush(batch), UdpSocket::Flush::kDone);
    EXPECT_EQ(from.counters().sent + from.counters().lost_on_purpose, SendBatch::kSlots);
    return receive_all(to, from.counters().sent);
  };

  const auto first = survivors(1);

  EXPECT_LT(first.size(), SendBatch::kSlots);
  EXPECT_GT(first.size(), SendBatch::kSlots / 3);
  EXPECT_EQ(first, survivors(1));
  EXPECT_NE(first, survivors(2));
}

TEST(UdpSocket, LossWorksOnWhatArrivesToo) {
  UdpSocket from = open_at(loopback4());
  UdpSocket to = open_at(loopback4());
  to.set_loss(Loss(Loss::kCertain, 1));
  EXPECT_TRUE(from.send(to.local(), as_bytes("x")));

  ReceiveBatch batch;
  while (to.counters().received == 0) to.receive(batch, [](const Received&) { ADD_FAILURE(); });

  EXPECT_EQ(to.counters().lost_on_purpose, 1U);
}

TEST(Loss, CertainLosesAllAndZeroNone) {
  Loss all(Loss::kCertain, 1);
  Loss none(0, 1);

  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(all.loses_one());
    EXPECT_FALSE(none.loses_one());
  }
}

}  // namespace
}  // namespace glass::net
