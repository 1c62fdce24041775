#include "net/poller.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/check.h"

namespace glass::net {
namespace {

epoll_event event_of(WatchId id, Poller::Interest interest) {
  epoll_event event{};
  event.events = EPOLLIN | (interest == Poller::Interest::kReadAndWrite ? EPOLLOUT : 0U);
  event.data.u64 = id.value();
  return event;
}

std::uint32_t slot_of(std::uint64_t id) { return static_cast<std::uint32_t>(id); }
std::uint32_t generation_of(std::uint64_t id) { return static_cast<std::uint32_t>(id >> 32); }

}  // namespace

Poller::Poller() : handle_(epoll_create1(EPOLL_CLOEXEC)) { CHECK(handle_ >= 0); }
Poller::~Poller() { close(handle_); }

WatchId Poller::watch(int handle, Watched& who, Interest interest) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const std::uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.who = &who;
  ++watched_;
  const WatchId id{std::uint64_t{slot.generation} << 32 | index};
  epoll_event event = event_of(id, interest);
  CHECK(epoll_ctl(handle_, EPOLL_CTL_ADD, handle, &event) == 0);
  return id;
}

void Poller::change(WatchId id, int handle, Interest interest) {
  epoll_event event = event_of(id, interest);
  CHECK(epoll_ctl(handle_, EPOLL_CTL_MOD, handle, &event) == 0);
}

void Poller::unwatch(WatchId id, int handle) {
  Slot& slot = slots_[slot_of(id.value())];
  CHECK(slot.who != nullptr && slot.generation == generation_of(id.value()));
  (void)epoll_ctl(handle_, EPOLL_CTL_DEL, handle, nullptr);
  slot.who = nullptr;
  ++slot.generation;
  free_.push_back(slot_of(id.value()));
  --watched_;
}

void Poller::dispatch() {
  std::array<epoll_event, kEventsMax> events{};
  const int count = epoll_wait(handle_, events.data(), static_cast<int>(events.size()), 0);
  for (const epoll_event& event :
       std::span(events).first(static_cast<std::size_t>(std::max(count, 0)))) {
    const Slot slot = slots_[slot_of(event.data.u64)];
    if (slot.who == nullptr || slot.generation != generation_of(event.data.u64)) continue;
    slot.who->on_ready({.readable = (event.events & ~std::uint32_t{EPOLLOUT}) != 0,
                        .writable = (event.events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) != 0});
  }
}

}  // namespace glass::net
