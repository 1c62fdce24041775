// conform/turn/turn_probe.h - a TURN client that says anything, rightly signed or not.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "conform/stun/stun_probe.h"
#include "stun/attributes.h"

namespace glass::conform {

// What a 401 or 438 said.
struct Challenge {
  std::string realm;
  std::string nonce;
  std::optional<ByteVector> algorithms;  // PASSWORD-ALGORITHMS as it stood
};
std::optional<Challenge> challenge_of(const Reply& reply);
// The feature bits of a nonce that begins with the cookie of RFC 8489 §9.2.
struct NonceFeatures {
  bool password_algorithms = false;
  bool anonymity = false;
};
std::optional<NonceFeatures> features_of_nonce(std::string_view nonce);

// How a request is signed; each part can be left out or be wrong.
struct Signing {
  std::string user;
  std::string password;
  Challenge challenge;
  bool with_user = true;
  bool with_realm = true;
  bool with_nonce = true;
  // With PASSWORD-ALGORITHM and the list (RFC 8489), else as RFC 5389 had it: MD5 and SHA-1.
  bool modern = false;
  std::optional<ByteVector> list{};          // in place of the challenge's
  bool with_list = true;                     // only where modern
  bool with_algorithm = true;                // only where modern
  std::optional<std::uint16_t> algorithm{};  // in place of SHA-256
  std::size_t digest_size = 32;              // of MESSAGE-INTEGRITY-SHA256
};
void sign(RawStun& request, const Signing& how);
// The key that proves an answer to a request so signed.
ByteVector key_of(const Signing& how);

// Data that came through the relay.
struct Relayed {
  enum class Kind : std::uint8_t { kNothing, kIndication, kChannel, kOther };
  Kind kind = Kind::kNothing;
  std::optional<Address> peer{};  // of an indication
  std::uint16_t channel = 0;      // of ChannelData
  ByteVector data{};
  std::size_t padding = 0;  // behind ChannelData
};

class TurnProbe : public StunProbe {
 public:
  using Fill = std::function<void(RawStun&)>;

  explicit TurnProbe(Session& session);
  TurnProbe(Session& session, Transport transport);
  // Gives back what it allocated, so that no target runs out of it.
  ~TurnProbe();
  TurnProbe(const TurnProbe&) = delete;
  TurnProbe& operator=(const TurnProbe&) = delete;

  // Asks without credentials, and keeps what the 401 says. False: no 401 with realm and nonce came.
  bool be_challenged();
  // Everything right, for whoever changes one thing.
  Signing signing();
  // Asks signed; where the nonce is stale, again with the new one.
  Reply ask_signed(Method method, const Fill& fill = {});
  // Asks once, signed like this.
  Reply ask_like(Method method, const Signing& how, const Fill& fill = {});
  // From now on as the other user.
  void become_other_user();

  // Allocate with REQUESTED-TRANSPORT for UDP and whatever `fill` adds.
  Reply allocate(const Fill& fill = {});
  // The same, and true where it worked: relayed() is then known.
  bool has_allocation(const Fill& fill = {});
  [[nodiscard]] const Address& relayed() const { return relayed_; }
  // Why there is none.
  [[nodiscard]] Outcome no_allocation() const;
  // As has_allocation(), with a permission for `peer`, too.
  bool is_ready_for(const Address& peer);
  Reply permit(const Address& peer);
  Reply bind(std::uint16_t channel, const Address& peer);
  Reply refresh(std::optional<std::uint32_t> lifetime);

  void send_indication(const Address& peer, Bytes data, const Fill& fill = {});
  void send_channel_data(std::uint16_t channel, Bytes data);
  // The next that is neither an answer nor nothing; waits so long.
  Relayed hear_relayed(Duration patience);
  // How long data may take through the relay.
  [[nodiscard]] Duration data_patience() { return session().timing.answer; }

 private:
  std::optional<Challenge> challenge_;
  std::string user_;
  std::string password_;
  Address relayed_;
  bool allocated_ = false;
  Reply last_;
};

// A socket of ours that is the other end of a relay.
class Peer {
 public:
  explicit Peer(Session& session) : session_(session), plug_(session.wire.open(Transport::kUdp)) {}
  [[nodiscard]] bool is_open() const { return plug_.has_value(); }
  [[nodiscard]] Address address() const { return session_.wire.path(*plug_).local; }
  void send(const Address& relayed, Bytes data) { session_.wire.send(*plug_, relayed, data); }
  Heard hear(Duration patience) { return session_.wire.receive(*plug_, patience); }

 private:
  Session& session_;
  std::optional<Plug> plug_;
};

}  // namespace glass::conform
