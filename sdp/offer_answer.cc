#include "sdp/offer_answer.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"
#include "base/check.h"
#include "base/random.h"
#include "base/result.h"
#include "base/rule.h"
#include "base/text.h"
#include "base/trace.h"
#include "sdp/attributes/dtls.h"
#include "sdp/attributes/ice.h"
#include "sdp/attributes/media.h"
#include "sdp/attributes/sctp.h"
#include "sdp/attributes/transport.h"
#include "sdp/data_session.h"
#include "sdp/description.h"
#include "sdp/line.h"
#include "sdp/lines.h"

namespace glass::sdp {
namespace {

// How the live section presents itself.
struct DataSection {
  std::string protocol = "UDP/DTLS/SCTP";
  DataForm form = DataForm::kNew;
  std::string_view mid;
  Setup setup = Setup::kActpass;
  bool with_tls_id = true;
};

// Our own side made these values: a wrong one is a bug of ours.
void check_local(const LocalParameters& local) {
  CHECK(is_credential(local.ufrag, kMinUfrag, kMaxSentUfrag));
  CHECK(is_credential(local.pwd, kMinPassword, kMaxCredential));
  CHECK(!local.fingerprints.empty());
  CHECK(local.sctp_port != 0);
  CHECK(local.session_id <= INT64_MAX);
  CHECK(is_token(local.mid));
}

void write_head(Lines& out, const LocalParameters& local, std::string_view time,
                std::string_view bundled) {
  out.line("v=0");
  out.line("o=- ", decimal(local.session_id), " ", decimal(local.session_version),
           " IN IP4 0.0.0.0");
  out.line("s=-");
  out.line("t=", time);
  if (!bundled.empty()) out.line("a=group:BUNDLE ", bundled);
  std::string options;
  for (const std::string& option : local.ice_options) {
    if (!options.empty()) options += ' ';
    options += option;
  }
  if (!options.empty()) out.line("a=ice-options:", options);
  if (local.ice_lite) out.line("a=ice-lite");
}

void write_media_line(Lines& out, const LocalParameters& local, const DataSection& section) {
  const DefaultDestination destination = default_destination(local.candidates);
  if (section.form == DataForm::kOld) {
    out.line("m=application ", destination.port, " ", section.protocol, " ",
             decimal(local.sctp_port));
  } else {
    out.line("m=application ", destination.port, " ", section.protocol, " ", kDataFormat);
  }
  out.line("c=IN ", destination.address_type, " ", destination.address);
}

void write_data(Lines& out, const LocalParameters& local, const DataSection& section) {
  static constexpr std::string_view kPrefix = "candidate:";
  write_media_line(out, local, section);
  for (const std::string& candidate : local.candidates)
    out.line("a=", candidate.starts_with(kPrefix) ? std::string_view() : kPrefix, candidate);
  if (local.end_of_candidates) out.line("a=end-of-candidates");
  out.line("a=ice-ufrag:", local.ufrag);
  out.line("a=ice-pwd:", local.pwd);
  for (const std::string& fingerprint : local.fingerprints) out.line("a=fingerprint:", fingerprint);
  out.line("a=setup:", to_text(section.setup));
  if (section.with_tls_id && !local.tls_id.empty()) out.line("a=tls-id:", local.tls_id);
  if (!section.mid.empty()) out.line("a=mid:", section.mid);
  if (section.form == DataForm::kOld) {
    out.line("a=sctpmap:", decimal(local.sctp_port), " ", kDataFormat, " 65535");
  } else {
    out.line("a=sctp-port:", decimal(local.sctp_port));
  }
  out.line("a=max-message-size:", decimal(local.max_message_size));
}

// RFC 3264 §6: port 0. The formats mean nothing then, and one must be there.
void write_rejected(Lines& out, const Media& media) {
  out.line("m=", media.kind, " 0 ", media.protocol, " ", media.formats.front());
  out.line("c=IN IP4 0.0.0.0");
  out.line("a=inactive");
  if (const std::string_view id = mid(media); !id.empty()) out.line("a=mid:", id);
}

void fire_offer_rules(const Trace& trace) {
  trace.rule("8829:5.2.1#10"_rule);
  trace.rule("8829:5.2.1#11"_rule);
  trace.rule("8829:5.2.1#36"_rule);
  trace.rule("8829:5.2.1#38"_rule);
  trace.rule("8829:5.2.1#39"_rule);
  trace.rule("8829:5.2.1#42"_rule);
}

// RFC 5763 §5, RFC 8829 §5.3.1: active if the offer leaves the choice to us.
Setup choose_setup(Setup offered, Setup wanted) {
  if (offered == Setup::kActive) return Setup::kPassive;
  if (offered == Setup::kPassive) return Setup::kActive;
  return wanted == Setup::kPassive ? Setup::kPassive : Setup::kActive;
}

void fire_setup_rule(Setup offered, Setup chosen, const Trace& trace) {
  const Fact fact{"setup", to_text(chosen)};
  if (offered == Setup::kActpass) {
    trace.rule("8829:5.3.1#25"_rule, fact);
  } else {
    trace.rule("8829:5.3.1#26"_rule, fact);
  }
}

// RFC 9143 §7.3.1: the first section of the group that we accept carries the transport. Answers
// whether the data section stays in its group.
bool keep_bundle(const Description& offer, std::string_view data_mid, const Trace& trace) {
  const std::optional<Group> bundle = bundle_of(offer, data_mid);
  if (!bundle) return false;
  if (bundle->mids.front().text == data_mid) {
    trace.rule("9143:7.3.1#2"_rule, Fact{"mid", data_mid});
  } else {
    trace.rule("9143:7.3.1#3"_rule, Fact{"mid", data_mid});
  }
  trace.rule("8829:5.3.1#31"_rule);
  return true;
}

// RFC 3264 §6: the answer repeats the offer's t= line.
std::string_view time_of(const Description& offer) {
  for (const Line& line : offer.session)
    if (line.type == 't') return line.value;
  return "0 0";
}

Result<void, Complaint> check_pair(const Media& offered, const Media& answered) {
  const Line& line = answered.lines.front();
  if (offered.kind != answered.kind || offered.protocol != answered.protocol)
    return std::unexpected(complain(
        line, kValueColumn,
        "kind and protocol differ from the offer's " + offered.kind + ' ' + offered.protocol,
        "8829:5.8.3#13"_rule));
  if (mid(offered) != mid(answered) && !(answered.port == 0 && mid(answered).empty())) {
    const std::optional<Attribute> attribute = find(answered.lines, "mid");
    return std::unexpected(complain(
        attribute ? *attribute->line : line, attribute ? attribute->value_column : 0,
        "the mid is not the offer's \"" + printable(mid(offered)) + '"', "5888:9.1#1"_rule));
  }
  return {};
}

Result<void, Complaint> check_bundles(const Description& offer, const Description& answer) {
  for (const Group& group : groups(answer)) {
    if (group.semantics != "BUNDLE") continue;
    for (const Token& token : group.mids)
      if (!bundle_of(offer, token.text))
        return std::unexpected(complain(*group.line, token.column,
                                        "the offer did not bundle \"" + printable(token.text) + '"',
                                        "9143:7.4#1"_rule));
  }
  return {};
}

// Only where both sides say it; data_session() asks for what is missing.
Result<void, Complaint> check_setup(const Description& offer, const Description& answer,
                                    std::size_t index) {
  const std::optional<Attribute> offered =
      Transport(offer, offer.media[index], Side::kOffer).find("setup");
  const std::optional<Attribute> answered =
      Transport(answer, answer.media[index], Side::kAnswer).find("setup");
  if (!offered || !answered) return {};
  const Setup offer_setup = TRY(parse_setup(*offered));
  const Setup answer_setup = TRY(parse_setup(*answered));
  if (answer.media[index].port == 0 || may_answer(offer_setup, answer_setup)) return {};
  return std::unexpected(complain(*answered->line, answered->value_column,
                                  std::string(to_text(answer_setup)) +
                                      " does not answer the offer's " +
                                      std::string(to_text(offer_setup)),
                                  "4145:4.1#0"_rule));
}

Result<void, Complaint> compare(const Description& offer, const Description& answer) {
  if (offer.media.size() != answer.media.size())
    return std::unexpected(Complaint{.text = "the answer has " + decimal(answer.media.size()) +
                                             " media sections, the offer " +
                                             decimal(offer.media.size()),
                                     .rule = "8829:5.8.3#12"_rule});
  for (std::size_t i = 0; i < offer.media.size(); ++i) {
    TRY(check_pair(offer.media[i], answer.media[i]));
    TRY(check_setup(offer, answer, i));
  }
  return check_bundles(offer, answer);
}

}  // namespace

std::uint64_t make_session_id(Random& random) { return random.u64() >> 1; }

std::string make_tls_id(Random& random) {
  std::array<std::uint8_t, 16> bits{};
  random.fill(bits);
  return hex(bits);
}

std::string make_offer(const LocalParameters& local, const Trace& trace) {
  check_local(local);
  fire_offer_rules(trace);
  Lines out;
  write_head(out, local, "0 0", local.mid);
  write_data(out, local, {.mid = local.mid, .setup = local.setup});
  return std::move(out).take();
}

std::string make_offer(const LocalParameters& local, const Description& last, const Trace& trace) {
  check_local(local);
  const Media* data = find_data(last);
  if (data == nullptr) return make_offer(local, trace);
  fire_offer_rules(trace);
  trace.rule("3264:8#8"_rule);
  const std::string_view data_mid = mid(*data);
  Lines out;
  write_head(out, local, time_of(last), data_mid);
  for (const Media& media : last.media) {
    if (&media == data) {
      // RFC 8829 §5.1.2: an offer has the new form, even where the last one had the old.
      write_data(out, local, {.mid = data_mid, .setup = local.setup});
    } else {
      write_rejected(out, media);
    }
  }
  return std::move(out).take();
}

Result<std::string, Complaint> make_answer(const Description& offer, const LocalParameters& local,
                                           const Trace& trace) {
  check_local(local);
  const RemoteParameters remote = TRY(data_session(offer, Type::kOffer, trace));
  const Media& data = offer.media[remote.media_index];
  const DataSection section{.protocol = data.protocol,
                            .form = remote.form,
                            .mid = remote.mid,
                            .setup = choose_setup(remote.setup, local.setup),
                            .with_tls_id = !remote.tls_id.empty()};
  fire_setup_rule(remote.setup, section.setup, trace);
  if (!section.with_tls_id) trace.rule("8842:5.3#6"_rule);
  trace.rule("3264:6#5"_rule);
  trace.rule("8829:5.3.1#28"_rule);
  const bool bundled = keep_bundle(offer, remote.mid, trace);
  Lines out;
  write_head(out, local, time_of(offer), bundled ? std::string_view(remote.mid) : "");
  for (const Media& media : offer.media) {
    if (&media == &data) {
      write_data(out, local, section);
      continue;
    }
    write_rejected(out, media);
    trace.rule("3264:6#8"_rule, Fact{"mid", mid(media)});
    if (bundle_of(offer, mid(media))) trace.rule("9143:7.3.3#3"_rule, Fact{"mid", mid(media)});
  }
  return std::move(out).take();
}

Result<void, Complaint> check_answer(const Description& offer, const Description& answer,
                                     const Trace& trace) {
  Result<void, Complaint> result = compare(offer, answer);
  if (!result) trace.drop(result.error().rule, result.error().text, {});
  return result;
}

}  // namespace glass::sdp
