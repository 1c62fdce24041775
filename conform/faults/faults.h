// conform/faults/faults.h - servers that are wrong in one named way, to see that the cases notice.
//
// A FaultySubject stands around a good server and changes what goes in or comes out. Nothing of
// this is in the servers themselves. Tested by: tests/conform/faults_test.cc
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conform/in_process_wire.h"
#include "stun/message.h"

namespace glass::conform {

// A STUN message taken apart, to be changed and put together again.
struct Parts {
  struct Attribute {
    stun::AttributeType type{};
    ByteVector value;
    std::uint8_t padding = 0;  // what it is filled up with
  };
  std::uint16_t type = 0;
  std::uint32_t cookie = stun::kMagicCookie;
  stun::TransactionId id;
  std::vector<Attribute> attributes;

  [[nodiscard]] Attribute* find(stun::AttributeType wanted);
  void remove(stun::AttributeType unwanted);
  // The code of an error response; 0: none.
  [[nodiscard]] unsigned code();
  void set_code(unsigned code);
  [[nodiscard]] bool is(stun::Class cls, stun::Method method) const {
    return type == stun::message_type(cls, method);
  }
};
std::optional<Parts> take_apart(Bytes message);
// With a right FINGERPRINT where there was one.
ByteVector put_together(const Parts& parts);

// What a fault may look at and remember.
struct FaultMemory {
  std::map<Address, Parts> asked;          // the last request, by who sent it
  std::map<Address, Path> clients;         // by relayed address
  std::map<std::uint16_t, Address> peers;  // by channel
  std::optional<Address> first_relayed{};
  std::vector<stun::TransactionId> seen{};
  std::vector<std::pair<Path, ByteVector>>
      stolen{};  // what a stranger sent, on its way to a client
  bool is_dead = false;
};

struct Fault {
  std::string_view name;       // "forgets-the-unknown"
  std::string_view suite;      // "stun" or "turn"
  std::string_view caught_by;  // the case that notices
  // Each may change the bytes, and the path; false drops them. Null: leaves all as it is.
  std::function<bool(FaultMemory&, Path&, ByteVector&)> in{};
  std::function<bool(FaultMemory&, Path&, ByteVector&)> out{};
};

// All of them.
const std::vector<Fault>& faults();

class FaultySubject final : public Subject {
 public:
  // Both outlive it.
  FaultySubject(Subject& inner, const Fault& fault) : inner_(inner), fault_(fault) {}

  void receive(Instant now, const Received& in) override;
  void on_time(Instant now) override { inner_.on_time(now); }
  [[nodiscard]] Instant next_time() const override { return inner_.next_time(); }
  std::optional<Path> poll_transmit(Instant now, ByteVector& out) override;
  void on_closed(Instant now, const Path& client) override { inner_.on_closed(now, client); }

 private:
  void remember_in(const Path& path, Bytes bytes);
  void remember_out(const Path& path, Bytes bytes);

  Subject& inner_;
  const Fault& fault_;
  FaultMemory memory_;
};

}  // namespace glass::conform
