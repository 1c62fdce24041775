#include "net/streams.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <expected>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"
#include "net/framing.h"
#include "net/poller.h"
#include "net/socket_address.h"

namespace glass::net {
namespace {

constexpr std::size_t kReadSize = 65536;
constexpr std::size_t kEager = 32 * 1024;  // waiting for the end of a batch saves calls, up to here
constexpr int kReadsInARow = 4;            // then the others have their turn
constexpr int kAcceptsInARow = 64;
constexpr int kBacklog = 256;
constexpr std::uint16_t kDiscardPort = 9;  // RFC 6544 §4.5: what active candidates show
constexpr Duration kSweepEvery = std::chrono::seconds(1);
constexpr Duration kRest = std::chrono::milliseconds(100);  // when no handle is left

sockaddr* generic(sockaddr_storage& storage) {
  return static_cast<sockaddr*>(static_cast<void*>(&storage));
}

SocketError error_of(std::string_view what, const Address& address) {
  const int code = errno;
  return {code, std::string(what) + " " + to_text(address) + ": " + std::strerror(code)};
}

bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK; }

// A handle that closes itself.
class Handle {
 public:
  explicit Handle(int handle) : handle_(handle) {}
  Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (handle_ >= 0) ::close(handle_);
  }
  [[nodiscard]] int get() const { return handle_; }

 private:
  int handle_;
};

Handle open_stream(const Address& local) {
  const int family = local.is_v4() ? AF_INET : AF_INET6;
  Handle handle(socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  constexpr int kOn = 1;
  if (family == AF_INET6)
    (void)setsockopt(handle.get(), IPPROTO_IPV6, IPV6_V6ONLY, &kOn, sizeof kOn);
  return handle;
}

void send_at_once(int handle) {
  constexpr int kOn = 1;
  (void)setsockopt(handle, IPPROTO_TCP, TCP_NODELAY, &kOn, sizeof kOn);
}

Address local_of(int handle) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (getsockname(handle, generic(name), &size) != 0) return {};
  return from_kernel(name);
}

}  // namespace

std::string_view to_text(CloseReason reason) {
  constexpr std::array<std::string_view, 7> kTexts{"closed by us",
                                                   "closed by the other side",
                                                   "cannot be connected",
                                                   "too slow",
                                                   "what came is another protocol",
                                                   "TLS failed",
                                                   "the certificate was not accepted"};
  return kTexts.at(static_cast<std::size_t>(reason));
}

// --- One connection -----------------------------------------------------------------------------

class Streams::Connection final : public Watched {
 public:
  Connection(Streams& owner, Handle handle, const Path& path, Framing framing, bool connecting)
      : owner_(owner),
        handle_(std::move(handle)),
        path_(path),
        framing_(framing),
        connecting_(connecting),
        opened_(owner.loop_.now()),
        moved_(opened_),
        watch_(owner.loop_.poller().watch(
            handle_.get(), *this,
            connecting ? Poller::Interest::kReadAndWrite : Poller::Interest::kRead)),
        awaits_write_(connecting) {}
  ~Connection() override { owner_.loop_.poller().unwatch(watch_, handle_.get()); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void use_tls(const TlsContext& context, std::string_view name) {
    tls_ = std::make_unique<TlsPipe>(context, name);
    tls_->to_wire(out_);
  }

  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] bool is_lost() const { return lost_; }
  void mark_lost() {
    lost_ = true;
    if (connecting_) return;
    if (tls_) {
      tls_->close();
      tls_->to_wire(out_);
    }
    (void)push_out();  // what still goes at once
  }

  // False: the queue is full.
  bool queue(Bytes packet) {
    const auto frame = frame_of(framing_, packet);
    if (unsent() + packet.size() > kEager && !awaits_write_) flush();  // a burst: no need to wait
    if (!frame || lost_ || unsent() + packet.size() > owner_.limits_.unsent) return false;
    ByteVector& to = tls_ ? plain_ : out_;
    if (unsent() == 0) moved_ = owner_.loop_.now();
    to.insert(to.end(), frame->head.begin(),
              frame->head.begin() + static_cast<std::ptrdiff_t>(frame->head_size));
    to.insert(to.end(), packet.begin(), packet.end());
    to.insert(to.end(), frame->padding, 0);
    used_ = true;
    return true;
  }
  void flush() {
    if (lost_ || connecting_) return;
    if (tls_ && tls_->is_open()) encrypt();
    if (tls_) tls_->to_wire(out_);
    if (push_out()) await_write(begin_ < out_.size());
  }

