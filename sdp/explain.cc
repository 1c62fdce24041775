#include "sdp/explain.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sdp/description.h"
#include "sdp/explain_values.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

struct TypeNote {
  char type;
  std::string_view kind;
  std::string_view meaning;
  std::string_view section;
};
constexpr std::array<TypeNote, 15> kTypes{
    {
     {'v', "version", "The version of SDP; there is only 0.", "RFC 8866 §5.1"},
     {'o', "origin",
         "Who made this description: a name, an identifier of the session, a version that grows "
         "with "
         "each change, and an address that browsers fill with a meaningless one.",
         "RFC 8866 §5.2"},
     {'s', "session name", "A name for people. WebRTC has none and writes a dash.",
         "RFC 8866 §5.3"},
     {'i', "information", "A free text about the session or the section.", "RFC 8866 §5.4"},
     {'u', "uri", "A web page with more about the session.", "RFC 8866 §5.5"},
     {'e', "email", "Whom to write to about the session.", "RFC 8866 §5.6"},
     {'p', "phone", "Whom to call about the session.", "RFC 8866 §5.6"},
     {'c', "connection",
         "The address for media before ICE finds a better one; 0.0.0.0 while none is known.",
         "RFC 8866 §5.7"},
     {'b', "bandwidth", "An upper limit for the bandwidth.", "RFC 8866 §5.8"},
     {'t', "time", "When the session takes place; two zeroes mean that it has no bounds.",
         "RFC 8866 §5.9"},
     {'r', "repetition", "How often the session repeats.", "RFC 8866 §5.10"},
     {'z', "time zone", "How clocks shift during a repeating session.", "RFC 8866 §5.11"},
     {'k', "key", "A key in the clear: obsolete, and ignored.", "RFC 8866 §5.12"},
     {'m', "media",
         "A new section begins: the kind of media, a port, the stack of protocols and the formats.",
         "RFC 8866 §5.14"},
     {0, "empty", "An empty line behind the description, which changes nothing.", "RFC 8866 §9"},
     }
};

struct AttributeNote {
  std::string_view name;
  std::string_view meaning;
  std::string_view section;
};
constexpr std::array<AttributeNote, 50> kAttributes{
    {
     // ICE
        {"candidate", "An address at which this side may be reached, for ICE to try.",
         "RFC 8839 §5.1"},
     {"end-of-candidates", "No more candidates will follow for this section.", "RFC 8840 §8.1"},
     {"ice-ufrag", "The name half of the credentials that sign the connectivity checks.",
         "RFC 8839 §5.4"},
     {"ice-pwd", "The secret half of the credentials that sign the connectivity checks.",
         "RFC 8839 §5.4"},
     {"ice-options",
         "Extensions of ICE that this side knows: trickle lets candidates come later.",
         "RFC 8839 §5.6"},
     {"ice-lite", "This side only answers checks: it has a public address.", "RFC 8839 §5.3"},
     {"ice-pacing", "How many milliseconds apart this side wants to send its checks.",
         "RFC 8839 §5.5"},
     {"ice-mismatch", "A middlebox changed the addresses, so ICE is not used for this section.",
         "RFC 8839 §5.3"},
     {"remote-candidates", "Which of the peer's candidates ICE has chosen.", "RFC 8839 §5.2"},
     // DTLS
        {"fingerprint",
         "The hash of the certificate that this side will show in the DTLS handshake. Whoever "
         "shows "
         "another one is somebody else.",
         "RFC 8122 §5"},
     {"setup", "Who begins the DTLS handshake: the active side is the client.", "RFC 8842 §5"},
     {"tls-id", "A new value asks for a new DTLS association.", "RFC 8842 §4"},
     {"connection", "Whether a new connection is made or the present one goes on.",
         "RFC 4145 §5"},
     {"identity", "A statement by an identity provider about who this is.", "RFC 8827 §5"},
     {"crypto", "Keys for SRTP in the clear, which WebRTC forbids.", "RFC 4568 §4"},
     // Data channels
        {"sctp-port", "The port of the SCTP association inside DTLS.", "RFC 8841 §5"},
     {"max-message-size", "The largest message that this side accepts; 0 means any.",
         "RFC 8841 §6"},
     {"sctpmap",
         "The old way to say port, protocol and number of streams, from before RFC 8841.", ""},
     {"sctp-init",
         "The SCTP INIT chunk itself, so that the association needs no handshake of its own. An "
         "experiment of Chromium.",
         ""},
     // Sections and groups
        {"mid", "The name of this section, which groups and candidates refer to.", "RFC 5888 §4"},
     {"group",
         "Sections that belong together. In a BUNDLE they share one transport, that of the first.",
         "RFC 9143 §5"},
     {"bundle-only", "This section is offered only if it can share another one's transport.",
         "RFC 9143 §6"},
     {"sendrecv", "Media flows both ways.", "RFC 8866 §6.7"},
     {"sendonly", "This side only sends media here.", "RFC 8866 §6.7"},
     {"recvonly", "This side only receives media here.", "RFC 8866 §6.7"},
     {"inactive", "No media flows here at present.", "RFC 8866 §6.7"},
     {"msid", "The media stream and the track that this section carries.", "RFC 8830 §2"},
     {"msid-semantic", "How old endpoints announced media streams; browsers still write it.",
         "RFC 8829 §5.2.1"},
     {"label", "A name that other protocols use for this section.", "RFC 4574 §4"},
     {"charset", "The character set of the texts for people.", "RFC 8866 §6.10"},
     // RTP
        {"rtpmap", "What a payload type number stands for: codec, clock rate, channels.",
         "RFC 8866 §6.6"},
     {"fmtp", "Parameters of one format, in a language that its codec defines.",
         "RFC 8866 §6.15"},
     {"ptime", "How many milliseconds of sound one packet should carry.", "RFC 8866 §6.4"},
     {"maxptime", "How many milliseconds of sound one packet may carry at most.",
         "RFC 8866 §6.5"},
     {"framerate", "The highest number of frames a second.", "RFC 8866 §6.13"},
     {"imageattr", "Which picture sizes this side can send or receive.", "RFC 6236 §3"},
     {"extmap", "The number by which an RTP header extension is known in this session.",
         "RFC 8285 §5"},
     {"extmap-allow-mixed", "Header extensions of both sizes may occur in one stream.",
         "RFC 8285 §6"},
     {"cryptex", "RTP header extensions may be encrypted too.", ""},
     {"ssrc", "A source of RTP packets, and a property of it: cname names who sends.",
         "RFC 5576 §4.1"},
     {"ssrc-group", "Sources that belong together: FID pairs a stream with its retransmissions.",
         "RFC 5576 §4.2"},
     {"rid", "A name for one of several encodings of the same track.", "RFC 8851 §4"},
     {"simulcast", "Which encodings of one track are sent or received side by side.",
         "RFC 8853 §5.1"},
     {"rtcp", "Port and address for RTCP where it does not share the one of RTP.",
         "RFC 3605 §2.1"},
     {"rtcp-mux", "RTP and RTCP share one port.", "RFC 5761 §5.1"},
     {"rtcp-mux-only", "RTP and RTCP must share one port.", "RFC 8858 §3"},
     {"rtcp-rsize", "RTCP packets may leave out what is not needed at the moment.",
         "RFC 5506 §5"},
     {"rtcp-fb", "A kind of RTCP feedback that this side understands for a format.",
         "RFC 4585 §4.2"},
     {"rtcp-xr", "Extended reports of RTCP that this side wants or can give.", "RFC 3611 §5.1"},
     {"tool", "The program that wrote the description.", "RFC 8866 §6.3"},
     }
};

