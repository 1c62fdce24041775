// tests/support/rules.h - EXPECT_RULE: a requirement fired in this test.
//
// Give the machine under test test_trace(Layer). The record is emptied before each test. A test may
// put a sink of its own behind the record with forward_trace_to().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"

namespace glass::test {

// A Trace whose rules and drops are recorded for EXPECT_RULE.
Trace test_trace(Layer layer, std::uint16_t node = 0);
// The sink behind test_trace, for machines that take a Sink.
Sink* test_sink();
// Everything that reaches the record also goes to `sink` until the end of the test; null: no more.
void forward_trace_to(Sink* sink);
// Has this rule fired, as a rule or as a drop, since the test began?
bool rule_fired(Rule rule);
// Why packets were dropped in this test, in order.
const std::vector<std::string>& drop_reasons();
// "sctp association: CLOSED -> COOKIE-WAIT", in order.
const std::vector<std::string>& state_changes();
// Forgets what has fired so far in this test.
void forget_rules();

}  // namespace glass::test

// Not a helper function: tests/tidy finds the literal here.
#define EXPECT_RULE(id)                                                                \
  EXPECT_TRUE(::glass::test::rule_fired(::glass::operator""_rule(id, sizeof(id) - 1))) \
      << "rule " id " did not fire"
#define EXPECT_NO_RULE(id)                                                              \
  EXPECT_FALSE(::glass::test::rule_fired(::glass::operator""_rule(id, sizeof(id) - 1))) \
      << "rule " id " fired"
