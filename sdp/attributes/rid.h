// sdp/attributes/rid.h - several encodings of one track: their names, limits and order.
//
// RFC 8851 §10 (rid), RFC 8853 §5.1 (simulcast), RFC 6236 §3.1 (imageattr), RFC 8830 §2 (msid).
// Tested by: rtp_attributes_test.cc, media_bad_input_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

// More encodings of one track than this are nobody's; the line is refused.
constexpr std::size_t kMaxRids = 64;

enum class RidDirection : std::uint8_t { kSend, kRecv };
[[nodiscard]] std::string_view to_text(RidDirection direction);

// "hi send pt=96,97;max-width=1280". A view.
struct Rid {
  std::string_view id{};
  RidDirection direction = RidDirection::kSend;
  std::vector<std::string_view> formats{};  // empty: all
  std::vector<std::pair<std::string_view, std::string_view>> restrictions{};
};
[[nodiscard]] Result<Rid, Complaint> parse_rid(const Attribute& attribute);
// Letters, digits, - and _.
[[nodiscard]] bool is_rid_id(std::string_view text);

// One way to encode a stream: "~lo" is "lo", paused.
struct SimulcastFormat {
  std::string_view rid{};
  bool paused = false;
  std::size_t column = 0;
};
// A stream of a simulcast, with its alternatives, the preferred one first.
using SimulcastStream = std::vector<SimulcastFormat>;

// "send hi;mid,mid2;~lo recv x". A view.
struct Simulcast {
  std::vector<SimulcastStream> send{};
  std::vector<SimulcastStream> recv{};
};
[[nodiscard]] Result<Simulcast, Complaint> parse_simulcast(const Attribute& attribute);

// Checks a=imageattr: a payload type or *, then send or recv with * or sets in brackets.
[[nodiscard]] Result<void, Complaint> check_imageattr(const Attribute& attribute);

// "stream track"; the second half, which is an appendix of the application, may be empty.
struct Msid {
  std::string_view stream{};  // "-": none
  std::string_view track{};
};
[[nodiscard]] Result<Msid, Complaint> parse_msid(const Attribute& attribute);

}  // namespace glass::sdp