std::string explain_media(std::string_view value) {
  const std::vector<Token> fields = split_tokens(value);
  if (fields.size() < 4) return {};
  if (fields[1].text == "0") return "Port 0: rejected, or sharing another section's transport.";
  if (fields[1].text == "9") return "Port 9 stands for no port: the candidates say where to send.";
  return {};
}

LineNote explain_attribute(const Attribute& attribute) {
  LineNote note{.kind = "attribute " + std::string(attribute.name)};
  const auto* const known = std::ranges::find(kAttributes, attribute.name, &AttributeNote::name);
  if (known == kAttributes.end()) {
    note.meaning = "An attribute that is not known here, and therefore ignored.";
    note.section = "RFC 8866 §5.13";
    return note;
  }
  note.meaning = known->meaning;
  note.section = known->section;
  note.detail = explain_value(attribute.name, attribute.value);
  return note;
}

LineNote explain_line(const Line& line) {
  LineNote note;
  if (const std::optional<Attribute> attribute = as_attribute(line)) {
    note = explain_attribute(*attribute);
  } else if (const auto* const known = std::ranges::find(kTypes, line.type, &TypeNote::type);
             known != kTypes.end()) {
    note.kind = known->kind;
    note.meaning = known->meaning;
    note.section = known->section;
    if (line.type == 'm') note.detail = explain_media(line.value);
  }
  note.line = line.number;
  if (line.type != 0) note.text = std::string(1, line.type) + '=' + line.value;
  return note;
}

void explain_lines(std::span<const Line> lines, std::vector<LineNote>& out) {
  std::ranges::transform(lines, std::back_inserter(out), explain_line);
}

}  // namespace

std::vector<LineNote> explain(const Description& description) {
  std::vector<LineNote> notes;
  explain_lines(description.session, notes);
  for (const Media& media : description.media) explain_lines(media.lines, notes);
  return notes;
}

bool is_explained(std::string_view attribute_name) {
  return std::ranges::find(kAttributes, attribute_name, &AttributeNote::name) != kAttributes.end();
}

}  // namespace glass::sdp
