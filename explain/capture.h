// explain/capture.h - the UDP datagrams of a pcapng file, and the key log that may lie inside it.
//
// Reads what Wireshark, tcpdump and our own sink write: Ethernet, Linux cooked and raw IP frames.
// Fragments of IP and other transports are passed over.  Tested by: capture_test.cc
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"

namespace glass::explain {

struct CapturedDatagram {
  std::uint64_t number = 0;  // of the frame in the file, from 1, as Wireshark counts
  Address from;
  Address to;
  Bytes bytes;  // into the file
};

struct Capture {
  std::vector<CapturedDatagram> datagrams;
  std::string key_log;  // of decryption secrets blocks
};

// Does this begin as a pcapng file does?
[[nodiscard]] bool is_pcapng(Bytes file);
// The error is a sentence about what is wrong. The views point into `file`.
Result<Capture, std::string> read_pcapng(Bytes file);

}  // namespace glass::explain
