#include "net/probe_sockets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "net/socket_address.h"

namespace glass::net {
namespace {

constexpr std::size_t kReadMax = 65536;
constexpr int kBufferSize = 1024 * 1024;

sockaddr* generic(sockaddr_storage& storage) {
  return static_cast<sockaddr*>(static_cast<void*>(&storage));
}

void set_option(int handle, int level, int name, int value) {
  (void)setsockopt(handle, level, name, &value, sizeof value);
}

SocketError error_of(std::string_view what, const Address& address) {
  const int code = errno;
  return {code, std::string(what) + " " + to_text(address) + ": " + std::strerror(code)};
}

std::int64_t clock_now() {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Address local_of(int handle) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(handle, generic(storage), &size) != 0) return {};
  return from_kernel(storage);
}

// Waits for `events` on one handle; false: the time is over.
bool poll_one(int handle, short events, Duration patience) {
  pollfd entry{.fd = handle, .events = events, .revents = 0};
  const auto ms =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(patience, Duration::zero()));
  return ::poll(&entry, 1, static_cast<int>(ms.count())) > 0;
}

// To whom the datagram was sent that an ICMP error came back for.
std::optional<Address> refused_by(int handle) {
  sockaddr_storage name{};
  std::array<std::byte, 512> control{};
  msghdr header{};
  header.msg_name = &name;
  header.msg_namelen = sizeof name;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  if (recvmsg(handle, &header, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
  return from_kernel(name);
}

}  // namespace

struct ProbeSockets::Socket {
  int handle = -1;
  Address remote;  // of a connection
  bool is_stream = false;
  bool is_over = false;
  std::unique_ptr<TlsPipe> tls;

  ~Socket() {
    if (handle >= 0) ::close(handle);
  }
};

ProbeSockets::ProbeSockets() : scratch_(kReadMax), born_(clock_now()) {}
ProbeSockets::~ProbeSockets() = default;

Instant ProbeSockets::now() const { return Instant(Duration(clock_now() - born_)); }

Result<std::size_t, SocketError> ProbeSockets::open_udp(const Address& local) {
  auto made = std::make_unique<Socket>();
  made->handle = ::socket(local.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK, 0);
  if (made->handle < 0) return std::unexpected(error_of("socket", local));
  sockaddr_storage storage{};
  const socklen_t size = to_kernel(local, storage);
  if (::bind(made->handle, generic(storage), size) != 0)
    return std::unexpected(error_of("bind", local));
  set_option(made->handle, local.is_v4() ? IPPROTO_IP : IPPROTO_IPV6,
             local.is_v4() ? IP_RECVERR : IPV6_RECVERR, 1);
  set_option(made->handle, SOL_SOCKET, SO_RCVBUF, kBufferSize);
  sockets_.push_back(std::move(made));
  return sockets_.size() - 1;
}

Result<std::size_t, SocketError> ProbeSockets::connect(const Address& remote, const Secure& tls,
                                                       Duration patience) {
  const Instant deadline = now() + patience;
  auto made = std::make_unique<Socket>();
  made->is_stream = true;
  made->remote = remote;
  made->handle = ::socket(remote.is_v4() ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (made->handle < 0) return std::unexpected(error_of("socket", remote));
  set_option(made->handle, IPPROTO_TCP, TCP_NODELAY, 1);
  sockaddr_storage storage{};
  const socklen_t size = to_kernel(remote, storage);
  if (::connect(made->handle, generic(storage), size) != 0 && errno != EINPROGRESS)
    return std::unexpected(error_of("connect", remote));
  if (!poll_one(made->handle, POLLOUT, patience)) errno = ETIMEDOUT;
  int failed = 0;
  socklen_t failed_size = sizeof failed;
  (void)getsockopt(made->handle, SOL_SOCKET, SO_ERROR, &failed, &failed_size);
  if (failed == 0 && !poll_one(made->handle, POLLOUT, Duration::zero())) failed = ETIMEDOUT;
  if (failed != 0) {
    errno = failed;
    return std::unexpected(error_of("connect", remote));
  }
  if (tls.context != nullptr) {
    made->tls = std::make_unique<TlsPipe>(*tls.context, tls.name);
    std::string error;
    if (!shake_hands(*made, deadline, error))
      return std::unexpected(SocketError{EPROTO, "TLS to " + to_text(remote) + ": " + error});
  }
  sockets_.push_back(std::move(made));
  return sockets_.size() - 1;
}

bool ProbeSockets::shake_hands(Socket& socket, Instant deadline, std::string& error) {
  for (;;) {
    ByteVector out;
    socket.tls->to_wire(out);
    if (!out.empty() && !write_all(socket, out)) error = "the connection broke";
    if (!socket.tls->error().empty()) error = socket.tls->error();
    if (!error.empty()) return false;
    if (socket.tls->is_open()) return true;
    if (!poll_one(socket.handle, POLLIN, deadline - now())) {
      error = "no answer";
      return false;
    }
    const ssize_t got = ::recv(socket.handle, scratch_.data(), scratch_.size(), 0);
    if (got <= 0) {
      error = "the connection was closed";
      return false;
    }
    socket.tls->from_wire(Bytes(scratch_).first(static_cast<std::size_t>(got)));
  }
}

void ProbeSockets::close(std::size_t socket) {
  if (socket >= sockets_.size() || sockets_[socket] == nullptr) return;
  Socket& one = *sockets_[socket];
  if (one.tls != nullptr && one.tls->is_open() && !one.is_over) {
    one.tls->close();
    ByteVector out;
    one.tls->to_wire(out);
    (void)write_all(one, out);
  }
  sockets_[socket].reset();
}

Address ProbeSockets::local(std::size_t socket) const {
  return socket < sockets_.size() && sockets_[socket] != nullptr
             ? local_of(sockets_[socket]->handle)
             : Address{};
}

bool ProbeSockets::write_all(const Socket& socket, Bytes bytes) {
  constexpr Duration kStalled = std::chrono::seconds(2);
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket.handle, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      if (!poll_one(socket.handle, POLLOUT, kStalled)) return false;
      continue;
    }
    if (sent < 0) return false;
    bytes = bytes.subspan(static_cast<std::size_t>(sent));
  }
  return true;
}

