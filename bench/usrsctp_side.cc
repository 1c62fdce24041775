// bench/usrsctp_side.cc - usrsctp (Debian's) over a connected UDP socket on loopback.
#include <arpa/inet.h>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>
#include <usrsctp.h>
#include <vector>

#include "bench/side.h"

namespace glass::bench {

void write_block(int fd, const void* data, std::size_t size) {
  const auto length = static_cast<std::uint32_t>(size);
  std::vector<char> all(sizeof length + size);
  std::memcpy(all.data(), &length, sizeof length);
  std::memcpy(all.data() + sizeof length, data, size);
  for (std::size_t at = 0; at < all.size();) {
    const ssize_t written = write(fd, all.data() + at, all.size() - at);
    if (written <= 0) std::_Exit(6);
    at += static_cast<std::size_t>(written);
  }
}

std::size_t read_block(int fd, void* data, std::size_t capacity) {
  const auto read_all = [fd](void* to, std::size_t size) {
    for (std::size_t at = 0; at < size;) {
      const ssize_t got = read(fd, static_cast<char*>(to) + at, size - at);
      if (got <= 0) std::_Exit(6);
      at += static_cast<std::size_t>(got);
    }
  };
  std::uint32_t length = 0;
  read_all(&length, sizeof length);
  if (length > capacity) std::_Exit(6);
  read_all(data, length);
  return length;
}

namespace {

using Clock = std::chrono::steady_clock;

double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// usrsctp has one state per process; so has this file.
struct State {
  int fd = -1;
  struct socket* listening = nullptr;
  std::atomic<bool> done = false;
  Outcome outcome;
  Clock::time_point first;
  Clock::time_point last;
};
State state;

int output(void* /*address*/, void* buffer, std::size_t length, std::uint8_t, std::uint8_t) {
  (void)send(state.fd, buffer, length, 0);
  return 0;
}

void pump() {
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t got = recv(state.fd, buffer.data(), buffer.size(), 0);
    if (got > 0) usrsctp_conninput(&state, buffer.data(), static_cast<std::size_t>(got), 0);
    if (got < 0) return;
  }
}

int received(struct socket*, union sctp_sockstore, void* data, std::size_t length,
             struct sctp_rcvinfo info, int flags, void*) {
  if (data == nullptr) {
    state.done = true;
    return 1;
  }
  if ((flags & MSG_NOTIFICATION) == 0) {
    state.last = Clock::now();
    if (state.outcome.bytes == 0) state.first = state.last;
    state.outcome.bytes += length;
    if ((flags & MSG_EOR) != 0) ++state.outcome.messages;
    if (ntohl(info.rcv_ppid) == 1) state.done = true;
  }
  std::free(data);
  return 1;
}

sockaddr_conn conn_address() {
  sockaddr_conn address{};
  address.sconn_family = AF_CONN;
  address.sconn_port = htons(5000);
  address.sconn_addr = &state;
  return address;
}

void open_udp(const Pipes& pipes) {
  state.fd = socket(AF_INET, SOCK_DGRAM, 0);
  const int size = 4 * 1024 * 1024;
  setsockopt(state.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  setsockopt(state.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  bind(state.fd, reinterpret_cast<sockaddr*>(&address), sizeof address);
  socklen_t length = sizeof address;
  getsockname(state.fd, reinterpret_cast<sockaddr*>(&address), &length);
  write_block(pipes.out, &address, sizeof address);
  sockaddr_in other{};
  read_block(pipes.in, &other, sizeof other);
  if (connect(state.fd, reinterpret_cast<sockaddr*>(&other), sizeof other) != 0) std::_Exit(6);
  usrsctp_init(0, output, nullptr);
  usrsctp_register_address(&state);
  std::thread(pump).detach();
}

struct socket* make_socket(bool receives) {
  struct socket* made = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP,
                                       receives ? received : nullptr, nullptr, 0, nullptr);
  const int size = 4 * 1024 * 1024;
  usrsctp_setsockopt(made, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  usrsctp_setsockopt(made, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  const int on = 1;
  usrsctp_setsockopt(made, IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof on);
  usrsctp_setsockopt(made, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof on);
  sockaddr_conn address = conn_address();
  usrsctp_bind(made, reinterpret_cast<sockaddr*>(&address), sizeof address);
  return made;
}

}  // namespace

Outcome usrsctp_receive(const Pipes& pipes) {
  open_udp(pipes);
  state.listening = make_socket(true);
  usrsctp_listen(state.listening, 1);
  const int ready = 1;
  write_block(pipes.out, &ready, sizeof ready);
  struct socket* accepted = usrsctp_accept(state.listening, nullptr, nullptr);
  if (accepted == nullptr) std::_Exit(6);
  while (!state.done) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  state.outcome.seconds = std::chrono::duration<double>(state.last - state.first).count();
  return state.outcome;
}

double usrsctp_send(const Pipes& pipes, const Job& job) {
  open_udp(pipes);
  int ready = 0;
  read_block(pipes.in, &ready, sizeof ready);
  const Clock::time_point start = Clock::now();
  struct socket* made = make_socket(false);
  sockaddr_conn address = conn_address();
  if (usrsctp_connect(made, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    std::_Exit(6);
  const double connected = since(start);
  const std::vector<char> message(job.message_size, 'x');
  sctp_sndinfo info{};
  const Clock::time_point began = Clock::now();
  for (bool last = false; !last;) {
    last = since(began) > job.seconds;
    info.snd_ppid = htonl(last ? 1U : 53U);
    if (usrsctp_sendv(made, message.data(), message.size(), nullptr, 0, &info, sizeof info,
                      SCTP_SENDV_SNDINFO, 0) < 0)
      std::_Exit(6);
  }
  usrsctp_shutdown(made, SHUT_WR);
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  return connected;
}

}  // namespace glass::bench
