#include "stun/credentials.h"

#include <chrono>

#include <gtest/gtest.h>

#include "base/text.h"
#include "stun/integrity.h"

namespace glass::stun {
namespace {

using namespace std::chrono_literals;
using Number = PasswordAlgorithmNumber;

TEST(StaticCredentials, MakeTheKeyOfEachAlgorithm) {
  StaticCredentials users;
  ASSERT_TRUE(users.add("user", "pass"));

  // The example of RFC 8489 §9.2.2.
  EXPECT_EQ(hex(users.key(Instant{}, "user", "realm", Number::kMd5)->bytes()),
            "8493fbc53ba582fb4c044c456bdc40eb");
  EXPECT_EQ(users.key(Instant{}, "user", "realm", Number::kSha256)->size(), 32U);
  EXPECT_FALSE(users.key(Instant{}, "nobody", "realm", Number::kMd5));
}

TEST(StaticCredentials, FindAUserByTheHashOfItsName) {
  StaticCredentials users;
  users.add("user", "pass");
  users.add("other", "pass");

  EXPECT_EQ(users.find(userhash("other", "realm"), "realm"), "other");
  EXPECT_FALSE(users.find(userhash("other", "realm"), "another"));
  EXPECT_EQ(users.find(userhash("other", "another"), "another"), "other");
  users.add("late", "pass");
  EXPECT_EQ(users.find(userhash("late", "another"), "another"), "late");
}

TEST(StaticCredentials, TakeNoNameThatCannotBeHashedAlikeByBothSides) {
  StaticCredentials users;

  EXPECT_FALSE(users.add("", "pass"));
  EXPECT_FALSE(users.add("user", ""));
  EXPECT_FALSE(
      users.add("us\xFF"
                "er",
                "pass"));
  EXPECT_FALSE(users.add(std::string(509, 'a'), "pass"));
}

// Computed with Python's hmac and base64 modules.
TEST(TimeLimitedCredentials, MakeThePasswordThatWebServersMake) {
  EXPECT_EQ(time_limited_password(as_bytes("north"), "1433895918:user"),
            "/gk4t5tUc08OpM3NjrVjHSFVNmY=");
}

TEST(TimeLimitedCredentials, HoldUntilTheExpiryInTheName) {
  TimeLimitedCredentials users(as_bytes("secret"), 1'000'000s);
  const std::string name = time_limited_name(1'000'060s, "alice");
  EXPECT_EQ(name, "1000060:alice");

  const auto key = users.key(Instant{59s}, name, "realm", Number::kMd5);

  ASSERT_TRUE(key);
  EXPECT_EQ(hex(key->bytes()), hex(long_term_key(Number::kMd5, name, "realm",
                                                 time_limited_password(as_bytes("secret"), name))));
  EXPECT_FALSE(users.key(Instant{60s}, name, "realm", Number::kMd5));
}

TEST(TimeLimitedCredentials, TakeTheExpiryAloneForAName) {
  TimeLimitedCredentials users(as_bytes("secret"), 0s);

  EXPECT_TRUE(users.key(Instant{}, "1", "realm", Number::kMd5));
  EXPECT_EQ(time_limited_name(1s, ""), "1");
}

TEST(TimeLimitedCredentials, KnowNobodyWithoutAnExpiry) {
  TimeLimitedCredentials users(as_bytes("secret"), 0s);

  for (const char* name : {"", ":", "alice", "alice:99999999", "-1:a", "1e9:a", " 5:a",
                           "99999999999999999999:a", "253402300800:a"})
    EXPECT_FALSE(users.key(Instant{}, name, "realm", Number::kMd5)) << name;
}

}  // namespace
}  // namespace glass::stun
