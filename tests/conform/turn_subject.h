// tests/conform/turn_subject.h - our TURN server as a driver runs it: the data path first.
#pragma once

#include "base/random.h"
#include "conform/case.h"
#include "conform/in_process_wire.h"
#include "stun/credentials.h"
#include "stun/turn/relay_ports.h"
#include "stun/turn/server.h"
#include "tests/conform/support.h"

namespace glass::conform::test {

inline const Login kLogin{
    .user = "alice", .password = "wonderland", .other_user = "bob", .other_password = "builder"};

inline stun::turn::ServerConfig turn_config() {
  stun::turn::ServerConfig config;
  config.realm = "glass.example";
  config.software = "glass";
  config.listening = {kTarget};
  config.relay_v4 = kTarget.with_port(0);
  config.relay_v6 = parse_address("[2001:db8:1::1]:0");
  config.policy.allow = {*stun::turn::parse_prefix("198.51.100.0/24")};
  return config;
}

class TurnSubject final : public Subject {
 public:
  explicit TurnSubject(const stun::turn::ServerConfig& config = turn_config())
      : server_(config, ports_, credentials_, random_, Trace()) {
    credentials_.add(kLogin.user, kLogin.password);
    credentials_.add(kLogin.other_user, kLogin.other_password);
  }

  void receive(Instant now, const Received& in) override {
    const auto hop = server_.forward(now, in);
    if (!hop) return server_.receive(now, in);
    ByteVector bytes(hop->head().begin(), hop->head().end());
    bytes.insert(bytes.end(), hop->body.begin(), hop->body.end());
    bytes.resize(bytes.size() + hop->padding);
    forwarded_.emplace_back(hop->path, std::move(bytes));
  }
  void on_time(Instant now) override { server_.on_time(now); }
  [[nodiscard]] Instant next_time() const override { return server_.next_time(); }
  std::optional<Path> poll_transmit(Instant now, ByteVector& out) override {
    if (!forwarded_.empty()) {
      auto [path, bytes] = std::move(forwarded_.front());
      forwarded_.erase(forwarded_.begin());
      out = std::move(bytes);
      return path;
    }
    while (server_.poll_event()) {
    }
    scratch_.clear();
    const auto path = server_.poll_transmit(now, scratch_);
    if (path) out.assign(scratch_.bytes().begin(), scratch_.bytes().end());
    return path;
  }
  void on_closed(Instant now, const Path& client) override { server_.on_closed(now, client); }

 private:
  stun::turn::AnyPort ports_;
  stun::StaticCredentials credentials_;
  SeededRandom random_{7};
  stun::turn::Server server_;
  PacketBuffer scratch_;
  std::vector<std::pair<Path, ByteVector>> forwarded_;
};

}  // namespace glass::conform::test
