// net/poller.h - one wait for many sockets: who is ready is called, once each.
//
// A thin face of epoll. A relay has thousands of sockets; one call to the kernel tells which of
// them have something, and no call is needed to wait again. Knows handles only.  Tested by:
// loop_test.cc, streams_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/strong.h"

namespace glass::net {

using WatchId = Strong<struct WatchIdTag, std::uint64_t>;

struct Ready {
  bool readable = false;  // or the other side is gone: reading tells
  bool writable = false;
};

class Watched {
 public:
  virtual ~Watched() = default;
  virtual void on_ready(Ready ready) = 0;
};

class Poller {
 public:
  enum class Interest : std::uint8_t { kRead, kReadAndWrite };
  static constexpr std::size_t kEventsMax = 128;  // told by one dispatch()

  Poller();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  // The handle of the poller itself: readable while anyone is ready.
  [[nodiscard]] int handle() const { return handle_; }
  [[nodiscard]] std::size_t watched() const { return watched_; }

  // `who` must stay until unwatch(), which may be called while anybody is being told.
  WatchId watch(int handle, Watched& who, Interest interest = Interest::kRead);
  void change(WatchId id, int handle, Interest interest);
  void unwatch(WatchId id, int handle);

  // Tells all that are ready now, at most kEventsMax of them; the others have their turn next time.
  void dispatch();

 private:
  struct Slot {
    Watched* who = nullptr;
    std::uint32_t generation = 0;  // tells a reused slot from what it was
  };

  int handle_ = -1;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
  std::size_t watched_ = 0;
};

}  // namespace glass::net
