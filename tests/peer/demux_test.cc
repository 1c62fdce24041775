#include "peer/demux.h"

#include <gtest/gtest.h>

namespace glass::peer {
namespace {

TEST(Rfc7983Section7, TheFirstByteTellsTheProtocol) {
  const auto kind = [](unsigned first) {
    const std::array<std::uint8_t, 2> datagram{static_cast<std::uint8_t>(first), 0};
    return classify(datagram);
  };
  for (unsigned first = 0; first < 256; ++first) {
    Kind expected = Kind::kUnknown;
    if (first <= 3) expected = Kind::kStun;
    if (first >= 16 && first <= 19) expected = Kind::kZrtp;
    if (first >= 20 && first <= 63) expected = Kind::kDtls;
    if (first >= 64 && first <= 79) expected = Kind::kTurnChannel;
    if (first >= 128 && first <= 191) expected = Kind::kRtp;
    EXPECT_EQ(kind(first), expected) << first;
  }
}

TEST(Rfc7983Section7, NothingIsNothing) { EXPECT_EQ(classify({}), Kind::kUnknown); }

}  // namespace
}  // namespace glass::peer
