// tests/demo/origin_test.cc - which names and which sites are ours.
#include "demo/server/origin.h"

#include <gtest/gtest.h>

namespace glass::demo {
namespace {

TEST(OwnHost, LocalhostAndAddressesCannotBeRebound) {
  for (const char* host : {"localhost", "localhost:8080", "LOCALHOST:1", "127.0.0.1", "[::1]:8080",
                           "192.168.1.7:8080", "[::1]"})
    EXPECT_TRUE(is_own_host(host, "")) << host;
}

TEST(OwnHost, AForeignNameIsNotServed) {
  for (const char* host : {"", ":80", "evil.example", "evil.example:8080", "localhost.evil.example",
                           "127.0.0.1.evil.example", "[::1", "127.0.0.1@evil.example"})
    EXPECT_FALSE(is_own_host(host, "")) << host;
}

TEST(OwnHost, TheNameThatTheServerWasGivenIsItsOwn) {
  EXPECT_TRUE(is_own_host("Lab.Example:8080", "lab.example"));
  EXPECT_FALSE(is_own_host("other.example:8080", "lab.example"));
}

TEST(SameOrigin, SchemeNameAndPortMustAgree) {
  EXPECT_TRUE(is_same_origin("http://localhost:8080", "localhost:8080"));
  EXPECT_TRUE(is_same_origin("https://Lab.example", "lab.example"));
  for (const char* origin :
       {"", "null", "http://localhost:8081", "http://localhost", "http://evil.example:8080",
        "file://localhost:8080", "localhost:8080", "http://localhost:8080.evil.example"})
    EXPECT_FALSE(is_same_origin(origin, "localhost:8080")) << origin;
}

}  // namespace
}  // namespace glass::demo
