// What RFC 3711, RFC 6188 and RFC 7714 print, byte for byte.
#include <array>
#include <string>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/text.h"
#include "crypto/stream_cipher.h"
#include "rtp/packet.h"
#include "rtp/srtp_keys.h"
#include "rtp/srtp_transform.h"
#include "tests/support/rules.h"

namespace glass::rtp {
namespace {

ByteVector bytes(std::string_view digits) { return from_hex(digits).value(); }

// The key stream that begins at `counter`: what zeroes turn into.
std::string key_stream(std::string_view key, std::string_view counter, std::size_t size) {
  ByteVector text(size);
  crypto::make_aes_counter(bytes(key))->apply(bytes(counter), text);
  return hex(text);
}

// The last three blocks of the 65282 that the vectors have.
std::string end_of_key_stream(std::string_view key) {
  ByteVector text(65282 * 16);
  crypto::make_aes_counter(bytes(key))->apply(bytes("f0f1f2f3f4f5f6f7f8f9fafbfcfd0000"), text);
  return hex(Bytes(text).last(48));
}

TEST(Rfc3711AppendixB2, KeyStreamOfAesCounterMode) {
  EXPECT_EQ(key_stream("2B7E151628AED2A6ABF7158809CF4F3C", "F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", 48),
            "e03ead0935c95e80e166b16dd92b4eb4"
            "d23513162b02d0f72a43a2fe4a5f97ab"
            "41e95b3bb0a2e8dd477901e4fca894c0");
  EXPECT_EQ(end_of_key_stream("2B7E151628AED2A6ABF7158809CF4F3C"),
            "ec8cdf7398607cb0f2d21675ea9ea1e4"
            "362b7c3c6773516318a077d7fc5073ae"
            "6a2cc3787889374fbeb4c81b17ba6c44");
}

TEST(Rfc6188Section71, KeyStreamOfAes256CounterMode) {
  const std::string_view key = "57f82fe3613fd170a85ec93c40b1f0922ec4cb0dc025b58272147cc438944a98";
  EXPECT_EQ(key_stream(key, "f0f1f2f3f4f5f6f7f8f9fafbfcfd0000", 48),
            "92bdd28a93c3f52511c677d08b5515a4"
            "9da71b2378a854f67050756ded165bac"
            "63c4868b7096d88421b563b8c94c9a31");
  EXPECT_EQ(end_of_key_stream(key),
            "cea518c90fd91ced9cbb18c078a54711"
            "3dbc4814f4da5f00a08772b63c6a046d"
            "6eb246913062a16891433e97dd01a57f");
}

TEST(StreamCipher, TwiceIsTheTextAgainAndNothingIsNothing) {
  const auto cipher = crypto::make_aes_counter(bytes("000102030405060708090a0b0c0d0e0f"));
  const ByteVector counter(16);
  ByteVector text{1, 2, 3, 4, 5};

  cipher->apply(counter, text);
  EXPECT_NE(text, (ByteVector{1, 2, 3, 4, 5}));
  cipher->apply(counter, {});
  cipher->apply(counter, text);

  EXPECT_EQ(text, (ByteVector{1, 2, 3, 4, 5}));
}

TEST(Rfc3711AppendixB3, KeyDerivation) {
  const ByteVector key = bytes("E1F97A0D3E018BE0D64FA32C06DE4139");
  const ByteVector salt = bytes("0EC675AD498AFEEBB6960B3AABE6");

  EXPECT_EQ(hex(derive_key(key, salt, KeyLabel::kRtpEncryption, 16).bytes()),
            "c61e7a93744f39ee10734afe3ff7a087");
  EXPECT_EQ(hex(derive_key(key, salt, KeyLabel::kRtpSalt, 14).bytes()),
            "30cbbc08863d8c85d49db34a9ae1");
  EXPECT_EQ(hex(derive_key(key, salt, KeyLabel::kRtpAuthentication, 94).bytes()),
            "cebe321f6ff7716b6fd4ab49af256a15"
            "6d38baa48f0a0acf3c34e2359e6cdbce"
            "e049646c43d9327ad175578ef7227098"
            "6371c10c9a369ac2f94a8c5fbcdddc25"
            "6d6e919a48b610ef17c2041e47403576"
            "6b68642c59bbfc2f34db60dbdfb2");
}

TEST(Rfc6188Section72, KeyDerivationWithAes256) {
  const ByteVector key = bytes("f0f04914b513f2763a1b1fa130f10e2998f6f6e43e4309d1e622a0e332b9f1b6");
  const ByteVector salt = bytes("3b04803de51ee7c96423ab5b78d2");

  EXPECT_EQ(hex(derive_key(key, salt, KeyLabel::kRtpEncryption, 32).bytes()),
            "5ba1064e30ec51613cad926c5a28ef731ec7fb397f70a960653caf06554cd8c4");
  EXPECT_EQ(hex(derive_key(key, salt, KeyLabel::kRtpSalt, 14).bytes()),
            "fa31791685ca444a9e07c6c64e93");
  EXPECT_EQ(hex(derive_key(key, salt, KeyLabel::kRtpAuthentication, 20).bytes()),
            "fd9c32d39ed5fbb5a9dc96b30818454d1313dc05");
}

TEST(Rfc5764Section42, TheExportedBlockIsCutIntoKeysThenSalts) {
  ByteVector block(exported_size(SrtpProfile::kAes128CmHmacSha1_80));
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<std::uint8_t>(i);

  const SrtpMasters masters = split_exported(SrtpProfile::kAes128CmHmacSha1_80, block);

  EXPECT_EQ(block.size(), 60U);
  EXPECT_EQ(hex(masters.client.key.bytes()), "000102030405060708090a0b0c0d0e0f");
  EXPECT_EQ(hex(masters.server.key.bytes()), "101112131415161718191a1b1c1d1e1f");
  EXPECT_EQ(hex(masters.client.salt.bytes()), "202122232425262728292a2b2c2d");
  EXPECT_EQ(hex(masters.server.salt.bytes()), "2e2f303132333435363738393a3b");
}

TEST(SessionKeys, AreDerivedOnceBeforeTheFirstPacket) {
  const auto derive = [](SrtpProfile profile) {
    const SrtpSizes sizes = sizes_of(profile);
    const SrtpMaster master{.key = crypto::Secret(sizes.key), .salt = crypto::Secret(sizes.salt)};
    return derive_session_keys(profile, master, test::test_trace(Layer::kRtp));
  };

  const SrtpSessionKeys counter = derive(SrtpProfile::kAes128CmHmacSha1_32);
  EXPECT_RULE("3711:4.3.1#2");
  EXPECT_EQ(counter.rtp_auth.size(), 20U);
  EXPECT_FALSE(equal(counter.rtp_key.bytes(), counter.rtcp_key.bytes()));

  EXPECT_TRUE(derive(SrtpProfile::kAeadAes128Gcm).rtp_auth.empty());
  EXPECT_RULE("7714:11#1");
  EXPECT_EQ(derive(SrtpProfile::kAeadAes256Gcm).rtcp_key.size(), 32U);
  EXPECT_RULE("7714:11#2");
}

// The session keys of RFC 7714 §16 and §17 are given as they are, the same for RTP and RTCP.
SrtpSessionKeys gcm_keys(std::size_t size) {
  ByteVector key(size);
  for (std::size_t i = 0; i < size; ++i) key[i] = static_cast<std::uint8_t>(i);
  const ByteVector salt = bytes("517569642070726f2071756f");
  return {.rtp_key = crypto::Secret(key),
          .rtp_salt = crypto::Secret(salt),
          .rtcp_key = crypto::Secret(key),
          .rtcp_salt = crypto::Secret(salt)};
}

constexpr std::string_view kRtp =
    "8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e697320646976"
    "69736120696e207061727465732074726573";
constexpr std::string_view kRtcp =
    "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61"
    "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef";
constexpr std::uint32_t kRtcpIndex = 0x5d4;
constexpr std::uint64_t kRtpIndex = 0xf17b;

class Rfc7714 : public testing::Test {
 protected:
  SrtpTransform small{SrtpProfile::kAeadAes128Gcm, gcm_keys(16), Trace{},
                      crypto::real_primitives()};
  SrtpTransform large{SrtpProfile::kAeadAes256Gcm, gcm_keys(32), Trace{},
                      crypto::real_primitives()};

