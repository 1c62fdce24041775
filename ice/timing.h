// ice/timing.h - every interval and every limit of an agent, with its reason.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/time.h"

namespace glass::ice {

using namespace std::chrono_literals;

struct Timing {
  Duration ta = 50ms;        // RFC 8445 §14.2: between new transactions, gathering included
  Duration rto_min = 500ms;  // RFC 8445 §14.3
  // No RTO above this, or a dozen pairs would wait for minutes until they are given up.
  Duration rto_max = 1s;
  int rc = 7;   // RFC 8489 §6.2.1: how often a request is sent
  int rm = 16;  // RFC 8489 §6.2.1: RTOs to wait after the last one

  // RFC 8863 §4: no failure earlier than one whole transaction: (2^(7-1) - 1 + 16) * 500 ms.
  Duration patience = 39500ms;
  // When no further frozen pair is tried. By RFC 8445 §6.1.4.2, pairs of one foundation are checked
  // one after the other, for a whole transaction each: a hundred of them would take hours.
  Duration checking_limit = 180s;
  // RFC 8489 §6.2.2 (Ti): how long an answer may take over TCP, where nothing is repeated.
  Duration reliable_wait = 39500ms;
  // How long a controlling agent waits at most for a better pair once one is valid, or two round
  // trips of that one if these take longer. Data flows meanwhile. Three RTOs: the first copy of a
  // check opens our filter and is lost at that of the peer, the second passes, the third is a
  // reserve.
  Duration nomination_delay = 3s;

  Duration consent_interval = 5s;  // RFC 7675 §5.1, times 0.8 to 1.2
  Duration consent_expiry = 30s;   // RFC 7675 §5.1
  // Two consent checks in a row unanswered: the user may be told, nothing is given up.
  Duration disconnected_after = 10s;
  // The peer checks another pair although one is nominated: how long that one may then be silent.
  // Three copies of a check fit in; two round trips where these take longer.
  Duration doubt = 2s;
  // RFC 8445 §11 (Tr), for the bindings behind server-reflexive candidates (§5.1.1.4).
  Duration keepalive = 15s;
  // RFC 8445 §8.3.1: how long the credentials of before a restart are still answered.
  Duration linger = 3s;
  // A nomination this old no longer outranks a newer one of a pair of lower priority.
  Duration nomination_fresh = 5s;
};

struct Limits {
  std::size_t pairs = 100;             // RFC 8445 §6.1.2.5
  std::size_t remote_candidates = 64;  // RFC 8445 §19.5.1: a browser sends about ten
  std::size_t peer_reflexive = 16;     // of the remote ones, learnt from checks
  // Ports of one remote IP address that one base learns from checks. Between two NATs that give
  // each destination a port of its own, every check shows another one, without end; a few ports
  // are as good as all of them.
  std::size_t ports_of_address = 8;
  std::size_t learnt_from = 32;   // remote IP addresses, for each base that has learnt one
  std::size_t early_checks = 16;  // checks of a peer that we know nothing about yet
  std::size_t hosts = 32;         // sockets
  std::size_t stun_servers = 8;
  std::size_t turn_servers = 8;
  std::size_t names = 16;  // of the peer's candidates, to be looked up
};

inline constexpr std::size_t kMaxChecks = 256;  // transactions in flight, cancelled ones included
inline constexpr std::size_t kMaxAnswers = 64;  // responses that wait to be sent
inline constexpr std::size_t kMaxConsentOpen = 8;  // consent requests without an answer yet

}  // namespace glass::ice
