#include "sdp/write.h"

#include <span>
#include <string>

#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

void write_lines(std::span<const Line> lines, std::string& out) {
  for (const Line& line : lines) {
    if (line.type != 0) {
      out += line.type;
      out += '=';
    }
    out += line.value;
    if (line.ending == Ending::kCrLf) out += "\r\n";
    if (line.ending == Ending::kLf) out += '\n';
  }
}

}  // namespace

std::string write(const Description& description) {
  std::string out;
  write_lines(description.session, out);
  for (const Media& media : description.media) write_lines(media.lines, out);
  return out;
}

}  // namespace glass::sdp
