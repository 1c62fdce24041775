// tests/interop_usrsctp/usrsctp_test.cc - our association and usrsctp's, over memory and virtual
// time.
//
// usrsctp runs without threads: its packets go into a queue, its clock is ours. The network loses
// and reorders with a seed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <usrsctp.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "base/trace.h"
#include "sctp/association.h"
#include "sctp/packet.h"

namespace glass::sctp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 5000;
// Known to the library, and missing from the header that Debian installs.
constexpr int kInterleavingSupported = 0x1206;

struct Heard {
  std::uint16_t stream = 0;
  std::uint32_t ppid = 0;
  std::string text;
};

// One socket of usrsctp, as browsers of the first decade used it.
class Usrsctp {
 public:
  explicit Usrsctp(bool listens, bool interleaves = false) : interleaves_(interleaves) {
    living().insert(this);
    usrsctp_register_address(this);
    socket_ = open_socket();
    sockaddr_conn here = address();
    EXPECT_EQ(usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here), 0);
    if (listens) {
      EXPECT_EQ(usrsctp_listen(socket_, 1), 0);
    }
  }
  ~Usrsctp() {
    living().erase(this);
    // At once, so that the next one can have the port.
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    for (struct socket* one : {accepted_, socket_}) {
      if (one == nullptr) continue;
      (void)usrsctp_setsockopt(one, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      usrsctp_close(one);
    }
    usrsctp_deregister_address(this);
  }
  Usrsctp(const Usrsctp&) = delete;
  Usrsctp& operator=(const Usrsctp&) = delete;

  void connect() {
    sockaddr_conn there = address();
    (void)usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&there), sizeof there);
  }
  void send(std::uint16_t stream, const std::string& text, bool unordered = false) {
    sctp_sndinfo info{};
    info.snd_sid = stream;
    info.snd_ppid = htonl(53);
    info.snd_flags = static_cast<std::uint16_t>(unordered ? SCTP_UNORDERED : 0);
    waiting_.push_back({info, text});
    flush();
  }
  void flush() {
    accept();
    while (!waiting_.empty()) {
      auto& [info, text] = waiting_.front();
      if (usrsctp_sendv(active(), text.data(), text.size(), nullptr, 0, &info, sizeof info,
                        SCTP_SENDV_SNDINFO, 0) < 0)
        return;
      waiting_.pop_front();
    }
  }
  void reset(std::uint16_t stream) {
    std::vector<std::uint8_t> raw(sizeof(sctp_reset_streams) + sizeof(std::uint16_t));
    auto* request = reinterpret_cast<sctp_reset_streams*>(raw.data());
    request->srs_flags = SCTP_STREAM_RESET_OUTGOING;
    request->srs_number_streams = 1;
    request->srs_stream_list[0] = stream;
    EXPECT_EQ(usrsctp_setsockopt(active(), IPPROTO_SCTP, SCTP_RESET_STREAMS, raw.data(),
                                 static_cast<socklen_t>(raw.size())),
              0);
  }
  void shutdown() { (void)usrsctp_shutdown(active(), SHUT_RDWR); }
  void abort() {
    linger option{.l_onoff = 1, .l_linger = 0};
    (void)usrsctp_setsockopt(active(), SOL_SOCKET, SO_LINGER, &option, sizeof option);
    usrsctp_close(active());
    (accepted_ != nullptr ? accepted_ : socket_) = nullptr;
  }
  void receive(Bytes packet) {
    usrsctp_conninput(this, packet.data(), packet.size(), 0);
    accept();
  }

  std::deque<ByteVector> out;
  std::vector<Heard> heard;
  std::vector<std::uint16_t> resets;
  bool up = false;
  bool down = false;

  static int on_output(void* at, void* buffer, std::size_t size, std::uint8_t, std::uint8_t) {
    const auto* bytes = static_cast<const std::uint8_t*>(buffer);
    // The library goes on speaking for associations that a test has left behind.
    if (living().contains(at)) static_cast<Usrsctp*>(at)->out.emplace_back(bytes, bytes + size);
    return 0;
  }

 private:
  static std::set<const void*>& living() {
    static std::set<const void*> all;
    return all;
  }
  sockaddr_conn address() {
    sockaddr_conn made{};
    made.sconn_family = AF_CONN;
    made.sconn_port = htons(kPort);
    made.sconn_addr = this;
    return made;
  }
  struct socket* active() { return accepted_ != nullptr ? accepted_ : socket_; }
  struct socket* open_socket() {
    struct socket* socket =
        usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, on_data, nullptr, 0, this);
    EXPECT_NE(socket, nullptr);
    EXPECT_EQ(usrsctp_set_non_blocking(socket, 1), 0);
    configure(socket);
    return socket;
  }
  void configure(struct socket* socket) const {
    if (interleaves_) {
      const int complete = 2;
      EXPECT_EQ(usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE, &complete,
                                   sizeof complete),
                0);
      const sctp_assoc_value wanted{.assoc_id = SCTP_ALL_ASSOC, .assoc_value = 1};
      EXPECT_EQ(
          usrsctp_setsockopt(socket, IPPROTO_SCTP, kInterleavingSupported, &wanted, sizeof wanted),
          0);
    }
    const sctp_assoc_value may_reset{.assoc_id = SCTP_ALL_ASSOC, .assoc_value = 1};
    EXPECT_EQ(usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, &may_reset,
                                 sizeof may_reset),
              0);
    const int on = 1;
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
    sctp_initmsg init{};
    init.sinit_num_ostreams = 1024;
    init.sinit_max_instreams = 1024;
    usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof init);
    for (const int type : {SCTP_ASSOC_CHANGE, SCTP_STREAM_RESET_EVENT}) {
      sctp_event event{};
      event.se_assoc_id = SCTP_ALL_ASSOC;
      event.se_type = static_cast<std::uint16_t>(type);
      event.se_on = 1;
      usrsctp_setsockopt(socket, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof event);
    }
  }
  void accept() {
    if (accepted_ != nullptr || socket_ == nullptr) return;
    accepted_ = usrsctp_accept(socket_, nullptr, nullptr);
    if (accepted_ == nullptr) return;
    usrsctp_set_ulpinfo(accepted_, this);
    usrsctp_set_non_blocking(accepted_, 1);
    up = true;
  }
  static int on_data(struct socket*, sctp_sockstore, void* data, std::size_t size,
                     sctp_rcvinfo info, int flags, void* self) {
    if (data == nullptr) {
      static_cast<Usrsctp*>(self)->down = true;
      return 1;
    }
    static_cast<Usrsctp*>(self)->take(static_cast<const std::uint8_t*>(data), size, info, flags);
    std::free(data);
    return 1;
  }
  void take(const std::uint8_t* data, std::size_t size, const sctp_rcvinfo& info, int flags) {
    if ((flags & MSG_NOTIFICATION) != 0) return notice(data);
    std::string& partial = partial_[info.rcv_sid];
    partial.append(reinterpret_cast<const char*>(data), size);
    if ((flags & MSG_EOR) == 0) return;
    heard.push_back({info.rcv_sid, ntohl(info.rcv_ppid), std::move(partial)});
    partial.clear();
  }
  void notice(const std::uint8_t* data) {
    const auto* note = reinterpret_cast<const sctp_notification*>(data);
    if (note->sn_header.sn_type == SCTP_ASSOC_CHANGE) {
      const auto state = note->sn_assoc_change.sac_state;
      up = up || state == SCTP_COMM_UP;
      down = down || state == SCTP_COMM_LOST || state == SCTP_SHUTDOWN_COMP;
    } else if (note->sn_header.sn_type == SCTP_STREAM_RESET_EVENT) {
      const auto& event = note->sn_strreset_event;
      if ((event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) == 0) return;
      const std::size_t count = (event.strreset_length - sizeof event) / 2;
      for (std::size_t i = 0; i < count; ++i) resets.push_back(event.strreset_stream_list[i]);
    }
  }

  bool interleaves_ = false;
  struct socket* socket_ = nullptr;
  struct socket* accepted_ = nullptr;
  std::deque<std::pair<sctp_sndinfo, std::string>> waiting_;
  std::map<std::uint16_t, std::string> partial_;
};

