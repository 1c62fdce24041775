// demo/sdp_tool.h - what glass sdp says: explanations, differences, answers, and a session on lines
// of JSON. Texts in, texts out; commands/sdp.cc reads the files.
//
// Tested by: tests/demo/sdp_tool_test.cc
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/random.h"
#include "demo/exit_code.h"

namespace glass::demo {

struct SdpReport {
  ExitCode code = kExitDone;
  std::string text;  // for stdout, with its last newline
};

// Every line with its meaning and place. kExitFailed: it is no SDP, and the report says where.
SdpReport explain_sdp(std::string_view text, bool json);

// The lines that only one of them has. kExitFailed: they differ, or one of them is no SDP.
SdpReport diff_sdp(std::string_view first, std::string_view second, bool json);

struct AnswerOptions {
  std::string bundle = "balanced";  // max-compat, max-bundle
  std::string fingerprint;          // "sha-256 AB:CD:..."
  bool json = false;
};
// What an endpoint with a camera and a microphone would answer to this offer, and why. kExitFailed:
// the offer cannot be answered, and the report says where it goes wrong.
SdpReport answer_sdp(std::string_view offer, const AnswerOptions& options, Random& random);

// A JSEP session for programs: each line of JSON asks for something, and each answer is one line.
//   {"do":"add_track","kind":"audio"}      {"do":"add_transceiver","kind":"video","direction":"..",
//   {"do":"remove_track","id":0}            "rids":["h","l"]}
//   {"do":"set_direction","id":0,"direction":"inactive"}        {"do":"stop","id":0}
//   {"do":"create_data_channel"}           {"do":"create_offer","ice_restart":true}
//   {"do":"create_answer"}                 {"do":"set_local"|"set_remote","type":"..","sdp":".."}
//   {"do":"candidate","mid":"0","candidate":"..."}
//   {"do":"state"}
// Answers have "ok"; where it is false "name" is the W3C's name of the error, with line, column,
// text and rule.
class SdpSession {
 public:
  SdpSession(const AnswerOptions& options, Random& random);
  ~SdpSession();
  SdpSession(const SdpSession&) = delete;
  SdpSession& operator=(const SdpSession&) = delete;

  std::string handle(std::string_view line);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace glass::demo
