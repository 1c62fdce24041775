#include "net/udp.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <span>
#include <string_view>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

#include "net/socket_address.h"

namespace glass::net {
namespace {

constexpr std::size_t kSegmentsMax = 64;      // what every kernel with UDP_SEGMENT takes
constexpr std::size_t kRunBytesMax = 65'000;  // below the largest UDP payload, headers included

// Room for one control message that carries a segment size.
struct Control {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int))> bytes;
};

sockaddr* generic(sockaddr_storage& storage) {
  return static_cast<sockaddr*>(static_cast<void*>(&storage));
}

void set_option(int handle, int level, int name, int value) {
  (void)setsockopt(handle, level, name, &value, sizeof value);  // an optimisation: may fail
}

SocketError error_of(std::string_view what, const Address& address) {
  const int code = errno;
  return {code, std::string(what) + " " + to_text(address) + ": " + std::strerror(code)};
}

// The size of the datagrams that UDP_GRO joined; 0: it joined none.
std::size_t joined_size(msghdr& header) {
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_UDP || c->cmsg_type != UDP_GRO) continue;
    int size = 0;
    std::memcpy(&size, CMSG_DATA(c), sizeof size);
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  return 0;
}

void ask_for_segments(msghdr& header, Control& control, std::size_t size) {
  control = {};
  header.msg_control = control.bytes.data();
  header.msg_controllen = CMSG_SPACE(sizeof(std::uint16_t));
  cmsghdr* c = CMSG_FIRSTHDR(&header);
  c->cmsg_level = SOL_UDP;
  c->cmsg_type = UDP_SEGMENT;
  c->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
  const auto value = static_cast<std::uint16_t>(size);
  std::memcpy(CMSG_DATA(c), &value, sizeof value);
}

bool would_block(int code) { return code == EAGAIN || code == EWOULDBLOCK; }

}  // namespace

struct ReceiveBatch::Slots {
  Slots() : storage(std::make_unique_for_overwrite<std::uint8_t[]>(kSlots * kSlotSize)) {
    for (std::size_t i = 0; i < kSlots; ++i) {
      vectors[i] = {.iov_base = slot(i).data(), .iov_len = kSlotSize};
      headers[i].msg_hdr.msg_name = &names[i];
      headers[i].msg_hdr.msg_iov = &vectors[i];
      headers[i].msg_hdr.msg_iovlen = 1;
      headers[i].msg_hdr.msg_control = controls[i].bytes.data();
    }
  }
  // The kernel wrote lengths into the first `used` headers; the rest is as it was.
  void make_ready() {
    for (std::size_t i = 0; i < used; ++i) {
      headers[i].msg_hdr.msg_namelen = sizeof names[i];
      headers[i].msg_hdr.msg_controllen = controls[i].bytes.size();
      headers[i].msg_hdr.msg_flags = 0;
    }
  }

  MutableBytes slot(std::size_t index) {
    return MutableBytes(storage.get(), kSlots * kSlotSize).subspan(index * kSlotSize, kSlotSize);
  }

  std::unique_ptr<std::uint8_t[]> storage;
  std::array<mmsghdr, kSlots> headers{};
  std::array<iovec, kSlots> vectors{};
  std::array<sockaddr_storage, kSlots> names{};
  std::array<Control, kSlots> controls{};
  std::size_t used = kSlots;
};

ReceiveBatch::ReceiveBatch() : slots_(std::make_unique<Slots>()) {}
ReceiveBatch::~ReceiveBatch() = default;

// What one sendmmsg is told: up to one message per datagram, fewer where neighbours form a run.
struct SendBatch::Messages {
  std::array<mmsghdr, SendBatch::kSlots> headers{};
  std::array<iovec, SendBatch::kSlots> vectors{};
  std::array<Control, SendBatch::kSlots> controls{};
  std::array<std::size_t, SendBatch::kSlots> ends{};  // the slot behind the last one of a message
  std::array<sockaddr_storage, SendBatch::kSlots> names{};
  std::size_t count = 0;
  std::size_t vectors_used = 0;
};

SendBatch::SendBatch() : messages_(std::make_unique<Messages>()) {}
SendBatch::~SendBatch() = default;

