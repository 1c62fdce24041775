#include "explain/fields.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"
#include "dtls/handshake.h"
#include "dtls/messages/alert.h"
#include "dtls/messages/certificate.h"
#include "dtls/messages/certificate_request.h"
#include "dtls/messages/certificate_verify.h"
#include "dtls/messages/client_hello.h"
#include "dtls/messages/client_key_exchange.h"
#include "dtls/messages/finished.h"
#include "dtls/messages/hello_verify_request.h"
#include "dtls/messages/server_hello.h"
#include "dtls/messages/server_key_exchange.h"
#include "dtls/record.h"
#include "dtls/record13.h"
#include "dtls/wire.h"
#include "explain/format.h"
#include "explain/meaning.h"
#include "rtp/demux.h"
#include "rtp/extensions.h"
#include "rtp/packet.h"
#include "rtp/rtcp.h"
#include "sctp/channel/dcep.h"
#include "sctp/packet.h"
#include "sdp/line.h"
#include "sdp/parse.h"
#include "stun/message.h"

namespace glass::explain {
namespace {

constexpr std::size_t kShownBytes = 24;

// Collects what parsers read, in their order.
class Collector final : public FieldTap {
 public:
  std::vector<FieldNode> nodes;
  Format format = Format::kUnknown;
  std::string problem;

  void field(std::string_view name, std::size_t offset, Bytes bytes) override {
    add(name, offset, bytes.size());
    if (format == Format::kSctp) look_into_data(name, offset, bytes);
    if (format == Format::kRtp) look_into_extension(name, offset, bytes);
  }
  void open(std::string_view name, std::size_t offset) override {
    open_.push_back(nodes.size());
    add(name, offset, 0);
  }
  void close(std::size_t offset) override {
    if (open_.empty()) return;
    FieldNode& node = nodes[open_.back()];
    node.size = offset - node.offset;
    open_.pop_back();
  }
  // Structures whose parser gave up inside them reach as far as it got.
  void close_all() {
    std::size_t end = 0;
    for (const FieldNode& node : nodes) end = std::max(end, node.offset + node.size);
    while (!open_.empty()) close(std::max(end, nodes[open_.back()].offset));
  }

 private:
  void add(std::string_view name, std::size_t offset, std::size_t size) {
    nodes.push_back({std::string(name), offset, size, 0, false, format, {}, {}});
  }
  // Opening a channel is user data to SCTP; the payload protocol says so just before it.
  void look_into_data(std::string_view name, std::size_t offset, Bytes bytes) {
    if (name == "Payload Protocol Identifier" && bytes.size() == 4)
      is_dcep_ = Reader(bytes).u32(name) == sctp::kPpidDcep.value();
    if (name != "User Data" || !is_dcep_) return;
    const Format outer = std::exchange(format, Format::kDcep);
    Reader in(bytes, this, offset);
    const auto message = sctp::parse_dcep(in);
    if (!message) problem = sctp::to_text(message.error());
    format = outer;
  }

  // The two octets before it say in which form the elements are.
  void look_into_extension(std::string_view name, std::size_t offset, Bytes bytes) {
    if (name == "Defined by Profile") profile_ = Reader(bytes).u16(name);
    if (name != "Header Extension") return;
    rtp::ExtensionWalk walk(profile_, bytes, this, offset);
    while (walk.next()) {
    }
  }

