// Channels: four bytes of header in place of an indication. RFC 8656 §12.
#include <chrono>

#include "base/text.h"
#include "conform/turn/suite.h"
#include "conform/turn/turn_probe.h"

namespace glass::conform {
namespace {

using namespace std::chrono_literals;
using Add = std::function<void(Case)>;

const std::vector<Accepted> kExpected{
    {kAsExpected, Verdict::kPass}
};
const std::vector<Accepted> kSuccess{
    {"success", Verdict::kPass}
};
const std::vector<Accepted> k400{
    {"error 400", Verdict::kPass}
};

constexpr std::uint16_t kChannel = 0x4001;
constexpr std::uint16_t kOtherChannel = 0x4002;

Outcome bind(TurnProbe& p, std::uint16_t number) {
  const Peer peer(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.bind(number, peer.address()));
}

Outcome bind_with(TurnProbe& p, const TurnProbe::Fill& fill) {
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.ask_signed(Method::kChannelBind, fill));
}

Outcome no_peer(TurnProbe& p) {
  return bind_with(p, [](RawStun& request) {
    request.number(AttributeType::kChannelNumber, std::uint32_t{kChannel} << 16);
  });
}

Outcome no_number(TurnProbe& p) {
  const Peer peer(p.session());
  return bind_with(p, [&](RawStun& request) {
    request.xor_address(AttributeType::kXorPeerAddress, peer.address());
  });
}

Outcome other_family(TurnProbe& p) {
  if (!p.has_allocation()) return p.no_allocation();
  return outcome_of(p.bind(
      kChannel, *parse_address(p.relayed().is_v4() ? "[2001:db8::200]:9" : "192.0.2.200:9")));
}

// Binds, and then something that the first binding allows or does not.
Outcome then_bind(TurnProbe& p, std::uint16_t number, bool same_peer) {
  const Peer one(p.session());
  const Peer two(p.session());
  if (!p.has_allocation()) return p.no_allocation();
  if (p.bind(kChannel, one.address()).kind != Reply::Kind::kSuccess)
    return inconclusive("the first binding failed");
  return outcome_of(p.bind(number, same_peer ? one.address() : two.address()));
}

bool has_channel(TurnProbe& p, const Peer& peer) {
  return p.has_allocation() && p.bind(kChannel, peer.address()).kind == Reply::Kind::kSuccess;
}

Heard out(TurnProbe& p, Peer& peer, const std::function<void()>& say) {
  for (int i = 0; i < p.session().timing.tries; ++i) {
    say();
    Heard heard = peer.hear(p.data_patience());
    if (heard.kind == Heard::Kind::kBytes) return heard;
  }
  return {};
}

Relayed in(TurnProbe& p, Peer& peer, Bytes data) {
  for (int i = 0; i < p.session().timing.tries; ++i) {
    peer.send(p.relayed(), data);
    Relayed heard = p.hear_relayed(p.data_patience());
    if (heard.kind != Relayed::Kind::kNothing) return heard;
  }
  return {};
}

Outcome no_channel() { return inconclusive("no channel to try it with"); }

Outcome sends(TurnProbe& p, std::size_t size) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  const ByteVector data(size, 0xA5);
  const Heard heard = out(p, peer, [&] { p.send_channel_data(kChannel, data); });
  if (heard.kind != Heard::Kind::kBytes) return wrong("nothing came out");
  if (heard.bytes != data) return wrong(decimal(heard.bytes.size()) + " bytes came out");
  return heard.from == p.relayed() ? as_expected() : wrong("they came from " + to_text(heard.from));
}

Outcome padded(TurnProbe& p) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  const Heard heard =
      out(p, peer, [&] { p.say(ByteVector{kChannel >> 8, kChannel & 0xFF, 0, 1, 0x77, 0, 0, 0}); });
  if (heard.kind != Heard::Kind::kBytes) return wrong("nothing came out");
  return heard.bytes == ByteVector{0x77} ? as_expected() : wrong("the padding went out, too");
}

Outcome receives(TurnProbe& p, std::size_t size) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  const ByteVector data(size, 0x5A);
  const Relayed heard = in(p, peer, data);
  if (heard.kind == Relayed::Kind::kNothing) return wrong("nothing came in");
  if (heard.kind != Relayed::Kind::kChannel) return wrong("it came in as an indication");
  if (heard.channel != kChannel) return wrong("by channel " + hex_number(heard.channel, 4));
  return heard.data == data ? as_expected() : wrong("other bytes came in");
}

// Over a stream whatever is not padded makes garbage of what follows.
Outcome stays_aligned(TurnProbe& p) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  for (const std::size_t size : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}}) {
    const Relayed heard = in(p, peer, ByteVector(size, 0x5A));
    if (heard.kind != Relayed::Kind::kChannel || heard.data.size() != size)
      return wrong("after " + decimal(size) + " bytes the stream is no longer understood");
  }
  return outcome_of(p.refresh(std::nullopt)).name == "success"
             ? as_expected()
             : wrong("the answer behind the data is not understood");
}

