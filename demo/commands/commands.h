// demo/commands/commands.h - the subcommands of glass, each a function from options to an exit
// code.
//
// Results go to stdout, everything else to stderr. main.cc reads the command line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "demo/exit_code.h"
#include "demo/lab.h"
#include "demo/scenarios/matrix.h"
#include "demo/share.h"

namespace glass::demo {

// "2%", "0.5%", "0.02" (a fraction) -> millionths. nullopt: no number from 0 to 100 %.
std::optional<std::uint32_t> parse_loss(std::string_view text);

// Prints the failure and returns its code.
int report(const Failure& failure);

// What a long-running command says on the way goes to stderr, a line each.
void log_line(std::string_view line);
// Runs until a signal asks it to end and the last words are said. The exit code: 128 + the signal.
int run_until_signal(Lab& lab);

// glass lab
int run_lab(LabOptions options, bool open_browser);

// glass serve
struct ServeOptions {
  LabOptions lab;
  std::string alternate;           // "192.0.2.2:3479"
  std::string advertise;           // an IP address
  std::string certificate_file;    // PEM; with it key_file
  std::string key_file;            // PEM
  std::vector<std::string> users;  // "NAME:PASSWORD"
  std::vector<std::string> allow;  // prefixes
  std::vector<std::string> deny;
  std::uint64_t kilobytes_per_second = 0;
};
int run_serve(ServeOptions options);

// glass turn
struct TurnOptions {
  std::string uri;
  std::string user;
  std::string password;  // empty: from GLASS_TURN_PASSWORD
  std::string ca_file;
  bool insecure = false;
  bool json = false;
  std::uint32_t timeout_seconds = 15;
};
int run_turn(const TurnOptions& options);

// glass lab export
struct ExportOptions {
  std::vector<std::string> runs{};  // "scenario=nat&seed=7"; none: those of the lessons
  std::string html = "lessons.html";
};
int run_export(const ExportOptions& options);

// glass run
struct RunOptions {
  std::string scenario;
  std::uint64_t seed = 1;
  std::optional<std::uint32_t> loss_per_million{};  // nullopt: as the scenario has it
  // For the scenarios with NATs; empty and nullopt: as the scenario has it.
  std::string a_nat;  // "apd/ad", "symmetric"..., "none"
  std::string b_nat;
  std::string a_cgnat;
  std::string b_cgnat;
  bool a_udp_blocked = false;
  bool b_udp_blocked = false;
  bool a_tcp_blocked = false;
  bool b_tcp_blocked = false;
  bool no_hairpin = false;  // of every NAT
  std::optional<bool> ipv6{};
  std::optional<bool> turn{};
  std::optional<std::uint32_t> delay_ms{};  // one way

  std::string trace;   // file for lines of JSON; "-": stdout
  std::string pcapng;  // file
  std::string keylog;  // file
  bool rules = false;  // print them too
};
int run_scenario(const RunOptions& options);
// "first-light (the first data channel)...", one line each.
std::string scenario_list();

// glass matrix
int run_matrix(const MatrixOptions& options, bool json);

// glass stun: our address as a STUN server sees it.
struct StunOptions {
  std::string uri;      // RFC 7064: "stun:host:port", "stuns:host"
  std::string ca_file;  // whom to trust for stuns:, in place of the system's authorities
  bool insecure = false;
  bool json = false;
};
int run_stun(const StunOptions& options);

// glass nat: what kind of NAT is between us and a STUN server with two addresses (RFC 5780).
struct NatOptions {
  std::string uri;
  bool lifetime = false;  // wait minutes to see how long mappings live
  bool json = false;
};
// kExitUnsupported where mapping or filtering remain unknown.
int run_nat(const NatOptions& options);

// glass explain
struct ExplainOptions {
  std::string input;  // a file, hex digits, or "-"
  std::string as;     // empty: guess
  std::string keys;   // an NSS key log, for a capture
};
int run_explain(const ExplainOptions& options);

// glass conform: cases per rule against somebody else's implementation.
struct ConformOptions {
  std::string target;            // "stun:host:port", "turn:host:port?transport=tcp"
  std::vector<std::string> ids;  // prefixes of ids; none: all
  std::string level = "must";
  bool strict = false;  // SHOULD counts
  bool slow = false;
  bool list = false;
  bool json = false;
  bool verbose = false;
  std::vector<std::string> skip;   // "id" or "id=why"
  std::vector<std::string> xfail;  // the same
  std::string profile;             // a file
  std::string junit;               // files, and a folder, to write
  std::string html;
  std::string pcap;
  std::string ca_file;
  bool insecure = false;
  std::string user;                 // for turn:
  std::string password_file;        // empty: from GLASS_TURN_PASSWORD
  std::string other_user;           // of another account
  std::string other_password_file;  // empty: from GLASS_TURN_OTHER_PASSWORD
  std::optional<std::uint64_t> seed{};
  std::uint32_t timeout_ms = 2000;  // for any one answer
};
int run_conform(const ConformOptions& options, std::string_view version);

// glass sdp explain, diff, answer, talk
enum class SdpCommand : std::uint8_t { kExplain, kDiff, kAnswer, kTalk };
struct SdpOptions {
  SdpCommand what = SdpCommand::kExplain;
  std::string first;   // a file, or "-"
  std::string second;  // of diff
  std::string bundle = "balanced";
  bool json = false;
};
int run_sdp(const SdpOptions& options);

// glass send, glass receive
int run_send(ShareOptions options);
int run_receive(ShareOptions options);

}  // namespace glass::demo