  void on_ready(Ready ready) override {
    if (lost_) return;
    if (connecting_) return on_connected();
    if (ready.readable) read();
    if (ready.writable && !lost_) flush();
    after_tls();
  }

  // Which limit is passed, if any.
  [[nodiscard]] std::string_view overdue(Instant now) const {
    const StreamLimits& limits = owner_.limits_;
    if (connecting_) return now - opened_ > limits.opening ? "nobody answers" : "";
    if (tls_ && !tls_->is_open())
      return now - opened_ > limits.opening ? "the TLS handshake took too long" : "";
    if (!used_) return now - opened_ > limits.opening ? "no packet came" : "";
    if (unsent() > 0 && now - moved_ > limits.stalled) return "the reader is too slow";
    if (now - moved_ > limits.idle) return "idle";
    return "";
  }

 private:
  [[nodiscard]] std::size_t unsent() const { return out_.size() - begin_ + plain_.size(); }

  void on_connected() {
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(handle_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return owner_.lose(*this, CloseReason::kUnreachable, std::strerror(error));
    connecting_ = false;
    ++owner_.counters_.connected;
    flush();
  }

  void read() {
    for (int round = 0; round < kReadsInARow && !lost_; ++round) {
      const std::size_t kept = carry_.size();
      copy_bytes(carry_, owner_.scratch_);
      const MutableBytes room = MutableBytes(owner_.scratch_).subspan(kept);
      const MutableBytes wire = tls_ ? MutableBytes(owner_.cipher_) : room;
      const ssize_t got = recv(handle_.get(), wire.data(), wire.size(), MSG_DONTWAIT);
      if (got < 0 && would_block(errno)) return;
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0)
        return owner_.lose(*this, CloseReason::kByPeer, got == 0 ? "" : std::strerror(errno));
      const auto size = static_cast<std::size_t>(got);
      if (!tls_) {
        cut(kept + size);
      } else {
        decrypt(wire.first(size));
      }
      if (size < wire.size()) return;
    }
  }

  void decrypt(Bytes wire) {
    tls_->from_wire(wire);
    for (;;) {
      const std::size_t kept = carry_.size();
      copy_bytes(carry_, owner_.scratch_);
      const std::size_t got = tls_->read(MutableBytes(owner_.scratch_).subspan(kept));
      if (got == 0) break;
      cut(kept + got);
      if (lost_) return;
    }
    flush();  // what the handshake answers, and what waited for it
  }
  void after_tls() {
    if (!tls_ || lost_) return;
    if (!tls_->error().empty()) {
      (void)push_out();  // the alert
      return owner_.lose(
          *this, tls_->is_certificate_refused() ? CloseReason::kCertificate : CloseReason::kTls,
          tls_->error());
    }
    if (tls_->is_closed()) owner_.lose(*this, CloseReason::kByPeer, "");
  }

  // A record for each packet: some readers, coturn's client is one, take a record for a packet.
  void encrypt() {
    for (Bytes left = plain_; !left.empty();) {
      const Bytes frame = left.first(cut_frame(framing_, left).size);
      tls_->write(frame);
      left = left.subspan(frame.size());
    }
    plain_.clear();
  }

  // Gives away the packets among the first `size` plain bytes of the scratch and keeps the rest.
  void cut(std::size_t size) {
    MutableBytes left = MutableBytes(owner_.scratch_).first(size);
    for (;;) {
      const Cut found = cut_frame(framing_, left);
      if (found.kind == Cut::Kind::kBroken)
        return owner_.lose(*this, CloseReason::kBroken, "neither STUN nor channel data");
      if (found.kind == Cut::Kind::kMore) break;
      ++owner_.counters_.received;
      used_ = true;
      moved_ = owner_.loop_.now();
      owner_.loop_.deliver(owner_.id_, {path_, left.subspan(found.begin, found.packet)});
      if (lost_) return;
      left = left.subspan(found.size);
    }
    carry_.assign(left.begin(), left.end());
  }

  // False: the connection is lost.
  bool push_out() {
    while (begin_ < out_.size()) {
      const ssize_t sent =
          ::send(handle_.get(), &out_[begin_], out_.size() - begin_, MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0 && would_block(errno)) return true;
      if (sent < 0) {
        if (!lost_) owner_.lose(*this, CloseReason::kByPeer, std::strerror(errno));
        return false;
      }
      begin_ += static_cast<std::size_t>(sent);
      moved_ = owner_.loop_.now();
    }
    out_.clear();
    begin_ = 0;
    return true;
  }
  void await_write(bool wanted) {
    if (std::exchange(awaits_write_, wanted) == wanted) return;
    owner_.loop_.poller().change(
        watch_, handle_.get(), wanted ? Poller::Interest::kReadAndWrite : Poller::Interest::kRead);
  }

