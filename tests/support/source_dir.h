// tests/support/source_dir.h - where the project is, for tests that read its files.
//
// A function of its own source file, so that no other object depends on the place of the checkout
// and compiler caches serve all of them.
#pragma once

#include <string>

namespace glass::test {

// Without a slash at the end.
std::string source_dir();

}  // namespace glass::test
