// ice/wire.h - the STUN messages of ICE, written and read: what a check says, apart from its bytes.
//
// RFC 8445 §7.1, §7.2.2, §16.1; RFC 8489 §9.1.  Tested by: tests/ice/wire_test.cc
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "ice/checklist.h"
#include "ice/credentials.h"
#include "stun/attributes.h"
#include "stun/message.h"

namespace glass::ice {

// What a connectivity check carries besides its protection.
struct CheckContent {
  std::string_view username;
  std::optional<std::uint32_t> priority;
  std::optional<std::uint64_t> controlling;  // the tie-breaker of whoever has this role
  std::optional<std::uint64_t> controlled;
  bool use_candidate = false;
  // draft-thatcher-ice-renomination §4: in place of USE-CANDIDATE; the largest number counts.
  std::optional<std::uint32_t> nomination;
};

// draft-thatcher-ice-renomination §4. Not registered.
inline constexpr auto kNominationAttribute = static_cast<stun::AttributeType>(0xC001);

// RFC 8445 §7.2.2: first the fragment of whoever is asked, then that of whoever asks.
std::string username_for(const Credentials& asked, const Credentials& asking);
// The two halves of a user name; nullopt: there is no colon in it.
struct UsernameParts {
  std::string_view asked;
  std::string_view asking;
};
std::optional<UsernameParts> split_username(std::string_view username);

// Absent or malformed attributes are left out of what is returned.
CheckContent read_check(const stun::MessageView& message);

ByteVector write_check(const stun::TransactionId& id, const CheckContent& content,
                       std::string_view password);
// A Binding request to a STUN server, without any credential.
ByteVector write_server_request(const stun::TransactionId& id);

// RFC 8489 §9.1.3: a request with the SHA-256 attribute is answered with it, any other with SHA-1.
enum class Protection : std::uint8_t { kNone, kSha1, kSha256 };
struct AnswerKey {
  Protection protection = Protection::kNone;
  std::string_view password;
};
ByteVector write_success(const stun::TransactionId& id, const Address& mapped,
                         const AnswerKey& key);
ByteVector write_error(const stun::TransactionId& id, unsigned code,
                       const stun::UnknownAttributes& unknown, const AnswerKey& key);

}  // namespace glass::ice
