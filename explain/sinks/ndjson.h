// explain/sinks/ndjson.h - the trace as lines of JSON, for other programs. Format:
// explain/README.md.
//
// Deterministic: the same records give the same bytes. Secrets are written only where asked for.
#pragma once

#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/trace.h"
#include "explain/json.h"
#include "explain/sinks/out.h"

namespace glass::explain {

class Ndjson final : public Sink {
 public:
  static constexpr std::uint64_t kVersion = 1;
  enum class Payload : std::uint8_t { kHex, kBase64, kNone };
  struct Options {
    std::string scenario{};
    std::uint64_t seed = 0;
    const std::vector<std::string>* names = nullptr;  // indexed by node; lives as long as the sink
    Payload payload = Payload::kHex;
    bool with_secrets = false;
  };
  // Writes the header line at once.
  Ndjson(Options options, Out out);

  void now(Instant instant) override { now_ = instant; }
  void rule(Where where, Rule rule, std::span<const Fact> facts) override;
  void drop(Where where, Rule rule, std::string_view why, Bytes packet) override;
  void state(Where where, std::string_view machine, std::string_view from,
             std::string_view to) override;
  void timer(Where where, std::string_view name, Instant deadline) override;
  void metric(Where where, std::string_view name, std::uint64_t value) override;
  void packet(Where where, const PacketNote& note) override;
  void secret(Where where, std::string_view label, Bytes id, Bytes value) override;

 private:
  JsonObject event(Where where, std::string_view kind);
  void add_payload(JsonObject& line, Bytes bytes) const;
  void write(JsonObject& line);

  Options options_;
  Out out_;
  Instant now_{};
  std::set<std::uint16_t> introduced_;
};

}  // namespace glass::explain
