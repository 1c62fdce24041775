// explain/sinks/out.h - where a sink writes to: a string, a file, a socket.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <string_view>

namespace glass::explain {

// Gets whole lines or whole blocks, in order.
using Out = std::move_only_function<void(std::string_view)>;

inline Out to_string(std::string& target) {
  return [&target](std::string_view piece) { target += piece; };
}
// The file stays the caller's, errors too: ask ferror() at the end.
inline Out to_file(std::FILE* file) {
  return [file](std::string_view piece) { std::fwrite(piece.data(), 1, piece.size(), file); };
}

}  // namespace glass::explain