  Streams& owner_;
  Handle handle_;
  Path path_;
  Framing framing_;
  bool connecting_;
  bool lost_ = false;
  bool used_ = false;  // a packet came or was queued
  Instant opened_;
  Instant moved_;  // the last packet in, the last bytes out
  WatchId watch_;
  bool awaits_write_;
  std::unique_ptr<TlsPipe> tls_;
  ByteVector carry_;  // the beginning of a packet
  ByteVector plain_;  // waits for TLS
  ByteVector out_;    // for the wire, from begin_ on
  std::size_t begin_ = 0;
};

class Streams::Listener final : public Watched {
 public:
  Listener(Streams& owner, Handle handle, Transport transport, Framing framing)
      : owner_(owner),
        handle_(std::move(handle)),
        transport_(transport),
        framing_(framing),
        local_(local_of(handle_.get())) {
    watch();
  }
  ~Listener() override { rest(); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  void watch() {
    if (!watch_) watch_ = owner_.loop_.poller().watch(handle_.get(), *this);
  }
  void rest() {
    if (watch_) owner_.loop_.poller().unwatch(*watch_, handle_.get());
    watch_.reset();
  }
  void on_ready(Ready) override { owner_.accept(*this); }

  [[nodiscard]] int handle() const { return handle_.get(); }
  [[nodiscard]] Transport transport() const { return transport_; }
  [[nodiscard]] Framing framing() const { return framing_; }
  [[nodiscard]] const Address& local() const { return local_; }

 private:
  Streams& owner_;
  Handle handle_;
  Transport transport_;
  Framing framing_;
  Address local_;
  std::optional<WatchId> watch_;
};

// --- All of them --------------------------------------------------------------------------------

Streams::Streams(Loop& loop, NodeId id, const StreamLimits& limits, OnClosed on_closed)
    : loop_(loop),
      id_(id),
      limits_(limits),
      on_closed_(std::move(on_closed)),
      scratch_(kFrameMax + kReadSize),
      cipher_(kReadSize) {
  loop_.add_carrier(id_, *this);
}

Streams::~Streams() {
  *alive_ = false;
  if (sweep_) loop_.cancel(*sweep_);
  loop_.remove_carrier(id_, *this);
}

Result<Address, SocketError> Streams::listen(Transport transport, const Address& local,
                                             Framing framing) {
  CHECK(transport != Transport::kUdp && (transport == Transport::kTcp || server_));
  Handle handle = open_stream(local);
  if (handle.get() < 0) return std::unexpected(error_of("open a socket for", local));
  constexpr int kOn = 1;
  (void)setsockopt(handle.get(), SOL_SOCKET, SO_REUSEADDR, &kOn, sizeof kOn);
  sockaddr_storage name{};
  const socklen_t size = to_kernel(local, name);
  if (bind(handle.get(), generic(name), size) != 0 || ::listen(handle.get(), kBacklog) != 0)
    return std::unexpected(error_of("listen on", local));
  listeners_.push_back(std::make_unique<Listener>(*this, std::move(handle), transport, framing));
  return listeners_.back()->local();
}

void Streams::accept(Listener& listener) {
  for (int i = 0; i < kAcceptsInARow; ++i) {
    sockaddr_storage name{};
    socklen_t size = sizeof name;
    Handle handle(accept4(listener.handle(), generic(name), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (handle.get() < 0) {
      if (errno != EMFILE && errno != ENFILE) return;
      listener.rest();
      loop_.after(kRest, [alive = alive_, &listener] {
        if (*alive) listener.watch();
      });
      return;
    }
    Path path{listener.transport(), listener.local(), from_kernel(name)};
    if (path.local.is_unspecified()) path.local = local_of(handle.get());
    if (!admit(path.remote) || connections_.contains(path)) continue;
    send_at_once(handle.get());
    ++counters_.accepted;
    auto connection = std::make_unique<Connection>(*this, std::move(handle), path,
                                                   listener.framing(), /*connecting=*/false);
    if (path.transport == Transport::kTls) connection->use_tls(*server_, "");
    adopt(std::move(connection));
  }
}

bool Streams::admit(const Address& remote) {
  const auto others = of_ip_.find(remote.ip);
  if (connections_.size() < limits_.connections &&
      (others == of_ip_.end() || others->second < limits_.connections_of_one_ip))
    return true;
  ++counters_.refused;
  return false;
}

void Streams::adopt(std::unique_ptr<Connection> connection) {
  ++of_ip_[connection->path().remote.ip];
  connections_.emplace(connection->path(), std::move(connection));
  schedule_sweep();
}

Streams::Connection* Streams::connect(const Path& path) {
  const auto fail = [&](std::string text) -> Connection* {
    closed_.push_back({path, CloseReason::kUnreachable, std::move(text)});
    schedule_reap();
    return nullptr;
  };
  if (path.transport == Transport::kTls && !client_) return fail("no TLS here");
  if (!admit(path.remote)) return fail("too many connections");
  Handle handle = open_stream(path.remote);
  sockaddr_storage name{};
  socklen_t size = to_kernel(path.local.with_port(0), name);
  if (handle.get() < 0 ||
      (!path.local.is_unspecified() && bind(handle.get(), generic(name), size) != 0))
    return fail(std::strerror(errno));
  send_at_once(handle.get());
  size = to_kernel(path.remote, name);
  if (::connect(handle.get(), generic(name), size) != 0 && errno != EINPROGRESS)
    return fail(std::strerror(errno));
  const Framing framing =
      path.local.port == kDiscardPort ? Framing::kLengthPrefixed : Framing::kStun;
  auto connection = std::make_unique<Connection>(*this, std::move(handle), path, framing,
                                                 /*connecting=*/true);
  if (path.transport == Transport::kTls) {
    const auto known = names_.find(path.remote);
    connection->use_tls(*client_, known == names_.end() ? ip_text(path.remote) : known->second);
  }
  Connection* const out = connection.get();
  adopt(std::move(connection));
  return out;
}

bool Streams::send(const Path& path, Bytes packet) {
  if (path.transport == Transport::kUdp) return false;
  const auto found = connections_.find(path);
  Connection* connection = found == connections_.end() ? nullptr : found->second.get();
  if (connection == nullptr && !is_listener(path)) connection = connect(path);
  if (connection == nullptr || connection->is_lost() || !connection->queue(packet)) {
    ++counters_.dropped;
    return true;
  }
  ++counters_.sent;
  if (dirty_.empty() || dirty_.back() != path) dirty_.push_back(path);
  return true;
}

// Only who connected to a listener is reached through it.
bool Streams::is_listener(const Path& path) const {
  return std::ranges::any_of(listeners_, [&](const auto& listener) {
    return listener->transport() == path.transport && listener->local().port == path.local.port &&
           (listener->local().is_unspecified() || listener->local().same_ip(path.local));
  });
}

void Streams::flush() {
  for (const Path& path : std::exchange(dirty_, {})) {
    const auto found = connections_.find(path);
    if (found != connections_.end()) found->second->flush();
  }
}

void Streams::close(const Path& path) {
  const auto found = connections_.find(path);
  if (found != connections_.end()) lose(*found->second, CloseReason::kByUs, "");
}

// The connection may be on the stack: it goes later.
void Streams::lose(Connection& connection, CloseReason reason, std::string text) {
  if (connection.is_lost()) return;
  connection.mark_lost();
  closed_.push_back({connection.path(), reason, std::move(text)});
  schedule_reap();
}

void Streams::schedule_reap() {
  if (std::exchange(reap_posted_, true)) return;
  loop_.post([this, alive = alive_] {
    if (*alive) reap();
  });
}

void Streams::reap() {
  reap_posted_ = false;
  for (const Closed& closed : std::exchange(closed_, {})) {
    const auto found = connections_.find(closed.path);
    if (found != connections_.end() && found->second->is_lost()) {
      const auto count = of_ip_.find(closed.path.remote.ip);
      if (--count->second == 0) of_ip_.erase(count);
      connections_.erase(found);
    }
    if (on_closed_) on_closed_(closed);
  }
}

void Streams::schedule_sweep() {
  if (sweep_) return;
  sweep_ = loop_.after(kSweepEvery, [this] { sweep(); });
}

void Streams::sweep() {
  sweep_.reset();
  const Instant now = loop_.now();
  for (const auto& [path, connection] : connections_) {
    const std::string_view why = connection->overdue(now);
    if (!why.empty()) lose(*connection, CloseReason::kTooSlow, std::string(why));
  }
  if (!connections_.empty()) schedule_sweep();
}

}  // namespace glass::net
