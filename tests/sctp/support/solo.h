// tests/sctp/support/solo.h - one association, and a test that plays its peer chunk by chunk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/writer.h"
#include "sctp/association.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"
#include "tests/support/rules.h"

namespace glass::test {

using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

// A packet that came out.
struct Seen {
  sctp::VerificationTag tag;
  std::vector<sctp::RawChunk> chunks;
  ByteVector bytes;

  [[nodiscard]] std::string types() const {
    std::string names;
    for (const sctp::RawChunk& chunk : chunks)
      names += (names.empty() ? "" : ", ") + std::string(sctp::to_text(chunk.type));
    return names;
  }
  [[nodiscard]] sctp::RawChunk* find(sctp::ChunkType type) {
    for (sctp::RawChunk& chunk : chunks)
      if (chunk.type == type) return &chunk;
    return nullptr;
  }
};

class Solo {
 public:
  static constexpr sctp::VerificationTag kPeerTag{0xbeef};
  static constexpr sctp::Tsn kPeerTsn{1000};
  using Chunk = std::function<void(Writer&)>;

  explicit Solo(const sctp::Config& config = {}, std::uint64_t seed = 7)
      : random(seed), a(config, random, test_trace(Layer::kSctp)) {}

  // A packet of the peer, with the right checksum.
  static ByteVector packet(sctp::VerificationTag tag, const std::vector<Chunk>& chunks) {
    ByteVector bytes;
    Writer out(bytes);
    write(out, sctp::CommonHeader{.source_port = 5000, .destination_port = 5000, .tag = tag});
    for (const Chunk& chunk : chunks) chunk(out);
    sctp::seal_packet(bytes);
    return bytes;
  }
  void give_bytes(ByteVector bytes) { a.receive(now, bytes); }
  void give_with_tag(sctp::VerificationTag tag, const std::vector<Chunk>& chunks) {
    give_bytes(packet(tag, chunks));
  }
  void give(const std::vector<Chunk>& chunks) { give_with_tag(my_tag, chunks); }

  // The next packet that comes out; its types as text are empty when there is none.
  Seen next() {
    PacketBuffer out;
    Seen seen;
    if (!a.poll_transmit(now, out)) return seen;
    const Bytes bytes = out.bytes();
    EXPECT_TRUE(sctp::has_right_checksum(bytes));
    EXPECT_LE(bytes.size(), a.config().packet_size);
    seen.bytes.assign(bytes.begin(), bytes.end());
    Reader in(seen.bytes);
    seen.tag = sctp::parse_common_header(in).tag;
    sctp::ChunkWalk walk(in);
    while (const auto chunk = walk.next()) seen.chunks.push_back(*chunk);
    EXPECT_FALSE(walk.is_broken());
    return seen;
  }
  std::string next_types() { return next().types(); }
  std::size_t drain() {
    std::size_t count = 0;
    for (PacketBuffer out; a.poll_transmit(now, out); out.clear()) ++count;
    return count;
  }
  void advance(Duration duration) {
    const Instant end = now + duration;
    while (a.next_time() <= end) {
      now = std::max(now, a.next_time());
      a.on_time(now);
      if (a.next_time() <= now) break;
    }
    now = end;
  }
  // To the next timer.
  void tick() {
    now = std::max(now, a.next_time());
    a.on_time(now);
  }

