// tests/sctp/chunks/chunks_test.cc - what is written is read back, what is cut off is refused.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sctp/causes/causes.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"
#include "sctp/parameters/parameters.h"

namespace glass::sctp {
namespace {

// One chunk that was written, as it is read.
struct Written {
  explicit Written(const std::function<void(Writer&)>& write) {
    Writer out(bytes);
    write(out);
    EXPECT_EQ(bytes.size() % 4, 0u);
  }
  RawChunk raw(std::size_t size) const {
    Reader in(Bytes(bytes).first(size));
    ChunkWalk walk(in);
    const auto chunk = walk.next();
    EXPECT_TRUE(chunk);
    return *chunk;
  }
  RawChunk raw() const { return raw(bytes.size()); }
  // The same with its value cut down to `size` bytes.
  RawChunk cut(std::size_t size) {
    bytes[2] = static_cast<std::uint8_t>((size + 4) >> 8);
    bytes[3] = static_cast<std::uint8_t>(size + 4);
    return raw(size + 4);
  }
  ByteVector bytes;
};

TEST(DataChunk, RoundTrip) {
  for (unsigned flags = 0; flags < 16; ++flags) {
    const DataChunk chunk{.immediate = (flags & 8) != 0,
                          .unordered = (flags & 4) != 0,
                          .begin = (flags & 2) != 0,
                          .end = (flags & 1) != 0,
                          .tsn = Tsn{0xfffffffe},
                          .stream = StreamId{65535},
                          .ssn = Ssn{1},
                          .ppid = Ppid{51},
                          .payload = as_bytes("hello")};
    const Written written([&](Writer& out) { write(out, chunk); });
    EXPECT_EQ(written.bytes.size(), 24u);
    RawChunk raw = written.raw();
    EXPECT_EQ(raw.flags, flags);
    const auto read = parse_data(raw);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->tsn, chunk.tsn);
    EXPECT_EQ(read->stream, chunk.stream);
    EXPECT_EQ(read->ssn, chunk.ssn);
    EXPECT_EQ(read->ppid, chunk.ppid);
    EXPECT_EQ(as_text(read->payload), "hello");
  }
}

TEST(DataChunk, ShortOnes) {
  Written written([&](Writer& out) { write(out, DataChunk{.payload = as_bytes("hello")}); });
  for (std::size_t size = 0; size < 12; ++size) {
    RawChunk raw = written.cut(size);
    EXPECT_EQ(parse_data(raw).error(), ChunkError::kTruncated);
  }
  RawChunk raw = written.cut(12);
  EXPECT_EQ(parse_data(raw).error(), ChunkError::kNoUserData);
}

// RFC 9260 §3.3.4: the example with two gap blocks.
TEST(SackChunk, TheExampleOfTheRfc) {
  const std::array<GapBlock, 2> gaps{
      {{2, 3}, {5, 5}}
  };
  const std::array<Tsn, 1> duplicates{Tsn{11}};
  const Written written([&](Writer& out) {
    write(out, SackContent{
                   .cumulative = Tsn{12}, .a_rwnd = 4660, .gaps = gaps, .duplicates = duplicates});
  });
  RawChunk raw = written.raw();
  const auto read = parse_sack(raw);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cumulative, Tsn{12});
  EXPECT_EQ(read->a_rwnd, 4660u);
  ASSERT_EQ(read->gap_count, 2);
  EXPECT_EQ(read->gap(0), (GapBlock{2, 3}));
  EXPECT_EQ(read->gap(1), (GapBlock{5, 5}));
  ASSERT_EQ(read->duplicate_count, 1);
  EXPECT_EQ(read->duplicate(0), Tsn{11});
}

TEST(SackChunk, CountsMustFitTheLength) {
  Written written([&](Writer& out) {
    write(out, SackContent{.cumulative = Tsn{12}, .gaps = {}, .duplicates = {}});
  });
  for (std::size_t size = 0; size < 12; ++size) {
    RawChunk raw = written.cut(size);
    EXPECT_FALSE(parse_sack(raw));
  }
  written.bytes[13] = 0xff;  // gap blocks that are not there
  RawChunk raw = written.cut(12);
  EXPECT_EQ(parse_sack(raw).error(), ChunkError::kTruncated);
  Written longer([&](Writer& out) {
    write(out, SackContent{.cumulative = Tsn{12}, .gaps = {}, .duplicates = {}});
  });
  longer.bytes.resize(20);
  raw = longer.cut(16);
  EXPECT_EQ(parse_sack(raw).error(), ChunkError::kBadLength);
}

