#include "explain/names.h"

#include <cstdint>
#include <span>
#include <string_view>

namespace glass::explain {
namespace {

struct Entry {
  std::uint32_t number;
  std::string_view name;
};

std::string_view look_up(std::span<const Entry> table, std::uint32_t number) {
  for (const Entry& entry : table)
    if (entry.number == number) return entry.name;
  return {};
}

constexpr Entry kContentTypes[] = {
    {20, "ChangeCipherSpec"},
    {21, "Alert"           },
    {22, "Handshake"       },
    {23, "ApplicationData" },
};

constexpr Entry kVersions[] = {
    {0xfeff, "DTLS 1.0"},
    {0xfefd, "DTLS 1.2"},
    {0xfefc, "DTLS 1.3"},
};

// The registry of TLS; what WebRTC endpoints are seen to offer.
constexpr Entry kCipherSuites[] = {
    {0x00ff, "TLS_EMPTY_RENEGOTIATION_INFO_SCSV"            },
    {0x002f, "TLS_RSA_WITH_AES_128_CBC_SHA"                 },
    {0x0035, "TLS_RSA_WITH_AES_256_CBC_SHA"                 },
    {0x009c, "TLS_RSA_WITH_AES_128_GCM_SHA256"              },
    {0x1301, "TLS_AES_128_GCM_SHA256"                       },
    {0x1302, "TLS_AES_256_GCM_SHA384"                       },
    {0x1303, "TLS_CHACHA20_POLY1305_SHA256"                 },
    {0xc009, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA"         },
    {0xc00a, "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA"         },
    {0xc013, "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"           },
    {0xc014, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"           },
    {0xc02b, "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"      },
    {0xc02c, "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"      },
    {0xc02f, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"        },
    {0xc030, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"        },
    {0xcca8, "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"  },
    {0xcca9, "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"},
};

constexpr Entry kExtensions[] = {
    {0,      "server_name"           },
    {5,      "status_request"        },
    {10,     "supported_groups"      },
    {11,     "ec_point_formats"      },
    {13,     "signature_algorithms"  },
    {14,     "use_srtp"              },
    {16,     "ALPN"                  },
    {22,     "encrypt_then_mac"      },
    {23,     "extended_master_secret"},
    {28,     "record_size_limit"     },
    {34,     "delegated_credentials" },
    {35,     "session_ticket"        },
    {43,     "supported_versions"    },
    {44,     "cookie"                },
    {45,     "psk_key_exchange_modes"},
    {51,     "key_share"             },
    {54,     "connection_id"         },
    {0xff01, "renegotiation_info"    },
};

constexpr Entry kGroups[] = {
    {23,     "secp256r1"     },
    {24,     "secp384r1"     },
    {25,     "secp521r1"     },
    {29,     "x25519"        },
    {30,     "x448"          },
    {256,    "ffdhe2048"     },
    {257,    "ffdhe3072"     },
    {0x11ec, "X25519MLKEM768"},
};

constexpr Entry kSignatures[] = {
    {0x0201, "rsa_pkcs1_sha1"        },
    {0x0203, "ecdsa_sha1"            },
    {0x0401, "rsa_pkcs1_sha256"      },
    {0x0403, "ecdsa_secp256r1_sha256"},
    {0x0501, "rsa_pkcs1_sha384"      },
    {0x0503, "ecdsa_secp384r1_sha384"},
    {0x0601, "rsa_pkcs1_sha512"      },
    {0x0603, "ecdsa_secp521r1_sha512"},
    {0x0804, "rsa_pss_rsae_sha256"   },
    {0x0805, "rsa_pss_rsae_sha384"   },
    {0x0806, "rsa_pss_rsae_sha512"   },
    {0x0807, "ed25519"               },
};

// RFC 5764 §4.1.2, RFC 7714 §14.2
constexpr Entry kSrtpProfiles[] = {
    {1, "SRTP_AES128_CM_HMAC_SHA1_80"},
    {2, "SRTP_AES128_CM_HMAC_SHA1_32"},
    {7, "SRTP_AEAD_AES_128_GCM"      },
    {8, "SRTP_AEAD_AES_256_GCM"      },
};

// RFC 8831 §8, RFC 8832 §8.1
constexpr Entry kPpids[] = {
    {50, "DCEP"                },
    {51, "text"                },
    {52, "part of binary (old)"},
    {53, "binary"              },
    {54, "part of a text (old)"},
    {56, "empty text"          },
    {57, "empty binary"        },
};

// RFC 9260 §3.3.2.1 and §3.3.3.1; RFC 3758 §3.1; RFC 5061 §4.2.7; RFC 6525 §4; RFC 9653 §4.
constexpr Entry kSctpParameters[] = {
    {1,      "Heartbeat Info"              },
    {5,      "IPv4 Address"                },
    {6,      "IPv6 Address"                },
    {7,      "State Cookie"                },
    {8,      "Unrecognized Parameter"      },
    {9,      "Cookie Preservative"         },
    {12,     "Supported Address Types"     },
    {13,     "Outgoing SSN Reset Request"  },
    {14,     "Incoming SSN Reset Request"  },
    {15,     "SSN/TSN Reset Request"       },
    {16,     "Re-configuration Response"   },
    {17,     "Add Outgoing Streams Request"},
    {18,     "Add Incoming Streams Request"},
    {0x8001, "Zero Checksum Acceptable"    },
    {0x8008, "Supported Extensions"        },
    {0xc000, "Forward-TSN-Supported"       },
};

// RFC 8832 §5.1
constexpr Entry kChannelTypes[] = {
    {0x00, "reliable, ordered"                 },
    {0x80, "reliable, unordered"               },
    {0x01, "limited retransmissions, ordered"  },
    {0x81, "limited retransmissions, unordered"},
    {0x02, "limited lifetime, ordered"         },
    {0x82, "limited lifetime, unordered"       },
};

struct LineName {
  std::string_view start;
  std::string_view name;
};
constexpr LineName kSdpLines[] = {
    {"v=",                   "version of SDP, always 0"                            },
    {"o=",                   "who made it: user, session id, version, address"     },
    {"s=",                   "session name, of no use here"                        },
    {"t=",                   "when it is valid: always"                            },
    {"c=",                   "address for media, of no use with ICE"               },
    {"m=",                   "a media section: kind, port, protocol, formats"      },
    {"b=",                   "bandwidth"                                           },
    {"a=group",              "sections that share one transport"                   },
    {"a=mid",                "name of the section"                                 },
    {"a=ice-ufrag",          "ICE user name fragment"                              },
    {"a=ice-pwd",            "ICE password"                                        },
    {"a=ice-options",        "ICE options"                                         },
    {"a=ice-lite",           "ICE lite: answers checks only"                       },
    {"a=candidate",          "an address to try"                                   },
    {"a=end-of-candidates",  "no more candidates will come"                        },
    {"a=fingerprint",        "hash of the certificate that DTLS will show"         },
    {"a=tls-id",             "name of the DTLS association"                        },
    {"a=setup",              "who starts DTLS: active, passive or either (actpass)"},
    {"a=sctp-port",          "SCTP port inside DTLS"                               },
    {"a=max-message-size",   "largest message that may be sent to me"              },
    {"a=sctpmap",            "SCTP port in an old syntax"                          },
    {"a=msid-semantic",      "how media streams are named"                         },
    {"a=extmap-allow-mixed", "one-byte and two-byte header extensions may be mixed"},
    {"a=rtcp-mux",           "RTP and RTCP share a port"                           },
    {"a=rtpmap",             "codec of a payload type"                             },
    {"a=fmtp",               "parameters of a payload type"                        },
};

}  // namespace

std::string_view content_type_name(std::uint8_t type) { return look_up(kContentTypes, type); }
std::string_view dtls_version_name(std::uint16_t version) { return look_up(kVersions, version); }
std::string_view cipher_suite_name(std::uint16_t suite) { return look_up(kCipherSuites, suite); }
std::string_view extension_name(std::uint16_t type) { return look_up(kExtensions, type); }
std::string_view group_name(std::uint16_t group) { return look_up(kGroups, group); }
std::string_view signature_name(std::uint16_t scheme) { return look_up(kSignatures, scheme); }
std::string_view srtp_profile_name(std::uint16_t profile) {
  return look_up(kSrtpProfiles, profile);
}
std::string_view ppid_name(std::uint32_t ppid) { return look_up(kPpids, ppid); }
std::string_view sctp_parameter_name(std::uint16_t type) { return look_up(kSctpParameters, type); }
std::string_view channel_type_name(std::uint8_t type) { return look_up(kChannelTypes, type); }

std::string_view sdp_line_name(std::string_view start) {
  for (const LineName& line : kSdpLines)
    if (line.start == start) return line.name;
  return {};
}

}  // namespace glass::explain
