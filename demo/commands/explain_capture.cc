// glass explain FILE.pcapng --keys FILE: the DTLS records of a capture, opened.
#include "demo/commands/explain_capture.h"

#include <cstdio>
#include <fmt/format.h>
#include <string>

#include "base/address.h"
#include "base/bytes.h"
#include "base/text.h"
#include "demo/commands/commands.h"
#include "demo/safe_text.h"
#include "dtls/decrypter.h"
#include "dtls/handshake.h"
#include "dtls/messages/ack.h"
#include "dtls/messages/alert.h"
#include "dtls/wire.h"
#include "explain/capture.h"

namespace glass::demo {
namespace {

bool is_dtls(Bytes bytes) { return !bytes.empty() && bytes[0] >= 20 && bytes[0] <= 63; }

std::string fragments_text(Bytes text) {
  std::string out = "handshake";
  Reader in(text);
  while (in.left() > 0) {
    const auto fragment = dtls::parse_fragment(in);
    if (!fragment) return out + ", malformed";
    const bool is_whole = fragment->bytes.size() == fragment->length;
    out += fmt::format(
        " {} {}{}", fragment->message_seq, dtls::to_text(fragment->type),
        is_whole ? ""
                 : fmt::format(" [{}..{} of {}]", fragment->offset,
                               fragment->offset + fragment->bytes.size(), fragment->length));
  }
  return out;
}

std::string record_text(const dtls::Decrypter::Opened& record) {
  if (!record.is_open) return "not opened";
  Reader in(record.text);
  switch (record.type) {
    case dtls::ContentType::kHandshake: return fragments_text(record.text);
    case dtls::ContentType::kChangeCipherSpec: return "ChangeCipherSpec";
    case dtls::ContentType::kTls12Cid: return "a record inside a record, which is not allowed";
    case dtls::ContentType::kApplicationData:
      return fmt::format("application data, {} bytes", record.text.size());
    case dtls::ContentType::kAlert: {
      const auto alert = dtls::parse_alert(in);
      return fmt::format("alert {}", alert ? dtls::to_text(alert->description) : "malformed");
    }
    case dtls::ContentType::kAck: {
      const auto ack = dtls::parse_ack(in);
      if (!ack) return "ACK, malformed";
      std::string out = "ACK of";
      for (const auto& each : ack->record_numbers)
        out += fmt::format(" {}/{}", each.epoch, each.sequence);
      return out;
    }
  }
  return "a record of unknown type";
}

}  // namespace

int explain_capture(Bytes file, std::string keys) {
  const auto capture = explain::read_pcapng(file);
  if (!capture) return report({kExitFailed, "explaining", "a capture", capture.error(), ""});
  const dtls::KeyLog key_log = dtls::KeyLog::parse(keys + "\n" + capture->key_log);
  dtls::Decrypter decrypter(key_log);
  std::size_t records = 0;
  std::size_t opened = 0;
  for (const explain::CapturedDatagram& datagram : capture->datagrams) {
    if (!is_dtls(datagram.bytes)) continue;
    for (const auto& record : decrypter.open(datagram.bytes)) {
      ++records;
      opened += record.is_open ? 1 : 0;
      fmt::print("{:>6}  {} > {}  {}/{}  {}\n", datagram.number, to_text(datagram.from),
                 to_text(datagram.to), record.epoch, record.sequence, record_text(record));
    }
  }
  fmt::print("{} with {}: {} DTLS records, {} open, {} do not\n",
             decrypter.version() == dtls::kDtls13 ? "DTLS 1.3" : "DTLS 1.2",
             decrypter.suite() != nullptr ? decrypter.suite()->name : "no suite that we know",
             records, opened, records - opened);
  return opened == records ? kExitDone : kExitFailed;
}

}  // namespace glass::demo
