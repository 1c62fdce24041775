// sdp/attributes/transport.h - attributes of the transport, wherever BUNDLE allows them to stand.
//
// RFC 9143 §7.1.3: in an answer only the tagged section, the first of its group, needs attributes
// of the transport; in an offer that holds for sections that are bundle-only. Looks in the section,
// then in the tagged one, then in the session.  Tested by: data_session_test.cc, fixtures_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sdp/description.h"

namespace glass::sdp {

enum class Side : std::uint8_t { kOffer, kAnswer };

// A view: the Description must live on.
class Transport {
 public:
  Transport(const Description& description, const Media& media, Side side);

  [[nodiscard]] std::vector<Attribute> find_all(std::string_view name) const;
  [[nodiscard]] std::optional<Attribute> find(std::string_view name) const;

 private:
  const Description& description_;
  const Media& media_;
  const Media* tagged_ = nullptr;
};

}  // namespace glass::sdp
