#include "sdp/attributes/dtls.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <expected>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// RFC 8122 §5: the hash functions with a name, weakest first.
struct HashName {
  std::string_view name;
  std::size_t size;
  bool verifiable;
};
constexpr std::array<HashName, 7> kHashes{
    {
     {"md2", 16, false},
     {"md5", 16, false},
     {"sha-1", 20, true},
     {"sha-224", 28, true},
     {"sha-256", 32, true},
     {"sha-384", 48, true},
     {"sha-512", 64, true},
     }
};

const HashName* find_hash(std::string_view name) {
  const auto* const found = std::ranges::find(kHashes, name, &HashName::name);
  return found == kHashes.end() ? nullptr : found;
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

// Where "AB:CD" stops being one; its size: nowhere. RFC 8122 §5 wants upper case, and lower case
// is read too, as browsers do.
std::size_t bad_hex_at(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool good = i % 3 == 2 ? text[i] == ':' : is_hex(text[i]);
    if (!good) return i;
  }
  return text.size();
}

std::string to_lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

constexpr std::array<std::pair<std::string_view, Setup>, 4> kSetups{
    {
     {"actpass", Setup::kActpass},
     {"active", Setup::kActive},
     {"passive", Setup::kPassive},
     {"holdconn", Setup::kHoldconn},
     }
};

}  // namespace

Result<Fingerprint, Complaint> parse_fingerprint(const Attribute& attribute) {
  const std::vector<Token> tokens = split_tokens(attribute.value, attribute.value_column);
  if (tokens.size() != 2 || !is_token(tokens[0].text))
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "a fingerprint has the name of a hash function and bytes",
                                    "8122:5#0"_rule));
  const Token& bytes = tokens[1];
  if (const std::size_t bad = bad_hex_at(bytes.text); bad != bytes.text.size())
    return std::unexpected(complain(*attribute.line, bytes.column + bad,
                                    "a fingerprint is bytes in hex with colons between them",
                                    "8122:5#0"_rule));
  std::optional<ByteVector> digest =
      bytes.text.size() % 3 == 2 ? from_hex(bytes.text) : std::nullopt;
  if (!digest)
    return std::unexpected(complain(*attribute.line, bytes.column + bytes.text.size(),
                                    "the fingerprint ends within a byte", "8122:5#0"_rule));
  Fingerprint fingerprint{.hash = to_lower(tokens[0].text),
                          .digest = *std::move(digest),
                          .text = std::string(attribute.value)};
  const HashName* hash = find_hash(fingerprint.hash);
  if (hash != nullptr && fingerprint.digest.size() != hash->size)
    return std::unexpected(complain(*attribute.line, bytes.column,
                                    "a " + fingerprint.hash + " fingerprint has " +
                                        decimal(hash->size) + " bytes, not " +
                                        decimal(fingerprint.digest.size()),
                                    "8122:5#0"_rule));
  return fingerprint;
}

bool is_verifiable(const Fingerprint& fingerprint) {
  const HashName* hash = find_hash(fingerprint.hash);
  return hash != nullptr && hash->verifiable;
}

std::vector<Fingerprint> strongest(std::span<const Fingerprint> fingerprints, const Trace& trace) {
  std::string_view best;
  for (const HashName& hash : kHashes) {
    const bool offered = std::ranges::any_of(
        fingerprints, [&hash](const Fingerprint& f) { return f.hash == hash.name; });
    if (hash.verifiable && offered) best = hash.name;
  }
  std::vector<Fingerprint> chosen;
  std::ranges::copy_if(fingerprints, std::back_inserter(chosen),
                       [best](const Fingerprint& f) { return f.hash == best; });
  if (!chosen.empty()) trace.rule("8122:5.1#5"_rule, Fact{"hash", best});
  return chosen;
}

std::string_view to_text(Setup setup) {
  return std::ranges::find(kSetups, setup, &std::pair<std::string_view, Setup>::second)->first;
}

Result<Setup, Complaint> parse_setup(const Attribute& attribute) {
  const auto* const found =
      std::ranges::find(kSetups, attribute.value, &std::pair<std::string_view, Setup>::first);
  if (found == kSetups.end())
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "setup is actpass, active or passive", "8829:5.8.3#6"_rule));
  if (found->second == Setup::kHoldconn)
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "holdconn has no meaning for DTLS", "8842:5.1#5"_rule));
  return found->second;
}

bool may_answer(Setup offer, Setup answer) {
  if (offer == Setup::kActpass) return answer == Setup::kActive || answer == Setup::kPassive;
  if (offer == Setup::kActive) return answer == Setup::kPassive;
  return offer == Setup::kPassive && answer == Setup::kActive;
}

Result<void, Complaint> check_tls_id(const Attribute& attribute) {
  static constexpr std::string_view kMarks = "+/-_";
  const bool good_characters = std::ranges::all_of(attribute.value, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != std::string_view::npos;
  });
  const std::size_t size = attribute.value.size();
  if (!good_characters || size < kMinTlsId || size > kMaxTlsId)
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "a tls-id has 20 to 255 letters, digits and + / - _",
                                    "8829:5.8.3#4"_rule));
  return {};
}

}  // namespace glass::sdp
