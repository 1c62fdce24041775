#include "sctp/tlv.h"

#include <gtest/gtest.h>

#include "base/text.h"

namespace glass::sctp {
namespace {

// RFC 9260 §3.2: what Wireshark, and a strict receiver, hold against an INIT that counts it.
TEST(Tlv, AChunkDoesNotCountThePaddingOfItsLastParameter) {
  ByteVector bytes;
  Writer out(bytes);
  {
    const Tlv chunk(out, std::uint8_t{1}, std::uint8_t{0});
    {
      const Tlv first(out, std::uint16_t{0x8008});
      out.u8(0x82);
    }
    const Tlv second(out, std::uint16_t{0x8008});
    out.u16(0x82c0);
  }

  EXPECT_EQ(hex(bytes),
            "01000012"
            "8008000582000000"
            "8008000682c00000");
}

TEST(Tlv, WhatIsWrittenIsRead) {
  ByteVector bytes;
  Writer out(bytes);
  {
    const Tlv first(out, std::uint16_t{7});
    out.u8(1);
  }
  {
    const Tlv second(out, std::uint16_t{8});
  }
  Reader in(bytes);
  TlvWalk walk(in);

  EXPECT_EQ(walk.next("Parameter")->value.size(), 1U);
  EXPECT_EQ(walk.next("Parameter")->type, 8);
  EXPECT_FALSE(walk.next("Parameter"));
  EXPECT_FALSE(walk.is_broken());
}

}  // namespace
}  // namespace glass::sctp
