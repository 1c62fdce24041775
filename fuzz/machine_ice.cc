// fuzz: uses ice stun crypto
// fuzz/machine_ice.cc - one agent, and a program of packets, commands and time steps.
//
// Each instruction is one byte and its arguments. The peer knows both passwords, so that what it
// sends gets past authentication; whatever it says, the agent stays bounded and keeps its promises.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/random.h"
#include "base/time.h"
#include "base/trace.h"
#include "base/writer.h"
#include "ice/agent.h"
#include "ice/wire.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::ice {
namespace {

using namespace std::chrono_literals;

const Credentials kMine{"mine", "myPasswordOf22Characters"};
const Credentials kYours{"your", "yourPasswordOf22Characters"};

class Program {
 public:
  explicit Program(Bytes code) : code_(code), random_(1), agent_(config(code_), random_, Trace{}) {
    const Address socket = address(0);
    CHECK(agent_.add_host(now_, socket).has_value());
    settle();
  }

  void run() {
    // Enough for every state; a longer program only costs time.
    constexpr int kMaxSteps = 400;
    for (int i = 0; i < kMaxSteps && code_.left() > 0; ++i) {
      step();
      settle();
      CHECK(agent_.pairs().size() <= kMaxPairs);
      CHECK(agent_.remote_candidates().size() <= 64 + 16);
      if (const auto path = agent_.selected()) CHECK(agent_.permits(*path));
    }
    // Left alone, an agent comes to rest: no timer may fire for ever without time passing.
    for (int i = 0; i < 2000 && agent_.next_time() != kNever; ++i) pass_time();
  }

 private:
  static constexpr std::size_t kMaxPairs = 8;

  static Config config(Reader& code) {
    Config config;
    const std::uint8_t flags = code.u8("role");
    config.role = (flags & 1) != 0 ? Role::kControlling : Role::kControlled;
    config.is_lite = (flags & 0x18) == 0x18;
    config.opens_tcp = (flags & 2) != 0;
    config.hides_addresses = (flags & 4) != 0;
    if ((flags & 0x60) == 0x20) config.policy = Policy::kNoHost;
    if ((flags & 0x60) == 0x40) config.policy = Policy::kRelay;
    if ((flags & 0x80) != 0)
      config.turn_servers = {
          {Transport::kUdp, Address::v4(0xcb007103, 3478), "user", "secret"}
      };
    config.local = kMine;
    config.stun_servers = {Address::v4(0xcb007103, 3478)};
    config.limits.pairs = kMaxPairs;
    return config;
  }
  // A handful of addresses: our socket first.
  static Address address(std::uint8_t selector) {
    constexpr std::uint32_t kNet = 0xc0000200;
    return Address::v4(kNet + 1 + selector % 4, static_cast<std::uint16_t>(1000 + selector / 64));
  }

  void step() {
    switch (code_.u8("step") % 18) {
      case 0: pass_time(); break;
      case 1:
        now_ += 100ms * code_.u8("time");
        agent_.on_time(now_);
        break;
      case 2: agent_.gather(now_); break;
      case 3:
        (void)agent_.set_remote(
            now_, kYours, (code_.u8("kind") & 7) == 0 ? RemoteKind::kLite : RemoteKind::kFull);
        break;
      case 4: add_candidate(); break;
      case 5: agent_.end_of_remote_candidates(now_); break;
      case 6: (void)agent_.restart(now_, make_credentials(random_)); break;
      case 7: {
        const std::uint8_t host = code_.u8("host");
        (void)agent_.add_host(now_, address(host),
                              (host & 4) != 0 ? Transport::kTcp : Transport::kUdp);
        break;
      }
      case 14: agent_.remove_host(now_, address(code_.u8("host"))); break;
      case 15: agent_.resolved(now_, "a.local", address(code_.u8("named"))); break;
      case 16:
        if (asked_) agent_.on_unreachable(now_, asked_->second);
        break;
      case 17: explain(); break;
      case 8:
      case 9: send_check(); break;
      case 10:
      case 11: send_answer(); break;
      case 12: send_raw(); break;
      default:
        if (code_.u8("close") == 0) agent_.close(now_);
        break;
    }
  }
  void pass_time() {
    if (agent_.next_time() == kNever) return;
    now_ = std::max(now_, agent_.next_time());
    agent_.on_time(now_);
    CHECK(agent_.next_time() > now_);
    settle();
  }
  void add_candidate() {
    const std::uint8_t size = code_.u8("size");
    const Bytes text = code_.bytes(std::min<std::size_t>(size, code_.left()), "text");
    auto candidate = parse_candidate(as_text(text));
    if (!candidate) {
      candidate = Candidate{};
      candidate->foundation = "1";
      candidate->priority = 1 + std::uint32_t{size};
      candidate->address = address(size);
    }
    (void)agent_.add_remote_candidate(now_, *candidate);
  }
  void explain() {
    CHECK(!agent_.explain().empty());
    for (const Fate& fate : agent_.fates()) CHECK(!fate.sentence.empty());
  }
  void deliver(ByteVector bytes) {
    const std::uint8_t from = code_.u8("from");
    const Transport transport = (from & 8) != 0 ? Transport::kTcp : Transport::kUdp;
    const Address remote = (from & 16) != 0 ? Address::v4(0xcb007103, 3478) : address(from);
    agent_.receive(now_, {
                             {transport, address(from / 128 * 3), remote},
                             bytes
    });
  }
  void send_check() {
    const std::uint8_t flags = code_.u8("flags");
    const std::string username = username_for(agent_.local_credentials(), kYours);
    CheckContent content;
    content.username = username;
    if ((flags & 0x80) != 0) content.nomination = code_.u8("nomination");
    if ((flags & 1) != 0) content.priority = code_.u32("priority");
    if ((flags & 2) != 0) content.controlling = code_.u64("tie");
    if ((flags & 4) != 0) content.controlled = code_.u64("tie");
    content.use_candidate = (flags & 8) != 0;
    deliver(write_check(stun::TransactionId{}, content,
                        (flags & 0x70) == 0x70 ? kYours.pwd : agent_.local_credentials().pwd));
  }
  void send_answer() {
    if (!asked_) return;
    const std::uint8_t flags = code_.u8("flags");
    const AnswerKey key{Protection::kSha1, (flags & 0x70) == 0x70 ? kMine.pwd : kYours.pwd};
    ByteVector bytes = write_success(asked_->first, address(flags), key);
    constexpr std::array<unsigned, 4> kCodes{400, 403, 487, 500};
    if ((flags & 8) != 0) bytes = write_error(asked_->first, kCodes.at(flags % 4), {}, key);
    if ((flags & 4) != 0) {
      deliver(std::move(bytes));
      return;
    }
    agent_.receive(now_, {asked_->second, bytes});
  }
  void send_raw() {
    const std::size_t size = std::min<std::size_t>(code_.u8("size"), code_.left());
    const Bytes raw = code_.bytes(size, "raw");
    deliver(ByteVector(raw.begin(), raw.end()));
  }
  void settle() {
    drain(
        agent_, now_, scratch_,
        [&](const Path& path, Bytes bytes) {
          const auto message = stun::MessageView::parse(bytes);
          if (message && message->cls() == stun::Class::kRequest)
            asked_.emplace(message->transaction(), path);
        },
        [](const Event&) {});
  }

  Reader code_;
  SeededRandom random_;
  Agent agent_;
  Instant now_{};
  PacketBuffer scratch_;
  std::optional<std::pair<stun::TransactionId, Path>> asked_;
};

}  // namespace
}  // namespace glass::ice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  glass::ice::Program({data, size}).run();
  return 0;
}