Outcome permits(TurnProbe& p) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  const Heard heard = out(p, peer, [&] { p.send_indication(peer.address(), as_bytes("hello")); });
  return as_text(heard.bytes) == "hello" ? as_expected()
                                         : wrong("a Send indication does not get through");
}

// Nothing of `bad` comes out, and right ChannelData behind it does.
Outcome nothing_out(TurnProbe& p, Bytes bad) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  p.say(bad);
  const Heard heard = out(p, peer, [&] { p.send_channel_data(kChannel, as_bytes("rite")); });
  if (heard.kind != Heard::Kind::kBytes)
    return inconclusive("what is right does not come out either");
  return as_text(heard.bytes) == "rite" ? as_expected()
                                        : wrong(decimal(heard.bytes.size()) + " bytes came out");
}

Outcome channel_ends(TurnProbe& p) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  // Its permission is kept alive, and the allocation; the channel is not.
  for (int i = 0; i < 3; ++i) {
    p.session().wire.wait(203s);
    if (p.permit(peer.address()).kind != Reply::Kind::kSuccess ||
        p.refresh(std::nullopt).kind != Reply::Kind::kSuccess)
      return inconclusive("permission or allocation could not be kept");
  }
  const Relayed heard = in(p, peer, as_bytes("later"));
  if (heard.kind == Relayed::Kind::kNothing) return wrong("nothing comes in");
  return heard.kind == Relayed::Kind::kIndication ? as_expected()
                                                  : wrong("it still comes by the channel");
}

Outcome not_renewed_by_data(TurnProbe& p) {
  Peer peer(p.session());
  if (!has_channel(p, peer)) return no_channel();
  p.session().wire.wait(290s);
  p.send_channel_data(kChannel, as_bytes("data"));
  p.session().wire.wait(20s);
  return in(p, peer, as_bytes("later")).kind == Relayed::Kind::kNothing
             ? as_expected()
             : wrong("the permission was renewed by ChannelData");
}

void add_bindings(const Add& add) {
  for (const std::uint16_t number : std::initializer_list<std::uint16_t>{0x4000, 0x4FFF})
    add({.id = "turn/8656:12.2#0/number-" + hex_number(number, 4),
         .title = "Binds channel " + hex_number(number, 4),
         .expectation = "Success: 0x4000 to 0x4FFF are channels",
         .outcomes = kSuccess,
         .needs = {"peer"},
         .run = [number](Session& session) {
           TurnProbe p(session);
           return bind(p, number);
         }});
  for (const std::uint16_t number :
       std::initializer_list<std::uint16_t>{0x0000, 0x3FFF, 0x5000, 0x7FFF, 0xFFFF})
    add({.id = "turn/8656:12.2#0/number-" + hex_number(number, 4),
         .title = "Binds channel " + hex_number(number, 4),
         .expectation = "400 (Bad Request): only 0x4000 to 0x4FFF are channels",
         .cls = Class::kInvalid,
         .outcomes = k400,
         .needs = {"peer"},
         .run = [number](Session& session) {
           TurnProbe p(session);
           return bind(p, number);
         }});
  add({.id = "turn/8656:12.2#0/no-peer",
       .title = "Binds a channel without XOR-PEER-ADDRESS",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .run = on(no_peer)});
  add({.id = "turn/8656:12.2#0/no-number",
       .title = "Binds a channel without CHANNEL-NUMBER",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInvalid,
       .outcomes = k400,
       .needs = {"peer"},
       .run = on(no_number)});
  add({.id = "turn/8656:12.2#0/channel-is-taken",
       .title = "Binds a channel to a second address",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInopportune,
       .outcomes = k400,
       .needs = {"peer"},
       .run = on(+[](TurnProbe& p) { return then_bind(p, kChannel, false); })});
  add({.id = "turn/8656:12.2#0/peer-is-taken",
       .title = "Binds a second channel to an address",
       .expectation = "400 (Bad Request)",
       .cls = Class::kInopportune,
       .outcomes = k400,
       .needs = {"peer"},
       .run = on(+[](TurnProbe& p) { return then_bind(p, kOtherChannel, true); })});
  add({.id = "turn/8656:12.2#0/again",
       .title = "Binds the same channel to the same address again",
       .expectation = "It is refreshed: success",
       .outcomes = kSuccess,
       .needs = {"peer"},
       .run = on(+[](TurnProbe& p) { return then_bind(p, kChannel, true); })});
  add({.id = "turn/8656:12.2#0/two-channels",
       .title = "Binds two channels to two ports of one peer",
       .expectation = "Success: a channel is for an address and a port",
       .outcomes = kSuccess,
       .needs = {"peer"},
       .run = on(+[](TurnProbe& p) { return then_bind(p, kOtherChannel, false); })});
  add({.id = "turn/8656:12.2#1/other-family",
       .title = "Binds a channel to a peer of the other family",
       .expectation = "443 (Peer Address Family Mismatch)",
       .cls = Class::kInvalid,
       .outcomes = {{"error 443", Verdict::kPass}},
       .run = on(other_family)});
  add({.id = "turn/8656:12.2#0/permits-too",
       .title = "Binds a channel, and sends by an indication",
       .expectation = "The binding has installed a permission",
       .outcomes = kExpected,
       .needs = {"peer"},
       .run = on(permits)});
}