  static std::string sealed_rtp(SrtpTransform& transform, std::size_t header) {
    PacketBuffer packet;
    packet.assign(bytes(kRtp));
    transform.seal_rtp(packet, header, kRtpIndex);
    return hex(packet.bytes());
  }
  static std::string opened_rtp(SrtpTransform& transform, std::size_t header,
                                std::string_view sealed) {
    ByteVector packet = bytes(sealed);
    const auto inside = transform.open_rtp(packet, header, kRtpIndex);
    return inside ? hex(*inside) : "refused";
  }
  static std::string sealed_rtcp(SrtpTransform& transform, RtcpCover cover) {
    PacketBuffer packet;
    packet.assign(bytes(kRtcp));
    transform.seal_rtcp(packet, kRtcpIndex, cover);
    return hex(packet.bytes());
  }
  static std::string opened_rtcp(SrtpTransform& transform, std::string_view sealed) {
    ByteVector packet = bytes(sealed);
    EXPECT_EQ(transform.rtcp_index(packet), kRtcpIndex);
    const auto inside = transform.open_rtcp(packet);
    return inside ? hex(*inside) : "refused";
  }
};

TEST_F(Rfc7714, Section161RtpWithAes128) {
  const std::string_view sealed =
      "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd5"
      "0d294e6f42a5f47a51c7d19b36de3adf8833899d7f27beb16a9152cf765ee4390cce";
  EXPECT_EQ(sealed_rtp(small, kFixedHeaderSize), sealed);
  EXPECT_EQ(opened_rtp(small, kFixedHeaderSize, sealed), kRtp);
}

// The vectors that only tag put all of the packet into the associated data: a header of 50 bytes.
TEST_F(Rfc7714, Section1613RtpTaggedWithAes128) {
  const std::string sealed = std::string(kRtp) + "22493f82d2bce397e9d79e3b19aa4216";
  EXPECT_EQ(sealed_rtp(small, 50), sealed);
  EXPECT_EQ(opened_rtp(small, 50, sealed), kRtp);
}

TEST_F(Rfc7714, Section162RtpWithAes256) {
  const std::string_view sealed =
      "8040f17b8041f8d35501a0b232b1de78a822fe12ef9f78fa332e33aab1801238"
      "9a58e2f3b50b2a0276ffae0f1ba63799b87b7aa3db36dfffd6b0f9bb7878d7a76c13";
  EXPECT_EQ(sealed_rtp(large, kFixedHeaderSize), sealed);
  EXPECT_EQ(opened_rtp(large, kFixedHeaderSize, sealed), kRtp);
}

TEST_F(Rfc7714, Section1623RtpTaggedWithAes256) {
  const std::string sealed = std::string(kRtp) + "a866d5910f887463067ceefec45215d4";
  EXPECT_EQ(sealed_rtp(large, 50), sealed);
  EXPECT_EQ(opened_rtp(large, 50, sealed), kRtp);
}

TEST_F(Rfc7714, Section171RtcpWithAes128) {
  const std::string_view sealed =
      "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32d"
      "c676a5f1730d6fda4ce09b4686303ded0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4";
  EXPECT_EQ(sealed_rtcp(small, RtcpCover::kSealed), sealed);
  EXPECT_EQ(opened_rtcp(small, sealed), kRtcp);
}

TEST_F(Rfc7714, Section172RtcpWithAes256) {
  const std::string_view sealed =
      "81c8000d4d617273d50ae4d1f5ce5d304ba297e47d470c282c3ece5dbffe0a50"
      "a2eaa5c1110555be8415f658c61de0476f1b6fad1d1eb30c4446839f57ff6f6cb26ac3be800005d4";
  EXPECT_EQ(sealed_rtcp(large, RtcpCover::kSealed), sealed);
  EXPECT_EQ(opened_rtcp(large, sealed), kRtcp);
}

TEST_F(Rfc7714, Section173RtcpTaggedWithAes128) {
  const std::string sealed = std::string(kRtcp) + "841dd9683dd78ec92ae58790125f62b3" + "000005d4";
  EXPECT_EQ(sealed_rtcp(small, RtcpCover::kAuthenticOnly), sealed);
  EXPECT_EQ(opened_rtcp(small, sealed), kRtcp);
}

TEST_F(Rfc7714, Section174RtcpTaggedWithAes256) {
  const std::string sealed = std::string(kRtcp) + "91db4afbfeee5a978fab4393ed2615fe" + "000005d4";
  EXPECT_EQ(sealed_rtcp(large, RtcpCover::kAuthenticOnly), sealed);
  EXPECT_EQ(opened_rtcp(large, sealed), kRtcp);
}

// Tag, ciphertext, header, index, E flag: no bit of an SRTCP packet can be changed.
TEST_F(Rfc7714, EveryBitOfRtcpIsAuthenticated) {
  for (const RtcpCover cover : {RtcpCover::kSealed, RtcpCover::kAuthenticOnly}) {
    const ByteVector sealed = bytes(sealed_rtcp(large, cover));
    for (std::size_t bit = 0; bit < sealed.size() * 8; ++bit) {
      ByteVector changed = sealed;
      changed[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
      EXPECT_FALSE(large.open_rtcp(changed)) << bit;
    }
  }
}

// RFC 7714 §5.3: what proves to be forged leaves no plaintext behind.
TEST_F(Rfc7714, AForgedPacketIsWiped) {
  ByteVector packet = bytes(sealed_rtp(small, kFixedHeaderSize));
  packet.back() ^= 1;

  EXPECT_FALSE(small.open_rtp(packet, kFixedHeaderSize, kRtpIndex));

  EXPECT_EQ(hex(Bytes(packet).subspan(kFixedHeaderSize, 38)), std::string(76, '0'));
}

}  // namespace
}  // namespace glass::rtp