UdpSocket::UdpSocket(int handle, const Address& local) : handle_(handle), local_(local) {}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept
    : handle_(std::exchange(other.handle_, -1)),
      local_(other.local_),
      segments_(other.segments_),
      drops_when_full_(other.drops_when_full_),
      loss_(other.loss_),
      counters_(other.counters_) {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
  std::swap(handle_, other.handle_);
  std::swap(local_, other.local_);
  std::swap(segments_, other.segments_);
  std::swap(drops_when_full_, other.drops_when_full_);
  std::swap(loss_, other.loss_);
  std::swap(counters_, other.counters_);
  return *this;
}

UdpSocket::~UdpSocket() {
  if (handle_ >= 0) close(handle_);
}

Result<UdpSocket, SocketError> UdpSocket::open(const Address& local, const Options& options) {
  const int family = local.is_v4() ? AF_INET : AF_INET6;
  const int handle = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (handle < 0) return std::unexpected(error_of("open a socket for", local));
  UdpSocket opened(handle, local);  // closes the handle on every way out
  if (family == AF_INET6) set_option(handle, IPPROTO_IPV6, IPV6_V6ONLY, 1);

  sockaddr_storage name{};
  socklen_t size = to_kernel(local, name);
  if (bind(handle, generic(name), size) != 0) return std::unexpected(error_of("bind", local));
  size = sizeof name;
  if (getsockname(handle, generic(name), &size) != 0)
    return std::unexpected(error_of("name", local));
  opened.local_ = from_kernel(name);
  opened.configure(options);
  return opened;
}

void UdpSocket::configure(const Options& options) {
  drops_when_full_ = options.drops_when_full;
  set_option(handle_, SOL_SOCKET, SO_RCVBUF, options.buffer_size);
  set_option(handle_, SOL_SOCKET, SO_SNDBUF, options.buffer_size);
  if (!options.segmentation) return;
  set_option(handle_, SOL_UDP, UDP_GRO, 1);
  int value = 0;
  socklen_t size = sizeof value;
  segments_ = getsockopt(handle_, SOL_UDP, UDP_SEGMENT, &value, &size) == 0;
}

// --- In ---------------------------------------------------------------------------------------

std::size_t UdpSocket::fill(ReceiveBatch& batch) {
  ReceiveBatch::Slots& slots = *batch.slots_;
  slots.make_ready();
  ++counters_.receive_calls;
  const int filled =
      recvmmsg(handle_, slots.headers.data(), ReceiveBatch::kSlots, MSG_DONTWAIT, nullptr);
  slots.used = static_cast<std::size_t>(std::max(filled, 0));
  if (filled >= 0) return slots.used;
  if (!would_block(errno)) ++counters_.receive_errors;
  return 0;
}

std::optional<UdpSocket::Segments> UdpSocket::take(ReceiveBatch& batch, std::size_t slot) {
  mmsghdr& message = batch.slots_->headers[slot];
  if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0) {
    ++counters_.truncated;
    return std::nullopt;
  }
  const MutableBytes bytes = batch.slots_->slot(slot).first(message.msg_len);
  const std::size_t joined = joined_size(message.msg_hdr);
  return Segments{from_kernel(batch.slots_->names[slot]), bytes,
                  joined > 0 ? joined : bytes.size()};
}

bool UdpSocket::accepts_received() {
  ++counters_.received;
  if (!loss_ || !loss_->loses_one()) return true;
  ++counters_.lost_on_purpose;
  return false;
}

// --- Out --------------------------------------------------------------------------------------

UdpSocket::Flush UdpSocket::flush(SendBatch& batch) {
  std::size_t end = batch.begin_;
  while (end < batch.end_ && batch.paths_[end].local == local_) ++end;
  while (batch.begin_ < end) {
    gather(batch, batch.begin_, end);
    if (batch.messages_->count == 0) {  // every one of them is lost on purpose
      batch.drop_front(end - batch.begin_);
      break;
    }
    if (submit(batch) == Flush::kBlocked) return Flush::kBlocked;
    if (batch.is_empty()) break;  // begin_ and end_ start over at zero
  }
  return Flush::kDone;
}

