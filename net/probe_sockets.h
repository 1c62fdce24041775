// net/probe_sockets.h - sockets for a tool that says one thing and then waits for what comes.
//
// Unlike the Loop, which serves machines, this is driven step by step: send(), then wait(). Bytes
// go out and come in as they are, without framing, so that a test can say anything. Errors of the
// network are events, not failures: a refused port is an answer too.  Tested by:
// probe_sockets_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "net/tls.h"
#include "net/udp.h"

namespace glass::net {

struct ProbeEvent {
  enum class Kind : std::uint8_t {
    kBytes,
    kClosed,   // the other side ended the connection
    kRefused,  // ICMP says that nothing listens at `remote` (UDP), or the connection was reset
  };
  Kind kind = Kind::kBytes;
  std::size_t socket = 0;
  Address remote;
  ByteVector bytes;
};

class ProbeSockets {
 public:
  ProbeSockets();
  ~ProbeSockets();
  ProbeSockets(const ProbeSockets&) = delete;
  ProbeSockets& operator=(const ProbeSockets&) = delete;

  // Since this was made.
  [[nodiscard]] Instant now() const;

  // Each gives the number of the new socket. Port 0 takes a free one.
  Result<std::size_t, SocketError> open_udp(const Address& local);
  // Waits until the connection, and TLS over it, stands. `tls` and `name` as in TlsPipe.
  struct Secure {
    const TlsContext* context = nullptr;
    std::string_view name;
  };
  Result<std::size_t, SocketError> connect(const Address& remote, const Secure& tls,
                                           Duration patience);
  // Numbers are not used again.
  void close(std::size_t socket);
  [[nodiscard]] Address local(std::size_t socket) const;

  // A datagram to `remote`, or bytes of a connection. False: it could not be sent.
  bool send(std::size_t socket, const Address& remote, Bytes bytes);
  // Waits until anything comes on any socket, at most `patience`, and appends all that came.
  void wait(Duration patience, std::vector<ProbeEvent>& out);

 private:
  struct Socket;
  bool write_all(const Socket& socket, Bytes bytes);
  void read(std::size_t number, std::vector<ProbeEvent>& out);
  bool read_datagram(std::size_t number, std::vector<ProbeEvent>& out);
  bool read_stream(std::size_t number, std::vector<ProbeEvent>& out);
  bool shake_hands(Socket& socket, Instant deadline, std::string& error);

  std::vector<std::unique_ptr<Socket>> sockets_;
  ByteVector scratch_;
  std::int64_t born_ = 0;
};

// The address from which this machine would talk to `remote`, without a port.
Result<Address, SocketError> local_toward(const Address& remote);

}  // namespace glass::net
