#include "stun/names.h"

#include <string_view>

#include "stun/message.h"

namespace glass::stun {

std::string_view name(AttributeType type) {
  switch (type) {
    case AttributeType::kMappedAddress: return "MAPPED-ADDRESS";
    case AttributeType::kUsername: return "USERNAME";
    case AttributeType::kMessageIntegrity: return "MESSAGE-INTEGRITY";
    case AttributeType::kErrorCode: return "ERROR-CODE";
    case AttributeType::kUnknownAttributes: return "UNKNOWN-ATTRIBUTES";
    case AttributeType::kRealm: return "REALM";
    case AttributeType::kNonce: return "NONCE";
    case AttributeType::kMessageIntegritySha256: return "MESSAGE-INTEGRITY-SHA256";
    case AttributeType::kPasswordAlgorithm: return "PASSWORD-ALGORITHM";
    case AttributeType::kUserhash: return "USERHASH";
    case AttributeType::kXorMappedAddress: return "XOR-MAPPED-ADDRESS";
    case AttributeType::kPasswordAlgorithms: return "PASSWORD-ALGORITHMS";
    case AttributeType::kAlternateDomain: return "ALTERNATE-DOMAIN";
    case AttributeType::kSoftware: return "SOFTWARE";
    case AttributeType::kAlternateServer: return "ALTERNATE-SERVER";
    case AttributeType::kFingerprint: return "FINGERPRINT";
    case AttributeType::kPriority: return "PRIORITY";
    case AttributeType::kUseCandidate: return "USE-CANDIDATE";
    case AttributeType::kIceControlled: return "ICE-CONTROLLED";
    case AttributeType::kIceControlling: return "ICE-CONTROLLING";
    case AttributeType::kChangeRequest: return "CHANGE-REQUEST";
    case AttributeType::kPadding: return "PADDING";
    case AttributeType::kResponsePort: return "RESPONSE-PORT";
    case AttributeType::kResponseOrigin: return "RESPONSE-ORIGIN";
    case AttributeType::kOtherAddress: return "OTHER-ADDRESS";
    case AttributeType::kChannelNumber: return "CHANNEL-NUMBER";
    case AttributeType::kLifetime: return "LIFETIME";
    case AttributeType::kXorPeerAddress: return "XOR-PEER-ADDRESS";
    case AttributeType::kData: return "DATA";
    case AttributeType::kXorRelayedAddress: return "XOR-RELAYED-ADDRESS";
    case AttributeType::kRequestedAddressFamily: return "REQUESTED-ADDRESS-FAMILY";
    case AttributeType::kEvenPort: return "EVEN-PORT";
    case AttributeType::kRequestedTransport: return "REQUESTED-TRANSPORT";
    case AttributeType::kDontFragment: return "DONT-FRAGMENT";
    case AttributeType::kReservationToken: return "RESERVATION-TOKEN";
    case AttributeType::kAdditionalAddressFamily: return "ADDITIONAL-ADDRESS-FAMILY";
    case AttributeType::kAddressErrorCode: return "ADDRESS-ERROR-CODE";
    case AttributeType::kIcmp: return "ICMP";
    case AttributeType::kConnectionId: return "CONNECTION-ID";
    case AttributeType::kMobilityTicket: return "MOBILITY-TICKET";
    case AttributeType::kGoogNetworkInfo: return "GOOG-NETWORK-INFO";
  }
  return "unknown attribute";
}

std::string_view name(Method method) {
  switch (method) {
    case Method::kBinding: return "Binding";
    case Method::kAllocate: return "Allocate";
    case Method::kRefresh: return "Refresh";
    case Method::kSend: return "Send";
    case Method::kData: return "Data";
    case Method::kCreatePermission: return "CreatePermission";
    case Method::kChannelBind: return "ChannelBind";
    case Method::kConnect: return "Connect";
    case Method::kConnectionBind: return "ConnectionBind";
    case Method::kConnectionAttempt: return "ConnectionAttempt";
  }
  return "unknown method";
}

std::string_view name(Class cls) {
  switch (cls) {
    case Class::kRequest: return "request";
    case Class::kIndication: return "indication";
    case Class::kSuccess: return "success response";
    case Class::kError: return "error response";
  }
  return "unknown class";
}

std::string_view reason_phrase(unsigned code) {
  switch (code) {
    case 300: return "Try Alternate";  // RFC 8489 §14.8
    case 400: return "Bad Request";
    case 401: return "Unauthenticated";
    case 420: return "Unknown Attribute";
    case 438: return "Stale Nonce";
    case 487: return "Role Conflict";  // RFC 8445 §7.3.1.1
    case 500: return "Server Error";
    case 403: return "Forbidden";                  // RFC 8656 §19, from here on
    case 405: return "Mobility Forbidden";         // RFC 8016 §3.4
    case 446: return "Connection Already Exists";  // RFC 6062 §6.3
    case 447: return "Connection Timeout or Failure";
    case 437: return "Allocation Mismatch";
    case 440: return "Address Family not Supported";
    case 441: return "Wrong Credentials";
    case 442: return "Unsupported Transport Protocol";
    case 443: return "Peer Address Family Mismatch";
    case 486: return "Allocation Quota Reached";
    case 508: return "Insufficient Capacity";
    default: return "Error";
  }
}

}  // namespace glass::stun
