#include "peer/error.h"

#include <string>

#include "base/text.h"

namespace glass::peer {

std::string to_text(const Error& error) {
  std::string out(to_text(error.stage));
  if (error.line != 0) out += " line " + decimal(error.line);
  if (error.column != 0) out += ", column " + decimal(error.column);
  return out + ": " + error.text;
}

}  // namespace glass::peer
