#include <array>
#include <cstdio>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/text.h"
#include "demo/commands/commands.h"
#include "demo/ice_uri.h"
#include "demo/safe_text.h"

namespace glass::demo {
namespace {

constexpr const char* kSecretVariable = "GLASS_TURN_SECRET";
constexpr std::size_t kSecretMin = 16;

Failure usage(std::string tried, std::string cause, std::string advice) {
  return {kExitUsage, "reading the command line", std::move(tried), std::move(cause),
          std::move(advice)};
}

std::optional<std::string> read_file(const std::string& name) {
  std::ifstream in(name, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), {});
}

Result<void, Failure> read_certificate(const ServeOptions& options, TurnHostOptions& turn) {
  if (options.certificate_file.empty() && options.key_file.empty()) return {};
  if (options.certificate_file.empty() || options.key_file.empty())
    return std::unexpected(
        usage("--cert and --key", "one of them is missing", "give both or none"));
  const auto certificate = read_file(options.certificate_file);
  const auto key = read_file(options.key_file);
  if (!certificate || !key)
    return std::unexpected(Failure{kExitLocal, "reading the certificate",
                                   certificate ? options.key_file : options.certificate_file,
                                   "the file cannot be read",
                                   "check its name and who may read it"});
  turn.pem = {.certificate = *certificate, .key = *key};
  return {};
}

Result<void, Failure> read_prefixes(const std::vector<std::string>& texts,
                                    std::vector<stun::turn::Prefix>& out) {
  for (const std::string& text : texts) {
    const auto prefix = stun::turn::parse_prefix(text);
    if (!prefix)
      return std::unexpected(usage(safe_text(text), "no prefix such as 10.0.0.0/8 or 2001:db8::/32",
                                   "check --allow-peer and --deny-peer"));
    out.push_back(*prefix);
  }
  return {};
}

Result<void, Failure> read_secrets(const ServeOptions& options, TurnHostOptions& turn) {
  for (const std::string& user : options.users) {
    const std::size_t colon = user.find(':');
    if (colon == std::string::npos || colon == 0)
      return std::unexpected(
          usage("--user", "no NAME:PASSWORD", "glass serve --user alice:secret"));
    turn.users.emplace_back(user.substr(0, colon), user.substr(colon + 1));
  }
  const char* const secret = std::getenv(kSecretVariable);
  if (secret == nullptr) return {};
  const Bytes bytes = as_bytes(secret);
  if (bytes.size() < kSecretMin)
    return std::unexpected(
        usage(kSecretVariable, "shorter than 16 characters", "openssl rand -hex 32"));
  turn.secret.assign(bytes.begin(), bytes.end());
  return {};
}

// Passwords that only we can check would be of no use elsewhere.
Result<void, Failure> check_elsewhere(const TurnHostOptions& turn) {
  for (const std::string& text : turn.elsewhere) {
    const auto uri = parse_ice_uri(text);
    if (!uri || !uri->is_turn)
      return std::unexpected(usage("--turn-server " + safe_text(text),
                                   uri ? "not a TURN server" : uri.error(),
                                   "--turn-server 'turn:turn.example.com:3478?transport=udp'"));
  }
  if (turn.elsewhere.empty() || !turn.secret.empty()) return {};
  return std::unexpected(usage("--turn-server", std::string("without ") + kSecretVariable,
                               "give all servers the same secret: openssl rand -hex 32"));
}

Result<void, Failure> complete(ServeOptions& options) {
  TurnHostOptions& turn = *options.lab.turn;
  TRY(read_certificate(options, turn));
  TRY(read_prefixes(options.allow, turn.allow));
  TRY(read_prefixes(options.deny, turn.deny));
  TRY(read_secrets(options, turn));
  TRY(check_elsewhere(turn));
  turn.bytes_per_second_of_user = options.kilobytes_per_second * 1000;
  if (!options.alternate.empty()) {
    turn.alternate = parse_address(options.alternate);
    if (!turn.alternate || !options.advertise.empty())
      return std::unexpected(usage(
          "--alternate " + safe_text(options.alternate),
          turn.alternate ? "not behind a NAT, so not with --advertise" : "no IP address and port",
          "glass serve --host 192.0.2.1 --alternate 192.0.2.2:3479"));
  }
  if (options.advertise.empty()) return {};
  turn.advertise = parse_ip(options.advertise);
  if (!turn.advertise)
    return std::unexpected(usage("--advertise " + safe_text(options.advertise), "no IP address",
                                 "give the address that others reach you at"));
  return {};
}

void tell(const Lab& lab, const ServeOptions& options) {
  fmt::print("GlassRTC serve\n  page        {}\n", lab.url());
  for (const std::string& uri : lab.turn()->stun_uris()) fmt::print("  STUN        {}\n", uri);
  for (const std::string& uri : lab.turn()->turn_uris()) fmt::print("  TURN        {}\n", uri);
  for (const std::string& uri : options.lab.turn->elsewhere)
    fmt::print("  told        {}\n", safe_text(uri));
  if (options.certificate_file.empty())
    fmt::print(
        "  TLS         a certificate of our own making: browsers refuse turns: until they trust "
        "it\n"
        "              (--cert and --key take a real one)\n");
  fmt::print("  passwords   {}; members of a room get theirs by signaling, for 12 hours\n",
             std::getenv(kSecretVariable) == nullptr ? "signed with a secret of this run alone"
                                                     : "signed with GLASS_TURN_SECRET");
  if (options.lab.host.empty())
    fmt::print("  Only this machine can reach it (--host opens it to others). Stop with Ctrl-C.\n");
  std::fflush(stdout);
}

}  // namespace

int run_serve(ServeOptions options) {
  options.lab.guests = false;
  options.lab.log = log_line;
  if (auto ready = complete(options); !ready) return report(ready.error());
  auto lab = Lab::start(options.lab);
  if (!lab) return report(lab.error());
  tell(**lab, options);
  return run_until_signal(**lab);
}

}  // namespace glass::demo
