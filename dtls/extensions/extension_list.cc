#include "dtls/extensions/extension_list.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/writer.h"
#include "dtls/extensions/walk_extension.h"
#include "dtls/messages/message_error.h"
#include "dtls/wire.h"

namespace glass::dtls {

const Extension* ExtensionList::find(ExtensionType type) const {
  const auto at = std::ranges::find(all, type, &Extension::type);
  return at == all.end() ? nullptr : &*at;
}

Result<ExtensionList, MessageError> parse_extensions(Reader& in) {
  ExtensionList list;
  if (!in.ok()) return std::unexpected(MessageError::kLength);
  if (in.left() == 0) return list;
  list.has_block = true;
  const std::size_t total = in.u16("extensions length");
  Reader block = in.nested(total);
  while (in.ok() && block.ok() && block.left() > 0) {
    Extension extension;
    block.open("Extension");
    extension.type = ExtensionType{block.u16("extension_type")};
    const std::size_t size = block.u16("extension_data length");
    if (size > block.left()) return std::unexpected(MessageError::kLength);
    extension.data = block.rest().first(size);
    walk_extension(extension.type, block.nested(size));
    block.close();
    if (list.find(extension.type) != nullptr)
      return std::unexpected(MessageError::kDuplicateExtension);
    if (list.all.size() == kExtensionsMax) return std::unexpected(MessageError::kValue);
    list.all.push_back(extension);
  }
  if (!in.ok() || !block.ok() || in.left() > 0) return std::unexpected(MessageError::kLength);
  return list;
}

void write(Writer& out, const ExtensionList& extensions) {
  if (!extensions.has_block) return;
  const auto block = out.block(2);
  for (const Extension& each : extensions.all) {
    out.u16(std::to_underlying(each.type));
    const auto data = out.block(2);
    out.bytes(each.data);
  }
}

}  // namespace glass::dtls