void add_data(const Add& add) {
  for (const std::size_t size : {std::size_t{4}, std::size_t{5}, std::size_t{0}, std::size_t{1200}})
    add({.id = "turn/8656:12.6#0/send-" + decimal(size),
         .title = "Sends " + decimal(size) + " bytes by a channel",
         .expectation = "They go to the peer as they are, from the relayed address",
         .outcomes = kExpected,
         .needs = {"peer"},
         .run = [size](Session& session) {
           TurnProbe p(session);
           return sends(p, size);
         }});
  for (const std::size_t size : {std::size_t{5}, std::size_t{1200}})
    add({.id = "turn/8656:12.5#1/receive-" + decimal(size),
         .title = "Lets the peer send " + decimal(size) + " bytes while a channel is bound",
         .expectation = "They come as ChannelData",
         .outcomes = kExpected,
         .needs = {"peer"},
         .run = [size](Session& session) {
           TurnProbe p(session);
           return receives(p, size);
         }});
  add({
      .id = "turn/8656:12.5#3/padded",
      .title = "Sends padded ChannelData over UDP",
      .expectation = "It may be padded, and the padding does not count",
      .level = Level::kMay,
      .outcomes = kExpected,
      .needs = {"peer", "datagram"},
      .run = on(padded)
  });
  add({
      .id = "turn/8656:12.5#2/aligned",
      .title = "Lets the peer send 1, 2, 3 and 4 bytes, and asks something behind it",
      .expectation = "Over a stream ChannelData is padded to whole words",
      .outcomes = kExpected,
      .needs = {"peer", "stream"},
      .run = on(stays_aligned)
  });
  const auto dropped = [&](std::string id, std::string title, ByteVector bad, bool over_stream) {
    Case one{.id = "turn/8656:" + std::move(id),
             .title = std::move(title),
             .expectation = "It is dropped without a word",
             .cls = Class::kInvalid,
             .outcomes = kExpected,
             .needs = {"peer"},
             .run = [bad](Session& session) {
               TurnProbe p(session);
               return nothing_out(p, bad);
             }};
    if (!over_stream) one.needs.emplace_back("datagram");
    add(std::move(one));
  };
  dropped("12.6#0/unbound", "Sends ChannelData by a channel that is not bound",
          {0x40, 0x55, 0, 4, 1, 2, 3, 4}, true);
  dropped("12#1/reserved", "Sends ChannelData by channel 0x5000, which is reserved",
          {0x50, 0x00, 0, 4, 1, 2, 3, 4}, true);
  dropped("12.6#0/too-short", "Sends ChannelData whose length says more than there is",
          {kChannel >> 8, kChannel & 0xFF, 0, 9, 1, 2, 3, 4}, false);
  dropped("12.6#0/runt", "Sends the first three bytes of ChannelData",
          {kChannel >> 8, kChannel & 0xFF, 0}, false);
}

void add_lifetimes(const Add& add) {
  add({
      .id = "turn/8656:12#0/ends-after-600-seconds",
      .title = "Lets the peer send 609 seconds after the binding",
      .expectation = "A binding lives for 600 seconds: the data comes as an indication",
      .cls = Class::kInopportune,
      .outcomes = kExpected,
      .needs = {"peer", "slow"},
      .run = on(channel_ends)
  });
  add({
      .id = "turn/8656:12.6#2/not-renewed-by-data",
      .title = "Sends ChannelData after 290 seconds, and lets the peer send after 310",
      .expectation = "Data renews neither the binding nor its permission",
      .cls = Class::kInopportune,
      .outcomes = kExpected,
      .needs = {"peer", "slow"},
      .run = on(not_renewed_by_data)
  });
}

}  // namespace

void add_channel_cases(std::vector<Case>& to) {
  const Add add = [&](Case one) {
    one.needs.insert(one.needs.begin(), "login");
    to.push_back(std::move(one));
  };
  add_bindings(add);
  add_data(add);
  add_lifetimes(add);
}

}  // namespace glass::conform
