// tests/sctp/packet_test.cc - checksum, common header, chunk walk; packets of real browsers.
#include "sctp/packet.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/random.h"
#include "base/text.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/chunks/sack.h"
#include "sctp/crc32c.h"
#include "tests/support/rules.h"

namespace glass::sctp {
namespace {

using testing::ElementsAre;

// Values of RFC 3720 B.4, which RFC 9260 Appendix A leaves to other documents.
TEST(Crc32c, KnownVectors) {
  EXPECT_EQ(crc32c(ByteVector(32, 0)), 0x8a9136aaU);
  EXPECT_EQ(crc32c(ByteVector(32, 0xff)), 0x62a8ab43U);
  ByteVector up(32);
  ByteVector down(32);
  for (std::uint8_t i = 0; i < 32; ++i) {
    up[i] = i;
    down[i] = static_cast<std::uint8_t>(31 - i);
  }
  EXPECT_EQ(crc32c(up), 0x46dd794eU);
  EXPECT_EQ(crc32c(down), 0x113fdb5cU);
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283U);
  EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, TableAndInstructionAgreeOnEveryLengthAndOffset) {
  if (!has_crc32c_instruction()) GTEST_SKIP();
  SeededRandom random(1);
  ByteVector bytes(300);
  random.fill(bytes);
  for (std::size_t from = 0; from < 9; ++from)
    for (std::size_t size = 0; from + size <= bytes.size(); ++size) {
      const Bytes piece = Bytes(bytes).subspan(from, size);
      ASSERT_EQ(crc32c_by_table(0x12345678, piece), crc32c_by_instruction(0x12345678, piece));
    }
}

TEST(Crc32c, PiecesAddUp) {
  const ByteVector bytes(100, 0x5a);
  Crc32c crc;
  for (std::size_t i = 0; i < bytes.size(); i += 7)
    crc.update(Bytes(bytes).subspan(i, std::min<std::size_t>(7, bytes.size() - i)));
  EXPECT_EQ(crc.value(), crc32c(bytes));
}

// Captured between Chromium and Firefox, decrypted.
constexpr std::string_view kInit =
    "138813880000000081b559670100001ed82a99bc00500000ffffffff0911d2dbc00000048008000682c00000";
constexpr std::string_view kInitAck =
    "13881388d82a99bce769967e02000050b28a086401000000ffffffff54bfe15b000700306463534354503030d82a99"
    "bc"
    "b28a08640911d2db54bfe15b00500000000000000000000001000100ffffffffc00000048008000882c040c2";
constexpr std::string_view kCookieAck = "13881388d82a99bce6aaaa1a0b000004";
constexpr std::string_view kDcepOpen =
    "13881388b28a086405022c25000300200911d2db000100000000003203000100000000000004000064617461";
constexpr std::string_view kSack = "13881388d82a99bc078dfb06030000100911d2db00e6666600000000";
constexpr std::string_view kReset =
    "13881388b28a0864e5448f4082000016000d00120911d2db0911d2db0911d74500010000";
constexpr std::string_view kAbort =
    "13881388b28a0864c8b87ff706000014000c0010436c6f73652063616c6c6564";

// Keeps names and checks that no byte is named twice or left out.
class Names final : public FieldTap {
 public:
  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    EXPECT_EQ(offset, named) << name;
    named = offset + bytes.size();
    names.emplace_back(name);
  }
  void open(std::string_view name, std::size_t offset) override {
    EXPECT_EQ(offset, named);
    names.push_back("[" + std::string(name));
  }
  std::vector<std::string> names;
  std::size_t named = 0;
};

RawChunk only_chunk(const ByteVector& packet) {
  Reader in(packet);
  (void)parse_common_header(in);
  ChunkWalk walk(in);
  const auto chunk = walk.next();
  EXPECT_TRUE(chunk && walk.is_done());
  return *chunk;
}

TEST(Browsers, EveryPacketChecksAndEveryByteHasAName) {
  for (const std::string_view text :
       {kInit, kInitAck, kCookieAck, kDcepOpen, kSack, kReset, kAbort}) {
    const ByteVector packet = *from_hex(text);
    EXPECT_TRUE(has_right_checksum(packet)) << text;
    Names names;
    EXPECT_TRUE(name_fields(packet, names)) << text;
    EXPECT_EQ(names.named, packet.size()) << text;
    ByteVector sealed = packet;
    seal_packet(sealed);
    EXPECT_EQ(sealed, packet);
  }
}

TEST(Browsers, ChromiumsInit) {
  const ByteVector packet = *from_hex(kInit);
  RawChunk raw = only_chunk(packet);
  const auto chunk = parse_init(raw);
  ASSERT_TRUE(chunk);
  EXPECT_EQ(chunk->tag.value(), 0xd82a99bcU);
  EXPECT_EQ(chunk->a_rwnd, 5'242'880U);
  EXPECT_EQ(chunk->outbound_streams, 65535);
  EXPECT_EQ(chunk->initial_tsn.value(), 0x0911d2dbU);
  EXPECT_TRUE(chunk->forward_tsn && chunk->reconfig);
  EXPECT_TRUE(chunk->unrecognized.empty());
}

TEST(Browsers, FirefoxsInitAck) {
  const ByteVector packet = *from_hex(kInitAck);
  RawChunk raw = only_chunk(packet);
  const auto chunk = parse_init(raw);
  ASSERT_TRUE(chunk);
  EXPECT_TRUE(chunk->has_cookie);
  EXPECT_EQ(chunk->cookie.size(), 44u);
  EXPECT_EQ(chunk->a_rwnd, 16'777'216U);
}

TEST(Browsers, TheOpenOfAChannelItsSackResetAndAbort) {
  const ByteVector open_packet = *from_hex(kDcepOpen);
  RawChunk raw = only_chunk(open_packet);
  const auto data = parse_data(raw);
  ASSERT_TRUE(data);
  EXPECT_EQ(data->stream, StreamId{1});
  EXPECT_EQ(data->ppid, Ppid{50});
  EXPECT_TRUE(data->begin && data->end && !data->unordered);

  const ByteVector sack_packet = *from_hex(kSack);
  raw = only_chunk(sack_packet);
  const auto sack = parse_sack(raw);
  ASSERT_TRUE(sack);
  EXPECT_EQ(sack->cumulative, data->tsn);

  const ByteVector reset_packet = *from_hex(kReset);
  raw = only_chunk(reset_packet);
  const auto reset = parse_reconfig(raw);
  ASSERT_TRUE(reset && reset->reset);
  EXPECT_EQ(reset->reset->request.value(), 0x0911d2dbU);
  EXPECT_EQ(reset->reset->last_tsn.value(), 0x0911d745U);
  EXPECT_EQ(reset->reset->stream(0), StreamId{1});

  const ByteVector abort_packet = *from_hex(kAbort);
  raw = only_chunk(abort_packet);
  const auto abort = parse_error(raw);
  ASSERT_TRUE(abort);
  EXPECT_EQ(abort->first_code, CauseCode::kUserInitiatedAbort);
  EXPECT_EQ(as_text(abort->first_info), "Close called");
}

TEST(ChunkWalk, StopsAtAChunkThatIsLongerThanItsPacket) {
  ByteVector packet = *from_hex(kSack);
  packet[kCommonHeader + 3] = 17;
  Reader in(packet);
  (void)parse_common_header(in);
  ChunkWalk walk(in);
  EXPECT_FALSE(walk.next());
  EXPECT_TRUE(walk.is_broken());
  Names names;
  EXPECT_FALSE(name_fields(packet, names));
}

}  // namespace
}  // namespace glass::sctp
