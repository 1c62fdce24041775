#include "demo/experiments.h"

#include <chrono>
#include <cstddef>
#include <utility>

#include "base/text.h"
#include "demo/annotated.h"
#include "demo/json.h"
#include "demo/scenarios/delivery.h"
#include "demo/scenarios/matrix.h"

namespace glass::demo {
namespace {

using namespace std::chrono_literals;

constexpr double kPerMillion = 10'000;  // of a percent
constexpr double kNanoseconds = 1e6;    // in a millisecond

double milliseconds(Duration duration) {
  return static_cast<double>(duration.count()) / kNanoseconds;
}

std::string matrix_json(std::uint64_t seed, bool turn) {
  Json cells = Json::array();
  for (const MatrixCell& cell : matrix({.seed = seed, .with_turn = turn, .without_turn = !turn})) {
    Json one = {
        {"a",       cell.alice       },
        {"b",       cell.bob         },
        {"outcome", to_text(cell.met)},
        {"run",
         {{"scenario", "nat"},
          {"seed", decimal(seed)},
          {"a_nat", cell.alice},
          {"b_nat", cell.bob},
          {"turn", turn ? "1" : "0"}}}
    };
    if (cell.met != Met::kNot) {
      one["path"] = cell.path;
      one["ms"] = cell.connected_ms;
    }
    cells.push_back(std::move(one));
  }
  return write_json({
      {"seed",  decimal(seed)   },
      {"turn",  turn            },
      {"kinds", matrix_kinds()  },
      {"cells", std::move(cells)}
  });
}

DeliveryOptions options_of(const RunRequest& request, Delivery delivery) {
  DeliveryOptions options;
  options.seed = request.seed;
  options.delivery = delivery;
  options.loss_per_million = request.loss_per_million.value_or(options.loss_per_million);
  options.delay = request.delay.value_or(options.delay);
  options.jitter = request.jitter;
  return options;
}

Json lane_json(const DeliveryOptions& options) {
  const DeliveryResult result = deliver(options, nullptr);
  const DeliveryFigures figures = measure(result);
  Json messages = Json::array();
  const Instant start = result.messages.empty() ? Instant{} : result.messages.front().sent;
  for (const DeliveryResult::Message& message : result.messages)
    messages.push_back(
        {milliseconds(message.sent - start),
         message.arrived == kNever ? Json() : Json(milliseconds(message.arrived - start))});
  Json dark = Json::array();
  for (const DeliveryResult::Dark& moment : result.dark)
    dark.push_back({milliseconds(moment.from - start), milliseconds(moment.until - start)});
  const std::string scenario = "delivery-" + std::string(to_text(options.delivery));
  return {
      {"delivery",   to_text(options.delivery)                                },
      {"first_ms",   milliseconds(figures.first)                              },
      {"stall_ms",   milliseconds(figures.stall)                              },
      {"longest_ms", milliseconds(figures.longest)                            },
      {"missing",    figures.missing                                          },
      {"late",       figures.late                                             },
      {"duplicates", figures.duplicates                                       },
      {"failure",    result.failure                                           },
      {"messages",   std::move(messages)                                      },
      {"dark",       std::move(dark)                                          },
      {"run",
       {{"scenario", scenario},
        {"seed", decimal(options.seed)},
        {"loss", write_json(options.loss_per_million / kPerMillion)},
        {"delay", decimal(static_cast<std::uint64_t>(options.delay / 1ms))},
        {"jitter", decimal(static_cast<std::uint64_t>(options.jitter / 1ms))}}}
  };
}

}  // namespace

Result<std::string, std::string> Experiments::matrix(std::string_view query) {
  const auto request = parse_run_request(query);
  if (!request) return std::unexpected(request.error());
  if (request->seed < 1 || request->seed > kMaxMatrixSeed)
    return std::unexpected("a matrix has a seed from 1 to " + decimal(kMaxMatrixSeed));
  const auto key = std::pair(request->seed, request->turn.value_or(false));
  auto found = matrices_.find(key);
  if (found == matrices_.end())
    found = matrices_.emplace(key, matrix_json(key.first, key.second)).first;
  return found->second;
}

Result<std::string, std::string> Experiments::delivery(std::string_view query) {
  const auto request = parse_run_request(query);
  if (!request) return std::unexpected(request.error());
  Json lanes = Json::array();
  for (const Delivery delivery : kDeliveries)
    lanes.push_back(lane_json(options_of(*request, delivery)));
  return write_json({
      {"seed",        decimal(request->seed)         },
      {"interval_ms", milliseconds(kDeliveryInterval)},
      {"late_ms",     milliseconds(kDeliveryLate)    },
      {"lanes",       std::move(lanes)               }
  });
}

}  // namespace glass::demo
