// explain/pcapng_numbers.h - the numbers of draft-ietf-opsawg-pcapng that are written and read.
#pragma once

#include <cstdint>

namespace glass::explain::pcapng {

// Block types.
inline constexpr std::uint32_t kSectionHeader = 0x0a0d0d0a;
inline constexpr std::uint32_t kInterface = 1;
inline constexpr std::uint32_t kEnhancedPacket = 6;
inline constexpr std::uint32_t kDecryptionSecrets = 10;

inline constexpr std::uint32_t kByteOrder = 0x1a2b3c4d;  // as the writer has it
inline constexpr std::uint32_t kTlsKeyLog = 0x544c534b;  // what kind of secrets
inline constexpr std::uint16_t kRawIp = 101;             // LINKTYPE_RAW

}  // namespace glass::explain::pcapng