  std::vector<std::size_t> open_;
  bool is_dcep_ = false;
  std::uint16_t profile_ = 0;
};

// The body of a whole handshake message. False: it does not make sense.
bool read_body(dtls::HandshakeType type, Reader& in) {
  using dtls::HandshakeType;
  switch (type) {
    case HandshakeType::kClientHello: return dtls::parse_client_hello(in).has_value();
    case HandshakeType::kServerHello: return dtls::parse_server_hello(in).has_value();
    case HandshakeType::kHelloVerifyRequest:
      return dtls::parse_hello_verify_request(in).has_value();
    case HandshakeType::kCertificate: return dtls::parse_certificate(in).has_value();
    case HandshakeType::kServerKeyExchange: return dtls::parse_server_key_exchange(in).has_value();
    case HandshakeType::kCertificateRequest: return dtls::parse_certificate_request(in).has_value();
    case HandshakeType::kCertificateVerify: return dtls::parse_certificate_verify(in).has_value();
    case HandshakeType::kClientKeyExchange: return dtls::parse_client_key_exchange(in).has_value();
    case HandshakeType::kFinished: return dtls::parse_finished(in).has_value();
    default: return true;
  }
}

void read_handshake(Reader& in, Collector& tap, std::size_t origin) {
  while (in.left() > 0) {
    const auto fragment = dtls::parse_fragment(in);
    if (!fragment) {
      tap.problem = dtls::to_text(fragment.error());
      return;
    }
    if (fragment->bytes.size() != fragment->length) continue;  // a part alone has no fields
    Reader body(fragment->bytes, &tap, origin + in.at() - fragment->bytes.size());
    if (!read_body(fragment->type, body))
      tap.problem = "the body of " + std::string(dtls::to_text(fragment->type)) + " is malformed";
  }
}

// What is sealed has the outer shape of AES-GCM only (RFC 5288 §3).
void read_sealed(Reader& in) {
  if (in.left() < dtls::kSealOverhead) return;
  in.skip(dtls::kExplicitNonceSize, "explicit nonce");
  in.skip(in.left() - (dtls::kSealOverhead - dtls::kExplicitNonceSize), "encrypted content");
  in.skip(in.left(), "authentication tag");
}

void read_dtls(Bytes bytes, Collector& tap, std::size_t origin) {
  Reader in(bytes, &tap, origin);
  while (in.left() > 0) {
    if (dtls::is_unified(in.rest().front())) {
      // RFC 9147 §4: all of it is masked or sealed.
      if (const auto sealed = dtls::parse_unified(in); !sealed) {
        tap.problem = dtls::to_text(sealed.error());
        return;
      }
      continue;
    }
    const auto record = dtls::parse_record(in);
    if (!record) {
      tap.problem = dtls::to_text(record.error());
      return;
    }
    const std::size_t start = origin + in.at() - record->fragment.size();
    Reader fragment(record->fragment, &tap, start);
    if (record->epoch > 0) {
      read_sealed(fragment);
    } else if (record->type == dtls::ContentType::kHandshake) {
      read_handshake(fragment, tap, start);
    } else if (record->type == dtls::ContentType::kAlert) {
      const auto alert = dtls::parse_alert(fragment);
      if (!alert) tap.problem = dtls::to_text(alert.error());
    }
  }
}

void read_sctp(Bytes bytes, Collector& tap) {
  if (!sctp::name_fields(bytes, tap)) tap.problem = "malformed SCTP packet";
}

void read_dcep(Bytes bytes, Collector& tap) {
  Reader in(bytes, &tap);
  const auto message = sctp::parse_dcep(in);
  if (!message) tap.problem = sctp::to_text(message.error());
}

void read_stun(Bytes bytes, Collector& tap) {
  const auto message = stun::MessageView::parse(bytes, &tap);
  if (!message) tap.problem = stun::to_text(message.error());
}

// RFC 8656 §12.4. What is relayed may be DTLS; STUN inside is shown as bytes.
void read_channel_data(Bytes bytes, Collector& tap) {
  Reader in(bytes, &tap);
  (void)in.u16("Channel Number");
  const std::size_t length = in.u16("Length");
  const Bytes inside = in.bytes(std::min(length, in.left()), "Application Data");
  if (!in.ok() || inside.size() < length) tap.problem = "shorter than it says";
  if (guess_format(inside) != Format::kDtls) return;
  tap.format = Format::kDtls;
  read_dtls(inside, tap, 4);
}

// One field a line, called by its type, or by its attribute where it is one.
void read_sdp(Bytes bytes, Collector& tap) {
  const std::string_view text = as_text(bytes);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    const std::string_view line = text.substr(at, end - at);
    const bool attribute = line.starts_with("a=");
    const std::size_t name_end = attribute ? line.find_first_of(":\r\n") : 2;
    tap.field(line.substr(0, name_end), at, bytes.subspan(at, line.size()));
    at = end;
  }
  const auto parsed = sdp::parse(text);
  if (!parsed) tap.problem = sdp::to_text(parsed.error());
}

// RTP with the elements of its extension inside, or each RTCP packet of a compound.
void read_rtp(Bytes bytes, Collector& tap) {
  if (rtp::rtp_kind(bytes) == rtp::RtpKind::kRtcp) {
    if (!rtp::name_rtcp_fields(bytes, tap)) tap.problem = "malformed RTCP packet";
    return;
  }
  const auto packet = rtp::parse_packet(bytes, &tap);
  if (!packet) tap.problem = rtp::to_text(packet.error());
}

void read_as(Format format, Bytes bytes, Collector& tap) {
  switch (format) {
    case Format::kStun: return read_stun(bytes, tap);
    case Format::kChannelData: return read_channel_data(bytes, tap);
    case Format::kDtls: return read_dtls(bytes, tap, 0);
    case Format::kSctp: return read_sctp(bytes, tap);
    case Format::kDcep: return read_dcep(bytes, tap);
    case Format::kSdp: return read_sdp(bytes, tap);
    case Format::kRtp: return read_rtp(bytes, tap);
    case Format::kUnknown: break;
  }
  tap.problem = "none of the protocols of WebRTC by its first byte";
}

// What lies inside of what: spans that contain others are their parents. Calls
// visit(index, parent) for each node in order; the parent's index is nodes.size() for none.
template <class Visit>
void for_each_nested(std::vector<FieldNode>& nodes, Visit visit) {
  std::vector<std::size_t> around;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const auto ends_before = [&](std::size_t outer) {
      return nodes[outer].offset + nodes[outer].size <= nodes[i].offset;
    };
    while (!around.empty() && ends_before(around.back())) around.pop_back();
    nodes[i].depth = around.size();
    visit(i, around.empty() ? nodes.size() : around.back());
    around.push_back(i);
  }
}

