// net/streams.h - TCP and TLS connections under a node that sees whole packets only.
//
// Accepts where it was told to listen, and connects by itself when the node sends on a path that
// has no connection yet. The path of a connection that we opened is the one the node named: its
// local port is a name, the kernel chooses the real one (RFC 6544 §4.1 gives active candidates port
// 9). What a connection may cost is bounded: StreamLimits. A packet that finds a full queue is
// dropped, as a datagram would be.  RFC 8489 §6.2.2, RFC 8656 §12.5, RFC 4571.  Tested by:
// streams_test.cc
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/framing.h"
#include "net/loop.h"
#include "net/tls.h"
#include "net/udp.h"

namespace glass::net {

struct StreamLimits {
  std::size_t connections = 1024;
  std::size_t connections_of_one_ip = 128;
  std::size_t unsent = 256 * 1024;              // bytes that wait for one slow reader
  Duration opening = std::chrono::seconds(10);  // connect, TLS handshake and first packet
  Duration stalled = std::chrono::seconds(20);  // nothing of what waits could leave
  Duration idle = std::chrono::minutes(15);     // no packet came or left
};

enum class CloseReason : std::uint8_t {
  kByUs,
  kByPeer,
  kUnreachable,  // it could not be connected
  kTooSlow,      // one of the three durations above
  kBroken,       // what came is not this protocol
  kTls,          // the TLS connection failed
  kCertificate,  // whom we reached cannot prove the name
};
std::string_view to_text(CloseReason reason);

struct StreamCounters {
  std::uint64_t accepted = 0;
  std::uint64_t connected = 0;
  std::uint64_t refused = 0;  // over a limit
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;  // packets that found a full queue or no connection
};

class Streams final : public Carrier {
 public:
  struct Closed {
    Path path;
    CloseReason reason{};
    std::string text;  // "Connection refused"
  };
  // Called on the loop, with nothing of the node or of this on the stack.
  using OnClosed = std::function<void(const Closed&)>;

  // Packets go to, and come from, the node `id` of `loop`; both outlive this.
  Streams(Loop& loop, NodeId id, const StreamLimits& limits = {}, OnClosed on_closed = {});
  ~Streams() override;
  Streams(const Streams&) = delete;
  Streams& operator=(const Streams&) = delete;

  // What listeners for TLS show, and whom connections by TLS trust. Before listen() and before the
  // first packet.
  void set_server(TlsContext context) { server_ = std::move(context); }
  void set_client(TlsContext context) { client_ = std::move(context); }
  // Whom we mean at this address, for TLS: a host name.
  void set_name(const Address& remote, std::string name) { names_[remote] = std::move(name); }

  // kTls needs set_server(). Port 0 takes a free one; the answer tells which.
  Result<Address, SocketError> listen(Transport transport, const Address& local, Framing framing);
  void close(const Path& path);

  [[nodiscard]] std::size_t connections() const { return connections_.size(); }
  [[nodiscard]] bool has(const Path& path) const { return connections_.contains(path); }
  [[nodiscard]] const StreamCounters& counters() const { return counters_; }

  // Carrier
  bool send(const Path& path, Bytes packet) override;
  void flush() override;

 private:
  class Connection;
  class Listener;

  Connection* connect(const Path& path);
  void accept(Listener& listener);
  bool admit(const Address& remote);
  void adopt(std::unique_ptr<Connection> connection);
  void lose(Connection& connection, CloseReason reason, std::string text);
  [[nodiscard]] bool is_listener(const Path& path) const;
  void schedule_reap();
  void reap();
  void sweep();
  void schedule_sweep();

  Loop& loop_;
  NodeId id_;
  StreamLimits limits_;
  OnClosed on_closed_;
  std::optional<TlsContext> server_;
  std::optional<TlsContext> client_;
  std::map<Address, std::string> names_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::map<Path, std::unique_ptr<Connection>> connections_;
  std::map<std::array<std::uint8_t, 16>, std::size_t> of_ip_;
  std::vector<Path> dirty_;
  std::vector<Closed> closed_;  // to be reaped and told
  std::optional<TimerId> sweep_;
  bool reap_posted_ = false;
  ByteVector scratch_;  // plain bytes being cut into packets
  ByteVector cipher_;   // what TLS receives
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  StreamCounters counters_;
};

}  // namespace glass::net
