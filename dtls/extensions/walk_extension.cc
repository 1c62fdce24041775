#include "dtls/extensions/walk_extension.h"

#include "base/bytes.h"
#include "dtls/extensions/number_list.h"
#include "dtls/extensions/renegotiation_info.h"
#include "dtls/extensions/use_srtp.h"
#include "dtls/wire.h"

namespace glass::dtls {
namespace {

void read_as(ExtensionType type, Reader& data) {
  switch (type) {
    case ExtensionType::kSupportedGroups: (void)parse_supported_groups(data); break;
    case ExtensionType::kSignatureAlgorithms: (void)parse_signature_algorithms(data); break;
    case ExtensionType::kEcPointFormats: (void)parse_point_formats(data); break;
    case ExtensionType::kUseSrtp: (void)parse_use_srtp(data); break;
    case ExtensionType::kRenegotiationInfo: (void)parse_renegotiation_info(data); break;
    case ExtensionType::kSupportedVersions: (void)parse_numbers(data, 1, 2, "version"); break;
    default: break;
  }
}

}  // namespace

void walk_extension(ExtensionType type, Reader data) {
  if (data.tap() == nullptr) return;
  read_as(type, data);
  data.skip(data.left(), "extension_data");
}

}  // namespace glass::dtls
