// conform/stun/suite.h - what a STUN server has to do: RFC 8489, and RFC 5780 where it is offered.
#pragma once

#include <vector>

#include "conform/case.h"

namespace glass::conform {

// Facts: "tcp", "fingerprint", "software", "other-address" (RFC 5780), "near" (no NAT can be
// between).
class StunSuite final : public Suite {
 public:
  StunSuite();
  [[nodiscard]] const std::vector<Case>& cases() const override { return cases_; }
  Life is_alive(Session& session, Duration* took) override;
  void look(Session& session) override;

 private:
  std::vector<Case> cases_;
};

// The groups of cases, each in a file of its own.
void add_message_cases(std::vector<Case>& to);    // header, methods, classes, retransmission
void add_attribute_cases(std::vector<Case>& to);  // attributes, padding, errors, fingerprint
void add_stream_cases(std::vector<Case>& to);     // TCP
void add_discovery_cases(std::vector<Case>& to);  // RFC 5780

// Is the target alive: does a Binding request get any well-formed answer?
Life binding_life(Session& session, Duration* took);

}  // namespace glass::conform
