// tests/dtls/support/link.h - two DTLS endpoints, ours or OpenSSL's, and a line between them in
// virtual time whose faults are a function of the datagram's number.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/random.h"
#include "base/time.h"
#include "crypto/certificate.h"
#include "dtls/connection.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {

using namespace std::chrono_literals;

// What the line asks of an end.
class End {
 public:
  virtual ~End() = default;
  virtual void start(Instant now) = 0;
  virtual void receive(Instant now, ByteVector datagram) = 0;
  virtual void on_time(Instant now) = 0;
  virtual Instant next_time() = 0;
  virtual std::optional<ByteVector> poll_transmit(Instant now) = 0;
  virtual bool is_open() = 0;
  virtual void send(Instant now, std::string_view text) = 0;
  [[nodiscard]] virtual std::vector<std::string> received() const = 0;
};

// Identities are made once: a key pair per test would take most of the time.
const crypto::Identity& alice();
const crypto::Identity& bob();

class Ours final : public End {
 public:
  Ours(const Config& config, std::uint64_t seed)
      : random_(seed),
        connection_(config, random_,
                    glass::test::test_trace(Layer::kDtls, config.role == Role::kClient ? 0 : 1)) {}

  void start(Instant now) override {
    connection_.start(now);
    take_events();
  }
  void receive(Instant now, ByteVector datagram) override {
    connection_.receive(now, datagram);
    take_events();
  }
  void on_time(Instant now) override {
    connection_.on_time(now);
    take_events();
  }
  Instant next_time() override { return connection_.next_time(); }
  std::optional<ByteVector> poll_transmit(Instant now) override {
    if (!outbox_.empty()) {
      ByteVector out = outbox_.front();
      outbox_.erase(outbox_.begin());
      return out;
    }
    PacketBuffer out;
    if (!connection_.poll_transmit(now, out)) return std::nullopt;
    return ByteVector(out.bytes().begin(), out.bytes().end());
  }
  bool is_open() override { return connection_.is_open(); }
  void send(Instant /*now*/, std::string_view text) override {
    PacketBuffer packet;
    packet.assign(as_bytes(text));
    connection_.seal(packet);
    outbox_.emplace_back(packet.bytes().begin(), packet.bytes().end());
  }
  [[nodiscard]] std::vector<std::string> received() const override { return received_; }

  Connection& connection() { return connection_; }
  void take_events() {
    while (auto event = connection_.poll_event()) {
      if (const auto* plain = std::get_if<Plaintext>(&*event))
        received_.emplace_back(as_text(plain->bytes));
      if (const auto* done = std::get_if<Connected>(&*event)) connected.push_back(*done);
      if (const auto* over = std::get_if<Closed>(&*event)) closed.push_back(*over);
    }
  }

  std::vector<Connected> connected;
  std::vector<Closed> closed;

 private:
  SeededRandom random_;
  Connection connection_;
  std::vector<std::string> received_;
  std::vector<ByteVector> outbox_;
};

// A configuration of that role that trusts the other's certificate: alice is the client.
Config config_for(Role role);

struct Datagram {
  Instant sent;
  bool from_client;
  ByteVector bytes;
};

class Line {
 public:
  // The delays after which a datagram arrives: none is a loss, two a duplicate.
  using Fate = std::function<std::vector<Duration>(std::size_t number, const Datagram& datagram)>;

  Line(End& client, End& server, Fate fate = {})
      : client_(client), server_(server), fate_(std::move(fate)) {}

  void start() {
    server_.start(now);
    client_.start(now);
    collect();
  }
  // Until both are open, or `limit` has passed.
  bool connect(Duration limit = 30s) {
    start();
    return run_until([&] { return client_.is_open() && server_.is_open(); }, limit);
  }
  template <class Done>
  bool run_until(Done done, Duration limit = 30s) {
    const Instant end = now + limit;
    while (!done()) {
      const Instant next = next_time();
      if (next == kNever || next > end) {
        now = end;
        return false;
      }
      step(next);
    }
    return true;
  }
  void run_for(Duration duration) {
    const Instant end = now + duration;
    for (Instant next = next_time(); next <= end; next = next_time()) step(next);
    now = end;
  }
  // Takes what the ends have to say right now.
  void collect() {
    collect_from(client_, true);
    collect_from(server_, false);
  }

  Instant now{};
  Duration delay = 5ms;
  std::vector<Datagram> sent;

 private:
  struct Flying {
    Instant arrives;
    bool to_server;
    ByteVector bytes;
  };

  [[nodiscard]] Instant next_time() {
    Instant next = std::min(client_.next_time(), server_.next_time());
    for (const Flying& each : flying_) next = std::min(next, each.arrives);
    return next;
  }
  void step(Instant next) {
    now = std::max(now, next);
    for (std::size_t i = 0; i < flying_.size();) {
      if (flying_[i].arrives > now) {
        ++i;
        continue;
      }
      Flying arrived = std::move(flying_[i]);
      flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(i));
      (arrived.to_server ? server_ : client_).receive(now, std::move(arrived.bytes));
      collect();
    }
    if (client_.next_time() <= now) client_.on_time(now);
    if (server_.next_time() <= now) server_.on_time(now);
    collect();
  }
  void collect_from(End& end, bool from_client) {
    while (auto bytes = end.poll_transmit(now)) {
      sent.push_back({now, from_client, *bytes});
      const std::vector<Duration> delays =
          fate_ ? fate_(sent.size() - 1, sent.back()) : std::vector<Duration>{delay};
      for (const Duration each : delays) flying_.push_back({now + each, from_client, *bytes});
    }
  }

  End& client_;
  End& server_;
  Fate fate_;
  std::vector<Flying> flying_;
};

}  // namespace glass::dtls::test
