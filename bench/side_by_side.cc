// bench/side_by_side.cc - data channels through our whole stack (ICE, DTLS, SCTP) beside usrsctp
// over plain UDP (no encryption), the same job in the same run, each with two processes on
// loopback.
//
// Prints a Markdown table; every figure is a median of the rounds. usrsctp does less (no DTLS, no
// ICE), so a ratio of 1 means that encryption is free.
#include "bench/side.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace glass::bench {
namespace {

struct Stack {
  const char* name;
  Outcome (*receive)(const Pipes&);
  double (*send)(const Pipes&, const Job&);
};

constexpr Stack kGlass{"glass (ICE, DTLS, SCTP)", glass_receive, glass_send};
constexpr Stack kUsrsctp{"usrsctp (SCTP over plain UDP)", usrsctp_receive, usrsctp_send};

void pipe_or_die(int (&ends)[2]) {
  if (pipe(ends) != 0) {
    std::perror("pipe");
    std::exit(6);
  }
}

// Forks the receiver and the sender, so that neither stack shares state with another run.
Outcome run(const Stack& stack, const Job& job) {
  int to_sender[2];
  int to_receiver[2];
  int result[2];
  pipe_or_die(to_sender);
  pipe_or_die(to_receiver);
  pipe_or_die(result);
  const pid_t receiver = fork();
  if (receiver == 0) {
    const Outcome outcome = stack.receive({to_receiver[0], to_sender[1]});
    write_block(result[1], &outcome, sizeof outcome);
    std::_Exit(0);
  }
  const pid_t sender = fork();
  if (sender == 0) {
    const double connect = stack.send({to_sender[0], to_receiver[1]}, job);
    write_block(result[1], &connect, sizeof connect);
    std::_Exit(0);
  }
  Outcome outcome;
  double connect = 0;
  for (int part = 0; part < 2; ++part) {
    unsigned char raw[sizeof(Outcome)];
    const std::size_t size = read_block(result[0], raw, sizeof raw);
    if (size == sizeof outcome) std::memcpy(&outcome, raw, size);
    if (size == sizeof connect) std::memcpy(&connect, raw, size);
  }
  outcome.connect_seconds = connect;
  int status = 0;
  waitpid(receiver, &status, 0);
  waitpid(sender, &status, 0);
  for (int* ends : {to_sender, to_receiver, result}) {
    close(ends[0]);
    close(ends[1]);
  }
  return outcome;
}

struct Row {
  std::vector<double> glass;
  std::vector<double> other;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void print(const char* what, const char* unit, const Row& row) {
  std::vector<double> ratios;
  for (std::size_t i = 0; i < row.glass.size(); ++i)
    ratios.push_back(row.other[i] > 0 ? row.glass[i] / row.other[i] : 0);
  std::printf("| %s | %.1f %s | %.1f %s | %.2f (%.2f to %.2f) |\n", what, median(row.glass), unit,
              median(row.other), unit, median(ratios), std::ranges::min(ratios),
              std::ranges::max(ratios));
}

double megabits(const Outcome& outcome) {
  return outcome.seconds > 0 ? static_cast<double>(outcome.bytes) * 8 / 1e6 / outcome.seconds : 0;
}
double thousands(const Outcome& outcome) {
  return outcome.seconds > 0 ? static_cast<double>(outcome.messages) / 1e3 / outcome.seconds : 0;
}

}  // namespace
}  // namespace glass::bench

int main(int argc, char** argv) {
  using namespace glass::bench;
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 3;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 3.0;
  Row bulk;
  Row small;
  Row connect;
  for (int round = 0; round < rounds; ++round) {
    const Job large{.message_size = 65536, .seconds = seconds};
    const Job hundred{.message_size = 100, .seconds = seconds};
    const Outcome glass_bulk = run(kGlass, large);
    const Outcome other_bulk = run(kUsrsctp, large);
    bulk.glass.push_back(megabits(glass_bulk));
    bulk.other.push_back(megabits(other_bulk));
    small.glass.push_back(thousands(run(kGlass, hundred)));
    small.other.push_back(thousands(run(kUsrsctp, hundred)));
    connect.glass.push_back(glass_bulk.connect_seconds * 1e3);
    connect.other.push_back(other_bulk.connect_seconds * 1e3);
  }
  std::printf(
      "%d rounds of %.1f s, the two stacks in turn; medians, and the ratio pair by pair\n\n",
      rounds, seconds);
  std::printf("| job | %s | %s | ratio (min to max) |\n|---|---|---|---|\n", kGlass.name,
              kUsrsctp.name);
  print("64 KiB messages", "Mbit/s", bulk);
  print("100 byte messages", "thousand/s", small);
  print("connect (lower is better)", "ms", connect);
  return 0;
}
