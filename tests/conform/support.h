// tests/conform/support.h - runs cases against a subject in this process and looks at the results.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "conform/in_process_wire.h"
#include "conform/runner.h"

namespace glass::conform::test {

inline const Address kTarget = *parse_address("192.0.2.1:3478");
inline const Address kOurs = *parse_address("198.51.100.7:0");

std::vector<const Case*> pointers(const std::vector<Case>& cases);
// All cases, those of a SHOULD and a MAY included.
RunReport run_all(Suite& suite, Subject& subject, const Login& login = {},
                  Transport transport = Transport::kUdp);
// Every case passed, or was skipped for want of one of `lacking`.
void expect_clean(const RunReport& report, const std::set<std::string>& lacking);
// Ids are unique, their rules are in rfc-notes/index, and levels are what stands there.
void expect_well_described(const std::vector<Case>& cases, std::string_view prefix);

}  // namespace glass::conform::test
