// tests/sctp/support/pair.h - two associations on a Link, and what they told.
#pragma once

#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "base/random.h"
#include "sctp/association.h"
#include "tests/sctp/support/link.h"
#include "tests/support/rules.h"

namespace glass::test {

struct Arrived {
  std::uint16_t stream = 0;
  sctp::Order order = sctp::Order::kOrdered;
  ByteVector bytes;
};

struct Pair {
  explicit Pair(const LinkConfig& network = {}, const sctp::Config& a_config = {},
                const sctp::Config& b_config = {})
      : random_a(network.seed * 2 + 1),
        random_b(network.seed * 2 + 2),
        a(a_config, random_a, test_trace(Layer::kSctp, 0)),
        b(b_config, random_b, test_trace(Layer::kSctp, 1)),
        link(a, b, network, [this](int side, sctp::Association::Event& event) {
          if (const auto* message = std::get_if<sctp::Message>(&event)) {
            arrived[side].push_back({
                message->stream.value(),
                message->order,
                {message->bytes.begin(), message->bytes.end()}
            });
            bytes[side] += message->bytes.size();
          } else if (std::holds_alternative<sctp::Connected>(event)) {
            ++connected[side];
          } else if (const auto* over = std::get_if<sctp::Closed>(&event)) {
            closed[side].push_back(*over);
          } else if (const auto* reset = std::get_if<sctp::IncomingReset>(&event)) {
            resets_in[side].push_back(reset->stream.value());
          } else if (const auto* done = std::get_if<sctp::OutgoingReset>(&event)) {
            resets_out[side].push_back(done->stream.value());
            resets_failed[side] += done->is_done ? 0 : 1;
          } else if (std::holds_alternative<sctp::BufferedLow>(event)) {
            ++low[side];
          } else if (std::holds_alternative<sctp::Restarted>(event)) {
            ++restarted[side];
          }
        }) {}

  void connect_both() {
    a.connect(link.now());
    b.connect(link.now());
    ASSERT_TRUE(link.run_until([&] { return connected[0] == 1 && connected[1] == 1; }, 1200s));
  }

  SeededRandom random_a;
  SeededRandom random_b;
  sctp::Association a;
  sctp::Association b;
  Link<sctp::Association> link;
  std::vector<Arrived> arrived[2];
  std::size_t bytes[2]{};
  int connected[2]{};
  int low[2]{};
  int restarted[2]{};
  int resets_failed[2]{};
  std::vector<sctp::Closed> closed[2];
  std::vector<std::uint16_t> resets_in[2];
  std::vector<std::uint16_t> resets_out[2];
};

inline ByteVector numbered(std::uint32_t number, std::size_t size) {
  ByteVector bytes(std::max<std::size_t>(size, 4));
  SeededRandom random(number);
  random.fill(bytes);
  for (int i = 0; i < 4; ++i)
    bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(number >> (8 * i));
  return bytes;
}
inline std::uint32_t number_of(const ByteVector& bytes) {
  return static_cast<std::uint32_t>(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24);
}

}  // namespace glass::test
