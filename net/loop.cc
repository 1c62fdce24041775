#include "net/loop.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/check.h"
#include "base/node.h"
#include "base/time.h"
#include "base/trace.h"
#include "net/asio.h"
#include "net/poller.h"
#include "net/udp.h"

namespace glass::net {
namespace {

using Clock = std::chrono::steady_clock;

// How many full batches one socket may hand over before the others have their turn.
constexpr int kBatchesInARow = 4;

}  // namespace

struct Loop::Impl {
  // A socket under a node, and the wait for it.
  struct Port final : Watched {
    Port(Impl& i, NodeId n, UdpSocket& s)
        : impl(i), id(n), socket(s), handle(s.handle()), watch(i.poller.watch(handle, *this)) {}
    ~Port() override { impl.poller.unwatch(watch, handle); }
    Port(const Port&) = delete;
    Port& operator=(const Port&) = delete;
    void on_ready(Ready ready) override { impl.on_ready(*this, ready); }

    Impl& impl;
    NodeId id;
    UdpSocket& socket;
    int handle;
    WatchId watch;
    bool awaits_write = false;
  };
  struct AddressHash {
    std::size_t operator()(const Address& address) const {
      return std::hash<std::string_view>()(as_text(address.ip)) * 31 + address.port;
    }
  };
  struct Entry {
    SendBatch batch;
    std::unique_ptr<Driven> driven;
    std::unordered_map<Address, std::unique_ptr<Port>, AddressHash> ports;
    std::vector<Carrier*> carriers;
    Port* blocked_by = nullptr;   // a socket is full: its writability is awaited
    std::uint64_t committed = 0;  // datagrams that the node gave
    bool answers_each = false;
    bool touched = false;  // was given something in this dispatch
    bool dirty = false;    // poked
  };
  struct Timer {
    Instant due;
    Task task;
  };

  explicit Impl(Sink* s)
      : sink(s), alarm(io), sockets(io, poller.handle()), work(io.get_executor()) {
    wait();
  }
  ~Impl() { (void)sockets.release(); }  // the handle belongs to the poller
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] Instant now() const {
    return Instant{std::chrono::duration_cast<Duration>(Clock::now() - birth)};
  }
  Instant tick() {
    const Instant instant = now();
    if (sink != nullptr) sink->now(instant);
    return instant;
  }

  void wait();
  void on_ready(Port& port, Ready ready);
  void give(Entry& entry, NodeId id, Instant instant, const Received& in);
  void touch(Entry& entry, NodeId id);
  void settle_touched();
  void settle(NodeId id);
  bool pull(Entry& entry, Instant instant);
  bool flush(Entry& entry);
  void on_alarm();
  void settle_dirty();
  void arm();
  [[nodiscard]] Instant earliest() const;
  Entry* find(NodeId id) {
    const auto found = entries.find(id);
    return found == entries.end() ? nullptr : found->second.get();
  }

  Sink* sink;
  Clock::time_point birth = Clock::now();
  std::uint64_t wall_seconds =
      static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                     std::chrono::system_clock::now().time_since_epoch())
                                     .count());
  asio::io_context io{1};
  Poller poller;
  asio::steady_timer alarm;
  asio::posix::stream_descriptor sockets;  // readable while any socket is
  Instant armed_for = kNever;
  asio::executor_work_guard<asio::io_context::executor_type> work;
  std::unique_ptr<asio::signal_set> signals;
  std::move_only_function<void(int)> on_signal;
  ReceiveBatch received;
  std::vector<NodeId> touched;
  std::map<NodeId, std::unique_ptr<Entry>> entries;
  std::map<TimerId, Timer> timers;
  std::uint32_t next_node = 1;
  std::uint64_t next_timer = 1;
  std::uint64_t homeless = 0;
  bool any_dirty = false;
  bool poke_posted = false;
};

// --- Waiting ----------------------------------------------------------------------------------

void Loop::Impl::wait() {
  sockets.async_wait(asio::posix::descriptor_base::wait_read,
                     [this](const asio::error_code& error) {
                       if (error) return;
                       (void)tick();
                       poller.dispatch();
                       settle_touched();
                       settle_dirty();
                       wait();
                     });
}

Instant Loop::Impl::earliest() const {
  Instant first = kNever;
  for (const auto& [id, entry] : entries) first = std::min(first, entry->driven->next_time());
  for (const auto& [id, timer] : timers) first = std::min(first, timer.due);
  return first;
}

void Loop::Impl::arm() {
  const Instant next = earliest();
  if (next == armed_for) return;
  armed_for = next;
  if (next == kNever) {
    alarm.cancel();
    return;
  }
  alarm.expires_at(birth + next.time_since_epoch());
  alarm.async_wait([this](const asio::error_code& error) {
    if (!error) on_alarm();
  });
}

