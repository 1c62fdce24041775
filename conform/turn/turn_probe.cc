#include "conform/turn/turn_probe.h"

#include <algorithm>
#include <utility>

#include "base/writer.h"
#include "stun/integrity.h"
#include "stun/nonce_cookie.h"
#include "stun/turn/attributes.h"

namespace glass::conform {
namespace {

constexpr std::uint16_t kSha256 = 2;
constexpr std::uint32_t kUdpProtocol = 17;

ByteVector algorithm_value(std::uint16_t number) {
  ByteVector value;
  Writer(value).u16(number).u16(0);
  return value;
}

// Does the list offer SHA-256?
bool offers_sha256(const Challenge& challenge) {
  if (!challenge.algorithms) return false;
  Reader in(*challenge.algorithms);
  while (in.ok() && in.left() >= 4) {
    const std::uint16_t number = in.u16("Algorithm");
    const std::uint16_t size = in.u16("Algorithm Parameters Length");
    if (number == kSha256) return true;
    in.bytes(std::min<std::size_t>((std::size_t{size} + 3) / 4 * 4, in.left()), "Parameters");
  }
  return false;
}

}  // namespace

std::optional<Challenge> challenge_of(const Reply& reply) {
  if (!reply.has(AttributeType::kRealm) || !reply.has(AttributeType::kNonce)) return std::nullopt;
  Challenge challenge{.realm = reply.text_of(AttributeType::kRealm),
                      .nonce = reply.text_of(AttributeType::kNonce),
                      .algorithms = std::nullopt};
  if (const auto list = reply.view().find(AttributeType::kPasswordAlgorithms))
    challenge.algorithms.emplace(list->value.begin(), list->value.end());
  return challenge;
}

std::optional<NonceFeatures> features_of_nonce(std::string_view nonce) {
  const auto features = stun::features_of(nonce);
  if (!features) return std::nullopt;
  return NonceFeatures{features->password_algorithms, features->username_anonymity};
}

ByteVector key_of(const Signing& how) {
  const auto algorithm = how.modern && how.algorithm.value_or(kSha256) == kSha256
                             ? stun::PasswordAlgorithmNumber::kSha256
                             : stun::PasswordAlgorithmNumber::kMd5;
  return stun::long_term_key(algorithm, how.user, how.challenge.realm, how.password);
}

void sign(RawStun& request, const Signing& how) {
  if (how.with_user) request.text(AttributeType::kUsername, how.user);
  if (how.with_realm) request.text(AttributeType::kRealm, how.challenge.realm);
  if (how.with_nonce) request.text(AttributeType::kNonce, how.challenge.nonce);
  if (how.modern) {
    if (how.with_list)
      request.attribute(AttributeType::kPasswordAlgorithms,
                        how.list ? *how.list : how.challenge.algorithms.value_or(ByteVector{}));
    if (how.with_algorithm)
      request.attribute(AttributeType::kPasswordAlgorithm,
                        algorithm_value(how.algorithm.value_or(kSha256)));
    request.integrity_sha256(key_of(how), how.digest_size);
  } else {
    request.integrity(key_of(how));
  }
}

TurnProbe::TurnProbe(Session& session) : TurnProbe(session, session.transport) {}

TurnProbe::TurnProbe(Session& session, Transport transport)
    : StunProbe(session, transport), user_(session.login.user), password_(session.login.password) {}

TurnProbe::~TurnProbe() {
  if (!allocated_ || !challenge_) return;
  user_ = session().login.user;
  password_ = session().login.password;
  (void)refresh(0);
}

bool TurnProbe::be_challenged() {
  RawStun request = this->request(Method::kAllocate);
  request.number(AttributeType::kRequestedTransport, kUdpProtocol << 24);
  last_ = ask(request);
  if (auto challenge = challenge_of(last_)) challenge_ = std::move(*challenge);
  return challenge_.has_value();
}

Signing TurnProbe::signing() {
  if (!challenge_) (void)be_challenged();
  Signing how{.user = user_, .password = password_, .challenge = challenge_.value_or(Challenge{})};
  how.modern = offers_sha256(how.challenge);
  return how;
}

Reply TurnProbe::ask_like(Method method, const Signing& how, const Fill& fill) {
  RawStun request = this->request(method);
  if (fill) fill(request);
  sign(request, how);
  return ask(request);
}

Reply TurnProbe::ask_signed(Method method, const Fill& fill) {
  constexpr int kRounds = 3;
  Reply reply;
  for (int i = 0; i < kRounds; ++i) {
    reply = ask_like(method, signing(), fill);
    auto fresh = challenge_of(reply);
    if (reply.code != 438 || !fresh) return reply;
    if (!fresh->algorithms) fresh->algorithms = challenge_->algorithms;
    challenge_ = std::move(*fresh);
  }
  return reply;
}

void TurnProbe::become_other_user() {
  user_ = session().login.other_user;
  password_ = session().login.other_password;
}

Reply TurnProbe::allocate(const Fill& fill) {
  last_ = ask_signed(Method::kAllocate, [&](RawStun& request) {
    request.number(AttributeType::kRequestedTransport, kUdpProtocol << 24);
    if (fill) fill(request);
  });
  if (last_.kind == Reply::Kind::kSuccess) {
    allocated_ = true;
    if (const auto at = last_.get<stun::turn::XorRelayedAddress>()) relayed_ = at->address;
  }
  return last_;
}

bool TurnProbe::has_allocation(const Fill& fill) {
  (void)allocate(fill);
  return allocated_ && relayed_.port != 0;
}

Outcome TurnProbe::no_allocation() const {
  return inconclusive("no allocation to try it with: " + last_.name());
}

bool TurnProbe::is_ready_for(const Address& peer) {
  if (!has_allocation()) return false;
  last_ = permit(peer);
  return last_.kind == Reply::Kind::kSuccess;
}

Reply TurnProbe::permit(const Address& peer) {
  return ask_signed(Method::kCreatePermission, [&](RawStun& request) {
    request.xor_address(AttributeType::kXorPeerAddress, peer);
  });
}

Reply TurnProbe::bind(std::uint16_t channel, const Address& peer) {
  return ask_signed(Method::kChannelBind, [&](RawStun& request) {
    request.number(AttributeType::kChannelNumber, std::uint32_t{channel} << 16);
    request.xor_address(AttributeType::kXorPeerAddress, peer);
  });
}

Reply TurnProbe::refresh(std::optional<std::uint32_t> lifetime) {
  Reply reply = ask_signed(Method::kRefresh, [&](RawStun& request) {
    if (lifetime) request.number(AttributeType::kLifetime, *lifetime);
  });
  if (lifetime == 0U && reply.kind == Reply::Kind::kSuccess) allocated_ = false;
  return reply;
}

void TurnProbe::send_indication(const Address& peer, Bytes data, const Fill& fill) {
  RawStun message(stun::Class::kIndication, Method::kSend, new_id());
  message.xor_address(AttributeType::kXorPeerAddress, peer);
  message.attribute(AttributeType::kData, data);
  if (fill) fill(message);
  say(message.bytes());
}

void TurnProbe::send_channel_data(std::uint16_t channel, Bytes data) {
  ByteVector message;
  Writer(message).u16(channel).u16(static_cast<std::uint16_t>(data.size())).bytes(data);
  if (is_stream()) message.resize((message.size() + 3) / 4 * 4);
  say(message);
}

Relayed TurnProbe::hear_relayed(Duration patience) {
  const Instant deadline = session().wire.now() + patience;
  for (;;) {
    Reply reply = hear_next(std::max(deadline - session().wire.now(), Duration::zero()));
    if (reply.bytes.empty()) return {};
    if (reply.is_answer()) continue;
    const Bytes bytes = reply.bytes;
    if ((bytes[0] & 0xC0) == 0x40 && bytes.size() >= 4) {
      Reader in(bytes);
      Relayed out{.kind = Relayed::Kind::kChannel};
      out.channel = in.u16("Channel Number");
      const std::size_t size = std::min<std::size_t>(in.u16("Length"), in.left());
      const Bytes data = in.bytes(size, "Application Data");
      out.data.assign(data.begin(), data.end());
      out.padding = in.left();
      return out;
    }
    const auto message = stun::MessageView::parse(bytes);
    if (!message || !message->is(stun::Class::kIndication, Method::kData))
      return {.kind = Relayed::Kind::kOther, .data = reply.bytes};
    Relayed out{.kind = Relayed::Kind::kIndication};
    if (const auto peer = stun::get<stun::turn::XorPeerAddress>(*message)) out.peer = peer->address;
    const auto data = message->find(AttributeType::kData);
    if (!data) return {.kind = Relayed::Kind::kOther, .peer = out.peer, .data = reply.bytes};
    out.data.assign(data->value.begin(), data->value.end());
    return out;
  }
}

}  // namespace glass::conform