  static sctp::InitChunk peer_init() {
    sctp::InitChunk chunk;
    chunk.tag = kPeerTag;
    chunk.a_rwnd = 1'000'000;
    chunk.outbound_streams = 100;
    chunk.inbound_streams = 100;
    chunk.initial_tsn = kPeerTsn;
    chunk.forward_tsn = true;
    chunk.reconfig = true;
    return chunk;
  }
  static Chunk init(const sctp::InitChunk& chunk) {
    return [chunk](Writer& out) { write(out, sctp::ChunkType::kInit, chunk); };
  }
  static Chunk init_ack(sctp::InitChunk chunk) {
    return [chunk](Writer& out) {
      static constexpr std::uint8_t kCookie[] = {'c', 'o', 'o', 'k', 'i', 'e'};
      sctp::InitChunk copy = chunk;
      copy.has_cookie = true;
      copy.cookie = kCookie;
      write(out, sctp::ChunkType::kInitAck, copy);
    };
  }
  static Chunk bare(sctp::ChunkType type, std::uint8_t flags = 0) {
    return [=](Writer& out) { sctp::write_bare(out, type, flags); };
  }
  static Chunk raw(std::uint8_t type, std::uint8_t flags, ByteVector value) {
    return [=](Writer& out) {
      const sctp::Tlv tlv(out, type, flags);
      out.bytes(value);
    };
  }
  static Chunk cookie_echo(Bytes cookie) {
    return [copy = ByteVector(cookie.begin(), cookie.end())](Writer& out) {
      sctp::write_cookie_echo(out, copy);
    };
  }
  struct DataOptions {
    std::uint16_t stream = 1;
    std::uint16_t ssn = 0;
    std::uint32_t ppid = 53;
    bool unordered = false;
    bool begin = true;
    bool end = true;
    bool immediate = false;
  };
  // `tsn` counts from the peer's first one.
  static Chunk data(std::uint32_t tsn, const DataOptions& options, std::string text = "x") {
    return [=](Writer& out) {
      write(out, sctp::DataChunk{.immediate = options.immediate,
                                 .unordered = options.unordered,
                                 .begin = options.begin,
                                 .end = options.end,
                                 .tsn = kPeerTsn + tsn,
                                 .stream = sctp::StreamId{options.stream},
                                 .ssn = sctp::Ssn{options.ssn},
                                 .ppid = sctp::Ppid{options.ppid},
                                 .payload = as_bytes(text)});
    };
  }
  // Acknowledges our chunks up to the one with this number, counted from our first; -1: none.
  Chunk sack(std::int64_t count, std::vector<sctp::GapBlock> gaps = {},
             std::uint32_t a_rwnd = 1'000'000) const {
    const sctp::Tsn cumulative = my_tsn + static_cast<std::uint32_t>(count);
    return [=](Writer& out) {
      write(out, sctp::SackContent{
                     .cumulative = cumulative, .a_rwnd = a_rwnd, .gaps = gaps, .duplicates = {}});
    };
  }
  static Chunk forward_tsn(std::uint32_t tsn, std::vector<sctp::SkippedStream> skipped = {}) {
    return [=](Writer& out) { sctp::write_forward_tsn(out, kPeerTsn + tsn, skipped); };
  }
  static Chunk shutdown(sctp::Tsn cumulative) {
    return [=](Writer& out) { write(out, sctp::ShutdownChunk{.cumulative = cumulative}); };
  }

  // COOKIE-WAIT, with the INIT taken out.
  void start() {
    a.connect(now);
    Seen seen = next();
    ASSERT_EQ(seen.types(), "INIT");
    const auto chunk = sctp::parse_init(seen.chunks[0]);
    my_tag = chunk->tag;
    my_tsn = chunk->initial_tsn;
  }
  void echo(sctp::InitChunk peer = peer_init()) {
    start();
    give({init_ack(peer)});
    ASSERT_EQ(a.state_name(), "COOKIE-ECHOED");
  }
  void establish(sctp::InitChunk peer = peer_init()) {
    echo(peer);
    ASSERT_EQ(next_types(), "COOKIE ECHO");
    give({bare(sctp::ChunkType::kCookieAck)});
    ASSERT_TRUE(a.is_established());
    (void)events();
  }
  // Sends `count` messages of `size` bytes on stream 1.
  void send(std::size_t count, std::size_t size = 1000, sctp::Reliability reliability = {}) {
    const ByteVector bytes(size, 0x5a);
    for (std::size_t i = 0; i < count; ++i)
      ASSERT_TRUE(a.send(
          now, {.stream = sctp::StreamId{1}, .ppid = sctp::Ppid{53}, .reliability = reliability},
          bytes));
  }
  // The texts of messages, and names of the other events.
  std::vector<std::string> events() {
    std::vector<std::string> out;
    while (const auto event = a.poll_event()) {
      if (const auto* message = std::get_if<sctp::Message>(&*event)) {
        out.emplace_back(as_text(message->bytes));
      } else if (std::holds_alternative<sctp::Connected>(*event)) {
        out.emplace_back("<connected>");
      } else if (const auto* closed = std::get_if<sctp::Closed>(&*event)) {
        out.push_back("<closed: " + closed->text + ">");
      } else if (const auto* reset = std::get_if<sctp::IncomingReset>(&*event)) {
        out.push_back(reset->all_streams ? "<reset all>"
                                         : "<reset " + std::to_string(reset->stream.value()) + ">");
      } else if (const auto* done = std::get_if<sctp::OutgoingReset>(&*event)) {
        out.push_back((done->is_done ? "<done " : "<denied ") +
                      std::to_string(done->stream.value()) + ">");
      } else if (std::holds_alternative<sctp::Restarted>(*event)) {
        out.emplace_back("<restarted>");
      } else {
        out.emplace_back("<low>");
      }
    }
    return out;
  }

  Seen kept;  // for views that outlive the call that made them
  SeededRandom random;
  sctp::Association a;
  Instant now{};
  sctp::VerificationTag my_tag;
  sctp::Tsn my_tsn;
};

}  // namespace glass::test
