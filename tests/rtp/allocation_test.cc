// The data path asks for no memory: neither ours nor OpenSSL's.
#include <cstddef>
#include <cstdlib>
#include <new>

#include <gtest/gtest.h>
#include <openssl/crypto.h>

#include "base/bytes.h"
#include "rtp/srtp.h"
#include "tests/rtp/support/srtp_pair.h"

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

namespace glass::rtp::test {
namespace {

TEST(Allocations, ASecuredPacketCostsNone) {
  ASSERT_EQ(kInstalled, 1);
  for (const SrtpProfile profile : kProfiles) {
    SrtpSender sender(profile, master_for(profile), Trace{});
    SrtpReceiver receiver(profile, master_for(profile), Trace{});
    PacketBuffer packet;
    std::size_t before = 0;
    for (std::uint16_t i = 0; i < 200; ++i) {
      if (i == 10) before = allocations;
      make_rtp(packet, i);
      ASSERT_TRUE(sender.protect(packet).has_value());
      ASSERT_TRUE(receiver.unprotect(packet.bytes()).has_value());
      make_rtcp(packet);
      ASSERT_TRUE(sender.protect_rtcp(packet).has_value());
      ASSERT_TRUE(receiver.unprotect_rtcp(packet.bytes()).has_value());
      packet.bytes().front() ^= 0x40;
      ASSERT_FALSE(receiver.unprotect(packet.bytes()).has_value());
    }
    EXPECT_EQ(allocations - before, 0U) << to_text(profile);
  }
}

}  // namespace
}  // namespace glass::rtp::test
