// fuzz: uses stun
//
// A Binding client and a Binding server; the input is a program of what happens to them. Whatever
// comes, the server answers requests only, and the client gives one event for one question.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "stun/attributes.h"
#include "stun/binding_client.h"
#include "stun/binding_server.h"
#include "stun/message.h"

namespace {

using namespace glass;
using namespace glass::stun;

constexpr int kStepsMax = 1000;
const Path kClientPath{Transport::kUdp, Address::v4(0x0A000001, 5000),
                       Address::v4(0xC0000201, 3478)};
const Path kServerPath{Transport::kUdp, kClientPath.remote, Address::v4(0xCB007107, 40001)};

class World {
 public:
  explicit World(Reader& program) : program_(program) {}

  void run() {
    for (int step = 0; step < kStepsMax && program_.left() > 0; ++step) {
      now_ += std::chrono::milliseconds(1);
      switch (program_.u8("what") % 8) {
        case 0: ask(); break;
        case 1: wait(std::chrono::milliseconds(10 * program_.u8("wait"))); break;
        case 2: wait_for_timer(); break;
        case 3: to_client(taken(), kClientPath); break;
        case 4: to_server(taken()); break;
        case 5: answer(); break;
        case 6: to_client(corrupted(last_answer_), kClientPath); break;
        case 7: client_.on_unreachable(); break;
      }
      drain_client();
    }
    while (client_.is_asking()) {  // it ends, whatever came before
      wait_for_timer();
      drain_client();
    }
    CHECK(questions_ == events_);
  }

 private:
  void ask() {
    if (!client_.is_asking()) ++questions_;
    client_.start(now_);
  }
  void wait(Duration duration) {
    now_ += duration;
    client_.on_time(now_);
  }
  void wait_for_timer() {
    if (client_.next_time() == kNever) return;
    now_ = std::max(now_, client_.next_time());
    client_.on_time(now_);
  }
  ByteVector taken() {
    const std::size_t size = std::min<std::size_t>(program_.u8("size"), program_.left());
    const Bytes bytes = program_.bytes(size, "datagram");
    return {bytes.begin(), bytes.end()};
  }
  ByteVector corrupted(ByteVector bytes) {
    if (bytes.empty()) return bytes;
    const std::size_t at = program_.u8("where") % bytes.size();
    bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ program_.u8("how"));
    return bytes;
  }
  void to_client(ByteVector bytes, const Path& path) { client_.receive(now_, {path, bytes}); }
  void to_server(ByteVector bytes) {
    const auto header = parse_header(bytes);
    server_.receive(now_, {kServerPath, bytes});
    PacketBuffer out;
    out.clear();
    if (!server_.poll_transmit(now_, out)) return;
    CHECK(header.has_value() && header->cls == Class::kRequest);
    const auto answer = MessageView::parse(out.bytes());
    CHECK(answer.has_value() && answer->is_response());
    CHECK(answer->transaction() == header->transaction);
    last_answer_.assign(out.bytes().begin(), out.bytes().end());
    CHECK(!server_.poll_transmit(now_, out));
  }
  // An error response that belongs to what the client asked.
  void answer() {
    const auto header = parse_header(last_request_);
    if (!header) return;
    const unsigned code = 300 + program_.u8("code");
    ByteVector bytes;
    MessageBuilder(Writer(bytes), Class::kError, Method::kBinding, header->transaction)
        .add(ErrorCode{code, "no"});
    to_client(bytes, kClientPath);
  }
  void drain_client() {
    PacketBuffer out;
    drain(
        client_, now_, out,
        [&](const Path& path, Bytes bytes) {
          CHECK(path == kClientPath);
          CHECK(MessageView::parse(bytes).has_value());
          last_request_.assign(bytes.begin(), bytes.end());
          to_server(last_request_);
        },
        [&](const BindingClient::Event&) { ++events_; });
  }

  Reader& program_;
  Instant now_{};
  SeededRandom random_{1};
  BindingClient client_{
      {.path = kClientPath, .software = "fuzz"},
      random_, Trace{}
  };
  BindingServer server_{{.software = "fuzz"}, Trace{}};
  ByteVector last_request_;
  ByteVector last_answer_;
  int questions_ = 0;
  int events_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Reader program(Bytes(data, size));
  World(program).run();
  return 0;
}
