// tests/ice/credentials_test.cc - what is drawn is unguessable and well formed.
#include "ice/credentials.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace glass::ice {
namespace {

TEST(Credentials, AreDrawnWithEnoughRandomness) {
  SeededRandom random(1);
  const Credentials first = make_credentials(random);
  const Credentials second = make_credentials(random);

  EXPECT_TRUE(is_well_formed(first));
  EXPECT_NE(first.ufrag, second.ufrag);
  EXPECT_NE(first.pwd, second.pwd);
  // RFC 8445 §5.3: 24 bits and 128 bits at least, six in a character.
  EXPECT_GE(first.ufrag.size() * 6, 24U);
  EXPECT_GE(first.pwd.size() * 6, 128U);
}

TEST(Credentials, HaveLengthsAndCharactersOfTheRfc) {
  const std::string pwd(22, 'p');
  EXPECT_TRUE(is_well_formed({"abc+", pwd}));
  EXPECT_FALSE(is_well_formed({"abc", pwd}));
  EXPECT_FALSE(is_well_formed({"abcd", std::string(21, 'p')}));
  EXPECT_FALSE(is_well_formed({"ab:d", pwd}));
  EXPECT_FALSE(is_well_formed({"abcd", pwd + " "}));
  EXPECT_FALSE(is_well_formed({std::string(257, 'u'), pwd}));
}

}  // namespace
}  // namespace glass::ice
