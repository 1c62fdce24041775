#include "sdp/jsep/section.h"

#include <string>
#include <string_view>

#include "base/text.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/jsep/codec.h"
#include "sdp/lines.h"

namespace glass::sdp {
namespace {

void write_media_line(Lines& out, const Section& section) {
  const bool has_no_port = section.is_rejected || section.is_bundle_only;
  std::string formats;
  if (section.is_rejected || section.data != DataForm::kNone) {
    for (const std::string& format : section.formats) formats += ' ' + format;
  } else {
    for (const Codec& codec : section.codecs) formats += ' ' + decimal(codec.payload_type);
  }
  out.line("m=", section.kind, " ",
           has_no_port ? std::string_view("0") : std::string_view(section.destination.port), " ",
           section.protocol, formats);
  if (has_no_port) return out.line("c=IN IP4 0.0.0.0");
  out.line("c=IN ", section.destination.address_type, " ", section.destination.address);
}

void write_codec(Lines& out, const Codec& codec) {
  const std::string type = decimal(codec.payload_type);
  out.line("a=rtpmap:", type, " ", name_of(codec));
  for (const std::string& feedback : codec.feedback) out.line("a=rtcp-fb:", type, " ", feedback);
  if (!codec.parameters.empty()) out.line("a=fmtp:", type, " ", codec.parameters);
}

void write_sources(Lines& out, const SourceLines& sources) {
  const std::string ssrc = decimal(sources.ssrc);
  const std::string rtx = decimal(sources.rtx_ssrc);
  if (sources.rtx_ssrc != 0) out.line("a=ssrc-group:FID ", ssrc, " ", rtx);
  out.line("a=ssrc:", ssrc, " cname:", sources.cname);
  if (sources.rtx_ssrc != 0) out.line("a=ssrc:", rtx, " cname:", sources.cname);
}

void write_rtp(Lines& out, const Section& section) {
  for (const Codec& codec : section.codecs) write_codec(out, codec);
  for (const Extension& extension : section.extensions) {
    const bool is_plain = extension.direction == MediaDirection::kSendRecv;
    out.line("a=extmap:", decimal(extension.id), is_plain ? "" : "/",
             is_plain ? std::string_view() : to_text(extension.direction), " ", extension.uri);
  }
  for (const std::string& msid : section.msids) out.line("a=msid:", msid);
  for (const std::string& rid : section.encodings.rids) out.line("a=rid:", rid);
  if (!section.encodings.simulcast.empty()) out.line("a=simulcast:", section.encodings.simulcast);
  if (section.has_rtcp_mux) out.line("a=rtcp-mux");
  if (section.has_rtcp_mux_only) out.line("a=rtcp-mux-only");
  if (section.has_rtcp_rsize) out.line("a=rtcp-rsize");
  if (section.sources) write_sources(out, *section.sources);
}

void write_data(Lines& out, const Section& section) {
  if (section.data == DataForm::kOld) {
    out.line("a=sctpmap:", decimal(section.sctp_port), " ", kDataFormat, " 65535");
  } else {
    out.line("a=sctp-port:", decimal(section.sctp_port));
  }
  out.line("a=max-message-size:", decimal(section.max_message_size));
}

void write_transport(Lines& out, const Section& section) {
  const TransportLines& transport = *section.transport;
  static constexpr std::string_view kPrefix = "candidate:";
  for (const std::string& candidate : transport.candidates)
    out.line("a=", candidate.starts_with(kPrefix) ? std::string_view() : kPrefix, candidate);
  if (transport.end_of_candidates) out.line("a=end-of-candidates");
  out.line("a=ice-ufrag:", transport.ufrag);
  out.line("a=ice-pwd:", transport.pwd);
  for (const std::string& fingerprint : transport.fingerprints)
    out.line("a=fingerprint:", fingerprint);
  out.line("a=setup:", to_text(transport.setup));
  if (!transport.tls_id.empty()) out.line("a=tls-id:", transport.tls_id);
  // RFC 3605: RTCP's own port, for those who do not multiplex; no candidate is known for it.
  if (section.data == DataForm::kNone && !section.has_rtcp_mux_only && !section.has_rtcp_mux)
    out.line("a=rtcp:9 IN IP4 0.0.0.0");
}

}  // namespace

void write(Lines& out, const Section& section) {
  write_media_line(out, section);
  if (!section.mid.empty()) out.line("a=mid:", section.mid);
  if (section.is_rejected) return out.line("a=inactive");
  if (section.is_bundle_only) out.line("a=bundle-only");
  if (section.transport) write_transport(out, section);
  if (section.data != DataForm::kNone) return write_data(out, section);
  out.line("a=", to_text(section.direction));
  write_rtp(out, section);
}

}  // namespace glass::sdp