TEST(InitChunk, RoundTripAndEveryShorterOne) {
  const ByteVector cookie(40, 7);
  InitChunk chunk;
  chunk.tag = VerificationTag{1};
  chunk.a_rwnd = 2;
  chunk.outbound_streams = 3;
  chunk.inbound_streams = 4;
  chunk.initial_tsn = Tsn{5};
  chunk.forward_tsn = chunk.reconfig = chunk.has_cookie = true;
  chunk.cookie = cookie;
  Written written([&](Writer& out) { write(out, ChunkType::kInitAck, chunk); });
  RawChunk raw = written.raw();
  const auto read = parse_init(raw);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->tag, chunk.tag);
  EXPECT_EQ(read->inbound_streams, 4);
  EXPECT_TRUE(read->forward_tsn && read->reconfig && read->has_cookie);
  EXPECT_TRUE(equal(read->cookie, cookie));
  for (std::size_t size = 0; size < 16; ++size) {
    raw = written.cut(size);
    EXPECT_EQ(parse_init(raw).error(), ChunkError::kTruncated);
  }
  raw = written.cut(18);
  EXPECT_EQ(parse_init(raw).error(), ChunkError::kBadParameter);
}

TEST(ReconfigChunk, RoundTrip) {
  const std::array<StreamId, 3> streams{StreamId{1}, StreamId{2}, StreamId{65534}};
  const ResetRequestContent request{
      .request = ReconfigSn{1}, .response = ReconfigSn{2}, .last_tsn = Tsn{3}, .streams = streams};
  const ReconfigResponse response{.response = ReconfigSn{9}, .result = ReconfigResult::kInProgress};
  const Written written([&](Writer& out) { write_reconfig(out, &request, &response); });
  RawChunk raw = written.raw();
  const auto read = parse_reconfig(raw);
  ASSERT_TRUE(read && read->reset && read->response);
  EXPECT_EQ(read->reset->request, ReconfigSn{1});
  EXPECT_EQ(read->reset->last_tsn, Tsn{3});
  EXPECT_EQ(read->reset->stream_count(), 3u);
  EXPECT_EQ(read->reset->stream(2), StreamId{65534});
  EXPECT_EQ(read->response->response, ReconfigSn{9});
  EXPECT_EQ(read->response->result, ReconfigResult::kInProgress);
}

TEST(ReconfigChunk, NonsenseIsRefused) {
  const auto refused = [](const std::function<void(Writer&)>& content) {
    const Written written([&](Writer& out) {
      const Tlv chunk(out, std::uint8_t{130}, std::uint8_t{0});
      content(out);
    });
    RawChunk raw = written.raw();
    return parse_reconfig(raw).error() == ChunkError::kBadParameter;
  };
  const auto parameter = [](Writer& out, std::uint16_t type, std::size_t size) {
    const Tlv tlv(out, type);
    out.zeros(size);
  };
  EXPECT_TRUE(refused([](Writer&) {}));
  EXPECT_TRUE(refused([&](Writer& out) { parameter(out, 99, 8); }));
  EXPECT_TRUE(refused([&](Writer& out) { parameter(out, 13, 11); }));
  EXPECT_TRUE(refused([&](Writer& out) { parameter(out, 13, 13); }));
  EXPECT_TRUE(refused([&](Writer& out) { parameter(out, 16, 4); }));
  EXPECT_TRUE(refused([&](Writer& out) { parameter(out, 16, 12); }));
  EXPECT_TRUE(refused([&](Writer& out) {
    parameter(out, 13, 12);
    parameter(out, 13, 12);
  }));
  EXPECT_TRUE(refused([&](Writer& out) {
    parameter(out, 15, 4);
    parameter(out, 14, 4);
  }));
  EXPECT_TRUE(refused([&](Writer& out) {
    for (int i = 0; i < 3; ++i) parameter(out, 16, 8);
  }));
  EXPECT_TRUE(refused([&](Writer& out) { out.u16(13).u16(3); }));
}

TEST(ForwardTsnChunk, RoundTripAndOddLengths) {
  const std::array<SkippedStream, 2> skipped{
      {{StreamId{1}, Ssn{2}}, {StreamId{3}, Ssn{65535}}}
  };
  Written written([&](Writer& out) { write_forward_tsn(out, Tsn{77}, skipped); });
  RawChunk raw = written.raw();
  const auto read = parse_forward_tsn(raw);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cumulative, Tsn{77});
  ASSERT_EQ(read->stream_count(), 2u);
  EXPECT_EQ(read->skipped(1), skipped[1]);
  raw = written.cut(3);
  EXPECT_EQ(parse_forward_tsn(raw).error(), ChunkError::kTruncated);
  raw = written.cut(6);
  EXPECT_EQ(parse_forward_tsn(raw).error(), ChunkError::kBadLength);
}

