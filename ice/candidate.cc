// ice/candidate.cc - the candidate attribute (RFC 8839 §5.1) and the numbers of RFC 8445 §5.1.2.
#include "ice/candidate.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/address.h"
#include "base/result.h"
#include "base/text.h"

namespace glass::ice {

namespace {

constexpr std::array<std::string_view, 4> kTypeNames{"host", "srflx", "prflx", "relay"};
constexpr std::array<std::string_view, 4> kTcpTypeNames{"", "active", "passive", "so"};

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_ice_char(char c) { return is_letter(c) || is_digit(c) || c == '+' || c == '/'; }
constexpr bool is_visible(char c) { return c > ' ' && c < '\x7f'; }

// Upper and lower case are the same to us: browsers differ in "udp" and "UDP".
bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

// The words of a line, one at a time; runs of blanks count as one.
class Words {
 public:
  explicit Words(std::string_view text) : rest_(text) { skip_blanks(); }
  [[nodiscard]] bool empty() const { return rest_.empty(); }
  std::string_view next() {
    const std::size_t size = std::min(rest_.find(' '), rest_.size());
    const std::string_view word = rest_.substr(0, size);
    rest_.remove_prefix(size);
    skip_blanks();
    return word;
  }
  [[nodiscard]] std::string_view peek() const { return Words(*this).next(); }

