// demo/safe_text.h - what a stranger sent, made harmless: as a text for people, as a file name.
//
// Tested by: tests/demo/safe_text_test.cc
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace glass::demo {

inline constexpr std::size_t kMaxFileName =
    200;  // bytes; file systems take 255, ".part" comes on top

// Without control characters, and without those that turn or hide what stands beside them; bytes
// that are no UTF-8 become '?'. At most `max` bytes, cut between characters.
std::string safe_text(std::string_view text, std::size_t max = 200);

// The last part of a path as a name that is one on every system: no directories, no dot file, none
// of the characters and device names that Windows keeps for itself, nothing that looks like an
// option, at most kMaxFileName bytes with the extension kept. Never empty.
std::string safe_file_name(std::string_view name);

// "name (2).tar": the name to try when this one is taken `number` times already; 0: the name
// itself.
std::string numbered_name(std::string_view name, unsigned number);

// "118.2 MB": for people; powers of ten, as networks count.
std::string bytes_text(std::uint64_t bytes);

}  // namespace glass::demo
