// ice/wire.cc - connectivity checks and their answers as bytes.
#include "ice/wire.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/address.h"
#include "base/bytes.h"
#include "base/writer.h"
#include "ice/credentials.h"
#include "stun/attributes.h"
#include "stun/message.h"
#include "stun/names.h"

namespace glass::ice {

namespace {

void protect(stun::MessageBuilder& message, const AnswerKey& key) {
  const Bytes secret = as_bytes(key.password);  // RFC 8489 §9.1.1: ice-chars need no preparation
  if (key.protection == Protection::kSha1) message.add_integrity(secret);
  if (key.protection == Protection::kSha256) message.add_integrity_sha256(secret);
  message.add_fingerprint();
}

}  // namespace

std::string username_for(const Credentials& asked, const Credentials& asking) {
  return asked.ufrag + ":" + asking.ufrag;
}

std::optional<UsernameParts> split_username(std::string_view username) {
  const std::size_t colon = username.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return UsernameParts{username.substr(0, colon), username.substr(colon + 1)};
}

CheckContent read_check(const stun::MessageView& message) {
  CheckContent out;
  if (const auto name = stun::get<stun::Username>(message)) out.username = name->text;
  if (const auto priority = stun::get<stun::Priority>(message)) out.priority = priority->value;
  if (const auto tie = stun::get<stun::IceControlling>(message)) out.controlling = tie->value;
  if (const auto tie = stun::get<stun::IceControlled>(message)) out.controlled = tie->value;
  out.use_candidate = message.has(stun::AttributeType::kUseCandidate);
  if (const auto attribute = message.find(kNominationAttribute)) {
    Reader in(attribute->value);
    const std::uint32_t number = in.u32("Nomination");
    if (in.ok()) out.nomination = number;
  }
  return out;
}

ByteVector write_check(const stun::TransactionId& id, const CheckContent& content,
                       std::string_view password) {
  ByteVector out;
  stun::MessageBuilder message(Writer(out), stun::Class::kRequest, stun::Method::kBinding, id);
  message.add(stun::Username{.text = content.username});
  if (content.priority) message.add(stun::Priority{.value = *content.priority});
  if (content.controlling) message.add(stun::IceControlling{.value = *content.controlling});
  if (content.controlled) message.add(stun::IceControlled{.value = *content.controlled});
  if (content.use_candidate) message.add(stun::UseCandidate{});
  if (content.nomination) {
    ByteVector number;
    Writer(number).u32(*content.nomination);
    message.attribute(kNominationAttribute, number);
  }
  protect(message, {Protection::kSha1, password});
  return out;
}

ByteVector write_server_request(const stun::TransactionId& id) {
  ByteVector out;
  stun::MessageBuilder message(Writer(out), stun::Class::kRequest, stun::Method::kBinding, id);
  message.add_fingerprint();
  return out;
}

ByteVector write_success(const stun::TransactionId& id, const Address& mapped,
                         const AnswerKey& key) {
  ByteVector out;
  stun::MessageBuilder message(Writer(out), stun::Class::kSuccess, stun::Method::kBinding, id);
  message.add(stun::XorMappedAddress{.address = mapped});
  protect(message, key);
  return out;
}

ByteVector write_error(const stun::TransactionId& id, unsigned code,
                       const stun::UnknownAttributes& unknown, const AnswerKey& key) {
  ByteVector out;
  stun::MessageBuilder message(Writer(out), stun::Class::kError, stun::Method::kBinding, id);
  message.add(stun::ErrorCode{.code = code, .reason = stun::reason_phrase(code)});
  if (!unknown.empty()) message.add(unknown);
  protect(message, key);
  return out;
}

}  // namespace glass::ice