 private:
  void skip_blanks() {
    while (rest_.starts_with(' ')) rest_.remove_prefix(1);
  }
  std::string_view rest_;
};

bool is_host_name(std::string_view text) {
  constexpr std::size_t kMaxHostName = 255;
  const auto allowed = [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '.'; };
  // A name of digits and dots alone is an IPv4 address that went wrong.
  return !text.empty() && text.size() <= kMaxHostName && std::ranges::all_of(text, allowed) &&
         std::ranges::any_of(text, is_letter);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  constexpr std::uint64_t kMaxPort = 65535;
  const auto port = parse_decimal(text, kMaxPort);
  if (!port) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

template <class Names>
std::optional<std::size_t> index_in(const Names& names, std::string_view word) {
  const auto found =
      std::ranges::find_if(names, [&](std::string_view name) { return same_word(name, word); });
  if (found == names.end()) return std::nullopt;
  return static_cast<std::size_t>(found - names.begin());
}

Result<Transport, CandidateError> parse_transport(std::string_view word) {
  if (same_word(word, "udp")) return Transport::kUdp;
  if (same_word(word, "tcp")) return Transport::kTcp;
  return std::unexpected(CandidateError::kUnknownTransport);
}

// foundation, component, transport, priority, address and port.
Result<Candidate, CandidateError> parse_fixed_part(Words& words) {
  constexpr std::size_t kMaxFoundation = 32;
  constexpr std::uint64_t kMaxComponent = 256;
  Candidate out;
  out.foundation = words.next();
  if (out.foundation.empty() || out.foundation.size() > kMaxFoundation ||
      !std::ranges::all_of(out.foundation, is_ice_char))
    return std::unexpected(CandidateError::kBadFoundation);
  if (words.empty()) return std::unexpected(CandidateError::kTooFewFields);
  const auto component = parse_decimal(words.next(), kMaxComponent);
  if (!component || *component == 0) return std::unexpected(CandidateError::kBadComponent);
  out.component = static_cast<std::uint16_t>(*component);
  if (words.empty()) return std::unexpected(CandidateError::kTooFewFields);
  out.transport = TRY(parse_transport(words.next()));
  if (words.empty()) return std::unexpected(CandidateError::kTooFewFields);
  const auto priority = parse_decimal(words.next(), kMaxPriority);
  if (!priority || *priority == 0) return std::unexpected(CandidateError::kBadPriority);
  out.priority = static_cast<std::uint32_t>(*priority);
  if (words.empty()) return std::unexpected(CandidateError::kTooFewFields);
  const std::string_view host = words.next();
  if (words.empty()) return std::unexpected(CandidateError::kTooFewFields);
  const auto port = parse_port(words.next());
  if (!port) return std::unexpected(CandidateError::kBadPort);
  if (const auto address = parse_ip(host, *port)) {
    out.address = *address;
  } else if (is_host_name(host)) {
    out.host_name = host;
    out.address.port = *port;
  } else {
    return std::unexpected(CandidateError::kBadAddress);
  }
  return out;
}

Result<CandidateType, CandidateError> parse_type(Words& words) {
  if (words.empty()) return std::unexpected(CandidateError::kTooFewFields);
  if (!same_word(words.next(), "typ")) return std::unexpected(CandidateError::kUnknownType);
  const auto type = index_in(kTypeNames, words.next());
  if (!type) return std::unexpected(CandidateError::kUnknownType);
  return static_cast<CandidateType>(*type);
}

Result<std::optional<Address>, CandidateError> parse_related(Words& words) {
  if (!same_word(words.peek(), "raddr")) return std::nullopt;
  words.next();
  const std::string_view host = words.next();
  if (!same_word(words.next(), "rport")) return std::unexpected(CandidateError::kBadRelatedAddress);
  const auto port = parse_port(words.next());
  if (!port) return std::unexpected(CandidateError::kBadRelatedAddress);
  if (const auto address = parse_ip(host, *port)) return address;
  // A name is of no use for diagnostics: what is left of it is that there was one.
  if (is_host_name(host)) return Address{}.with_port(*port);
  return std::unexpected(CandidateError::kBadRelatedAddress);
}

Result<void, CandidateError> parse_extensions(Words& words, Candidate& out) {
  while (!words.empty()) {
    const std::string_view name = words.next();
    if (words.empty()) return std::unexpected(CandidateError::kBadExtension);
    const std::string_view value = words.next();
    if (same_word(name, "tcptype") && out.tcp_type == TcpType::kNone) {
      const auto type = index_in(kTcpTypeNames, value);
      if (!type) return std::unexpected(CandidateError::kBadExtension);
      out.tcp_type = static_cast<TcpType>(*type);
      continue;
    }
    if (out.extensions.size() >= kMaxExtensions) return std::unexpected(CandidateError::kTooLong);
    out.extensions.push_back({std::string(name), std::string(value)});
  }
  return {};
}

std::string_view strip_prefix(std::string_view text) {
  while (text.ends_with('\r') || text.ends_with('\n')) text.remove_suffix(1);
  if (text.starts_with("a=")) text.remove_prefix(2);
  constexpr std::string_view kName = "candidate:";
  if (text.starts_with(kName)) text.remove_prefix(kName.size());
  return text;
}

}  // namespace

std::string_view to_text(CandidateType type) {
  return kTypeNames[static_cast<std::size_t>(std::to_underlying(type))];
}

std::string_view to_text(CandidateError error) {
  constexpr std::array<std::string_view, 11> kSentences{
      "the candidate is too long",
      "the candidate ends before its type",
      "the foundation is not 1 to 32 letters, digits, '+' or '/'",
      "the component is not a number from 1 to 256",
      "the transport is neither UDP nor TCP",
      "the priority is not a number from 1 to 2147483647",
      "the address is neither an IP address nor a host name",
      "the port is not a number up to 65535",
      "the candidate type is not known",
      "the related address is not an address and a port",
      "an extension is not a name and a value"};
  return kSentences[static_cast<std::size_t>(std::to_underlying(error))];
}

std::optional<std::string_view> Candidate::extension(std::string_view name) const {
  const auto found = std::ranges::find(extensions, name, &Extension::name);
  if (found == extensions.end()) return std::nullopt;
  return found->value;
}

Result<Candidate, CandidateError> parse_candidate(std::string_view text) {
  text = strip_prefix(text);
  if (text.size() > kMaxCandidateText) return std::unexpected(CandidateError::kTooLong);
  const auto fits = [](char c) { return is_visible(c) || c == ' '; };
  if (!std::ranges::all_of(text, fits)) return std::unexpected(CandidateError::kBadExtension);
  Words words(text);
  Candidate out = TRY(parse_fixed_part(words));
  out.type = TRY(parse_type(words));
  out.related = TRY(parse_related(words));
  if (const auto rest = parse_extensions(words, out); !rest) return std::unexpected(rest.error());
  return out;
}

std::string write_candidate(const Candidate& candidate) {
  std::string out = candidate.foundation;
  const auto add = [&out](std::string_view word) {
    out += ' ';
    out += word;
  };
  add(decimal(candidate.component));
  add(to_text(candidate.transport));
  add(decimal(candidate.priority));
  add(candidate.host_name.empty() ? ip_text(candidate.address) : candidate.host_name);
  add(decimal(candidate.address.port));
  add("typ");
  add(to_text(candidate.type));
  if (candidate.related) {
    add("raddr");
    add(ip_text(*candidate.related));
    add("rport");
    add(decimal(candidate.related->port));
  }
  if (candidate.tcp_type != TcpType::kNone) {
    add("tcptype");
    add(kTcpTypeNames[static_cast<std::size_t>(std::to_underlying(candidate.tcp_type))]);
  }
  for (const Extension& extension : candidate.extensions) {
    add(extension.name);
    add(extension.value);
  }
  return out;
}

std::uint32_t type_preference(CandidateType type, Transport transport) {
  const bool is_udp = transport == Transport::kUdp;
  switch (type) {
    case CandidateType::kHost: return is_udp ? 126 : 90;
    case CandidateType::kPeerReflexive: return is_udp ? 110 : 80;
    case CandidateType::kServerReflexive: return is_udp ? 100 : 70;
    case CandidateType::kRelayed: return 0;
  }
  return 0;
}

std::uint16_t tcp_preference(CandidateType type, TcpType tcp_type, std::uint16_t other) {
  // RFC 6544 §4.2: behind a NAT, opening at the same time is the most likely to work.
  const bool is_reflexive =
      type == CandidateType::kServerReflexive || type == CandidateType::kPeerReflexive;
  std::uint16_t direction = 0;
  switch (tcp_type) {
    case TcpType::kNone: return other;
    case TcpType::kActive: direction = is_reflexive ? 4 : 6; break;
    case TcpType::kPassive: direction = is_reflexive ? 2 : 4; break;
    case TcpType::kSimultaneousOpen: direction = is_reflexive ? 6 : 2; break;
  }
  constexpr std::uint16_t kStep = kMaxOtherPreference + 1;
  return static_cast<std::uint16_t>(kStep * direction + std::min(other, kMaxOtherPreference));
}

bool are_compatible(TcpType local, TcpType remote) {
  switch (local) {
    case TcpType::kNone: return remote == TcpType::kNone;
    case TcpType::kActive: return remote == TcpType::kPassive;
    case TcpType::kPassive: return remote == TcpType::kActive;
    case TcpType::kSimultaneousOpen: return remote == TcpType::kSimultaneousOpen;
  }
  return false;
}

std::uint32_t candidate_priority(CandidateType type, std::uint16_t local_preference,
                                 std::uint16_t component, Transport transport) {
  return (type_preference(type, transport) << 24) + (std::uint32_t{local_preference} << 8) +
         (256U - component);
}

std::uint64_t pair_priority(std::uint32_t controlling, std::uint32_t controlled) {
  const std::uint64_t low = std::min(controlling, controlled);
  const std::uint64_t high = std::max(controlling, controlled);
  return (low << 32) + 2 * high + (controlling > controlled ? 1 : 0);
}

std::string Foundations::of(CandidateType type, const Address& base, const Address& server,
                            Transport transport) {
  const Origin origin{type, base.with_port(0), server.with_port(0), transport};
  auto found = std::ranges::find(origins_, origin);
  if (found == origins_.end()) found = origins_.insert(origins_.end(), origin);
  return decimal(static_cast<std::uint64_t>(found - origins_.begin()) + 1);
}

}  // namespace glass::ice
