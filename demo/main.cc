// demo/main.cc - the program glass: reads the command line and calls one of demo/commands/.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <utility>

#include "demo/commands/commands.h"
#include "net/resolve.h"

namespace glass::demo {
namespace {

// Checks of option values, in CLI11's form: an empty text means it is fine.
const CLI::Validator kLoss(
    [](std::string& text) {
      return parse_loss(text) ? std::string() : "\"" + text + "\" is no loss such as 2% or 0.02";
    },
    "PERCENT");
const CLI::Validator kServer(
    [](std::string& text) {
      const auto server = parse_server(text);
      return server ? std::string() : server.error();
    },
    "URL");

struct CommandLine {
  LabOptions lab;
  bool open_browser = false;
  std::string loss = "0";
  ServeOptions serve;
  TurnOptions turn;
  RunOptions run;
  ExportOptions exported;
  ExplainOptions explain;
  SdpOptions sdp;
  MatrixOptions matrix;
  bool json = false;
  bool list_scenarios = false;
  // Whether they were given at all is asked of CLI11.
  bool ipv6 = false;
  bool relay = false;
  StunOptions stun_server;
  NatOptions nat;
  ConformOptions conform;
  double conform_timeout = 2;
  ShareOptions share;
  std::string server = "localhost:8080";
  std::string code;
  std::string stun;
  std::uint32_t timeout_seconds = 600;
};

void add_loss(CLI::App* command, CommandLine& line) {
  command->add_option("--loss", line.loss, "lose this share of the datagrams on purpose")
      ->check(kLoss);
}

CLI::App* add_lab(CLI::App& app, CommandLine& line) {
  CLI::App* const lab = app.add_subcommand(
      "lab", "a page to watch a connection, with signaling, STUN and a glass peer to talk to");
  lab->add_option("--host", line.lab.host,
                  "the address or name to listen on (this machine alone unless given)");
  lab->add_option("-p,--port", line.lab.port, "of the page (TCP) and of STUN (UDP); 0: a free one");
  lab->add_flag("--open", line.open_browser, "open the page in a browser");
  lab->add_flag("--tcp", line.lab.tcp,
                "the glass peer takes connections for ICE over TCP as well (RFC 6544)");
  lab->add_option("--downloads", line.lab.downloads, "the folder for received files");
  lab->add_option("--dtls", line.lab.dtls, "the newest version that the glass peer speaks")
      ->check(CLI::IsMember({"1.2", "1.3"}));
  lab->add_flag("--dtls-cookie", line.lab.dtls_cookie,
                "as DTLS server, ask for a cookie first: HelloRetryRequest, HelloVerifyRequest");
  lab->add_option("--dtls-group", line.lab.dtls_group,
                  "the only group for the key exchange of the glass peer")
      ->check(CLI::IsMember({"x25519", "secp256r1", "secp384r1"}));
  lab->add_option("--srtp-profile", line.lab.srtp_profile,
                  "the only protection of RTP that the glass peer agrees on")
      ->check(CLI::IsMember({"SRTP_AES128_CM_HMAC_SHA1_80", "SRTP_AES128_CM_HMAC_SHA1_32",
                             "SRTP_AEAD_AES_128_GCM", "SRTP_AEAD_AES_256_GCM"}));
  lab->add_option("--seed", line.lab.seed, "of the loss and of sample files; never of keys");
  add_loss(lab, line);
  return lab;
}

CLI::App* add_serve(CLI::App& app, CommandLine& line) {
  CLI::App* const serve =
      app.add_subcommand("serve", "page, signaling, STUN and TURN for real use");
  ServeOptions& o = line.serve;
  o.lab.turn.emplace();
  serve->add_option("--host", o.lab.host,
                    "the address or name to listen on (this machine alone unless given)");
  serve->add_option("-p,--port", o.lab.port, "of page and signaling (TCP); 0: a free one");
  serve->add_option("--turn-port", o.lab.turn->port, "of STUN and TURN, UDP and TCP; 0: free ones");
  serve->add_option("--turns-port", o.lab.turn->tls_port, "of TURN over TLS; 0: a free one");
  serve->add_option("--advertise", o.advertise,
                    "the public address, where a NAT passes everything on to --host");
  serve->add_option("--alternate", o.alternate,
                    "IP:PORT, a second address of this machine for STUN: clients can tell what "
                    "NAT they are behind (RFC 5780)");
  serve->add_option("--turn-server", o.lab.turn->elsewhere,
                    "turn:HOST:PORT elsewhere, told to members in place of ours; shares "
                    "GLASS_TURN_SECRET");
  serve->add_option("--name", o.lab.turn->name,
                    "the host name that the certificate is for: TURN over TLS is offered by it");
  serve->add_option("--cert", o.certificate_file, "PEM file with the certificate chain for TLS");
  serve->add_option("--key", o.key_file, "PEM file with its key");
  serve->add_option("--user", o.users,
                    "NAME:PASSWORD, a user without a room; others see it in the process list");
  serve->add_option("--allow-peer", o.allow,
                    "relay to this prefix too, 10.0.0.0/8 say; private ones are refused otherwise");
  serve->add_flag("--old-channels", o.lab.turn->old_channels,
                  "take all channel numbers of RFC 5766, for clients of that age");
  serve->add_option("--deny-peer", o.deny, "do not relay to this prefix");
  serve->add_option("--max-allocations", o.lab.turn->allocations, "of all users together");
  serve->add_option("--user-allocations", o.lab.turn->allocations_per_user, "of one user");
  serve->add_option("--user-rate", o.kilobytes_per_second,
                    "kB/s that one user may relay each way; 0: no limit");
  return serve;
}

CLI::App* add_turn(CLI::App& app, CommandLine& line) {
  CLI::App* const turn = app.add_subcommand(
      "turn", "try a TURN server: allocate, permit, bind a channel, relay data and get it back");
  turn->add_option("uri", line.turn.uri, "turn:host:port?transport=udp|tcp or turns:host:port")
      ->required();
  turn->add_option("--user", line.turn.user, "the name that the server knows");
  turn->add_option("--password", line.turn.password,
                   "its password; others see it here, GLASS_TURN_PASSWORD is for that");
  turn->add_option("--ca", line.turn.ca_file, "PEM file with the authorities to trust for turns:");
  turn->add_flag("--insecure", line.turn.insecure, "do not check the certificate");
  turn->add_flag("--json", line.turn.json, "one object for programs");
  turn->add_option("--timeout", line.turn.timeout_seconds, "seconds for all of it");
  return turn;
}

CLI::App* add_export(CLI::App& lab, CommandLine& line) {
  CLI::App* const command = lab.add_subcommand(
      "export", "write the walkthrough as one file that needs neither glass nor a network");
  command->add_option("runs", line.exported.runs,
                      "scenario=NAME&seed=N&loss=PERCENT...; those of the lessons unless given");
  command->add_option("--html", line.exported.html, "the file");
  return command;
}

CLI::App* add_run(CLI::App& app, CommandLine& line) {
  CLI::App* const run =
      app.add_subcommand("run", "simulate a scenario and print who said what (--list: which)");
  run->add_option("scenario", line.run.scenario, "first-light, symmetric, ... (see --list)");
  run->add_flag("--list", line.list_scenarios, "which scenarios there are");
  run->add_option("--seed", line.run.seed, "the same seed gives the same bytes");
  run->add_option("--trace", line.run.trace, "write all events as lines of JSON; -: to stdout");
  run->add_option("--pcapng", line.run.pcapng, "write a capture that Wireshark opens decrypted");
  run->add_option("--keylog", line.run.keylog, "write the keys in the form of SSLKEYLOGFILE");
  run->add_flag("--rules", line.run.rules, "print the rules that fired, too");
  add_loss(run, line);
  RunOptions& to = line.run;
  run->add_option("--a-nat", to.a_nat, "Alice's NAT: mapping/filtering (ei, ad, apd), or none");
  run->add_option("--b-nat", to.b_nat, "Bob's NAT");
  run->add_option("--a-cgnat", to.a_cgnat, "the NAT of Alice's provider, around her own");
  run->add_option("--b-cgnat", to.b_cgnat, "the NAT of Bob's provider");
  run->add_flag("--udp-blocked-a", to.a_udp_blocked, "Alice's network lets no UDP out");
  run->add_flag("--udp-blocked-b", to.b_udp_blocked, "Bob's network lets no UDP out");
  run->add_flag("--tcp-blocked-a", to.a_tcp_blocked, "Alice's network lets no TCP out");
  run->add_flag("--tcp-blocked-b", to.b_tcp_blocked, "Bob's network lets no TCP out");
  run->add_flag("--no-hairpin", to.no_hairpin, "no NAT turns packets back in");
  run->add_flag("--ipv6,!--no-ipv6", line.ipv6, "IPv6 beside IPv4, behind firewalls");
  run->add_flag("--turn,!--no-turn", line.relay, "is there a TURN server?");
  run->add_option("--delay", to.delay_ms, "milliseconds one way, between networks");
  return run;
}

CLI::App* add_matrix(CLI::App& app, CommandLine& line) {
  CLI::App* const matrix = app.add_subcommand(
      "matrix", "who meets whom: all pairs of NATs, computed by running ICE for each");
  matrix->add_option("--seed", line.matrix.seed, "of every cell");
  matrix->add_flag("--json", line.json, "one object with all cells");
  auto* const turn =
      matrix->add_flag("--turn,!--no-turn", line.relay,
                       "only with a TURN server, or only without (both unless given)");
  turn->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  return matrix;
}

CLI::App* add_explain(CLI::App& app, CommandLine& line) {
  CLI::App* const explain = app.add_subcommand("explain", "name every byte of a packet or text");
  explain
      ->add_option("input", line.explain.input,
                   "a file (of one packet, a text, or pcapng), hex digits, or - for stdin")
      ->required();
  explain->add_option("--keys", line.explain.keys, "the key log (SSLKEYLOGFILE) of a pcapng file");
  explain->add_option("--as", line.explain.as, "stun, channel-data, dtls, sctp, dcep or sdp");
  return explain;
}

void add_sdp_command(CLI::App& sdp, CommandLine& line, SdpCommand what) {
  static constexpr std::array<std::pair<const char*, const char*>, 4> kCommands{
      {{"explain", "every line of a description, in plain words"},
       {"diff", "what two descriptions say differently (exit code 1: something)"},
       {"answer", "what we would answer to an offer, and why"},
       {"talk", "a session on stdin and stdout, a JSON object a line (demo/sdp_tool.h)"}}
  };
  const auto& [name, help] = kCommands.at(static_cast<std::size_t>(what));
  CLI::App* const command = sdp.add_subcommand(name, help);
  if (what == SdpCommand::kAnswer || what == SdpCommand::kTalk)
    command->add_option("--bundle", line.sdp.bundle, "the policy for bundling")
        ->check(CLI::IsMember({"balanced", "max-compat", "max-bundle"}));
  if (what != SdpCommand::kTalk) {
    command->add_option("file", line.sdp.first, "a description, or - for stdin")->required();
    command->add_flag("--json", line.sdp.json, "one object for programs");
  }
  if (what == SdpCommand::kDiff)
    command->add_option("second", line.sdp.second, "the other one")->required();
  command->callback([&line, what] { line.sdp.what = what; });
}

CLI::App* add_sdp(CLI::App& app, CommandLine& line) {
  CLI::App* const sdp = app.add_subcommand("sdp", "session descriptions: explain, diff, answer");
  sdp->require_subcommand(1);
  for (const SdpCommand what :
       {SdpCommand::kExplain, SdpCommand::kDiff, SdpCommand::kAnswer, SdpCommand::kTalk})
    add_sdp_command(*sdp, line, what);
  return sdp;
}

CLI::App* add_stun(CLI::App& app, CommandLine& line) {
  CLI::App* const stun = app.add_subcommand("stun", "your address, as a STUN server sees it");
  stun->add_option("uri", line.stun_server.uri, "stun:host[:port][?transport=tcp], stuns:host")
      ->required();
  stun->add_option("--ca", line.stun_server.ca_file,
                   "PEM file with the authorities to trust for stuns:");
  stun->add_flag("--insecure", line.stun_server.insecure, "do not check the certificate");
  stun->add_flag("--json", line.stun_server.json, "one object");
  return stun;
}

CLI::App* add_nat(CLI::App& app, CommandLine& line) {
  CLI::App* const nat = app.add_subcommand(
      "nat", "what kind of NAT you are behind, and what that means (exit code 7: partly unknown)");
  nat->add_option("uri", line.nat.uri, "stun:host[:port], a server with two addresses (RFC 5780)")
      ->required();
  nat->add_flag("--lifetime", line.nat.lifetime, "also how long mappings live: takes minutes");
  nat->add_flag("--json", line.nat.json, "one object");
  return nat;
}

CLI::App* add_conform(CLI::App& app, CommandLine& line) {
  ConformOptions& o = line.conform;
  CLI::App* const conform = app.add_subcommand(
      "conform", "test somebody else's implementation against the standards, rule by rule");
  conform
      ->add_option("target", o.target,
                   "stun:HOST[:PORT], turn:HOST[:PORT][?transport=tcp], turns:HOST[:PORT]")
      ->required();
  conform->add_option("ids", o.ids, "the cases whose ids begin so; all unless given");
  conform->add_flag("--list", o.list, "only print the cases");
  conform->add_option("--level", o.level, "the weakest rules to test")
      ->check(CLI::IsMember({"must", "should", "may"}));
  conform->add_flag("--strict", o.strict, "rules of a SHOULD are tested, and have to be met");
  conform->add_flag("--slow", o.slow, "also the cases that wait for minutes");
  conform->add_option("--skip", o.skip, "ID or ID=WHY: not to be run; ID may end in *");
  conform->add_option("--xfail", o.xfail, "ID or ID=WHY: known to fail; a success is a failure");
  conform->add_option("--profile", o.profile, "a file of lines: xfail ID WHY, skip ID WHY");
  conform->add_option("--user", o.user, "turn: the name that the server knows");
  conform->add_option("--password", o.password_file,
                      "turn: a file with its password; or set GLASS_TURN_PASSWORD");
  conform->add_option("--other-user", o.other_user,
                      "turn: another name, for the cases that need two");
  conform->add_option("--other-password", o.other_password_file,
                      "turn: a file with the other password; or set GLASS_TURN_OTHER_PASSWORD");
  conform->add_option("--seed", o.seed, "of transaction ids and the like");
  conform->add_option("--timeout", line.conform_timeout, "seconds to wait for any one answer")
      ->check(CLI::Range(0.01, 600.0));
  conform->add_flag("--json", o.json, "one object");
  conform->add_option("--junit", o.junit, "write JUnit XML to this file");
  conform->add_option("--html", o.html, "write a page to this file");
  conform->add_option("--pcap", o.pcap, "write a capture of each failing case to this folder");
  conform->add_option("--ca", o.ca_file, "PEM file with the authorities to trust over TLS");
  conform->add_flag("--insecure", o.insecure, "do not check the certificate");
  conform->add_flag("-v,--verbose", o.verbose, "a line for each case as it ends");
  return conform;
}

void add_share_options(CLI::App* command, CommandLine& line) {
  command->add_option("--server", line.server, "the signaling server: glass lab")->check(kServer);
  command->add_option("--stun", line.stun, "a STUN server, host:port, beside the lab's");
  command->add_flag("--relay-only", line.share.relay_only,
                    "only through the server's relay: the other side learns no address of ours");
  command->add_option("--timeout", line.timeout_seconds, "seconds to wait for the other side");
  command->add_option("--seed", line.share.seed, "of the loss");
  add_loss(command, line);
}

CLI::App* add_send(CLI::App& app, CommandLine& line) {
  CLI::App* const send = app.add_subcommand("send", "give files to whoever has the code");
  send->add_option("files", line.share.files, "what to send")->required();
  send->add_option("--code", line.code,
                   "16 to 64 letters, digits, - and _ (a fresh one unless given)");
  add_share_options(send, line);
  return send;
}

CLI::App* add_receive(CLI::App& app, CommandLine& line) {
  CLI::App* const receive = app.add_subcommand("receive", "take files from whoever has the code");
  receive->add_option("code", line.code, "the code, or the whole link")->required();
  receive->add_option("--downloads", line.share.downloads, "the folder for received files");
  add_share_options(receive, line);
  return receive;
}

// The parts that both sides of a transfer need. A failure: usage.
std::optional<Failure> finish_share(CommandLine& line) {
  const auto wrong = [](std::string what, std::string cause) {
    return Failure{kExitUsage, "reading the command line", std::move(what), std::move(cause),
                   "glass help"};
  };
  line.share.server = *parse_server(line.server);
  line.share.patience = std::chrono::seconds(line.timeout_seconds);
  line.share.loss_per_million = *parse_loss(line.loss);
  if (!line.code.empty()) {
    const auto invitation = parse_invitation(line.code, line.share.server);
    if (!invitation) return wrong("the code", invitation.error());
    line.share.server = invitation->server;
    line.share.secret = invitation->secret;
  }
  if (line.stun.empty()) return std::nullopt;
  const auto stun = parse_server(line.stun);  // host and port, as for the other one
  if (!stun) return wrong("--stun", stun.error());
  const auto addresses =
      net::resolve_now(stun->host, line.stun.find(':') == std::string::npos ? 3478 : stun->port);
  if (!addresses)
    return Failure{kExitUnreachable, "finding the STUN server", line.stun, addresses.error(),
                   "check --stun"};
  line.share.stun = addresses->front();
  return std::nullopt;
}

int run(int count, char** arguments) {
  CommandLine line;
  CLI::App app("GlassRTC: WebRTC to look through");
  app.set_help_flag("-h,--help", "what there is");
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done, 1 refused or damaged, 2 usage, 3 unreachable, 4 security,\n"
      "5 timeout, 6 this machine (port, file, disk), 7 not supported, 70 internal.");
  CLI::App* const lab = add_lab(app, line);
  const CLI::App* const exported = add_export(*lab, line);
  const CLI::App* const serve = add_serve(app, line);
  const CLI::App* const turn = add_turn(app, line);
  const CLI::App* const scenario = add_run(app, line);
  const CLI::App* const matrix = add_matrix(app, line);
  const CLI::App* const explain = add_explain(app, line);
  const CLI::App* const sdp = add_sdp(app, line);
  const CLI::App* const stun = add_stun(app, line);
  const CLI::App* const nat = add_nat(app, line);
  const CLI::App* const conform = add_conform(app, line);
  const CLI::App* const send = add_send(app, line);
  const CLI::App* const receive = add_receive(app, line);
  const CLI::App* const version = app.add_subcommand("version", "which glass this is");
  const CLI::App* const help = app.add_subcommand("help", "what there is");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? kExitDone : kExitUsage;
  }