class Interop : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    static bool done = false;
    if (done) return;
    done = true;
    usrsctp_init_nothreads(0, Usrsctp::on_output, nullptr);
    usrsctp_sysctl_set_sctp_ecn_enable(0);
    usrsctp_sysctl_set_sctp_asconf_enable(0);
    usrsctp_sysctl_set_sctp_auth_enable(0);
  }

  void begin(bool theirs_listens, std::uint64_t seed = 1, unsigned loss = 0) {
    dice_.emplace(seed);
    loss_ = loss;
    random_.emplace(seed);
    Config config;
    config.max_send_message_size = config.max_message_size = 1024 * 1024;
    config.interleaving = interleaving_;
    ours_.emplace(config, *random_, Trace{});
    theirs_.emplace(theirs_listens, interleaving_);
  }
  bool dropped() { return dice_->below(100) < loss_; }

  // Ten milliseconds: packets that were sent arrive, in both directions.
  void tick() {
    now_ += 10ms;
    usrsctp_handle_timers(10);
    if (ours_->next_time() <= now_) ours_->on_time(now_);
    std::deque<ByteVector> to_us = std::exchange(theirs_->out, {});
    std::vector<ByteVector> to_them;
    PacketBuffer packet;
    for (; ours_->poll_transmit(now_, packet); packet.clear())
      to_them.emplace_back(packet.bytes().begin(), packet.bytes().end());
    for (const ByteVector& one : to_them) count_chunks(one, sent_);
    for (const ByteVector& one : to_us) count_chunks(one, received_);
    for (ByteVector& one : to_us) {
      if (!dropped()) ours_->receive(now_, one);
      drain_events();
    }
    for (const ByteVector& one : to_them)
      if (!dropped()) theirs_->receive(one);
    theirs_->flush();
    drain_events();
  }
  static void count_chunks(Bytes packet, std::map<ChunkType, int>& counts) {
    Reader in(packet);
    (void)parse_common_header(in);
    ChunkWalk walk(in);
    while (const auto chunk = walk.next()) ++counts[chunk->type];
  }
  void drain_events() {
    while (const auto event = ours_->poll_event()) {
      if (const auto* message = std::get_if<Message>(&*event))
        heard_.push_back(
            {message->stream.value(), message->ppid.value(), std::string(as_text(message->bytes))});
      if (std::holds_alternative<Connected>(*event)) connected_ = true;
      if (const auto* reset = std::get_if<IncomingReset>(&*event))
        resets_in_.push_back(reset->stream.value());
      if (const auto* done = std::get_if<OutgoingReset>(&*event))
        if (done->is_done) resets_out_.push_back(done->stream.value());
      if (const auto* closed = std::get_if<Closed>(&*event)) closed_ = closed->reason;
    }
  }
  template <class Done>
  bool run(Done done, int ticks = 30'000) {
    for (int i = 0; i < ticks && !done(); ++i) tick();
    return done();
  }
  void establish() {
    ASSERT_TRUE(run([&] { return connected_ && theirs_->up; }));
  }
  void send(std::uint16_t stream, const std::string& text, Reliability reliability = {},
            Order order = Order::kOrdered) {
    ASSERT_TRUE(ours_->send(
        now_,
        {.stream = StreamId{stream}, .ppid = Ppid{51}, .order = order, .reliability = reliability},
        as_bytes(text)));
  }
  static std::string text(int number, std::size_t size) {
    std::string out = std::to_string(number) + ":";
    out.resize(std::max(out.size(), size), static_cast<char>('a' + number % 26));
    return out;
  }

  bool interleaving_ = false;
  std::map<ChunkType, int> sent_;
  std::map<ChunkType, int> received_;
  std::optional<SeededRandom> dice_;
  std::optional<SeededRandom> random_;
  unsigned loss_ = 0;
  std::optional<Association> ours_;
  std::optional<Usrsctp> theirs_;
  Instant now_{};
  std::vector<Heard> heard_;
  std::vector<std::uint16_t> resets_in_;
  std::vector<std::uint16_t> resets_out_;
  bool connected_ = false;
  std::optional<CloseReason> closed_;
};

