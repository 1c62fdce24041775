#include "dtls/connection.h"

#include <gtest/gtest.h>

#include "tests/dtls/support/link.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

TEST(Connection, TwoOfOursShakeHands) {
  Ours client(config_for(Role::kClient), 1);
  Ours server(config_for(Role::kServer), 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect());

  EXPECT_EQ(line.now, Instant{} + 20ms);  // two round trips
  client.send(line.now, "hello");
  server.send(line.now, "world");
  line.collect();
  line.run_for(5ms);
  EXPECT_EQ(server.received(), std::vector<std::string>{"hello"});
  EXPECT_EQ(client.received(), std::vector<std::string>{"world"});
}

}  // namespace
}  // namespace glass::dtls::test
