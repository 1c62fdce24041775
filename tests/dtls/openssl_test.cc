// Against another implementation: OpenSSL's DTLS 1.2, both ways round.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <openssl/ssl.h>

#include "base/bytes.h"
#include "base/text.h"
#include "dtls/connection.h"
#include "tests/dtls/support/link.h"
#include "tests/dtls/support/openssl_end.h"
#include "tests/support/rules.h"

namespace glass::dtls::test {
namespace {

void expect_talk(Line& line, End& client, End& server) {
  client.send(line.now, "from the client");
  server.send(line.now, "from the server");
  line.collect();
  EXPECT_TRUE(
      line.run_until([&] { return !client.received().empty() && !server.received().empty(); }, 1s));
  EXPECT_EQ(server.received(), std::vector<std::string>{"from the client"});
  EXPECT_EQ(client.received(), std::vector<std::string>{"from the server"});
}

TEST(OpenSsl, AcceptsOurClient) {
  Ours client(config_for(Role::kClient), 1);
  OpenSslEnd server({.role = Role::kServer});
  Line line(client, server);

  ASSERT_TRUE(line.connect()) << (client.closed.empty() ? "" : client.closed[0].text);

  expect_talk(line, client, server);
  EXPECT_EQ(client.connected.at(0).cipher_suite, 0xc02b);
  EXPECT_TRUE(client.connected.at(0).extended_master_secret);
  EXPECT_EQ(SSL_get_extms_support(server.ssl()), 1);
}

TEST(OpenSsl, ConnectsToOurServer) {
  OpenSslEnd client({.role = Role::kClient});
  Ours server(config_for(Role::kServer), 2);
  Line line(client, server);

  ASSERT_TRUE(line.connect()) << (server.closed.empty() ? "" : server.closed[0].text);

  expect_talk(line, client, server);
  EXPECT_EQ(SSL_get_extms_support(client.ssl()), 1);
}

}  // namespace
}  // namespace glass::dtls::test