// --- Inputs -----------------------------------------------------------------------------------

void Loop::Impl::on_ready(Port& port, Ready ready) {
  const NodeId id = port.id;
  Entry& entry = *find(id);
  if (ready.writable && entry.blocked_by == &port) {
    entry.blocked_by = nullptr;
    port.awaits_write = false;
    poller.change(port.watch, port.handle, Poller::Interest::kRead);
    touch(entry, id);
  }
  if (!ready.readable) return;
  for (int round = 0; round < kBatchesInARow; ++round) {
    const Instant instant = tick();
    const std::size_t filled =
        port.socket.receive(received, [&](const Received& in) { give(entry, id, instant, in); });
    if (filled < ReceiveBatch::kSlots) break;
    settle(id);
  }
}

void Loop::Impl::give(Entry& entry, NodeId id, Instant instant, const Received& in) {
  touch(entry, id);
  if (!entry.batch.is_full() || (entry.blocked_by == nullptr && flush(entry))) {
    if (const auto path = entry.driven->forward(instant, in, entry.batch.slot())) {
      entry.batch.commit(*path);
      ++entry.committed;
      return;
    }
  }
  entry.driven->receive(instant, in);
  while (entry.driven->handle_event()) {  // a view in an event dies with the next datagram
  }
  if (entry.answers_each && entry.blocked_by == nullptr) (void)pull(entry, instant);
}

void Loop::Impl::touch(Entry& entry, NodeId id) {
  if (!std::exchange(entry.touched, true)) touched.push_back(id);
}

void Loop::Impl::settle_touched() {
  for (std::size_t i = 0; i < touched.size(); ++i) {  // settling may touch others
    Entry* const entry = find(touched[i]);
    if (entry == nullptr) continue;
    entry->touched = false;
    settle(touched[i]);
  }
  touched.clear();
}

void Loop::Impl::on_alarm() {
  armed_for = kNever;
  const Instant instant = tick();
  std::vector<TimerId> due;
  for (const auto& [id, timer] : timers)
    if (timer.due <= instant) due.push_back(id);
  for (const TimerId id : due) {
    auto node = timers.extract(id);
    if (!node.empty()) node.mapped().task();
  }
  std::vector<NodeId> called;
  for (const auto& [id, entry] : entries)
    if (entry->driven->next_time() <= instant) called.push_back(id);
  for (const NodeId id : called) {
    Entry* const entry = find(id);
    if (entry == nullptr) continue;
    entry->driven->on_time(instant);
    settle(id);
  }
  settle_dirty();
}

// --- Outputs ----------------------------------------------------------------------------------

// Events and datagrams until neither is left, or a socket is full. Like drain() of base/node.h,
// but a datagram is written straight into the slot that the kernel reads.
void Loop::Impl::settle(NodeId id) {
  for (bool idle = false; !idle;) {
    idle = true;
    Entry* const entry = find(id);
    if (entry == nullptr) return;
    while (entry->driven->handle_event()) idle = false;
    if (entry->blocked_by != nullptr) return;
    const std::uint64_t before = entry->committed;
    const bool flows = pull(*entry, now()) && flush(*entry);
    for (Carrier* const carrier : entry->carriers) carrier->flush();
    if (!flows) return;
    if (entry->committed != before) idle = false;
  }
}

// Everything that the node has to say, into its batch; false: a socket is full.
bool Loop::Impl::pull(Entry& entry, Instant instant) {
  for (;;) {
    if (entry.batch.is_full() && !flush(entry)) return false;
    const auto path = entry.driven->poll_transmit(instant, entry.batch.slot());
    if (!path) return true;
    entry.batch.commit(*path);
    ++entry.committed;
  }
}

// Empties the batch; false: blocked.
bool Loop::Impl::flush(Entry& entry) {
  while (!entry.batch.is_empty()) {
    const Path& path = entry.batch.front_path();
    if (path.transport != Transport::kUdp) {
      const bool taken = std::ranges::any_of(entry.carriers, [&](Carrier* carrier) {
        return carrier->send(path, entry.batch.front());
      });
      if (!taken) ++homeless;
      entry.batch.drop_front(1);
      continue;
    }
    const auto found = entry.ports.find(path.local);
    if (found == entry.ports.end()) {
      ++homeless;
      entry.batch.drop_front(1);
      continue;
    }
    Port& port = *found->second;
    if (port.socket.flush(entry.batch) == UdpSocket::Flush::kDone) continue;
    entry.blocked_by = &port;
    if (!std::exchange(port.awaits_write, true))
      poller.change(port.watch, port.handle, Poller::Interest::kReadAndWrite);
    return false;
  }
  return true;
}

