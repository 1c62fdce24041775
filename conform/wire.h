// conform/wire.h - what a case talks through: sockets of ours, a target, and time.
//
// The same program of a case runs over real sockets and, on a virtual clock, against our own stack
// in this process. Bytes are what stands in a datagram, or any piece of a stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/time.h"

namespace glass::conform {

using Plug = std::size_t;  // one socket of ours

struct Heard {
  enum class Kind : std::uint8_t {
    kBytes,
    kNothing,  // the time is over
    kClosed,   // the target ended the connection
    kRefused,  // nothing listens there
  };
  Kind kind = Kind::kNothing;
  Address from;
  ByteVector bytes{};
};

// One line of what was said in a case.
struct Said {
  Instant at;
  bool by_us = true;
  Path path;  // local is ours
  ByteVector bytes{};
  std::string note{};  // in place of bytes: "connection closed"
};

class Wire {
 public:
  virtual ~Wire() = default;
  [[nodiscard]] virtual Instant now() const = 0;
  // Does waiting cost nothing?
  [[nodiscard]] virtual bool is_virtual() const = 0;
  // Where the target listens.
  [[nodiscard]] virtual Address target(Transport transport) const = 0;
  // kUdp: a socket with a port of its own; else a connection to the target. nullopt: there is none
  // to be had.
  virtual std::optional<Plug> open(Transport transport) = 0;
  virtual void close(Plug plug) = 0;
  [[nodiscard]] virtual Path path(Plug plug) const = 0;
  virtual void send(Plug plug, const Address& to, Bytes bytes) = 0;
  // What came first on this plug, waiting for it at most so long.
  virtual Heard receive(Plug plug, Duration patience) = 0;
  // Lets time pass.
  virtual void wait(Duration duration) = 0;
};

// Keeps all that goes through another wire.
class RecordingWire final : public Wire {
 public:
  explicit RecordingWire(Wire& wire) : wire_(wire) {}

  [[nodiscard]] std::vector<Said> take() { return std::exchange(said_, {}); }

  [[nodiscard]] Instant now() const override { return wire_.now(); }
  [[nodiscard]] bool is_virtual() const override { return wire_.is_virtual(); }
  [[nodiscard]] Address target(Transport transport) const override {
    return wire_.target(transport);
  }
  std::optional<Plug> open(Transport transport) override {
    const auto plug = wire_.open(transport);
    if (plug) open_.push_back(*plug);
    return plug;
  }
  void close(Plug plug) override { wire_.close(plug); }
  // What a case left open.
  void close_all() {
    for (const Plug plug : std::exchange(open_, {})) wire_.close(plug);
  }
  [[nodiscard]] Path path(Plug plug) const override { return wire_.path(plug); }
  void send(Plug plug, const Address& to, Bytes bytes) override {
    Path path = wire_.path(plug);
    path.remote = to;
    keep({
        wire_.now(), true, path, {bytes.begin(), bytes.end()},
           {}
    });
    wire_.send(plug, to, bytes);
  }
  Heard receive(Plug plug, Duration patience) override {
    Heard heard = wire_.receive(plug, patience);
    if (heard.kind == Heard::Kind::kNothing) return heard;
    Path path = wire_.path(plug);
    path.remote = heard.from;
    Said said{wire_.now(), false, path, heard.bytes, {}};
    if (heard.kind == Heard::Kind::kClosed) said.note = "the connection was closed";
    if (heard.kind == Heard::Kind::kRefused) said.note = "nothing listens there";
    keep(std::move(said));
    return heard;
  }
  void wait(Duration duration) override { wire_.wait(duration); }

 private:
  static constexpr std::size_t kSaidMax = 5000;  // a target that floods fills no memory
  void keep(Said said) {
    if (said_.size() < kSaidMax) said_.push_back(std::move(said));
  }

  Wire& wire_;
  std::vector<Said> said_;
  std::vector<Plug> open_;
};

}  // namespace glass::conform
