// demo/share.h - `glass send` and `glass receive`: one companion, one room, some files.
//
// Meets the other side by a secret that the server never sees, proves that nobody stands in
// between, moves the files, and knows why it ended. The page can be either side. Tested by:
// tests/demo/share_test.cc
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/result.h"
#include "base/time.h"
#include "demo/client/ws_client.h"
#include "demo/exit_code.h"

namespace glass::demo {

struct ShareOptions {
  bool sends = false;
  std::vector<std::string> files;      // to send
  std::string downloads = "received";  // to receive into
  WebAddress server;
  std::string secret;                            // of the link; 16 to 64 letters, digits, - and _
  std::optional<Address> stun;                   // beside the one that the server names
  Duration patience = std::chrono::minutes(10);  // until the other side comes
  std::uint32_t loss_per_million = 0;
  std::uint64_t seed = 1;
  bool relay_only = false;                           // the other side learns no address of ours
  bool takes_all = true;                             // else nothing is accepted
  std::function<void(const std::string&)> log;       // a line for people
  std::function<void(const std::string&)> progress;  // a line that replaces the last one
  std::function<void(const std::string&)> result;    // a line of the result: name and hash
};

// 32 hex digits of the system's dice.
std::string make_secret();
// The room of a secret, as the page computes it: the server cannot go back.
std::string room_of(std::string_view secret);
// Server and secret of "http://host:port/#r=SECRET", or of a secret alone with `server`.
struct Invitation {
  WebAddress server;
  std::string secret;
};
Result<Invitation, std::string> parse_invitation(std::string_view text, const WebAddress& server);
std::string link_of(const Invitation& invitation);

// "42%  118.0/280.0 MB  14.2 MB/s  ETA 00:11"
std::string progress_line(std::uint64_t done, std::uint64_t size, Duration elapsed);

// Runs until it is over; no value: all files are there and both hashes agree.
std::optional<Failure> share(const ShareOptions& options);

}  // namespace glass::demo
