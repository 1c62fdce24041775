#include "demo/ice_uri.h"

#include <expected>
#include <optional>

#include "base/text.h"

namespace glass::demo {
namespace {

constexpr std::uint16_t kPort = 3478;  // RFC 8489 §8.1, RFC 8656 §5
constexpr std::uint16_t kTlsPort = 5349;

struct Scheme {
  std::string_view name;
  bool is_turn;
  bool is_secure;
};
constexpr Scheme kSchemes[] = {
    {"stun:",  false, false},
    {"stuns:", false, true },
    {"turn:",  true,  false},
    {"turns:", true,  true },
};

}  // namespace

Result<IceUri, std::string> parse_ice_uri(std::string_view text) {
  const Scheme* scheme = nullptr;
  for (const Scheme& one : kSchemes)
    if (text.starts_with(one.name)) scheme = &one;
  if (scheme == nullptr) return std::unexpected("it begins with stun:, stuns:, turn: or turns:");
  IceUri uri{.is_turn = scheme->is_turn,
             .transport = scheme->is_secure ? Transport::kTls : Transport::kUdp,
             .port = scheme->is_secure ? kTlsPort : kPort};
  text.remove_prefix(scheme->name.size());
  if (const std::size_t query = text.find('?'); query != std::string_view::npos) {
    const std::string_view wanted = text.substr(query + 1);
    text = text.substr(0, query);
    if (wanted == "transport=tcp" && !scheme->is_secure) uri.transport = Transport::kTcp;
    if (wanted == "transport=udp" && scheme->is_secure)
      return std::unexpected("TLS over UDP (DTLS) to a server is not supported");
    if (wanted != "transport=tcp" && wanted != "transport=udp")
      return std::unexpected("after ? comes transport=udp or transport=tcp");
  }
  const std::size_t bracket = text.find(']');
  const std::size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
  std::string_view host = text.substr(0, colon);
  if (colon != std::string_view::npos) {
    const auto port = parse_decimal(text.substr(colon + 1), 65535);
    if (!port || *port == 0) return std::unexpected("the port is a number from 1 to 65535");
    uri.port = static_cast<std::uint16_t>(*port);
  }
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty()) return std::unexpected("there is no host");
  uri.host = std::string(host);
  return uri;
}

std::string to_text(const IceUri& uri) {
  const bool secure = uri.transport == Transport::kTls;
  std::string text = std::string(uri.is_turn ? "turn" : "stun") + (secure ? "s:" : ":");
  text += uri.host.find(':') == std::string::npos ? uri.host : "[" + uri.host + "]";
  text += ":" + decimal(uri.port);
  if (uri.is_turn && !secure)
    text += std::string("?transport=") + std::string(glass::to_text(uri.transport));
  return text;
}

}  // namespace glass::demo
