// tests/sdp/fixtures.h - the recorded descriptions, by name, and building blocks for made-up ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "sdp/offer_answer.h"

namespace glass::sdp::test {

// "chromium/data.offer.sdp" and so on, sorted.
std::vector<std::string> fixture_names();
// The bytes of one. Fails the test when it is not there.
std::string read_fixture(const std::string& name);
// Parses, and fails the test when that does.
Description parsed(std::string_view text);
Description parsed_fixture(const std::string& name);
// What a data section has to have, for our side.
LocalParameters local_parameters();
// An offer for a data channel, LF endings, one string a line; `without` and `with` change it: lines
// that begin with `without` go, and `with` stands at the end.
std::string data_offer(std::string_view without = "", std::string_view with = "");

}  // namespace glass::sdp::test