// Turns slots [begin, end) into messages: a run of equal-sized datagrams to one address, of which
// the last may be shorter, is one message that the kernel cuts.
void UdpSocket::gather(SendBatch& batch, std::size_t begin, std::size_t end) {
  SendBatch::Messages& m = *batch.messages_;
  m.count = m.vectors_used = 0;
  std::size_t run_size = 0;  // of its first datagram; 0: the run is closed
  std::size_t run_bytes = 0;
  std::size_t run_slot = begin;
  for (std::size_t i = begin; i < end; ++i) {
    if (loss_ && loss_->loses_one()) {
      ++counters_.lost_on_purpose;
      if (m.count > 0) m.ends[m.count - 1] = i + 1;
      continue;
    }
    const MutableBytes bytes = batch.slots_[i].bytes();
    const bool joins = segments_ && m.count > 0 && run_size > 0 && bytes.size() <= run_size &&
                       !bytes.empty() && run_bytes + bytes.size() <= kRunBytesMax &&
                       m.headers[m.count - 1].msg_hdr.msg_iovlen < kSegmentsMax &&
                       batch.paths_[i].remote == batch.paths_[run_slot].remote;
    m.vectors[m.vectors_used] = {.iov_base = bytes.data(), .iov_len = bytes.size()};
    if (joins) {
      msghdr& header = m.headers[m.count - 1].msg_hdr;
      if (header.msg_iovlen++ == 1) ask_for_segments(header, m.controls[m.count - 1], run_size);
      if (bytes.size() < run_size) run_size = 0;
    } else {
      msghdr& header = m.headers[m.count].msg_hdr;
      header = {};
      header.msg_name = &m.names[m.count];
      header.msg_namelen = to_kernel(batch.paths_[i].remote, m.names[m.count]);
      header.msg_iov = &m.vectors[m.vectors_used];
      header.msg_iovlen = 1;
      ++m.count;
      run_size = bytes.size();
      run_bytes = 0;
      run_slot = i;
    }
    run_bytes += bytes.size();
    m.ends[m.count - 1] = i + 1;
    ++m.vectors_used;
  }
}

UdpSocket::Flush UdpSocket::submit(SendBatch& batch) {
  SendBatch::Messages& m = *batch.messages_;
  const std::size_t begin = batch.begin_;
  std::size_t done = 0;
  while (done < m.count) {
    ++counters_.send_calls;
    const int sent = sendmmsg(handle_, &m.headers[done], static_cast<unsigned>(m.count - done),
                              MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
      for (int i = 0; i < sent; ++i) counters_.sent += m.headers[done++].msg_hdr.msg_iovlen;
      continue;
    }
    const int code = errno;
    if (code == EINTR) continue;
    if (would_block(code) && !drops_when_full_) break;
    send_apart(m.headers[done].msg_hdr, code);
    ++done;
  }
  if (done > 0) batch.drop_front(m.ends[done - 1] - begin);
  return done < m.count ? Flush::kBlocked : Flush::kDone;
}

// The kernel refused a message with `code`. A run may still go as single datagrams; where the
// device cannot cut (EIO, EINVAL), runs are given up for good.
void UdpSocket::send_apart(msghdr& refused, int code) {
  if (refused.msg_iovlen == 1 || would_block(code)) {
    counters_.send_errors += refused.msg_iovlen;
    return;
  }
  if (code == EIO || code == EINVAL) segments_ = false;
  const std::span<iovec> parts(refused.msg_iov, refused.msg_iovlen);
  for (iovec& part : parts) {
    msghdr single{};
    single.msg_name = refused.msg_name;
    single.msg_namelen = refused.msg_namelen;
    single.msg_iov = &part;
    single.msg_iovlen = 1;
    ++counters_.send_calls;
    const bool sent = sendmsg(handle_, &single, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
    ++(sent ? counters_.sent : counters_.send_errors);
  }
}

bool UdpSocket::send(const Address& remote, Bytes bytes) {
  if (loss_ && loss_->loses_one()) {
    ++counters_.lost_on_purpose;
    return true;
  }
  sockaddr_storage name{};
  const socklen_t size = to_kernel(remote, name);
  ++counters_.send_calls;
  const bool sent = sendto(handle_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL,
                           generic(name), size) >= 0;
  ++(sent ? counters_.sent : counters_.send_errors);
  return sent;
}

}  // namespace glass::net
