// fuzz: uses sdp
//
// A program for two sessions that offer and answer each other. Each byte is a step of one of them:
// its top bit says whose, the rest what. Descriptions arrive as they are, late, or with a line
// changed, dropped or doubled. Whatever is refused changes nothing; whatever is made can be read;
// and a description that arrives as it was made is refused only for its time.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "sdp/jsep/session.h"
#include "sdp/parse.h"

namespace {

using namespace glass;
using namespace glass::sdp;

// Sections only grow; this many sessions' worth is enough to find what there is.
constexpr std::size_t kMaxTransceivers = 12;

struct Letter {
  Type type = Type::kOffer;
  std::string text{};
};

struct End {
  explicit End(std::uint64_t seed) : random(seed), session(config(), random) {}
  static SessionConfig config() {
    return {.fingerprints = {"sha-1 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33"}};
  }
  SeededRandom random;
  Session session;
  std::optional<Letter> sent{};
};

class Program {
 public:
  explicit Program(Bytes code) : code_(code) {}

  void run() {
    while (at_ < code_.size()) {
      const std::uint8_t byte = next();
      End& us = (byte & 0x80) != 0 ? b_ : a_;
      End& them = (byte & 0x80) != 0 ? a_ : b_;
      step(byte & 0x7f, us, them);
      check(us.session);
    }
  }

 private:
  std::uint8_t next() { return at_ < code_.size() ? code_[at_++] : std::uint8_t{0}; }

  void step(int what, End& us, End& them) {
    switch (what % 16) {
      case 0: offer(us, {}); break;
      case 1: offer(us, {.ice_restart = true}); break;
      case 2: answer(us, Type::kAnswer); break;
      case 3: answer(us, Type::kPranswer); break;
      case 4: deliver(us, them, false); break;
      case 5: deliver(us, them, true); break;
      case 6: (void)us.session.set_local_description(Type::kRollback, ""); break;
      case 7: (void)us.session.set_remote_description(Type::kRollback, ""); break;
      case 8: add(us, MediaKind::kAudio); break;
      case 9: add(us, MediaKind::kVideo); break;
      case 10: us.session.create_data_channel(); break;
      case 11: with_transceiver(us, [&](TransceiverId id) { (void)us.session.stop(id); }); break;
      case 12:
        with_transceiver(us, [&](TransceiverId id) {
          (void)us.session.set_direction(id, static_cast<MediaDirection>(next() % 4));
        });
        break;
      case 13:
        with_transceiver(us, [&](TransceiverId id) { (void)us.session.remove_track(id); });
        break;
      case 14: simulcast(us); break;
      default:
        with_transceiver(us, [&](TransceiverId id) {
          (void)us.session.set_codec_preferences(id, {"AV1", "VP8", "rtx", "opus"});
        });
    }
  }

  void add(End& us, MediaKind kind) {
    if (us.session.transceivers().size() < kMaxTransceivers) us.session.add_track(kind, {"s"});
  }

  void simulcast(End& us) {
    if (us.session.transceivers().size() < kMaxTransceivers)
      CHECK(us.session
                .add_transceiver(MediaKind::kVideo,
                                 {
                                     .rids = {"h", "l"}
      })
                .has_value());
  }

  template <class Action>
  void with_transceiver(End& us, Action action) {
    const auto& all = us.session.transceivers();
    if (!all.empty()) action(all[next() % all.size()].id);
  }

  void offer(End& us, OfferOptions options) {
    const auto text = us.session.create_offer(options);
    if (!text) return;
    CHECK(parse(*text).has_value());
    if (us.session.set_local_description(Type::kOffer, *text)) us.sent = {Type::kOffer, *text};
  }

  void answer(End& us, Type type) {
    const auto text = us.session.create_answer();
    if (!text) return;
    CHECK(parse(*text).has_value());
    CHECK(us.session.set_local_description(type, *text).has_value());
    us.sent = {type, *text};
  }

  // One line of the text, found by a number, is changed.
  std::string changed(std::string text) {
    std::size_t line = next() * std::size_t{3};
    std::size_t start = 0;
    while (line-- > 0) {
      const std::size_t end = text.find('\n', start);
      start = end == std::string::npos || end + 1 >= text.size() ? 0 : end + 1;
    }
    const std::size_t size = text.find('\n', start) + 1 - start;
    const std::string copy = text.substr(start, size);
    switch (next() % 4) {
      case 0: return text.erase(start, size);
      case 1: return text.insert(start, copy);
      case 2: text[start + next() % size] = static_cast<char>(next()); return text;
      default: return text.insert(start, kLines[next() % kLines.size()]);
    }
  }

  void deliver(End& us, End& them, bool with_a_change) {
    if (!them.sent) return;
    const Letter letter = *them.sent;
    const std::string before(us.session.signaling_state());
    const std::size_t transceivers = us.session.transceivers().size();
    const std::string pending = us.session.pending_remote().text;
    const Done done = us.session.set_remote_description(
        letter.type, with_a_change ? changed(letter.text) : letter.text);
    if (done) return;
    CHECK(us.session.signaling_state() == before);
    CHECK(us.session.transceivers().size() == transceivers);
    CHECK(us.session.pending_remote().text == pending);
  }

  static void check(const Session& session) {
    CHECK(session.transceivers().size() < 1000);
    (void)session.is_negotiation_needed();
    if (session.signaling_state() == "stable") CHECK(session.pending_local().is_null());
    CHECK(session.current_local().is_null() == session.current_remote().is_null());
  }

  static constexpr std::array<const char*, 8> kLines{
      "a=mid:0\r\n",       "a=sendonly\r\n",         "a=extmap:1 urn:x\r\n", "a=rid:h send\r\n",
      "a=bundle-only\r\n", "a=simulcast:send h\r\n", "a=rtcp-mux-only\r\n",  "a=crypto:1 x y\r\n"};

  Bytes code_;
  std::size_t at_ = 0;
  End a_{1};
  End b_{2};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program(Bytes(data, std::min<std::size_t>(size, 256))).run();
  return 0;
}
