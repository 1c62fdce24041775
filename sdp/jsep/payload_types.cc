#include "sdp/jsep/payload_types.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/text.h"
#include "sdp/attributes/rtp.h"
#include "sdp/jsep/codec.h"
#include "sdp/jsep/select.h"

namespace glass::sdp {
namespace {

bool carries(const Codec& codec) {
  return role(codec) == CodecRole::kRtx || !carried_types(codec).empty();
}

bool is_same(const Codec& known, const Codec& codec) {
  return why_different(known, codec).empty() &&
         (!carries(codec) || known.parameters == codec.parameters);
}

std::optional<std::uint8_t> free_type(const PayloadTypeMap& taken) {
  for (std::uint8_t type = 96; type <= kMaxPayloadType; ++type)
    if (!taken.contains(type)) return type;
  for (std::uint8_t type = 35; type < 64; ++type)
    if (!taken.contains(type)) return type;
  return std::nullopt;
}

std::optional<std::uint8_t> type_for(PayloadTypeMap& taken, const Codec& codec) {
  for (const auto& [type, known] : taken)
    if (is_same(known, codec)) return type;
  const std::optional<std::uint8_t> type =
      taken.contains(codec.payload_type) ? free_type(taken) : codec.payload_type;
  if (type) taken.emplace(*type, codec);
  return type;
}

// "apt=96" or "111/111" with the numbers of this session; nullopt: one of them is gone.
std::optional<std::string> renumbered(const Codec& codec,
                                      const std::map<std::uint8_t, std::uint8_t>& numbers) {
  std::string text = role(codec) == CodecRole::kRtx ? "apt=" : "";
  bool is_first = true;
  for (const std::uint8_t type : carried_types(codec)) {
    const auto found = numbers.find(type);
    if (found == numbers.end()) return std::nullopt;
    if (!is_first) text += '/';
    text += decimal(found->second);
    is_first = false;
  }
  return text;
}

}  // namespace

std::vector<Codec> assign_payload_types(PayloadTypeMap& taken, const std::vector<Codec>& codecs) {
  std::vector<std::optional<Codec>> placed(codecs.size());
  std::map<std::uint8_t, std::uint8_t> numbers;
  const auto place = [&](std::size_t i, Codec codec) {
    const std::optional<std::uint8_t> type = type_for(taken, codec);
    if (!type) return;
    numbers[codec.payload_type] = *type;
    codec.payload_type = *type;
    taken.at(*type).feedback = codec.feedback;
    placed[i] = std::move(codec);
  };
  // Codecs first, then red, which rtx may retransmit, then rtx.
  for (const int round : {0, 1, 2}) {
    for (std::size_t i = 0; i < codecs.size(); ++i) {
      const int wanted = role(codecs[i]) == CodecRole::kRtx ? 2 : carries(codecs[i]) ? 1 : 0;
      if (wanted != round) continue;
      Codec codec = codecs[i];
      if (round != 0) {
        std::optional<std::string> parameters = renumbered(codec, numbers);
        if (!parameters) continue;
        codec.parameters = *std::move(parameters);
      }
      place(i, std::move(codec));
    }
  }
  std::vector<Codec> out;
  for (std::optional<Codec>& codec : placed)
    if (codec) out.push_back(*std::move(codec));
  return out;
}

void note_payload_types(PayloadTypeMap& taken, const std::vector<Codec>& codecs) {
  for (const Codec& codec : codecs) taken.insert_or_assign(codec.payload_type, codec);
}

std::uint16_t assign_extension_id(ExtensionIds& taken, const Extension& extension) {
  for (const auto& [id, uri] : taken)
    if (uri == extension.uri) return id;
  if (taken.try_emplace(extension.id, extension.uri).second) return extension.id;
  for (std::uint16_t id = 1; id <= kMaxOneByteExtensionId; ++id)
    if (taken.try_emplace(id, extension.uri).second) return id;
  return 0;
}

}  // namespace glass::sdp