bool ProbeSockets::send(std::size_t socket, const Address& remote, Bytes bytes) {
  if (socket >= sockets_.size() || sockets_[socket] == nullptr) return false;
  Socket& one = *sockets_[socket];
  if (!one.is_stream) {
    sockaddr_storage storage{};
    const socklen_t size = to_kernel(remote, storage);
    // An error that waits from an earlier datagram is told by a send that has nothing to do with
    // it.
    for (int tries = 0; tries < 2; ++tries)
      if (::sendto(one.handle, bytes.data(), bytes.size(), MSG_NOSIGNAL, generic(storage), size) >=
          0)
        return true;
    return false;
  }
  if (one.is_over) return false;
  if (one.tls == nullptr) return write_all(one, bytes);
  one.tls->write(bytes);
  ByteVector out;
  one.tls->to_wire(out);
  return write_all(one, out);
}

void ProbeSockets::wait(Duration patience, std::vector<ProbeEvent>& out) {
  std::vector<pollfd> entries;
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < sockets_.size(); ++i) {
    if (sockets_[i] == nullptr || sockets_[i]->is_over) continue;
    entries.push_back({.fd = sockets_[i]->handle, .events = POLLIN, .revents = 0});
    numbers.push_back(i);
  }
  const auto ms =
      std::chrono::ceil<std::chrono::milliseconds>(std::max(patience, Duration::zero()));
  if (::poll(entries.data(), entries.size(), static_cast<int>(ms.count())) <= 0) return;
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (entries[i].revents != 0) read(numbers[i], out);
}

void ProbeSockets::read(std::size_t number, std::vector<ProbeEvent>& out) {
  constexpr int kAtOnce = 256;
  for (int i = 0; i < kAtOnce && sockets_[number] != nullptr && !sockets_[number]->is_over; ++i)
    if (!(sockets_[number]->is_stream ? read_stream(number, out) : read_datagram(number, out)))
      return;
}

bool ProbeSockets::read_datagram(std::size_t number, std::vector<ProbeEvent>& out) {
  const int handle = sockets_[number]->handle;
  sockaddr_storage from{};
  socklen_t size = sizeof from;
  const ssize_t got = ::recvfrom(handle, scratch_.data(), scratch_.size(), 0, generic(from), &size);
  if (got >= 0) {
    const Bytes bytes = Bytes(scratch_).first(static_cast<std::size_t>(got));
    out.push_back({
        ProbeEvent::Kind::kBytes, number, from_kernel(from), {bytes.begin(), bytes.end()}
    });
    return true;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    const auto refused = refused_by(handle);
    if (refused) out.push_back({ProbeEvent::Kind::kRefused, number, *refused, {}});
    return refused.has_value();
  }
  const bool is_refusal = errno == ECONNREFUSED;
  const auto remote = refused_by(handle);
  if (is_refusal)
    out.push_back({ProbeEvent::Kind::kRefused, number, remote.value_or(Address{}), {}});
  return true;
}

bool ProbeSockets::read_stream(std::size_t number, std::vector<ProbeEvent>& out) {
  Socket& one = *sockets_[number];
  const ssize_t got = ::recv(one.handle, scratch_.data(), scratch_.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return false;
  if (got <= 0) {
    one.is_over = true;
    out.push_back({got == 0 ? ProbeEvent::Kind::kClosed : ProbeEvent::Kind::kRefused,
                   number,
                   one.remote,
                   {}});
    return false;
  }
  const Bytes bytes = Bytes(scratch_).first(static_cast<std::size_t>(got));
  if (one.tls == nullptr) {
    out.push_back({
        ProbeEvent::Kind::kBytes, number, one.remote, {bytes.begin(), bytes.end()}
    });
    return true;
  }
  one.tls->from_wire(bytes);
  ByteVector plain(kReadMax);
  for (std::size_t size = one.tls->read(plain); size > 0; size = one.tls->read(plain))
    out.push_back({
        ProbeEvent::Kind::kBytes,
        number,
        one.remote,
        {plain.begin(), plain.begin() + static_cast<std::ptrdiff_t>(size)}
    });
  ByteVector to_wire;
  one.tls->to_wire(to_wire);
  (void)write_all(one, to_wire);
  if (one.tls->is_closed() || !one.tls->error().empty()) {
    one.is_over = true;
    out.push_back({ProbeEvent::Kind::kClosed, number, one.remote, {}});
  }
  return true;
}

Result<Address, SocketError> local_toward(const Address& remote) {
  const int handle = ::socket(remote.is_v4() ? AF_INET : AF_INET6, SOCK_DGRAM, 0);
  if (handle < 0) return std::unexpected(error_of("socket", remote));
  sockaddr_storage storage{};
  const socklen_t size = to_kernel(remote, storage);
  const bool routed = ::connect(handle, generic(storage), size) == 0;
  SocketError error;
  if (!routed) error = error_of("route to", remote);
  const Address local = local_of(handle).with_port(0);
  ::close(handle);
  if (!routed) return std::unexpected(std::move(error));
  return local;
}

}  // namespace glass::net
