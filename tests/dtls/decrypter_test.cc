// Sessions of two browsers, as captured, opened record by record with their key logs.
#include "dtls/decrypter.h"

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "tests/dtls/support/link.h"
#include "tests/support/source_dir.h"

namespace glass::dtls::test {
namespace {

struct Session {
  explicit Session(const std::string& name) {
    std::ifstream file(glass::test::source_dir() + "/tests/dtls/fixtures/session-" + name + ".txt");
    std::string keys;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("datagram "))
        datagrams.push_back(from_hex(line.substr(9)).value());
      else
        keys += line + "\n";
    }
    key_log = KeyLog::parse(keys);
  }
  KeyLog key_log;
  std::vector<ByteVector> datagrams;
};

struct Count {
  std::size_t records = 0;
  std::size_t opened = 0;
  std::size_t handshake = 0;  // sealed ones
  std::size_t data = 0;
  std::size_t acks = 0;
};

Count count(Decrypter& decrypter, const std::vector<ByteVector>& datagrams) {
  Count all;
  for (const ByteVector& datagram : datagrams) {
    for (const Decrypter::Opened& record : decrypter.open(datagram)) {
      ++all.records;
      all.opened += record.is_open ? 1 : 0;
      all.handshake += record.epoch > 0 && record.type == ContentType::kHandshake ? 1 : 0;
      all.data += record.type == ContentType::kApplicationData ? 1 : 0;
      all.acks += record.type == ContentType::kAck ? 1 : 0;
    }
  }
  return all;
}

TEST(Decrypter, OpensEveryRecordOfCapturedSessions) {
  for (const std::string name :
       {"hrr-chromium-firefoxnopq", "dtls12-firefox-chromium", "rsa-chromium-firefox"}) {
    const Session session(name);
    ASSERT_FALSE(session.datagrams.empty()) << name;
    Decrypter decrypter(session.key_log);

    const Count all = count(decrypter, session.datagrams);

    EXPECT_EQ(decrypter.version(), name.starts_with("dtls12") ? kDtls12 : kDtls13) << name;
    EXPECT_EQ(all.opened, all.records) << name;
    EXPECT_GT(all.handshake, 1U) << name;
    EXPECT_GT(all.data, 5U) << name;
    EXPECT_EQ(all.acks > 0, decrypter.version() == kDtls13) << name;
  }
}

TEST(Decrypter, OpensNothingSealedWithoutKeys) {
  const Session session("hrr-chromium-firefoxnopq");
  const KeyLog none;
  Decrypter decrypter(none);

  const Count all = count(decrypter, session.datagrams);

  EXPECT_EQ(decrypter.version(), kDtls13);
  EXPECT_LT(all.opened, 8U);
  EXPECT_GT(all.records, all.opened);
}

// Our own trace writes the same key log.
class Keys final : public Sink {
 public:
  void secret(Where, std::string_view label, Bytes id, Bytes value) override {
    text += std::string(label) + " " + hex(id) + " " + hex(value) + "\n";
  }
  std::string text;
};

TEST(Decrypter, OpensOurOwnSessionsThroughKeyUpdates) {
  for (const Version version : {Version::k12, Version::k13}) {
    Keys keys;
    glass::test::forward_trace_to(&keys);
    Config client_config = config_for(Role::kClient);
    Config server_config = config_for(Role::kServer);
    client_config.max_version = version;
    server_config.max_version = version;
    Ours client(client_config, 1);
    Ours server(server_config, 2);
    Line line(client, server);
    ASSERT_TRUE(line.connect());
    for (int i = 0; i < 4; ++i) {
      line.run_for(50ms);
      client.connection().update_keys(line.now);
      line.collect();
      line.run_for(50ms);
      client.send(line.now, "from the client");
      server.send(line.now, "from the server");
      line.collect();
    }
    const KeyLog key_log = KeyLog::parse(keys.text);
    Decrypter decrypter(key_log);
    std::vector<ByteVector> datagrams;
    for (const Datagram& each : line.sent) datagrams.push_back(each.bytes);

    const Count all = count(decrypter, datagrams);

    EXPECT_EQ(all.opened, all.records);
    EXPECT_EQ(all.data, 8U);
  }
}

}  // namespace
}  // namespace glass::dtls::test