TEST_F(Interop, WeConnect) {
  begin(true);
  ours_->connect(now_);
  establish();
}

TEST_F(Interop, TheyConnect) {
  begin(false);
  theirs_->connect();
  establish();
}

TEST_F(Interop, BothConnectAtOnce) {
  begin(false);
  theirs_->connect();
  ours_->connect(now_);
  establish();
}

TEST_F(Interop, MessagesBothWaysOverALossyNetwork) {
  for (const unsigned loss : {0U, 3U, 10U}) {
    heard_.clear();
    connected_ = false;
    begin(false, loss + 5, loss);
    theirs_->connect();
    ours_->connect(now_);
    establish();
    for (int i = 0; i < 60; ++i) {
      send(static_cast<std::uint16_t>(i % 3), text(i, static_cast<std::size_t>(i) * 700 + 3));
      theirs_->send(static_cast<std::uint16_t>(i % 3),
                    text(i, static_cast<std::size_t>(i) * 500 + 3), i % 5 == 0);
      tick();
    }
    ASSERT_TRUE(run([&] { return heard_.size() == 60 && theirs_->heard.size() == 60; }))
        << loss << ": " << heard_.size() << " " << theirs_->heard.size();
    std::map<std::uint16_t, int> last;
    for (const Heard& one : theirs_->heard) {
      const int number = std::stoi(one.text);
      EXPECT_EQ(one.text, text(number, static_cast<std::size_t>(number) * 700 + 3));
      EXPECT_EQ(one.ppid, 51u);
      EXPECT_GE(number, last[one.stream]);
      last[one.stream] = number;
    }
    for (const Heard& one : heard_) {
      const int number = std::stoi(one.text);
      EXPECT_EQ(one.text, text(number, static_cast<std::size_t>(number) * 500 + 3));
    }
    theirs_.reset();
  }
}

