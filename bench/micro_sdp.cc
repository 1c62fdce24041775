// Session descriptions: what a browser's offer costs to read, to write back and to answer.
#include <benchmark/benchmark.h>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <string>

#include "base/check.h"
#include "base/random.h"
#include "sdp/jsep/session.h"
#include "sdp/parse.h"
#include "sdp/write.h"

namespace {

using namespace glass;

// Chromium 156, one track each of sound and pictures: 165 lines.
const std::string& offer() {
  static const std::string kOffer = [] {
    std::ifstream in(GLASS_SOURCE_DIR "/tests/sdp/fixtures/chromium/av.offer.sdp",
                     std::ios::binary);
    CHECK(in.is_open());
    return std::string{std::istreambuf_iterator<char>(in), {}};
  }();
  return kOffer;
}

void parse_offer(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(sdp::parse(offer()));
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * offer().size()));
}
BENCHMARK(parse_offer);

void write_offer(benchmark::State& state) {
  const auto description = sdp::parse(offer());
  CHECK(description.has_value());
  for (auto _ : state) benchmark::DoNotOptimize(sdp::write(*description));
}
BENCHMARK(write_offer);

void answer_offer(benchmark::State& state) {
  SeededRandom random(1);
  for (auto _ : state) {
    sdp::Session session({.fingerprints = {"sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:"
                                           "19:E5:7C:AB"}},
                         random);
    session.add_track(sdp::MediaKind::kAudio, {});
    session.add_track(sdp::MediaKind::kVideo, {});
    CHECK(session.set_remote_description(sdp::Type::kOffer, offer()).has_value());
    const auto answer = session.create_answer();
    CHECK(answer.has_value());
    benchmark::DoNotOptimize(session.set_local_description(sdp::Type::kAnswer, *answer));
  }
}
BENCHMARK(answer_offer);

}  // namespace