// Puts a field over each run of bytes that no field without parts covers.
void name_the_rest(std::vector<FieldNode>& nodes, std::size_t size, Format format) {
  std::vector<FieldNode> all;
  std::size_t covered = 0;
  const auto cover_until = [&](std::size_t offset) {
    if (offset > covered)
      all.push_back({std::string(kUnnamed), covered, offset - covered, 0, false, format, {}, {}});
    covered = std::max(covered, offset);
  };
  for (FieldNode& node : nodes) {
    cover_until(node.offset);
    if (!node.has_parts) covered = std::max(covered, node.offset + node.size);
    all.push_back(std::move(node));
  }
  cover_until(size);
  nodes = std::move(all);
}

}  // namespace

std::string value_text(Bytes bytes) {
  const bool is_text =
      std::ranges::all_of(bytes, [](std::uint8_t byte) { return byte >= 0x20 && byte < 0x7f; });
  if (bytes.size() > 4 && is_text) return '"' + std::string(as_text(bytes)) + '"';
  if (bytes.size() > 8) {
    const std::string shown = hex(bytes.first(std::min(bytes.size(), kShownBytes)));
    return bytes.size() > kShownBytes ? shown + "..." : shown;
  }
  std::uint64_t number = 0;
  for (const std::uint8_t byte : bytes) number = number << 8 | byte;
  if (number < 10) return decimal(number);
  return decimal(number) + " (" + hex_number(number, static_cast<int>(bytes.size() * 2)) + ')';
}

Annotated annotate(Bytes bytes, std::optional<Format> as) {
  Annotated out;
  out.format = as.value_or(guess_format(bytes));
  Collector tap;
  tap.format = out.format;
  read_as(out.format, bytes, tap);
  tap.close_all();
  out.problem = std::move(tap.problem);
  std::vector<FieldNode>& nodes = out.fields = std::move(tap.nodes);
  std::erase_if(nodes, [](const FieldNode& node) { return node.size == 0; });
  const auto mark_parent = [&](std::size_t, std::size_t parent) {
    if (parent < nodes.size()) nodes[parent].has_parts = true;
  };
  for_each_nested(nodes, mark_parent);
  name_the_rest(nodes, bytes.size(), out.format);
  for_each_nested(nodes, [&](std::size_t i, std::size_t parent) {
    if (nodes[i].has_parts) return;
    nodes[i].value = value_text(bytes.subspan(nodes[i].offset, nodes[i].size));
    const std::string_view around =
        parent < nodes.size() ? std::string_view(nodes[parent].name) : std::string_view{};
    nodes[i].meaning = meaning_of(std::span(nodes).first(i + 1), around, bytes);
  });
  return out;
}

}  // namespace glass::explain
