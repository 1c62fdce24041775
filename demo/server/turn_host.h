// demo/server/turn_host.h - STUN and TURN for real: the sockets under a stun::turn::Server.
//
// Listens over UDP, TCP and TLS, opens and closes the relayed addresses that the server asks for,
// and makes the time-limited passwords that signaling hands to its members: whoever joined a room
// may relay, nobody else. Lives on one net::Loop.
// Tested by: tests/relay/turn_host_test.cc, tests/browser/cases/relay.mjs, tests/interop/coturn.mjs
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/trace.h"
#include "demo/exit_code.h"
#include "demo/server/rooms.h"
#include "net/loop.h"
#include "net/streams.h"
#include "net/tls.h"
#include "net/udp.h"
#include "stun/credentials.h"
#include "stun/turn/peer_policy.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"

namespace glass::demo {

struct TurnHostOptions {
  std::vector<Address> hosts;        // addresses of this machine to listen on; ports do not count
  std::uint16_t port = 3478;         // of UDP and TCP; 0: free ones
  std::uint16_t tls_port = 5349;     // 0: a free one
  std::optional<Address> advertise;  // what clients are told in place of the first host
  // Of the first host, in IP address and port: STUN clients can tell what NAT they are behind.
  std::optional<Address> alternate;
  std::string name;   // of the first host, in `pem`: TURN over TLS is offered by it
  net::PemPair pem;   // for TLS; empty: a fresh self-signed certificate
  ByteVector secret;  // of the time-limited passwords; empty: a fresh one
  // TURN servers elsewhere that share `secret`: members are told these in place of our own.
  std::vector<std::string> elsewhere;
  std::vector<std::pair<std::string, std::string>> users;  // name and password, beside the former
  std::vector<stun::turn::Prefix> allow;  // peers beyond public addresses and our own
  std::vector<stun::turn::Prefix> deny;
  std::size_t allocations = 1000;
  std::size_t allocations_per_user = 32;
  std::uint64_t bytes_per_second_of_user = 0;  // 0: no limit
  bool old_channels = false;                   // those of RFC 5766 too, up to 0x7FFF
  std::function<void(std::string_view line)> log;
};

class TurnHost final : public stun::turn::RelayPorts {
 public:
  // Longer than any call: a password that runs out ends the allocation at its next refresh.
  static constexpr std::chrono::seconds kPasswordLife = std::chrono::hours(12);

  // `loop`, `random` outlive it.
  static Result<std::unique_ptr<TurnHost>, Failure> start(net::Loop& loop, Random& random,
                                                          const TurnHostOptions& options);
  ~TurnHost() override;

  // What a member of a room may use, as a browser wants it.
  [[nodiscard]] std::vector<IceServer> issue(std::string_view id) const;
  // "stun:...", "turn:...?transport=udp" and so on.
  [[nodiscard]] const std::vector<std::string>& stun_uris() const { return stun_uris_; }
  [[nodiscard]] const std::vector<std::string>& turn_uris() const { return turn_uris_; }
  [[nodiscard]] Address udp() const { return udp_.front().local(); }
  [[nodiscard]] std::size_t allocations() const { return server_->allocations(); }
  // SHA-256 of the TLS certificate when it is of our own making; PEM to give to others.
  [[nodiscard]] const std::string& certificate_pem() const { return pem_.certificate; }

  // RelayPorts
  bool open(Transport transport, const Address& address) override;
  void close(Transport transport, const Address& address) override;

 private:
  // Names that say until when first, then the list.
  class Users final : public stun::Credentials {
   public:
    Users(Bytes secret, std::chrono::seconds unix_at_zero) : timed_(secret, unix_at_zero) {}
    bool add(std::string_view name, std::string_view password) {
      return listed_.add(name, password);
    }
    std::optional<crypto::Secret> key(Instant now, std::string_view username,
                                      std::string_view realm,
                                      stun::PasswordAlgorithmNumber algorithm) override {
      if (auto listed = listed_.key(now, username, realm, algorithm)) return listed;
      return timed_.key(now, username, realm, algorithm);
    }

   private:
    stun::StaticCredentials listed_;
    stun::TimeLimitedCredentials timed_;
  };

  TurnHost(net::Loop& loop, Random& random, const TurnHostOptions& options);
  Result<void, Failure> open_udp(const Address& address);
  Result<void, Failure> open_alternate(const Address& wanted);
  Result<void, Failure> listen();
  [[nodiscard]] Address shown(const Address& host) const;
  void make_server(Random& random);
  void on_event(const stun::turn::Server::Event& event);
  void log(std::string_view line) const;

  net::Loop& loop_;
  TurnHostOptions options_;
  net::PemPair pem_;
  ByteVector secret_;
  Users users_;
  std::deque<net::UdpSocket> udp_;  // one of each host, then those of the alternate address
  std::optional<stun::AlternateAddresses> discovery_;
  std::unique_ptr<stun::turn::Server> server_;
  net::NodeId node_;
  std::optional<net::Streams> streams_;
  std::map<Address, std::unique_ptr<net::UdpSocket>> relayed_;
  std::vector<std::string> stun_uris_;
  std::vector<std::string> turn_uris_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace glass::demo
