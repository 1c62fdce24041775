// demo/exit_code.h - what the program tells the shell. Documented in demo/README.md; never changed.
#pragma once

#include <string>

namespace glass::demo {

enum ExitCode : int {
  kExitDone = 0,
  kExitFailed = 1,       // it ran, and something was refused, cancelled or damaged
  kExitUsage = 2,        // an option or argument is wrong
  kExitUnreachable = 3,  // no name, no route, no server, no ICE path
  kExitSecurity = 4,     // a fingerprint or a proof does not match
  kExitTimeout = 5,      // nothing came within --timeout
  kExitLocal = 6,        // a port, a file, a permission, a disk of this machine
  kExitUnsupported = 7,  // the other side cannot do it
  kExitInternal = 70,    // our bug
};

// Why a command ends: four lines for people.
struct Failure {
  ExitCode code = kExitFailed;
  std::string stage;   // "signaling"
  std::string tried;   // "connect to localhost:8080"
  std::string cause;   // "nothing listens there"
  std::string advice;  // "glass lab"
};

// "glass: signaling: ...", one line a part.
inline std::string to_text(const Failure& failure) {
  std::string text = "glass: " + failure.stage + " failed\n";
  if (!failure.tried.empty()) text += "  tried:  " + failure.tried + "\n";
  if (!failure.cause.empty()) text += "  cause:  " + failure.cause + "\n";
  if (!failure.advice.empty()) text += "  next:   " + failure.advice + "\n";
  return text;
}

}  // namespace glass::demo
