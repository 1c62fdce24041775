#include "demo/scenarios/delivery.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "base/random.h"
#include "base/text.h"
#include "crypto/seeded_random.h"
#include "demo/scenarios/duo.h"
#include "sim/world.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr Duration kConnectLimit = 30s;
constexpr Duration kSettle = 200ms;  // between the open channel and the first message
constexpr Duration kSlot = 20ms;     // a moment that is dark or not: one message falls into each
constexpr Duration kDarkFor = 3s;    // afterwards everything gets through
constexpr Duration kPatience = 6s;   // of Bob, from the last message on
constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::size_t kMessageSize = 120;
constexpr std::string_view kScenario = "delivery-";

class Stream {
 public:
  Stream(const DeliveryOptions& options, Sink* sink)
      : options_(options),
        duo_({.seed = options.seed, .way = way(), .channel = channel()}, sink,
             [this](Duo::Person& to, std::string_view text) { on_message(to, text); }),
        world_(duo_.world()) {}

  DeliveryResult run() {
    if (!duo_.connect(kConnectLimit)) {
      const std::string& alices = duo_.alice().failure;
      result_.failure = alices.empty() ? "the channel did not open: " + duo_.bob().failure : alices;
      return std::move(result_);
    }
    script(world_.now() + kSettle);
    world_.run_for(kSettle + kDeliveryInterval * kDeliveryMessages);
    const Instant end = world_.now() + kPatience;
    while (arrived_ < kDeliveryMessages && world_.now() < end && world_.step()) continue;
    duo_.finish();
    return std::move(result_);
  }

 private:
  [[nodiscard]] sctp::ChannelConfig channel() const {
    sctp::ChannelConfig config;
    config.label = to_text(options_.delivery);
    config.ordered = options_.delivery == Delivery::kOrdered;
    if (options_.delivery == Delivery::kOnce) config.max_retransmits = 0;
    return config;
  }
  [[nodiscard]] sim::Impairment way() const {
    return {.delay = options_.delay, .jitter = options_.jitter};
  }

  // What happens from `start` on: the messages, and the dark moments. The middle of a moment is
  // where its message is sent.
  void script(Instant start) {
    result_.messages.resize(kDeliveryMessages);
    for (std::size_t n = 0; n < kDeliveryMessages; ++n)
      world_.at(start + kSlot / 2 + kDeliveryInterval * static_cast<std::int64_t>(n),
                [this, n](sim::World& world) { say(world, n); });
    SeededRandom dice(world_.seed_for("dark moments"));
    for (Instant from = start; from < start + kDarkFor; from += kSlot) {
      if (dice.below(kMillion) >= options_.loss_per_million) continue;
      if (!result_.dark.empty() && result_.dark.back().until == from) {
        result_.dark.back().until = from + kSlot;
      } else {
        result_.dark.push_back({from, from + kSlot});
      }
    }
    for (const DeliveryResult::Dark& dark : result_.dark) {
      sim::Impairment lost = way();
      lost.loss = {kMillion};
      set_way(dark.from, lost);
      set_way(dark.until, way());
    }
  }
  void set_way(Instant at, const sim::Impairment& impairment) {
    world_.at(at, [this, impairment](sim::World& world) {
      world.link_one_way(duo_.alice().host, duo_.bob().host, impairment);
    });
  }
  void say(const sim::World& world, std::size_t n) {
    std::string text = decimal(n + 1) + " of " + decimal(kDeliveryMessages) + ' ';
    text.resize(kMessageSize, '.');
    result_.messages[n].sent = world.now();
    duo_.say(duo_.alice(), text);
  }
  void on_message(const Duo::Person& to, std::string_view text) {
    if (&to != &duo_.bob()) return;
    const auto number = parse_decimal(text.substr(0, text.find(' ')), result_.messages.size());
    if (!number || *number == 0) return;
    DeliveryResult::Message& message = result_.messages[*number - 1];
    if (message.copies++ > 0) return;
    message.arrived = world_.now();
    ++arrived_;
  }

  DeliveryOptions options_;
  DeliveryResult result_;
  std::size_t arrived_ = 0;
  Duo duo_;
  sim::World& world_;
};

}  // namespace

std::string_view to_text(Delivery delivery) {
  constexpr std::array<std::string_view, 3> kNames{"ordered", "unordered", "once"};
  return kNames.at(std::to_underlying(delivery));
}

std::optional<Delivery> find_delivery(std::string_view scenario) {
  if (!scenario.starts_with(kScenario)) return std::nullopt;
  const auto* const found = std::ranges::find(kDeliveries, scenario.substr(kScenario.size()),
                                              [](Delivery delivery) { return to_text(delivery); });
  if (found == kDeliveries.end()) return std::nullopt;
  return *found;
}

DeliveryFigures measure(const DeliveryResult& result) {
  DeliveryFigures figures;
  std::vector<Instant> arrivals;
  for (const DeliveryResult::Message& message : result.messages) {
    if (message.copies > 1) figures.duplicates += message.copies - 1;
    if (message.arrived == kNever) {
      ++figures.missing;
      continue;
    }
    if (message.arrived - message.sent > kDeliveryLate) ++figures.late;
    arrivals.push_back(message.arrived);
  }
  if (arrivals.empty()) return figures;
  std::ranges::sort(arrivals);
  figures.first = arrivals.front() - result.messages.front().sent;
  for (std::size_t i = 1; i < arrivals.size(); ++i) {
    const Duration over = arrivals[i] - arrivals[i - 1] - kDeliveryInterval;
    if (over <= Duration{}) continue;
    figures.stall += over;
    figures.longest = std::max(figures.longest, over);
  }
  return figures;
}

std::vector<std::string> delivery_names() { return Duo::names(); }

DeliveryResult deliver(const DeliveryOptions& options, Sink* sink) {
  crypto::seed_openssl(options.seed);
  DeliveryResult result = Stream(options, sink).run();
  crypto::unseed_openssl();
  return result;
}

}  // namespace glass::demo
