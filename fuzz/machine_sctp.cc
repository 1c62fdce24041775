// fuzz: uses sctp crypto
// Data channels over an association whose peer, user and clock are the input. The first byte brings
// the association into a state; the rest is a program of packets, commands and time.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/writer.h"
#include "sctp/channel/channels.h"
#include "sctp/chunks/control.h"
#include "sctp/chunks/data.h"
#include "sctp/chunks/forward_tsn.h"
#include "sctp/chunks/init.h"
#include "sctp/chunks/reconfig.h"
#include "sctp/chunks/sack.h"
#include "sctp/packet.h"

namespace glass::sctp {
namespace {

using std::chrono_literals::operator""ms;

constexpr VerificationTag kPeerTag{7};
constexpr Tsn kPeerTsn{0xfffffff0};  // soon across the end of the numbers
constexpr std::size_t kMaxPacketsPerStep = 4096;

class Driver {
 public:
  explicit Driver(Bytes program)
      : in_(program), random_(1), channels_(config(), random_, Trace{}) {}

  void run() {
    const std::uint8_t state = in_.u8("state") % 6;
    if (state > 0) connect();
    if (state > 1) give([](Writer& out) { write_init_ack(out); });
    if (state > 2) give([](Writer& out) { write_bare(out, ChunkType::kCookieAck); });
    if (state == 4) channels_.shutdown(now_);
    if (state == 5)
      give([&](Writer& out) { write(out, ShutdownChunk{.cumulative = tsn_.previous()}); });
    while (in_.left() > 0) step();
    // Left alone, it comes to rest: timers end, or beat no faster than the shortest timeout.
    for (int i = 0; i < 40; ++i) expire();
  }

 private:
  static ChannelsConfig config() {
    ChannelsConfig config;
    config.dtls_client = true;
    config.max_incoming = 20;
    config.association.receive_window = 20'000;
    config.association.max_message_size = 50'000;
    config.association.send_buffer = 100'000;
    return config;
  }
  static InitChunk peer_init() {
    InitChunk chunk;
    chunk.tag = kPeerTag;
    chunk.a_rwnd = 10'000;
    chunk.outbound_streams = chunk.inbound_streams = 50;
    chunk.initial_tsn = kPeerTsn;
    chunk.forward_tsn = chunk.reconfig = true;
    return chunk;
  }
  static void write_init_ack(Writer& out) {
    static constexpr std::array<std::uint8_t, 4> kCookie{1, 2, 3, 4};
    InitChunk chunk = peer_init();
    chunk.has_cookie = true;
    chunk.cookie = kCookie;
    write(out, ChunkType::kInitAck, chunk);
  }

  void connect() {
    channels_.connect(now_);
    drain();
  }
  template <class Chunks>
  void give(Chunks&& chunks) {
    give_with_tag(tag_, chunks);
  }
  template <class Chunks>
  void give_with_tag(VerificationTag tag, Chunks&& chunks) {
    ByteVector bytes;
    Writer out(bytes);
    write(out, CommonHeader{.source_port = 5000, .destination_port = 5000, .tag = tag});
    chunks(out);
    seal_packet(bytes);
    channels_.receive(now_, bytes);
    drain();
  }

  void step() {
    switch (in_.u8("operation") % 12) {
      case 0:
      case 1:
      case 2:
      case 3: return give([&](Writer& out) { some_chunks(out); });
      case 4: {
        const auto tag = VerificationTag{in_.u8("tag")};
        return give_with_tag(tag, [&](Writer& out) { some_chunks(out); });
      }
      case 5: return open();
      case 6: return send();
      case 7: {
        if (ids_.empty()) return;
        channels_.close(now_, ids_[in_.u8("channel") % ids_.size()]);
        return drain();
      }
      case 8: now_ += in_.u8("time") * Duration{10ms}; return tick();
      case 9: return expire();
      case 10:
        if (in_.u8("end") % 8 == 0) channels_.shutdown(now_);
        return drain();
      default:
        if (!last_sent_.empty()) {  // our own packet comes back: cookies are in it
          ByteVector copy = last_sent_;
          channels_.receive(now_, copy);
        }
        return drain();
    }
  }

  void open() {
    ChannelConfig config{.label = "x", .ordered = in_.u8("order") % 2 == 0};
    if (in_.u8("kind") % 2 == 0) config.max_retransmits = in_.u8("count") % 4;
    if (const auto id = channels_.open(now_, config)) ids_.push_back(*id);
    drain();
  }
  void send() {
    if (ids_.empty()) return;
    const ByteVector bytes(in_.u16("size") % 6000, 1);
    (void)channels_.send(now_, ids_[in_.u8("channel") % ids_.size()], MessageKind::kBinary, bytes);
    drain();
  }