void Loop::Impl::settle_dirty() {
  while (any_dirty) {
    any_dirty = false;
    std::vector<NodeId> dirty;
    for (const auto& [id, entry] : entries)
      if (std::exchange(entry->dirty, false)) dirty.push_back(id);
    for (const NodeId id : dirty) settle(id);
  }
  arm();
}

// --- The loop itself --------------------------------------------------------------------------

Loop::Loop(Sink* sink) : impl_(std::make_unique<Impl>(sink)) {}
Loop::~Loop() = default;

Instant Loop::now() const { return impl_->now(); }
std::uint64_t Loop::wall_seconds() const { return impl_->wall_seconds; }
std::uint64_t Loop::homeless() const { return impl_->homeless; }
asio::io_context& Loop::context() { return impl_->io; }
Poller& Loop::poller() { return impl_->poller; }

NodeId Loop::add_driven(std::unique_ptr<Driven> driven, std::span<UdpSocket* const> sockets) {
  const NodeId id{impl_->next_node++};
  auto entry = std::make_unique<Impl::Entry>();
  entry->driven = std::move(driven);
  impl_->entries.emplace(id, std::move(entry));
  for (UdpSocket* const socket : sockets) add_socket(id, *socket);
  poke(id);
  return id;
}

void Loop::add_socket(NodeId id, UdpSocket& socket) {
  Impl::Entry* const entry = impl_->find(id);
  CHECK(entry != nullptr);
  entry->ports.insert_or_assign(socket.local(), std::make_unique<Impl::Port>(*impl_, id, socket));
}

void Loop::remove_socket(NodeId id, const UdpSocket& socket) {
  Impl::Entry* const entry = impl_->find(id);
  if (entry == nullptr) return;
  const auto found = entry->ports.find(socket.local());
  if (found == entry->ports.end()) return;
  if (entry->blocked_by == found->second.get()) entry->blocked_by = nullptr;
  entry->ports.erase(found);
}

void Loop::add_carrier(NodeId id, Carrier& carrier) {
  Impl::Entry* const entry = impl_->find(id);
  CHECK(entry != nullptr);
  entry->carriers.push_back(&carrier);
}

void Loop::remove_carrier(NodeId id, Carrier& carrier) {
  if (Impl::Entry* const entry = impl_->find(id)) std::erase(entry->carriers, &carrier);
}

void Loop::deliver(NodeId id, const Received& in) {
  if (Impl::Entry* const entry = impl_->find(id)) impl_->give(*entry, id, now(), in);
}

void Loop::answer_each(NodeId id) {
  Impl::Entry* const entry = impl_->find(id);
  CHECK(entry != nullptr);
  entry->answers_each = true;
}

void Loop::remove(NodeId id) { impl_->entries.erase(id); }

void Loop::poke(NodeId id) {
  Impl::Entry* const entry = impl_->find(id);
  if (entry == nullptr) return;
  entry->dirty = true;
  impl_->any_dirty = true;
  if (std::exchange(impl_->poke_posted, true)) return;
  post([this] { impl_->poke_posted = false; });  // every task settles what is dirty
}

void Loop::post(Task task) {
  asio::post(impl_->io, [impl = impl_.get(), run = std::move(task)]() mutable {
    (void)impl->tick();
    run();
    impl->settle_dirty();
  });
}

TimerId Loop::after(Duration delay, Task task) {
  const TimerId id{impl_->next_timer++};
  impl_->timers.emplace(id, Impl::Timer{impl_->now() + delay, std::move(task)});
  impl_->arm();
  return id;
}

void Loop::cancel(TimerId id) {
  impl_->timers.erase(id);
  impl_->arm();
}

void Loop::on_signal(std::initializer_list<int> signals, std::move_only_function<void(int)> task) {
  impl_->signals = std::make_unique<asio::signal_set>(impl_->io);
  for (const int signal : signals) impl_->signals->add(signal);
  impl_->on_signal = std::move(task);
  impl_->signals->async_wait([impl = impl_.get()](const asio::error_code& error, int signal) {
    if (error) return;
    impl->signals->clear();  // a second one has its usual effect
    impl->on_signal(signal);
    impl->settle_dirty();
  });
}

void Loop::run() {
  impl_->io.restart();
  impl_->io.run();
}

bool Loop::run_until(const std::function<bool()>& done, Duration limit) {
  impl_->io.restart();
  const Clock::time_point end = Clock::now() + limit;
  while (!done()) {
    if (Clock::now() >= end) return false;
    impl_->io.run_one_until(end);
    if (impl_->io.stopped()) return done();
  }
  return true;
}

void Loop::stop() { impl_->io.stop(); }

}  // namespace glass::net
