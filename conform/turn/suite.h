// conform/turn/suite.h - what a TURN server has to do: RFC 8656, and the long-term credentials of
// RFC 8489 that it is used with.
#pragma once

#include <vector>

#include "conform/case.h"

namespace glass::conform {

// Facts: "login" (the credentials work), "two-users", "password-algorithms", "anonymity",
// "ipv4-relay", "ipv6-relay", "peer" (it relays to us), "stream", "datagram", "tcp", "software",
// "relayed".
class TurnSuite final : public Suite {
 public:
  TurnSuite();
  [[nodiscard]] const std::vector<Case>& cases() const override { return cases_; }
  Life is_alive(Session& session, Duration* took) override;
  void look(Session& session) override;

 private:
  std::vector<Case> cases_;
};

// The groups of cases, each in a file of its own.
void add_credential_cases(std::vector<Case>& to);  // RFC 8489 §9.2
void add_allocate_cases(std::vector<Case>& to);    // RFC 8656 §5 to §7
void add_refresh_cases(std::vector<Case>& to);     // §8
void add_permission_cases(std::vector<Case>& to);  // §9, §10
void add_data_cases(std::vector<Case>& to);        // §11
void add_channel_cases(std::vector<Case>& to);     // §12

}  // namespace glass::conform
