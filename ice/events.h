// ice/events.h - what an agent tells the layer above, and the states that it may be in.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/address.h"
#include "base/machine.h"
#include "base/rule.h"
#include "ice/candidate.h"

namespace glass::ice {

// Finer than RFC 8445 §6.1.3, whose Running is kChecking and kConnected: browsers show these.
enum class State : std::uint8_t {
  kNew,           // the peer's credentials are not known
  kChecking,      // looking for a pair that works
  kConnected,     // a pair is valid: data may flow; none is nominated yet
  kCompleted,     // a pair is nominated
  kDisconnected,  // the peer has not answered lately; data still flows
  kFailed,        // no pair works, or consent is lost: only a restart helps
  kClosed
};

constexpr std::string_view to_text(State state) {
  constexpr std::array<std::string_view, 7> kNames{
      "new", "checking", "connected", "completed", "disconnected", "failed", "closed"};
  return kNames.at(static_cast<std::size_t>(std::to_underlying(state)));
}

// The states as the Machine holds them; their order is that of State.
struct New {
  static constexpr std::string_view kName = "new";
};
struct Checking {
  static constexpr std::string_view kName = "checking";
};
struct Connected {
  static constexpr std::string_view kName = "connected";
};
struct Completed {
  static constexpr std::string_view kName = "completed";
};
struct Disconnected {
  static constexpr std::string_view kName = "disconnected";
};
struct Failed {
  static constexpr std::string_view kName = "failed";
};
struct Closed {
  static constexpr std::string_view kName = "closed";
};

inline constexpr std::array kAgentArrows{
    Arrow{"new",          "checking",     "the peer's credentials came",              "8445:6.1.2.1#0"_rule},
    Arrow{"checking",     "connected",    "a check succeeded",                        "8445:12.1#1"_rule   },
    Arrow{"connected",    "completed",    "a pair was nominated",                     "8445:8.1.2#0"_rule  },
    Arrow{"connected",    "disconnected", "no answer lately",                         "7675:5.1#0"_rule    },
    Arrow{"completed",    "disconnected", "no answer lately",                         "7675:5.1#0"_rule    },
    Arrow{"disconnected", "connected",    "answers again",                            "7675:5.1#0"_rule    },
    Arrow{"disconnected", "completed",    "answers again",                            "7675:5.1#0"_rule    },
    Arrow{"disconnected", "failed",       "consent is lost",                          "7675:5.1#2"_rule    },
    Arrow{"checking",     "failed",       "no pair works",                            "8445:7.2.5.4#0"_rule},
    Arrow{"connected",    "failed",       "the nomination failed or consent is lost", "8445:6.1.3#0"_rule  },
    Arrow{"completed",    "failed",       "consent is lost",                          "7675:5.2#0"_rule    },
    Arrow{"connected",    "checking",     "restart",                                  "8445:9#1"_rule      },
    Arrow{"completed",    "checking",     "restart",                                  "8445:9#1"_rule      },
    Arrow{"disconnected", "checking",     "restart",                                  "8445:9#1"_rule      },
    Arrow{"failed",       "checking",     "restart",                                  "8445:9#1"_rule      },
    Arrow{"new",          "closed",       "close",                                    "8445:11#8"_rule     },
    Arrow{"checking",     "closed",       "close",                                    "8445:11#8"_rule     },
    Arrow{"connected",    "closed",       "close",                                    "8445:11#8"_rule     },
    Arrow{"completed",    "closed",       "close",                                    "8445:11#8"_rule     },
    Arrow{"disconnected", "closed",       "close",                                    "8445:11#8"_rule     },
    Arrow{"failed",       "closed",       "close",                                    "8445:11#8"_rule     }
};

// A local candidate, to be sent to the peer.
struct CandidateFound {
  Candidate candidate;
};
// No more candidates will come: time for an end-of-candidates indication.
struct GatheringDone {};
struct StateChanged {
  State from = State::kNew;
  State to = State::kNew;
};
// Data goes this way from here on.
struct PathSelected {
  Path path;
};

// Somebody has to look up this name of the peer's and tell by Agent::resolved().
struct NameWanted {
  std::string name;
};
// Our candidates call this address by this name: somebody has to answer for it (see ice/mdns.h).
struct NamePublished {
  std::string name;
  Address address;
};

using Event = std::variant<CandidateFound, GatheringDone, StateChanged, PathSelected, NameWanted,
                           NamePublished>;

}  // namespace glass::ice
