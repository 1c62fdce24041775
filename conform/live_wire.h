// conform/live_wire.h - a target that listens somewhere, over real sockets.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "conform/wire.h"
#include "net/probe_sockets.h"
#include "net/tls.h"

namespace glass::conform {

struct LiveTarget {
  Address address;                              // UDP and TCP
  Address tls_address;                          // TLS
  std::string name{};                           // for TLS
  const net::TlsContext* tls = nullptr;         // null: no TLS
  Duration patience = std::chrono::seconds(2);  // to connect
};

class LiveWire final : public Wire {
 public:
  // The error: there is no way to that address.
  static Result<std::unique_ptr<LiveWire>, net::SocketError> make(const LiveTarget& target);

  [[nodiscard]] Instant now() const override { return sockets_.now(); }
  [[nodiscard]] bool is_virtual() const override { return false; }
  [[nodiscard]] Address target(Transport transport) const override {
    return transport == Transport::kTls ? target_.tls_address : target_.address;
  }
  std::optional<Plug> open(Transport transport) override;
  void close(Plug plug) override;
  [[nodiscard]] Path path(Plug plug) const override;
  void send(Plug plug, const Address& to, Bytes bytes) override;
  Heard receive(Plug plug, Duration patience) override;
  void wait(Duration duration) override;

 private:
  LiveWire(const LiveTarget& target, const Address& local) : target_(target), local_(local) {}
  void poll(Duration patience);

  LiveTarget target_;
  Address local_;
  net::ProbeSockets sockets_;
  std::map<Plug, Path> paths_;
  std::map<Plug, std::deque<Heard>> inbox_;
};

}  // namespace glass::conform
