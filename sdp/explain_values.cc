#include "sdp/explain_values.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/rid.h"
#include "sdp/attributes/rtp.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

std::string explain_setup(std::string_view value) {
  if (value == to_text(Setup::kActpass)) return "Either role will do: the answer chooses.";
  if (value == to_text(Setup::kActive)) return "This side sends the ClientHello.";
  if (value == to_text(Setup::kPassive)) return "This side waits for the ClientHello.";
  return {};
}

std::string_view candidate_origin(std::string_view type) {
  if (type == "host") return "an interface of its own";
  if (type == "srflx") return "how a STUN server sees it from outside";
  if (type == "prflx") return "how its peer sees it from outside";
  if (type == "relay") return "an address that a TURN server lends it";
  return "a kind that we do not know";
}

// "UDP 10.9.0.1 port 34161, priority 2122260223: an interface of its own."
std::string explain_candidate(std::string_view value) {
  const std::vector<Token> fields = split_tokens(value);
  if (fields.size() < 8) return {};
  std::string out = equal_ignoring_case(fields[2].text, "udp") ? "UDP " : "TCP ";
  out += fields[4].text;
  out += " port ";
  out += fields[5].text;
  out += ", priority ";
  out += fields[3].text;
  out += ": ";
  out += candidate_origin(fields[7].text);
  if (fields[4].text.ends_with(".local"))
    out += ", under a name that hides the address from strangers";
  return out + '.';
}

struct Named {
  std::string_view name;
  std::string_view meaning;
};

// Header extensions by the end of their URI, because their authors live in many places.
constexpr std::array<Named, 15> kExtensions{
    {
     {"ssrc-audio-level", "how loud the packet is, so that nobody has to decode it to know"},
     {"csrc-audio-level", "how loud each of the mixed sources is"},
     {"sdes:mid", "the mid of the section that the packet belongs to"},
     {"repaired-rtp-stream-id", "the rid of the encoding that a retransmission repairs"},
     {"rtp-stream-id", "the rid of the encoding that the packet belongs to"},
     {"abs-send-time", "when the packet was sent, for bandwidth estimation by the receiver"},
     {"abs-capture-time", "when the sound or picture was recorded"},
     {"transport-wide-cc-extensions-01",
         "a number that counts all packets of the transport, for bandwidth estimation by the "
         "sender"},
     {"toffset", "how much later than its timestamp the packet was sent"},
     {"video-orientation", "how the camera was held"},
     {"playout-delay", "how long the receiver should wait before it shows the picture"},
     {"video-content-type", "whether the picture is a screen or a camera's"},
     {"video-timing", "how long each step took at the sender"},
     {"color-space", "which colours the numbers stand for"},
     {"dependency-descriptor-rtp-header-extension",
         "which frames this one needs, so that a server can leave out layers"},
     }
};

constexpr std::array<Named, 8> kFeedback{
    {
     {"nack", "tells which packets are missing"},
     {"nack pli", "asks for a new key frame after a loss"},
     {"ccm fir", "demands a new key frame, for somebody who has just come"},
     {"ccm tmmbr", "asks the sender not to exceed a bitrate"},
     {"transport-cc", "tells when each packet arrived, so that the sender can estimate"},
     {"goog-remb", "tells how much bandwidth the receiver estimates"},
     {"ack ccfb", "tells when each packet arrived, in the form of RFC 8888"},
     {"nack rpsi", "names a picture that arrived whole"},
     }
};

// An attribute like the one that holds the value, for the functions that read attributes.
struct Holder {
  Holder(std::string_view name, std::string_view value)
      : line{.number = 1, .type = 'a', .value = std::string(name) + ':' + std::string(value)} {}
  [[nodiscard]] Attribute attribute() const { return *as_attribute(line); }
  Line line;
};

std::string explain_rtpmap(const Attribute& attribute) {
  const auto map = parse_rtpmap(attribute);
  if (!map) return {};
  std::string text = "Packets with the number " + decimal(map->payload_type) + " hold " +
                     std::string(map->encoding) + ", with a clock of " + decimal(map->clock_rate) +
                     " Hz";
  if (map->channels > 1) text += " and " + decimal(map->channels) + " channels";
  return text + '.';
}

std::string explain_fmtp(const Attribute& attribute) {
  const auto fmtp = parse_fmtp(attribute);
  if (!fmtp || !fmtp->parameters.starts_with("apt=")) return {};
  const std::string_view primary = fmtp->parameters.substr(4);
  return "The number " + std::string(fmtp->format) + " retransmits packets of " +
         std::string(primary.substr(0, primary.find(';'))) + '.';
}

std::string explain_feedback(const Attribute& attribute) {
  const auto feedback = parse_feedback(attribute);
  if (!feedback) return {};
  const auto* const known = std::ranges::find(kFeedback, feedback->text, &Named::name);
  if (known == kFeedback.end()) return {};
  return "The receiver of " +
         (feedback->format == "*" ? "any format " : std::string(feedback->format) + ' ') +
         std::string(known->meaning) + '.';
}

std::string explain_extmap(const Attribute& attribute) {
  const auto map = parse_extmap(attribute);
  if (!map) return {};
  const auto* const known = std::ranges::find_if(
      kExtensions, [&map](const Named& named) { return map->uri.ends_with(named.name); });
  if (known == kExtensions.end()) return {};
  return "Number " + decimal(map->id) + ": " + std::string(known->meaning) + '.';
}

std::string explain_group(std::string_view value) {
  const std::vector<Token> tokens = split_tokens(value);
  if (tokens.size() < 2) return {};
  std::string list;
  for (const Token& token : std::span(tokens).subspan(1))
    list += (list.empty() ? "" : ", ") + std::string(token.text);
  if (tokens[0].text == "BUNDLE") return "These share one transport: " + list + '.';
  if (tokens[0].text == "LS") return "These are played in step: " + list + '.';
  return {};
}

std::string explain_simulcast(const Attribute& attribute) {
  const auto simulcast = parse_simulcast(attribute);
  if (!simulcast) return {};
  std::string text;
  if (!simulcast->send.empty())
    text = "This side sends " + decimal(simulcast->send.size()) + " at once.";
  if (!simulcast->recv.empty())
    text += (text.empty() ? "" : " ") +
            ("This side can receive " + decimal(simulcast->recv.size()) + " at once.");
  return text;
}

std::string explain_source_group(const Attribute& attribute) {
  const auto group = parse_source_group(attribute);
  if (!group || group->semantics != "FID" || group->sources.size() != 2) return {};
  return "What " + decimal(group->sources[0]) + " sends, " + decimal(group->sources[1]) +
         " sends again when it is lost.";
}

}  // namespace

std::string explain_value(std::string_view name, std::string_view value) {
  if (name == "setup") return explain_setup(value);
  if (name == "candidate") return explain_candidate(value);
  if (name == "group") return explain_group(value);
  const Holder holder(name, value);
  const Attribute attribute = holder.attribute();
  if (name == "rtpmap") return explain_rtpmap(attribute);
  if (name == "fmtp") return explain_fmtp(attribute);
  if (name == "rtcp-fb") return explain_feedback(attribute);
  if (name == "extmap") return explain_extmap(attribute);
  if (name == "simulcast") return explain_simulcast(attribute);
  if (name == "ssrc-group") return explain_source_group(attribute);
  return {};
}

}  // namespace glass::sdp
