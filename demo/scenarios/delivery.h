// demo/scenarios/delivery.h - the same messages over three kinds of channel, past the same losses.
//
// Alice sends Bob a short message every 20 ms, as a voice or a game would. The way from her to him
// is dark at certain moments: what is sent then is gone. The moments come from the seed alone and
// are the same whatever is sent, so that three runs differ by what their channel promises and by
// nothing else. Virtual time: the same options give the same bytes.  Tested by:
// tests/scenarios/delivery_test.cc
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "base/trace.h"

namespace glass::demo {

enum class Delivery : std::uint8_t {
  kOrdered,    // reliable and in order, as TCP is
  kUnordered,  // reliable, each as soon as it comes
  kOnce        // sent once and never again, as UDP is
};
inline constexpr std::array kDeliveries{Delivery::kOrdered, Delivery::kUnordered, Delivery::kOnce};
// "ordered", "unordered", "once"; their scenarios are "delivery-ordered" and so on.
std::string_view to_text(Delivery delivery);
std::optional<Delivery> find_delivery(std::string_view scenario);

inline constexpr std::size_t kDeliveryMessages = 60;
inline constexpr Duration kDeliveryInterval = std::chrono::milliseconds(20);
// A message that takes longer is too late for a voice: its moment has passed.
inline constexpr Duration kDeliveryLate = std::chrono::milliseconds(150);

struct DeliveryOptions {
  std::uint64_t seed = 1;
  Delivery delivery = Delivery::kOrdered;
  std::uint32_t loss_per_million = 100'000;        // how much of the time is dark
  Duration delay = std::chrono::milliseconds(25);  // one way
  Duration jitter{};
};

struct DeliveryResult {
  struct Message {
    Instant sent = kNever;
    Instant arrived = kNever;  // at the application
    unsigned copies = 0;
  };
  struct Dark {
    Instant from;
    Instant until;
  };
  std::vector<Message> messages;  // in the order in which they were sent
  std::vector<Dark> dark;
  std::string failure;  // what a peer complained of
};

// Measured from the instants at the application.
struct DeliveryFigures {
  Duration first{};    // from the first message that was sent to the first that arrived
  Duration stall{};    // what Bob's waits were longer than the interval, in sum, once one had come
  Duration longest{};  // the longest of those waits, over the interval
  std::size_t missing = 0;
  std::size_t late = 0;
  std::size_t duplicates = 0;
};
DeliveryFigures measure(const DeliveryResult& result);

std::vector<std::string> delivery_names();
// Replaces OpenSSL's dice while it runs.
DeliveryResult deliver(const DeliveryOptions& options, Sink* sink);

}  // namespace glass::demo
