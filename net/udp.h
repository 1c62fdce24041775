// net/udp.h - a UDP socket that moves datagrams by the batch.
//
// Bytes move by system call: recvmmsg into fixed slots (with UDP_GRO where the kernel has it), and
// sendmmsg whose messages are whole runs of equal-sized neighbours (UDP_SEGMENT). Knows addresses
// and bytes; waiting for readiness is the Loop's part. Nothing here allocates per datagram, and no
// error of the network stops anything: it is counted.  Tested by: udp_test.cc
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/address.h"
#include "base/bytes.h"
#include "base/node.h"
#include "base/result.h"
#include "net/loss.h"

struct msghdr;

namespace glass::net {

// Why a socket could not be opened.
struct SocketError {
  int code = 0;      // errno
  std::string text;  // "bind 127.0.0.1:80: Permission denied"
};

// What a socket has seen since it was opened.
struct UdpCounters {
  std::uint64_t received = 0;
  std::uint64_t sent = 0;
  std::uint64_t receive_calls = 0;
  std::uint64_t send_calls = 0;
  std::uint64_t receive_errors = 0;  // refused ports and the like: the next datagram may be fine
  std::uint64_t send_errors = 0;     // unreachable, not permitted, too big: that datagram is gone
  std::uint64_t truncated = 0;       // did not fit a slot
  std::uint64_t lost_on_purpose = 0;
};

// Room for one batch of received datagrams. One per thread is enough: every socket empties its
// batch before the next one fills it.
class ReceiveBatch {
 public:
  static constexpr std::size_t kSlots = 64;
  static constexpr std::size_t kSlotSize = 65536;  // UDP_GRO hands over up to 64 KiB at once

  ReceiveBatch();
  ~ReceiveBatch();
  ReceiveBatch(const ReceiveBatch&) = delete;
  ReceiveBatch& operator=(const ReceiveBatch&) = delete;

 private:
  friend class UdpSocket;
  struct Slots;
  std::unique_ptr<Slots> slots_;
};

// Datagrams on their way out. A machine writes into slot after slot; flush() empties them in order.
class SendBatch {
 public:
  static constexpr std::size_t kSlots = 64;

  SendBatch();
  ~SendBatch();
  SendBatch(const SendBatch&) = delete;
  SendBatch& operator=(const SendBatch&) = delete;

  [[nodiscard]] bool is_full() const { return end_ == kSlots; }
  [[nodiscard]] bool is_empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  // The next free slot, cleared. Not to be called when full.
  PacketBuffer& slot() {
    CHECK(!is_full());
    slots_[end_].clear();
    return slots_[end_];
  }
  // What was written into slot() shall leave by `path`.
  void commit(const Path& path) {
    CHECK(!is_full());
    paths_[end_++] = path;
  }
  [[nodiscard]] const Path& front_path() const { return paths_[begin_]; }
  [[nodiscard]] Bytes front() const { return slots_[begin_].bytes(); }
  // The first `count` datagrams are done with.
  void drop_front(std::size_t count) {
    CHECK(count <= size());
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

 private:
  friend class UdpSocket;
  struct Messages;  // the arguments of sendmmsg
  std::array<PacketBuffer, kSlots> slots_;
  std::array<Path, kSlots> paths_;
  std::unique_ptr<Messages> messages_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class UdpSocket {
 public:
  struct Options {
    bool segmentation = true;           // UDP_SEGMENT and UDP_GRO, where the kernel has them
    int buffer_size = 4 * 1024 * 1024;  // asked of the kernel, both directions; it may give less
    bool drops_when_full = false;       // else the node waits until it is writable: not for relays
  };

  // Bound to `local`; port 0 takes a free one. One socket serves one address: where a machine has
  // several, open several (ICE wants to know which one a datagram came to).
  static Result<UdpSocket, SocketError> open(const Address& local, const Options& options);
  static Result<UdpSocket, SocketError> open(const Address& local) { return open(local, {}); }

  UdpSocket(UdpSocket&& other) noexcept;
  UdpSocket& operator=(UdpSocket&& other) noexcept;
  ~UdpSocket();

  [[nodiscard]] const Address& local() const { return local_; }
  [[nodiscard]] int handle() const { return handle_; }
  [[nodiscard]] const UdpCounters& counters() const { return counters_; }
  [[nodiscard]] bool segments() const { return segments_; }
  void set_loss(const Loss& loss) { loss_ = loss; }
  // From now on nodes know this socket by an address that others give it: behind a NAT that passes
  // everything on, say.
  void present_as(const Address& address) { local_ = address; }

  // Reads one batch and calls `on_datagram(const Received&)` for each; how many slots were filled.
  // Less than ReceiveBatch::kSlots: the socket is empty for now.
  template <class OnDatagram>
  std::size_t receive(ReceiveBatch& batch, OnDatagram&& on_datagram) {
    const std::size_t filled = fill(batch);
    for (std::size_t i = 0; i < filled; ++i) {
      std::optional<Segments> segments = take(batch, i);
      while (segments) {
        const std::size_t size = std::min(segments->size, segments->left.size());
        const Received in{
            .path = {Transport::kUdp, local_, segments->remote},
            .bytes = segments->left.first(size)
        };
        segments->left = segments->left.subspan(size);
        if (accepts_received()) on_datagram(in);
        if (segments->left.empty()) break;  // here, since a datagram may be empty
      }
    }
    return filled;
  }

  enum class Flush : std::uint8_t { kDone, kBlocked /* try again when writable */ };
  // Sends the front of the batch as far as it leaves from this socket, in order.
  Flush flush(SendBatch& batch);
  // One datagram at once; false: not sent, and counted.
  bool send(const Address& remote, Bytes bytes);

 private:
  struct Segments {  // what one slot holds: datagrams of `size` bytes, the last one maybe shorter
    Address remote;
    MutableBytes left;
    std::size_t size = 0;
  };

  UdpSocket(int handle, const Address& local);
  void configure(const Options& options);
  std::size_t fill(ReceiveBatch& batch);
  std::optional<Segments> take(ReceiveBatch& batch, std::size_t slot);  // none: truncated
  bool accepts_received();
  void gather(SendBatch& batch, std::size_t begin, std::size_t end);
  Flush submit(SendBatch& batch);
  void send_apart(msghdr& refused, int code);

  int handle_ = -1;
  Address local_;
  bool segments_ = false;
  bool drops_when_full_ = false;
  std::optional<Loss> loss_;
  UdpCounters counters_;
};

}  // namespace glass::net
