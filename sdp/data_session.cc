#include "sdp/data_session.h"

#include <array>
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/description.h"
#include "sdp/line.h"

namespace glass::sdp {
namespace {

// The data section, and where the attributes of its transport stand.
struct Data {
  const Description& description;
  const Media& media;
  Type type;
  Transport transport;

  // The first attribute with this name, which must exist.
  [[nodiscard]] Result<Attribute, Complaint> need(std::string_view name, Rule rule) const {
    const std::optional<Attribute> found = transport.find(name);
    if (!found)
      return std::unexpected(
          complain(media.lines.front(), 0,
                   "neither the data section nor the session has a=" + std::string(name), rule));
    return *found;
  }
};

Result<void, Complaint> read_ice(const Data& data, const Trace& trace, RemoteParameters& out) {
  out.ufrag = TRY(data.need("ice-ufrag", "8839:5.4#1"_rule)).value;
  out.pwd = TRY(data.need("ice-pwd", "8839:5.4#1"_rule)).value;
  for (const Attribute& attribute : data.transport.find_all("ice-options"))
    for (const Token& option : split_tokens(attribute.value))
      out.trickle = out.trickle || option.text == "trickle";
  out.ice_lite = is_ice_lite(data.description);
  if (out.ice_lite) trace.rule("8829:5.1.1#4"_rule);
  out.end_of_candidates = data.transport.find("end-of-candidates").has_value();
  for (const Attribute& attribute : data.transport.find_all("candidate")) {
    if (out.candidates.size() == kMaxCandidates) {
      trace.drop({}, "more candidates than we look at", as_bytes(attribute.value));
      continue;
    }
    out.candidates.push_back(attribute.line->value);
  }
  return {};
}

Result<void, Complaint> read_fingerprints(const Data& data, const Trace& trace,
                                          RemoteParameters& out) {
  const Attribute first = TRY(data.need("fingerprint", "8829:5.8.3#7"_rule));
  for (const Attribute& attribute : data.transport.find_all("fingerprint")) {
    Fingerprint fingerprint = TRY(parse_fingerprint(attribute));
    if (is_verifiable(fingerprint)) {
      out.fingerprints.push_back(std::move(fingerprint));
    } else {
      trace.drop("8122:5#2"_rule, "a hash function that verifies nothing",
                 as_bytes(attribute.value));
    }
  }
  if (out.fingerprints.empty())
    return std::unexpected(complain(*first.line, first.value_column,
                                    "no fingerprint has a hash function that we may trust",
                                    "8122:5#2"_rule));
  return {};
}

// RFC 4145 §4.1 with RFC 5763 §5: who sends the ClientHello.
Result<void, Complaint> read_setup(const Data& data, const Trace& trace, RemoteParameters& out) {
  const Attribute attribute = TRY(data.need("setup", "8829:5.8.3#6"_rule));
  out.setup = TRY(parse_setup(attribute));
  if (data.type != Type::kOffer && out.setup == Setup::kActpass)
    return std::unexpected(complain(*attribute.line, attribute.value_column,
                                    "an answer must choose between active and passive",
                                    "5763:5#8"_rule));
  if (out.setup == Setup::kActpass) trace.rule("5763:5#9"_rule);
  out.local_role = out.setup == Setup::kActive ? DtlsRole::kServer : DtlsRole::kClient;
  const std::optional<Attribute> tls_id = data.transport.find("tls-id");
  if (tls_id) out.tls_id = tls_id->value;
  return {};
}

Result<void, Complaint> read_sctp(const Data& data, const Trace& trace, RemoteParameters& out) {
  out.form = data_form(data.media);
  if (out.form == DataForm::kOld || data.media.protocol == "DTLS/SCTP")
    trace.rule("8829:5.1.2#7"_rule, Fact{"protocol", data.media.protocol});
  out.sctp_port = TRY(sctp_port(data.media));
  if (out.sctp_port == 0)
    return std::unexpected(complain(
        data.media.lines.front(), 0, "the peer refuses an SCTP association: its SCTP port is 0",
        data.type == Type::kOffer ? "8841:10.3#5"_rule : "8841:10.4#4"_rule));
  out.max_message_size = TRY(max_message_size(data.media));
  for (const Line& line : data.media.lines) {
    const std::optional<Attribute> attribute = as_attribute(line);
    if (attribute && as_direction(attribute->name))
      trace.rule("8841:9.2#1"_rule, Fact{"attribute", attribute->name});
  }
  return {};
}

// The section that stands for data channels and has not been given up.
Result<const Media*, Complaint> choose_data(const Description& description, Type type) {
  const Media* data = find_data(description);
  if (data == nullptr)
    return std::unexpected(
        Complaint{.text = "no media section is for data channels (m=application ... " +
                          std::string(kDataFormat) + ')'});
  if (is_rejected(description, *data))
    return std::unexpected(complain(data->lines.front(), 0,
                                    "the data section is rejected: its port is 0",
                                    type == Type::kOffer ? "3264:5.1#5"_rule : "8841:10.4#6"_rule));
  return data;
}

Result<RemoteParameters, Complaint> read_session(const Description& description, Type type,
                                                 const Trace& trace) {
  const Media* media = TRY(choose_data(description, type));
  const Side side = type == Type::kOffer ? Side::kOffer : Side::kAnswer;
  const Data data{.description = description,
                  .media = *media,
                  .type = type,
                  .transport = Transport(description, *media, side)};
  RemoteParameters out{
      .media_index = static_cast<std::size_t>(media - description.media.data()),
      .mid = std::string(mid(*media)),
  };
  TRY(read_ice(data, trace, out));
  TRY(read_fingerprints(data, trace, out));
  TRY(read_setup(data, trace, out));
  TRY(read_sctp(data, trace, out));
  return out;
}

}  // namespace

std::string_view to_text(Type type) {
  static constexpr std::array<std::string_view, 4> kNames{"offer", "pranswer", "answer",
                                                          "rollback"};
  return kNames[static_cast<std::size_t>(type)];
}

Result<RemoteParameters, Complaint> data_session(const Description& description, Type type,
                                                 const Trace& trace) {
  Result<RemoteParameters, Complaint> session = read_session(description, type, trace);
  if (!session) trace.drop(session.error().rule, session.error().text, {});
  return session;
}

}  // namespace glass::sdp