TEST_F(Interop, ALargeMessageEachWay) {
  begin(true);
  ours_->connect(now_);
  establish();
  send(1, text(1, 200'000));
  theirs_->send(2, text(2, 200'000));
  ASSERT_TRUE(run([&] { return heard_.size() == 1 && theirs_->heard.size() == 1; }));
  EXPECT_EQ(heard_[0].text, text(2, 200'000));
  EXPECT_EQ(theirs_->heard[0].text, text(1, 200'000));
}

TEST_F(Interop, WeResetAStream) {
  begin(true);
  ours_->connect(now_);
  establish();
  send(4, "before");
  ours_->reset_stream(now_, StreamId{4});
  ASSERT_TRUE(run([&] { return !resets_out_.empty() && !theirs_->resets.empty(); }));
  EXPECT_EQ(theirs_->resets, (std::vector<std::uint16_t>{4}));
  send(4, "after");
  ASSERT_TRUE(run([&] { return theirs_->heard.size() == 2; }));
  EXPECT_EQ(theirs_->heard[1].text, "after");
}

TEST_F(Interop, TheyResetAStream) {
  begin(true);
  ours_->connect(now_);
  establish();
  theirs_->send(6, "before");
  ASSERT_TRUE(run([&] { return heard_.size() == 1; }));
  theirs_->reset(6);
  ASSERT_TRUE(run([&] { return !resets_in_.empty(); }));
  EXPECT_EQ(resets_in_, (std::vector<std::uint16_t>{6}));
  theirs_->send(6, "after");
  ASSERT_TRUE(run([&] { return heard_.size() == 2; }));
}

TEST_F(Interop, WhatWeGiveUpDoesNotBlockThem) {
  begin(true, 3, 20);
  ours_->connect(now_);
  establish();
  for (int i = 0; i < 40; ++i) {
    send(1, text(i, 3000), i % 4 == 0 ? Reliability{} : Reliability{.max_retransmits = 0});
    tick();
    tick();
  }
  const auto reliable = [&] {
    int count = 0;
    for (const Heard& one : theirs_->heard) count += std::stoi(one.text) % 4 == 0 ? 1 : 0;
    return count;
  };
  ASSERT_TRUE(run([&] { return reliable() == 10; }));
  EXPECT_LT(theirs_->heard.size(), 40u);
}

// RFC 8260 with the library of its authors, in both roles and over loss: long messages on two
// streams, short ones on a third, some of them given up.
TEST_F(Interop, InterleavedMessagesBothWays) {
  interleaving_ = true;
  for (const bool they_listen : {true, false}) {
    for (const unsigned loss : {0U, 5U}) {
      heard_.clear();
      sent_.clear();
      received_.clear();
      connected_ = false;
      begin(they_listen, loss + 9, loss);
      if (!they_listen) theirs_->connect();
      if (they_listen) ours_->connect(now_);
      establish();
      for (int i = 0; i < 30; ++i) {
        const auto stream = static_cast<std::uint16_t>(i % 3);
        const std::size_t size = stream == 2 ? 40 : 30'000;
        send(stream, text(i, size));
        if (i % 5 == 0) send(7, text(i, 4000), {.max_retransmits = 0});
        theirs_->send(stream, text(i, size));
      }
      const auto reliable = [](const std::vector<Heard>& heard) {
        return std::ranges::count_if(heard, [](const Heard& one) { return one.stream < 3; });
      };
      ASSERT_TRUE(run([&] { return reliable(heard_) == 30 && reliable(theirs_->heard) == 30; }))
          << loss << ": " << heard_.size() << " " << theirs_->heard.size();
      for (const auto* heard : {&heard_, &theirs_->heard}) {
        std::map<std::uint16_t, int> last;
        for (const Heard& one : *heard) {
          const int number = std::stoi(one.text);
          const std::size_t size = one.stream == 2 ? 40 : one.stream == 7 ? 4000 : 30'000;
          EXPECT_EQ(one.text, text(number, size));
          EXPECT_GE(number, last[one.stream]);
          last[one.stream] = number;
        }
      }
      EXPECT_GT(sent_[ChunkType::kInterleavedData], 0);
      EXPECT_GT(received_[ChunkType::kInterleavedData], 0);
      EXPECT_EQ(sent_[ChunkType::kData] + received_[ChunkType::kData], 0);
      if (loss > 0) {
        EXPECT_GT(sent_[ChunkType::kInterleavedForwardTsn], 0);
      }
      EXPECT_FALSE(closed_.has_value());
      theirs_.reset();
    }
  }
}

TEST_F(Interop, AStreamIsResetWhileInterleaving) {
  interleaving_ = true;
  begin(true);
  ours_->connect(now_);
  establish();
  for (int life = 0; life < 3; ++life) {
    send(4, text(life, 5000));
    theirs_->send(4, text(life, 5000));
    ASSERT_TRUE(run([&] {
      return static_cast<int>(heard_.size()) == life + 1 &&
             static_cast<int>(theirs_->heard.size()) == life + 1;
    }));
    ours_->reset_stream(now_, StreamId{4});
    theirs_->reset(4);
    ASSERT_TRUE(run([&] {
      return static_cast<int>(resets_out_.size()) == life + 1 &&
             static_cast<int>(resets_in_.size()) == life + 1 &&
             static_cast<int>(theirs_->resets.size()) == life + 1;
    }));
  }
}

TEST_F(Interop, WeShutDown) {
  begin(true);
  ours_->connect(now_);
  establish();
  send(1, text(1, 50'000));
  ours_->shutdown(now_);
  ASSERT_TRUE(run([&] { return closed_.has_value(); }));
  EXPECT_EQ(*closed_, CloseReason::kShutdown);
  EXPECT_EQ(theirs_->heard.size(), 1u);
}

TEST_F(Interop, TheyShutDown) {
  begin(true);
  ours_->connect(now_);
  establish();
  theirs_->shutdown();
  ASSERT_TRUE(run([&] { return closed_.has_value(); }));
  EXPECT_EQ(*closed_, CloseReason::kShutdown);
}

TEST_F(Interop, AbortsEndTheOtherSide) {
  begin(true);
  ours_->connect(now_);
  establish();
  ours_->abort(now_, "enough");
  ASSERT_TRUE(run([&] { return theirs_->down; }, 500));
  theirs_.reset();

  closed_.reset();
  connected_ = false;
  begin(true, 2);
  ours_->connect(now_);
  establish();
  theirs_->abort();
  ASSERT_TRUE(run([&] { return closed_.has_value(); }, 500));
  EXPECT_EQ(*closed_, CloseReason::kAbortedByPeer);
}

TEST_F(Interop, HeartbeatsAreAnswered) {
  begin(true);
  ours_->connect(now_);
  establish();
  (void)run([] { return false; }, 20'000);  // 200 seconds of silence
  EXPECT_FALSE(closed_.has_value());
  EXPECT_FALSE(theirs_->down);
  send(1, "still there");
  EXPECT_TRUE(run([&] { return theirs_->heard.size() == 1; }));
}

}  // namespace
}  // namespace glass::sctp
