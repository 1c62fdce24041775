#include "dtls/walk.h"

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
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

namespace glass::dtls {
namespace {

// One fragment; its body when the message is whole.
bool walk_fragment(Reader& in) {
  in.open("Handshake");
  const std::uint8_t type = in.u8("msg_type");
  const std::size_t length = in.u24("length");
  in.skip(2, "message_seq");
  const std::size_t offset = in.u24("fragment_offset");
  const std::size_t size = in.u24("fragment_length");
  if (!in.ok() || size > in.left()) return false;
  bool good = offset + size <= length;
  if (size == length && good) {
    Reader body = in.nested(size);
    good = walk_message(type, body);
    body.skip(body.left(), "not understood");
  } else {
    in.skip(size, "fragment");
  }
  in.close();
  return good;
}

bool walk_plain(ContentType type, Reader& text) {
  switch (type) {
    case ContentType::kAlert: return parse_alert(text).has_value();
    case ContentType::kChangeCipherSpec: text.skip(text.left(), "change_cipher_spec"); return true;
    case ContentType::kHandshake:
      while (text.ok() && text.left() > 0)
        if (!walk_fragment(text)) return false;
      return text.ok();
    case ContentType::kAck:
    case ContentType::kTls12Cid:
    case ContentType::kApplicationData: break;
  }
  text.skip(text.left(), "fragment");
  return true;
}

void walk_sealed(Reader& text) {
  if (text.left() >= kSealOverhead) {
    text.skip(kExplicitNonceSize, "nonce_explicit");
    text.skip(text.left() - crypto::kAeadTagSize, "encrypted");
    text.skip(crypto::kAeadTagSize, "tag");
  }
  text.skip(text.left(), "fragment");
}

}  // namespace

bool walk_message(std::uint8_t type, Reader& body) {
  switch (HandshakeType{type}) {
    case HandshakeType::kClientHello: return parse_client_hello(body).has_value();
    case HandshakeType::kServerHello: return parse_server_hello(body).has_value();
    case HandshakeType::kHelloVerifyRequest: return parse_hello_verify_request(body).has_value();
    case HandshakeType::kCertificate: return parse_certificate(body).has_value();
    case HandshakeType::kServerKeyExchange: return parse_server_key_exchange(body).has_value();
    case HandshakeType::kCertificateRequest: return parse_certificate_request(body).has_value();
    case HandshakeType::kCertificateVerify: return parse_certificate_verify(body).has_value();
    case HandshakeType::kClientKeyExchange: return parse_client_key_exchange(body).has_value();
    case HandshakeType::kFinished: return parse_finished(body).has_value();
    case HandshakeType::kHelloRequest:
    case HandshakeType::kServerHelloDone: return body.left() == 0;
    default: break;
  }
  body.skip(body.left(), "body");
  return true;
}

bool walk_datagram(Bytes datagram, FieldTap& tap) {
  Reader in(datagram, &tap);
  while (in.ok() && in.left() > 0) {
    if (is_unified(in.rest().front())) {
      if (!parse_unified(in)) return false;
      continue;
    }
    in.open("Record");
    const ContentType type{in.u8("type")};
    in.skip(2, "version");
    const std::uint16_t epoch = in.u16("epoch");
    in.skip(6, "sequence_number");
    const std::size_t length = in.u16("length");
    if (!in.ok() || length > in.left()) return false;
    Reader text = in.nested(length);
    bool good = true;
    if (epoch == 0)
      good = walk_plain(type, text);
    else
      walk_sealed(text);
    text.skip(text.left(), "not understood");
    in.close();
    if (!good) return false;
  }
  return in.ok();
}

}  // namespace glass::dtls