  void some_chunks(Writer& out) {
    const unsigned count = 1 + in_.u8("chunks") % 4;
    for (unsigned i = 0; i < count; ++i) some_chunk(out);
  }
  void some_chunk(Writer& out) {
    switch (in_.u8("chunk") % 14) {
      case 0:
      case 1:
      case 2: {
        const std::uint8_t flags = in_.u8("flags");
        DataChunk chunk{.immediate = (flags & 8) != 0,
                        .unordered = (flags & 4) != 0,
                        .begin = (flags & 2) == 0,
                        .end = (flags & 1) == 0};
        chunk.tsn = next_tsn_ + in_.u8("tsn") % 8 - 2;
        if (flags < 128) next_tsn_ = chunk.tsn.next();
        chunk.stream = StreamId{static_cast<std::uint16_t>(in_.u8("stream") % 4)};
        chunk.ssn = Ssn{static_cast<std::uint16_t>(in_.u8("ssn") % 4)};
        chunk.ppid = Ppid{50U + in_.u8("ppid") % 8};
        chunk.payload =
            in_.bytes(std::min<std::size_t>(in_.left(), in_.u8("size") % 20), "payload");
        return write(out, chunk);
      }
      case 3: {
        std::vector<GapBlock> gaps;
        std::uint16_t at = 1;
        for (unsigned i = in_.u8("gaps") % 4; i > 0; --i) {
          const auto start = static_cast<std::uint16_t>(at + in_.u8("start") % 5);
          const auto end = static_cast<std::uint16_t>(start + in_.u8("end") % 4);
          gaps.push_back({start, end});
          at = static_cast<std::uint16_t>(end + in_.u8("distance") % 3);
        }
        return write(out, SackContent{.cumulative = highest_sent_ - in_.u8("back") % 20,
                                      .a_rwnd = in_.u8("window") * 100U,
                                      .gaps = gaps,
                                      .duplicates = {}});
      }
      case 4: {
        const std::array<SkippedStream, 1> skipped{
            {{StreamId{static_cast<std::uint16_t>(in_.u8("stream") % 4)}, Ssn{in_.u8("ssn")}}}};
        next_tsn_ = next_tsn_ + in_.u8("tsn") % 8;
        return write_forward_tsn(out, next_tsn_, skipped);
      }
      case 5: {
        const std::array<StreamId, 1> streams{
            StreamId{static_cast<std::uint16_t>(in_.u8("stream") % 4)}};
        const ResetRequestContent request{
            .request = ReconfigSn{kPeerTsn.value() + in_.u8("request") % 6},
            .response = {},
            .last_tsn = next_tsn_ - in_.u8("last") % 4,
            .streams = streams};
        return write_reconfig(out, &request, nullptr);
      }
      case 6: {
        const ReconfigResponse response{
            .response = ReconfigSn{tsn_.value() + in_.u8("response") % 6},
            .result = static_cast<ReconfigResult>(in_.u8("result") % 7)};
        return write_reconfig(out, nullptr, &response);
      }
      case 7: return write(out, ShutdownChunk{.cumulative = highest_sent_ - in_.u8("back") % 4});
      case 8: {
        constexpr std::array kBare{ChunkType::kCookieAck, ChunkType::kShutdownAck,
                                   ChunkType::kShutdownComplete};
        return write_bare(out, kBare[in_.u8("bare") % kBare.size()], in_.u8("flags") % 2);
      }
      case 9: return write(out, ChunkType::kInit, peer_init());
      case 10: return write_init_ack(out);
      default: {
        const Tlv tlv(out, in_.u8("type"), in_.u8("flags"));
        out.bytes(in_.bytes(std::min<std::size_t>(in_.left(), in_.u8("size") % 40), "value"));
      }
    }
  }

  void tick() {
    if (channels_.next_time() <= now_) channels_.on_time(now_);
    drain();
  }
  void expire() {
    if (channels_.next_time() == kNever) return;
    now_ = std::max(now_, channels_.next_time());
    tick();
  }

  void drain() {
    std::size_t packets = 0;
    for (bool idle = false; !idle;) {
      idle = true;
      while (const auto event = channels_.poll_event()) {
        if (const auto* opened = std::get_if<ChannelOpened>(&*event)) ids_.push_back(opened->id);
        idle = false;
      }
      for (packet_.clear(); channels_.poll_transmit(now_, packet_); packet_.clear()) {
        look_at(packet_.bytes());
        CHECK(++packets < kMaxPacketsPerStep);
        idle = false;
      }
    }
  }
  // Learns our tag and TSNs from what goes out.
  void look_at(Bytes packet) {
    CHECK(has_right_checksum(packet));
    CHECK(packet.size() <= channels_.association().config().packet_size);
    last_sent_.assign(packet.begin(), packet.end());
    Reader in(packet);
    (void)parse_common_header(in);
    ChunkWalk walk(in);
    while (auto raw = walk.next()) {
      if (raw->type == ChunkType::kInit) {
        const auto chunk = parse_init(*raw);
        CHECK(chunk.has_value());
        tag_ = chunk->tag;
        tsn_ = chunk->initial_tsn;
        highest_sent_ = tsn_.previous();
      } else if (raw->type == ChunkType::kData) {
        const auto chunk = parse_data(*raw);
        CHECK(chunk.has_value());
        if (chunk->tsn.follows(highest_sent_)) highest_sent_ = chunk->tsn;
      }
    }
    CHECK(!walk.is_broken());
  }

  Reader in_;
  SeededRandom random_;
  Channels channels_;
  Instant now_{};
  PacketBuffer packet_;
  ByteVector last_sent_;
  std::vector<ChannelId> ids_;
  VerificationTag tag_;
  Tsn tsn_;
  Tsn highest_sent_;
  Tsn next_tsn_ = kPeerTsn;
};

}  // namespace
}  // namespace glass::sctp

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::sctp::Driver driver({data, std::min<std::size_t>(size, 4096)});
  driver.run();
  return 0;
}
