// dtls/extensions/extension_list.h - the extensions of a hello, known or not, in their order.
//
// RFC 5246 §7.4.1.4. A hello may end without the block; unknown types are kept and left alone.
#pragma once

#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

struct Extension {
  ExtensionType type = ExtensionType::kSupportedGroups;
  Bytes data;
};

struct ExtensionList {
  std::vector<Extension> all;
  bool has_block = false;  // an empty block and none at all are different bytes

  // The data of the extension of this type; nullptr: not there.
  [[nodiscard]] const Extension* find(ExtensionType type) const;
};

// Enough for any hello seen, and a bound for the search for duplicates.
inline constexpr std::size_t kExtensionsMax = 64;

// All that is left of `in`.
Result<ExtensionList, MessageError> parse_extensions(Reader& in);
void write(Writer& out, const ExtensionList& extensions);

}  // namespace glass::dtls