TEST(ControlChunks, RoundTrips) {
  const Written heartbeat([](Writer& out) {
    write(out, ChunkType::kHeartbeat, HeartbeatChunk{.info = as_bytes("abc")});
  });
  RawChunk raw = heartbeat.raw();
  EXPECT_EQ(as_text(parse_heartbeat(raw)->info), "abc");
  const Written shutdown([](Writer& out) { write(out, ShutdownChunk{.cumulative = Tsn{9}}); });
  raw = shutdown.raw();
  EXPECT_EQ(parse_shutdown(raw)->cumulative, Tsn{9});
  const Written cookie([](Writer& out) { write_cookie_echo(out, as_bytes("cookie")); });
  raw = cookie.raw();
  EXPECT_EQ(as_text(parse_cookie_echo(raw)), "cookie");
  const Written bare(
      [](Writer& out) { write_bare(out, ChunkType::kShutdownComplete, kTagReflected); });
  raw = bare.raw();
  EXPECT_EQ(raw.type, ChunkType::kShutdownComplete);
  EXPECT_EQ(raw.flags, kTagReflected);
}

TEST(ControlChunks, NonsenseIsRefused) {
  Written heartbeat([](Writer& out) {
    write(out, ChunkType::kHeartbeat, HeartbeatChunk{.info = as_bytes("abcd")});
  });
  RawChunk raw = heartbeat.cut(0);
  EXPECT_FALSE(parse_heartbeat(raw));
  raw = heartbeat.cut(6);
  EXPECT_FALSE(parse_heartbeat(raw));
  Written shutdown([](Writer& out) { write(out, ShutdownChunk{.cumulative = Tsn{9}}); });
  raw = shutdown.cut(3);
  EXPECT_EQ(parse_shutdown(raw).error(), ChunkError::kTruncated);
  shutdown.bytes.resize(12);
  raw = shutdown.cut(8);
  EXPECT_EQ(parse_shutdown(raw).error(), ChunkError::kBadLength);
}

TEST(Causes, AreReadWithTheirCodes) {
  const Written written([](Writer& out) {
    const Tlv tlv(out, std::uint8_t{9}, std::uint8_t{0});
    write_invalid_stream(out, StreamId{7});
    write_missing_parameter(out, 7);
    write_stale_cookie(out, 99);
    write_no_user_data(out, Tsn{1});
    write(out, Cause{.code = CauseCode::kProtocolViolation, .info = as_bytes("no")});
  });
  RawChunk raw = written.raw();
  EXPECT_TRUE(has_cause(raw, CauseCode::kStaleCookie));
  EXPECT_FALSE(has_cause(raw, CauseCode::kOutOfResource));
  const auto read = parse_error(raw);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->cause_count, 5u);
  EXPECT_EQ(read->first_code, CauseCode::kInvalidStreamIdentifier);
  EXPECT_EQ(Reader(read->first_info).u16("stream"), 7);
}

TEST(Causes, ThatAreTooShortAreRefused) {
  const Written written([](Writer& out) {
    const Tlv tlv(out, std::uint8_t{6}, std::uint8_t{0});
    const Tlv cause(out, std::uint16_t{3});
    out.u16(1);
  });
  RawChunk raw = written.raw();
  EXPECT_EQ(parse_error(raw).error(), ChunkError::kBadParameter);
}

TEST(Causes, EachHasAName) {
  for (std::uint16_t code = 1; code <= 13; ++code)
    EXPECT_NE(to_text(static_cast<CauseCode>(code)), "unknown cause");
  EXPECT_EQ(to_text(static_cast<CauseCode>(99)), "unknown cause");
}

TEST(UnknownActions, FollowTheTwoHighBits) {
  EXPECT_TRUE(unknown_chunk_action(0x3f).stop && !unknown_chunk_action(0x3f).report);
  EXPECT_TRUE(unknown_chunk_action(0x7f).stop && unknown_chunk_action(0x7f).report);
  EXPECT_TRUE(!unknown_chunk_action(0xbf).stop && !unknown_chunk_action(0xbf).report);
  EXPECT_TRUE(!unknown_chunk_action(0xff).stop && unknown_chunk_action(0xff).report);
  EXPECT_TRUE(unknown_parameter_action(0x3fff).stop);
  EXPECT_TRUE(unknown_parameter_action(0xffff).report);
}

}  // namespace
}  // namespace glass::sctp
