#include "dtls/decrypter.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/primitives.h"
#include "crypto/secret.h"
#include "dtls/config.h"
#include "dtls/epochs13.h"
#include "dtls/extensions/extension_list.h"
#include "dtls/extensions/single_values.h"
#include "dtls/handshake.h"
#include "dtls/key_schedule.h"
#include "dtls/key_schedule13.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/server_hello.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/session13.h"
#include "dtls/suites.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

std::string_view next_word(std::string_view& line) {
  const std::size_t end = std::min(line.find(' '), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(std::min(end + 1, line.size()));
  return word;
}

}  // namespace

KeyLog KeyLog::parse(std::string_view text) {
  KeyLog log;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.starts_with('#')) continue;
    const std::string_view label = next_word(line);
    const auto client_random = from_hex(next_word(line));
    const auto secret = from_hex(line);
    if (!client_random || !secret || client_random->size() != kRandomSize) continue;
    log.lines_.push_back(
        {.label = std::string(label), .client_random = *client_random, .secret = *secret});
  }
  return log;
}

Bytes KeyLog::find(std::string_view label, Bytes client_random) const {
  for (const Line& line : lines_)
    if (line.label == label && equal(line.client_random, client_random)) return line.secret;
  return {};
}

std::vector<Decrypter::Opened> Decrypter::open(Bytes datagram) {
  std::vector<Opened> all;
  Reader in(datagram);
  while (in.left() > 0) {
    if (is_unified(in.rest().front())) {
      const auto record = parse_unified(in);
      if (!record) break;
      all.push_back(open_unified(*record));
      continue;
    }
    const Bytes rest = in.rest();
    const auto record = parse_record(in);
    if (!record) break;
    all.push_back(record->epoch == 0 ? open_plain(*record)
                                     : open_sealed(*record, rest.subspan(kRecordHeaderSize)));
  }
  return all;
}

Decrypter::Opened Decrypter::open_plain(const Record& record) {
  if (record.type == ContentType::kHandshake) learn_from_hello(record.fragment);
  return {
      .type = record.type,
      .epoch = 0,
      .sequence = record.sequence,
      .is_open = true,
      .text = {record.fragment.begin(), record.fragment.end()}
  };
}

Decrypter::Opened Decrypter::open_sealed(const Record& record, Bytes fragment) {
  Opened opened{
      .type = record.type, .epoch = record.epoch, .sequence = record.sequence, .text = {}};
  for (const bool is_client : {true, false}) {
    Side& sender = side(is_client);
    ByteVector copy(fragment.begin(),
                    fragment.begin() + static_cast<std::ptrdiff_t>(record.fragment.size()));
    if (!sender.sealed) continue;
    const auto text = sender.sealed->open(record, copy);
    if (!text) continue;
    opened.from_client = is_client;
    opened.is_open = true;
    opened.text.assign(text->begin(), text->end());
    break;
  }
  return opened;
}

Decrypter::Opened Decrypter::open_unified(const UnifiedRecord& record) {
  Opened opened{.type = ContentType::kApplicationData, .epoch = record.epoch_bits, .text = {}};
  if (record.has_connection_id) return opened;
  for (const bool is_client : {true, false}) {
    Side& sender = side(is_client);
    ByteVector copy(record.whole.begin(), record.whole.end());
    const auto result = sender.later.open(record, copy);
    if (!result) continue;
    opened = {
        .type = result->record.type,
        .epoch = result->epoch,
        .sequence = result->record.sequence,
        .from_client = is_client,
        .is_open = true,
        .text = {result->record.text.begin(), result->record.text.end()}
    };
    if (opened.type == ContentType::kHandshake) learn_from_sealed(sender, opened.text);
    break;
  }
  return opened;
}

void Decrypter::learn_from_hello(Bytes text) {
  Reader in(text);
  while (in.left() > 0) {
    const auto fragment = parse_fragment(in);
    if (!fragment || fragment->offset != 0) return;
    constexpr std::size_t kVersionSize = 2;
    if (fragment->type == HandshakeType::kClientHello &&
        fragment->bytes.size() >= kVersionSize + kRandomSize)
      copy_bytes(fragment->bytes.subspan(kVersionSize, kRandomSize), client_random_);
    if (fragment->type == HandshakeType::kServerHello && fragment->ends_message())
      learn_from_server_hello(fragment->bytes);
  }
}

void Decrypter::learn_from_server_hello(Bytes body) {
  Reader in(body);
  const auto hello = parse_server_hello(in);
  if (!hello || hello->random == kRetryRandom || hello->random == server_random_) return;
  server_random_ = hello->random;
  suite_ = find_suite(hello->cipher_suite);
  const Extension* const version = hello->extensions.find(ExtensionType::kSupportedVersions);
  version_ = version != nullptr && equal(version->data, number_bytes(kDtls13)) ? kDtls13 : kDtls12;
  client_ = {};
  server_ = {};
  if (suite_ == nullptr || suite_->version != version_) return;
  if (version_ == kDtls13)
    make_keys_13();
  else
    make_keys_12();
}

void Decrypter::make_keys_12() {
  const Bytes master = key_log_.find("CLIENT_RANDOM", client_random_);
  if (master.empty()) return;
  KeySchedule keys;
  keys.suite = suite_;
  keys.client_random = client_random_;
  keys.server_random = server_random_;
  keys.set_master(master);
  const KeySchedule::Pair pair = keys.expand();
  const auto protect = [&](const KeySchedule::Keys& of) {
    return Protection(crypto::make_aead(suite_->aead, of.key.bytes()), of.nonce.bytes());
  };
  client_.sealed = protect(pair.client);
  server_.sealed = protect(pair.server);
}

void Decrypter::make_keys_13() {
  const auto begin = [&](Side& of, std::string_view handshake, std::string_view application) {
    const Bytes first = key_log_.find(handshake, client_random_);
    const Bytes second = key_log_.find(application, client_random_);
    if (first.empty() || second.empty()) return;
    of.later.begin_reading(kHandshakeEpoch, {crypto::real_primitives(), *suite_, first});
    of.later.begin_reading(kApplicationEpoch, {crypto::real_primitives(), *suite_, second});
    of.application = crypto::Secret(second);
  };
  begin(client_, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0");
  begin(server_, "SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0");
}

// RFC 9147 §8: behind a KeyUpdate comes the next epoch. A repeated one changes nothing.
void Decrypter::learn_from_sealed(Side& sender, Bytes text) {
  Reader in(text);
  while (in.left() > 0) {
    const auto fragment = parse_fragment(in);
    if (!fragment) return;
    if (fragment->type != HandshakeType::kKeyUpdate ||
        !sender.updates.insert(fragment->message_seq).second)
      continue;
    KeySchedule13(suite_->hash).update(sender.application);
    sender.later.begin_reading(
        sender.later.read_epoch() + 1,
        {crypto::real_primitives(), *suite_, std::as_const(sender.application).bytes()});
  }
}

}  // namespace glass::dtls
