// bench/side.h - the same job for two stacks: one process sends, another receives, over loopback
// UDP.
#pragma once

#include <cstddef>
#include <cstdint>

namespace glass::bench {

// What the sending side is to do after the association is up.
struct Job {
  std::size_t message_size = 65536;
  double seconds = 3.0;  // how long it sends
};

struct Outcome {
  double connect_seconds = 0;  // from the first packet to "messages may be sent"
  double seconds = 0;          // first message received to last message received
  std::uint64_t bytes = 0;     // received
  std::uint64_t messages = 0;
};

// Two ends of a pair of pipes between the two processes, for signaling and the result.
struct Pipes {
  int in = -1;
  int out = -1;
};

// Each runs one end in the calling process. The receiver returns what it saw; the sender returns
// the time it took to connect.
Outcome glass_receive(const Pipes& pipes);
double glass_send(const Pipes& pipes, const Job& job);
Outcome usrsctp_receive(const Pipes& pipes);
double usrsctp_send(const Pipes& pipes, const Job& job);

// Blocking helpers over the pipes: a 32-bit length, then the bytes.
void write_block(int fd, const void* data, std::size_t size);
std::size_t read_block(int fd, void* data, std::size_t capacity);

}  // namespace glass::bench
