#include "sdp/jsep/core.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/text.h"
#include "sdp/attributes/dtls.h"
#include "sdp/description.h"
#include "sdp/jsep/section.h"
#include "sdp/lines.h"
#include "sdp/offer_answer.h"

namespace glass::sdp {
namespace {

// RFC 8839 §5.4 asks for 24 and 128 random bits at least: 48 and 144 here.
constexpr std::size_t kUfragSize = 8;
constexpr std::size_t kPasswordSize = 24;

// Each character has six bits.
std::string random_credential(Random& random, std::size_t size) {
  static constexpr std::string_view kCharacters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<std::uint8_t, kPasswordSize> bits{};
  random.fill(bits);
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += kCharacters[bits[i] % kCharacters.size()];
  return text;
}

}  // namespace

Transceiver* Core::find(TransceiverId id) {
  const auto found = std::ranges::find(transceivers, id, &Transceiver::id);
  return found == transceivers.end() ? nullptr : &*found;
}

Transceiver* Core::at_index(std::size_t index) {
  const auto found = std::ranges::find(transceivers, index, &Transceiver::index);
  return found == transceivers.end() ? nullptr : &*found;
}

const Transceiver* Core::at_index(std::size_t index) const {
  const auto found = std::ranges::find(transceivers, index, &Transceiver::index);
  return found == transceivers.end() ? nullptr : &*found;
}

std::string key_of(const Description& description, std::size_t index) {
  const std::string_view name = mid(description.media[index]);
  return name.empty() ? '#' + decimal(index) : std::string(name);
}

LocalTransport make_transport(const Workshop& shop) {
  LocalTransport transport{.tls_id = make_tls_id(shop.random)};
  restart(transport, shop);
  transport.generation = 0;
  return transport;
}

void restart(LocalTransport& transport, const Workshop& shop) {
  transport.ufrag = random_credential(shop.random, kUfragSize);
  transport.pwd = random_credential(shop.random, kPasswordSize);
  transport.candidates.clear();
  transport.end_of_candidates = false;
  ++transport.generation;
}

TransportLines lines_of(const LocalTransport& transport, const Workshop& shop, Setup setup) {
  return {.ufrag = transport.ufrag,
          .pwd = transport.pwd,
          .candidates = transport.candidates,
          .end_of_candidates = transport.end_of_candidates,
          .fingerprints = shop.config.fingerprints,
          .setup = setup,
          .tls_id = transport.tls_id};
}

void write_head(Lines& out, const Core& core, std::string_view time,
                const std::vector<std::string>& groups, bool has_ice_options) {
  out.line("v=0");
  out.line("o=- ", decimal(core.session_id), " ", decimal(core.session_version), " IN IP4 0.0.0.0");
  out.line("s=-");
  out.line("t=", time);
  for (const std::string& group : groups) out.line("a=group:", group);
  if (has_ice_options) out.line("a=ice-options:trickle ice2");
  out.line("a=extmap-allow-mixed");
}

std::string bundle_group(const std::vector<std::string>& mids) {
  if (mids.empty()) return {};
  std::string group = "BUNDLE";
  for (const std::string& mid : mids) group += ' ' + mid;
  return group;
}

void add_sender(Section& section, const Transceiver& transceiver, const Core& core) {
  if (!sends(section.direction)) return;
  if (transceiver.streams.empty()) section.msids.push_back("- " + transceiver.track);
  for (const std::string& stream : transceiver.streams)
    section.msids.push_back(stream + ' ' + transceiver.track);
  // Simulcast streams are told apart by their rid, not by their SSRC.
  if (!section.encodings.send_ids.empty()) return;
  const bool has_rtx = std::ranges::any_of(
      section.codecs, [](const Codec& codec) { return role(codec) == CodecRole::kRtx; });
  section.sources = {.cname = core.cname,
                     .ssrc = transceiver.ssrc,
                     .rtx_ssrc = has_rtx ? transceiver.rtx_ssrc : 0};
}

}  // namespace glass::sdp