  if (help->parsed()) return std::fputs(app.help().c_str(), stdout) < 0 ? kExitLocal : kExitDone;
  if (version->parsed()) return std::puts("glass " GLASS_VERSION) < 0 ? kExitLocal : kExitDone;
  if (stun->parsed()) return run_stun(line.stun_server);
  if (nat->parsed()) return run_nat(line.nat);
  if (explain->parsed()) return run_explain(line.explain);
  if (conform->parsed()) {
    line.conform.timeout_ms = static_cast<std::uint32_t>(line.conform_timeout * 1000);
    return run_conform(line.conform, GLASS_VERSION);
  }
  if (sdp->parsed()) return run_sdp(line.sdp);
  if (exported->parsed()) return run_export(line.exported);
  if (lab->parsed()) {
    line.lab.loss_per_million = *parse_loss(line.loss);
    return run_lab(line.lab, line.open_browser);
  }
  if (serve->parsed()) return run_serve(line.serve);
  if (turn->parsed()) return run_turn(line.turn);
  if (scenario->parsed()) {
    if (line.list_scenarios)
      return std::fputs(scenario_list().c_str(), stdout) < 0 ? kExitLocal : kExitDone;
    if (scenario->count("--ipv6") > 0) line.run.ipv6 = line.ipv6;
    if (scenario->count("--turn") > 0) line.run.turn = line.relay;
    if (scenario->count("--loss") > 0) line.run.loss_per_million = *parse_loss(line.loss);
    return run_scenario(line.run);
  }
  if (matrix->parsed()) {
    const bool is_given = matrix->count("--turn") > 0;
    line.matrix.with_turn = !is_given || line.relay;
    line.matrix.without_turn = !is_given || !line.relay;
    return run_matrix(line.matrix, line.json);
  }
  if (const auto failure = finish_share(line)) return report(*failure);
  return send->parsed()      ? run_send(line.share)
         : receive->parsed() ? run_receive(line.share)
                             : kExitUsage;
}

}  // namespace
}  // namespace glass::demo

int main(int count, char** arguments) {
  try {
    return glass::demo::run(count, arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "glass: internal error: %s\n", error.what());
    return glass::demo::kExitInternal;
  }
}
