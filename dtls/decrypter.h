// dtls/decrypter.h - reads the records of a conversation between others, given their key log.
//
// For captures: it watches both directions, learns suite and randoms from the hellos, and opens
// what follows with the secrets of an NSS key log, DTLS 1.2 and 1.3 alike. Sends nothing, checks no
// order. RFC 6347 §4.1, RFC 9147 §4.  Tested by: decrypter_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "crypto/secret.h"
#include "dtls/config.h"
#include "dtls/epochs13.h"
#include "dtls/messages/client_hello.h"
#include "dtls/record.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {

// The lines of an NSS key log: a label, the client's random, a secret.
class KeyLog {
 public:
  // Lines that are none of its own are passed over.
  static KeyLog parse(std::string_view text);
  // Empty: not there.
  [[nodiscard]] Bytes find(std::string_view label, Bytes client_random) const;
  [[nodiscard]] std::size_t size() const { return lines_.size(); }

 private:
  struct Line {
    std::string label;
    ByteVector client_random;
    ByteVector secret;
  };
  std::vector<Line> lines_;
};

class Decrypter {
 public:
  struct Opened {
    ContentType type = ContentType::kHandshake;
    std::uint64_t epoch = 0;
    std::uint64_t sequence = 0;
    bool from_client = false;
    bool is_open = false;  // false: sealed, and no key of ours opens it
    ByteVector text;
  };

  explicit Decrypter(const KeyLog& key_log) : key_log_(key_log) {}

  // All records of one datagram. Who sent it need not be known: the keys tell.
  std::vector<Opened> open(Bytes datagram);
  [[nodiscard]] std::uint16_t version() const { return version_; }
  [[nodiscard]] const Suite* suite() const { return suite_; }

 private:
  struct Side {
    std::optional<Protection> sealed;  // DTLS 1.2, epoch 1
    Epochs13 later;
    crypto::Secret application;       // DTLS 1.3, of the newest epoch
    std::set<std::uint16_t> updates;  // numbers of the KeyUpdates seen
  };

  Opened open_plain(const Record& record);
  Opened open_sealed(const Record& record, Bytes fragment);
  Opened open_unified(const UnifiedRecord& record);
  void learn_from_hello(Bytes text);
  void learn_from_server_hello(Bytes body);
  void make_keys_12();
  void make_keys_13();
  void learn_from_sealed(Side& side, Bytes text);
  [[nodiscard]] Side& side(bool is_client) { return is_client ? client_ : server_; }

  const KeyLog& key_log_;
  HelloRandom client_random_{};
  HelloRandom server_random_{};
  std::uint16_t version_ = 0;
  const Suite* suite_ = nullptr;
  Side client_;
  Side server_;
};

}  // namespace glass::dtls
