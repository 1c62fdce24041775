#include "explain/sinks/ndjson.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/bytes.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/time.h"
#include "base/trace.h"
#include "explain/json.h"
#include "explain/sinks/out.h"
#include "explain/sinks/recorder.h"

namespace glass::explain {
namespace {

std::int64_t nanoseconds(Instant instant) { return instant.time_since_epoch().count(); }

}  // namespace

Ndjson::Ndjson(Options options, Out out) : options_(std::move(options)), out_(std::move(out)) {
  JsonObject header;
  header.text("format", "glass-trace").number("version", kVersion);
  header.text("scenario", options_.scenario);
  header.text("seed", decimal(options_.seed));  // a text: JavaScript numbers have 53 bits
  header.text("time", "ns");
  write(header);
}

void Ndjson::write(JsonObject& line) { out_(line.take() + '\n'); }

JsonObject Ndjson::event(Where where, std::string_view kind) {
  if (options_.names != nullptr && introduced_.insert(where.node).second) {
    JsonObject line;
    line.signed_number("t", nanoseconds(now_)).text("event", "node").number("node", where.node);
    line.text("name", name_of(*options_.names, where.node));
    write(line);
  }
  JsonObject line;
  line.signed_number("t", nanoseconds(now_)).text("event", kind).number("node", where.node);
  line.text("layer", to_text(where.layer));
  return line;
}

void Ndjson::add_payload(JsonObject& line, Bytes bytes) const {
  line.number("size", bytes.size());
  if (options_.payload == Payload::kHex) line.text("hex", hex(bytes));
  if (options_.payload == Payload::kBase64) line.text("base64", base64(bytes));
}

void Ndjson::rule(Where where, Rule rule, std::span<const Fact> facts) {
  JsonObject line = event(where, "rule");
  line.text("rule", to_text(rule));
  JsonObject list;
  for (const Fact& fact : facts) {
    if (fact.is_text) {
      list.text(fact.key, fact.text);
    } else {
      list.number(fact.key, fact.number);
    }
  }
  if (!facts.empty()) line.raw("facts", list.take());
  write(line);
}

void Ndjson::drop(Where where, Rule rule, std::string_view why, Bytes packet) {
  JsonObject line = event(where, "drop");
  if (rule.rfc != 0) line.text("rule", to_text(rule));
  line.text("why", why);
  add_payload(line, packet);
  write(line);
}

void Ndjson::state(Where where, std::string_view machine, std::string_view from,
                   std::string_view to) {
  JsonObject line = event(where, "state");
  line.text("machine", machine).text("from", from).text("to", to);
  write(line);
}

void Ndjson::timer(Where where, std::string_view name, Instant deadline) {
  JsonObject line = event(where, "timer");
  line.text("timer", name);
  if (deadline == kNever) {
    line.raw("deadline", "null");
  } else {
    line.signed_number("deadline", nanoseconds(deadline));
  }
  write(line);
}

void Ndjson::metric(Where where, std::string_view name, std::uint64_t value) {
  JsonObject line = event(where, "metric");
  line.text("metric", name).number("value", value);
  write(line);
}

void Ndjson::packet(Where where, const PacketNote& note) {
  JsonObject line = event(where, "packet");
  line.text("direction", note.direction == Direction::kSent ? "sent" : "received");
  if (note.id != 0) line.number("id", note.id);
  if (note.path != nullptr) {
    line.text("transport", to_text(note.path->transport));
    line.text("local", to_text(note.path->local)).text("remote", to_text(note.path->remote));
  }
  add_payload(line, note.bytes);
  write(line);
}

void Ndjson::secret(Where where, std::string_view label, Bytes id, Bytes value) {
  if (!options_.with_secrets) return;
  JsonObject line = event(where, "secret");
  line.text("label", label).text("id", hex(id)).text("value", hex(value));
  write(line);
}

}  // namespace glass::explain
