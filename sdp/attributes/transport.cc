#include "sdp/attributes/transport.h"

#include <optional>
#include <string_view>
#include <vector>

#include "sdp/attributes/media.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {

Transport::Transport(const Description& description, const Media& media, Side side)
    : description_(description), media_(media) {
  if (side == Side::kOffer && !is_bundle_only(description, media)) return;
  const std::optional<Group> bundle = bundle_of(description, mid(media));
  if (!bundle) return;
  const Media* tagged = find_mid(description, bundle->mids.front().text);
  if (tagged != &media) tagged_ = tagged;
}

std::vector<Attribute> Transport::find_all(std::string_view name) const {
  std::vector<Attribute> found = sdp::find_all(media_.lines, name);
  if (found.empty() && tagged_ != nullptr) found = sdp::find_all(tagged_->lines, name);
  if (found.empty()) found = sdp::find_all(description_.session, name);
  return found;
}

std::optional<Attribute> Transport::find(std::string_view name) const {
  const std::vector<Attribute> found = find_all(name);
  if (found.empty()) return std::nullopt;
  return found.front();
}

}  // namespace glass::sdp
