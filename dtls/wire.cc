#include "dtls/wire.h"

#include <string_view>

namespace glass::dtls {

std::string_view to_text(HandshakeType type) {
  switch (type) {
    case HandshakeType::kHelloRequest: return "HelloRequest";
    case HandshakeType::kClientHello: return "ClientHello";
    case HandshakeType::kServerHello: return "ServerHello";
    case HandshakeType::kHelloVerifyRequest: return "HelloVerifyRequest";
    case HandshakeType::kNewSessionTicket: return "NewSessionTicket";
    case HandshakeType::kCertificate: return "Certificate";
    case HandshakeType::kServerKeyExchange: return "ServerKeyExchange";
    case HandshakeType::kCertificateRequest: return "CertificateRequest";
    case HandshakeType::kServerHelloDone: return "ServerHelloDone";
    case HandshakeType::kCertificateVerify: return "CertificateVerify";
    case HandshakeType::kClientKeyExchange: return "ClientKeyExchange";
    case HandshakeType::kEndOfEarlyData: return "EndOfEarlyData";
    case HandshakeType::kEncryptedExtensions: return "EncryptedExtensions";
    case HandshakeType::kRequestConnectionId: return "RequestConnectionId";
    case HandshakeType::kNewConnectionId: return "NewConnectionId";
    case HandshakeType::kFinished: return "Finished";
    case HandshakeType::kKeyUpdate: return "KeyUpdate";
    case HandshakeType::kMessageHash: return "message_hash";
  }
  return "unknown message";
}

std::string_view to_text(Alert alert) {
  switch (alert) {
    case Alert::kCloseNotify: return "close_notify";
    case Alert::kUnexpectedMessage: return "unexpected_message";
    case Alert::kBadRecordMac: return "bad_record_mac";
    case Alert::kRecordOverflow: return "record_overflow";
    case Alert::kHandshakeFailure: return "handshake_failure";
    case Alert::kBadCertificate: return "bad_certificate";
    case Alert::kUnsupportedCertificate: return "unsupported_certificate";
    case Alert::kCertificateUnknown: return "certificate_unknown";
    case Alert::kIllegalParameter: return "illegal_parameter";
    case Alert::kUnknownCa: return "unknown_ca";
    case Alert::kDecodeError: return "decode_error";
    case Alert::kDecryptError: return "decrypt_error";
    case Alert::kTooManyCidsRequested: return "too_many_cids_requested";
    case Alert::kProtocolVersion: return "protocol_version";
    case Alert::kInsufficientSecurity: return "insufficient_security";
    case Alert::kInternalError: return "internal_error";
    case Alert::kUserCanceled: return "user_canceled";
    case Alert::kNoRenegotiation: return "no_renegotiation";
    case Alert::kMissingExtension: return "missing_extension";
    case Alert::kUnsupportedExtension: return "unsupported_extension";
    case Alert::kCertificateRequired: return "certificate_required";
  }
  return "unknown alert";
}

}  // namespace glass::dtls
