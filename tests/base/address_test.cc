#include "base/address.h"

#include <gtest/gtest.h>

namespace glass {
namespace {

TEST(Address, ReadsAndWritesBothFamilies) {
  for (const std::string text :
       {"192.0.2.1:3478", "[2001:db8::1]:3478", "[::1]:1", "[::]:0", "[fe80::1:2:3]:65535",
        "[2001:db8:0:1:1:1:1:1]:9", "[1:0:0:2::3]:5"}) {
    const auto address = parse_address(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(to_text(*address), text);
  }
}

TEST(Address, WritesV6TheCanonicalWay) {
  EXPECT_EQ(ip_text(*parse_ip("2001:DB8:0:0:1:0:0:1")), "2001:db8::1:0:0:1");
  EXPECT_EQ(ip_text(*parse_ip("1:0:0:0:0:0:0:0")), "1::");
  EXPECT_EQ(ip_text(*parse_ip("64:ff9b::192.0.2.33")), "64:ff9b::c000:221");
}

TEST(Address, AMappedV4AddressIsTheV4Address) {
  EXPECT_EQ(*parse_ip("::ffff:192.0.2.1"), *parse_ip("192.0.2.1"));
  EXPECT_EQ(ip_text(*parse_ip("::ffff:c000:201")), "192.0.2.1");
}

TEST(Address, RefusesWhatIsNone) {
  for (const std::string_view text :
       {"", "192.0.2", "192.0.2.1.1", "192.0.2.256", "01.2.3.4", "1.2.3.4.", ".1.2.3.4",
        "::1::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "12345::", "::g", ":1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:", "1.2.3.4::1", "fe80::1%eth0"})
    EXPECT_FALSE(parse_ip(text)) << text;
  for (const std::string_view text :
       {"192.0.2.1", "192.0.2.1:", "192.0.2.1:65536", "::1:80", "[192.0.2.1]:80", "[::1]", ":80"})
    EXPECT_FALSE(parse_address(text)) << text;
}

TEST(Address, KnowsItsScope) {
  EXPECT_TRUE(parse_ip("127.3.2.1")->is_loopback());
  EXPECT_TRUE(parse_ip("::1")->is_loopback());
  EXPECT_TRUE(parse_ip("169.254.1.1")->is_link_local());
  EXPECT_TRUE(parse_ip("fe80::1")->is_link_local());
  EXPECT_TRUE(parse_ip("172.31.0.1")->is_private());
  EXPECT_FALSE(parse_ip("172.32.0.1")->is_private());
  EXPECT_TRUE(parse_ip("fd00::1")->is_private());
  EXPECT_TRUE(parse_ip("224.0.0.251")->is_multicast());
  EXPECT_TRUE(parse_ip("0.0.0.0")->is_unspecified());
  EXPECT_TRUE(parse_ip("::")->is_unspecified());
}

}  // namespace
}  // namespace glass
