#include "sdp/jsep/codec.h"

#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sdp/jsep/h264.h"
#include "sdp/jsep/payload_types.h"
#include "tests/sdp/fixtures.h"

namespace glass::sdp {
namespace {

using test::parsed_fixture;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Codec video(std::string encoding, std::string parameters) {
  return {.payload_type = 96,
          .encoding = std::move(encoding),
          .clock_rate = 90000,
          .parameters = std::move(parameters)};
}

TEST(Codec, ReadsWhatChromiumOffers) {
  const auto codecs = codecs_of(parsed_fixture("chromium/av.offer.sdp").media[1]);

  ASSERT_THAT(codecs, SizeIs(23));
  EXPECT_EQ(name_of(codecs[0]), "VP8/90000");
  EXPECT_THAT(codecs[0].feedback,
              ElementsAre("goog-remb", "transport-cc", "ccm fir", "nack", "nack pli"));
  EXPECT_EQ(role(codecs[1]), CodecRole::kRtx);
  EXPECT_THAT(carried_types(codecs[1]), ElementsAre(96));
  EXPECT_EQ(role(codecs[20]), CodecRole::kRed);
  EXPECT_EQ(role(codecs[22]), CodecRole::kFec);
}

TEST(Codec, KnowsStaticTypesWithoutRtpmap) {
  const auto codecs = codecs_of({
      .formats = {"0", "8", "8", "99"}
  });

  ASSERT_THAT(codecs, SizeIs(2));
  EXPECT_EQ(name_of(codecs[0]), "PCMU/8000");
  EXPECT_EQ(name_of(codecs[1]), "PCMA/8000");
}

TEST(Codec, ParametersAreFoundWhateverTheirCaseAndBlanks) {
  const Codec codec = video("H264", "packetization-mode=1; Profile-Level-Id=42e01f ;x");

  EXPECT_EQ(parameter(codec, "profile-level-id"), "42e01f");
  EXPECT_EQ(parameter(codec, "packetization-mode"), "1");
  EXPECT_EQ(parameter(codec, "x"), std::nullopt);
}

TEST(Codec, RedCarriesWhatItLists) {
  EXPECT_THAT(carried_types({.encoding = "red", .parameters = "111/63"}), ElementsAre(111, 63));
  EXPECT_THAT(carried_types({.encoding = "red"}), IsEmpty());
}

// RFC 6184 table 5: which pairs of bytes name one profile.
TEST(Rfc6184Table5, ProfilesHaveSeveralNames) {
  using enum H264Profile;
  const auto profile = [](std::string_view text) { return parse_profile_level_id(text)->profile; };

  for (const std::string_view text : {"42e01f", "42c00b", "4d801f", "58c01f", "42f00b"})
    EXPECT_EQ(profile(text), kConstrainedBaseline) << text;
  EXPECT_EQ(profile("42001f"), kBaseline);
  EXPECT_EQ(profile("58801f"), kBaseline);
  EXPECT_EQ(profile("4d001f"), kMain);
  EXPECT_EQ(profile("4d401f"), kMain);
  EXPECT_EQ(profile("58001f"), kExtended);
  EXPECT_EQ(profile("64001f"), kHigh);
  EXPECT_EQ(profile("640c1f"), kConstrainedHigh);
  EXPECT_EQ(profile("6e001f"), kHigh10);
  EXPECT_EQ(profile("7a001f"), kHigh422);
  EXPECT_EQ(profile("f4001f"), kHigh444);
  EXPECT_EQ(profile("6e101f"), kHigh10Intra);
  EXPECT_EQ(profile("7a101f"), kHigh422Intra);
  EXPECT_EQ(profile("f4101f"), kHigh444Intra);
  EXPECT_EQ(profile("2c101f"), kCavlc444Intra);
  for (const std::string_view text : {"", "42e01", "42e01f0", "xyzxyz", "ff001f", "42e11f"})
    EXPECT_FALSE(parse_profile_level_id(text)) << text;
}

TEST(Rfc6184Table5, Level1bLiesBetween1And11) {
  const auto one = *parse_profile_level_id("42e00a");
  const auto one_b = *parse_profile_level_id("42f00b");
  const auto eleven = *parse_profile_level_id("42e00b");

  EXPECT_TRUE(one_b.is_1b);
  EXPECT_FALSE(eleven.is_1b);
  EXPECT_TRUE(is_lower(one, one_b));
  EXPECT_TRUE(is_lower(one_b, eleven));
  EXPECT_EQ(with_level("42e01f", one_b), "42f00b");
  EXPECT_EQ(with_level("42f00b", eleven), "42e00b");
}

TEST(Codec, H264NeedsTheSameProfileAndPacketizationMode) {
  const Codec ours = video("H264", "packetization-mode=1;profile-level-id=42e01f");

  EXPECT_THAT(why_different(video("h264", "packetization-mode=1;profile-level-id=4d8028"), ours),
              IsEmpty());
  EXPECT_THAT(why_different(video("H264", "packetization-mode=1;profile-level-id=4d001f"), ours),
              HasSubstr("another profile"));
  EXPECT_THAT(why_different(video("H264", "profile-level-id=42e01f"), ours),
              HasSubstr("packetization-mode=0"));
  EXPECT_THAT(why_different(video("H264", "packetization-mode=1;profile-level-id=zz"), ours),
              HasSubstr("no profile"));
}

TEST(Codec, H264TakesTheLowerLevelUnlessBothAllowTwo) {
  const Codec ours =
      video("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");

  EXPECT_EQ(merge(video("H264", "packetization-mode=1;profile-level-id=42e00d"), ours).parameters,
            "packetization-mode=1;profile-level-id=42e00d");
  EXPECT_EQ(merge(video("H264", "packetization-mode=1;profile-level-id=42e034"), ours).parameters,
            "packetization-mode=1;profile-level-id=42e01f");
  EXPECT_EQ(
      merge(video("H264", "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e00d"),
            ours)
          .parameters,
      "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f");
}

TEST(Codec, Vp9AndAv1NeedTheSameProfile) {
  EXPECT_THAT(why_different(video("VP9", ""), video("VP9", "profile-id=0")), IsEmpty());
  EXPECT_THAT(why_different(video("VP9", "profile-id=2"), video("VP9", "profile-id=0")),
              HasSubstr("profile-id=2"));
  EXPECT_THAT(why_different(video("AV1", "level-idx=9"), video("AV1", "profile=0;tier=0")),
              IsEmpty());
  EXPECT_THAT(why_different(video("AV1", "profile=1"), video("AV1", "")), HasSubstr("profile=1"));
  EXPECT_THAT(why_different(video("AV1", "tier=1"), video("AV1", "")), HasSubstr("tier=1"));
  EXPECT_THAT(why_different(video("H265", "tier-flag=1"), video("H265", "")),
              HasSubstr("tier-flag"));
}

TEST(Codec, OpusParametersAreEachSidesOwnWish) {
  const Codec ours = default_codecs(MediaKind::kAudio).front();
  const Codec offered{
      .payload_type = 109,
      .encoding = "OPUS",
      .clock_rate = 48000,
      .channels = 2,
      .parameters = "maxplaybackrate=48000;stereo=1",
      .feedback = {"transport-cc", "nack"}
  };

  EXPECT_THAT(why_different(offered, ours), IsEmpty());
  const Codec merged = merge(offered, ours);
  EXPECT_EQ(merged.payload_type, 109);
  EXPECT_EQ(merged.parameters, "minptime=10;useinbandfec=1");
  EXPECT_THAT(merged.feedback, ElementsAre("transport-cc"));
}

TEST(Codec, ClockRateAndChannelsCount) {
  const Codec ours{.encoding = "opus", .clock_rate = 48000, .channels = 2};

  EXPECT_THAT(why_different({.encoding = "opus", .clock_rate = 16000, .channels = 2}, ours),
              HasSubstr("clock rate"));
  EXPECT_THAT(why_different({.encoding = "opus", .clock_rate = 48000}, ours),
              HasSubstr("channels"));
}

TEST(PayloadTypes, StayWithTheirCodecForTheSession) {
  PayloadTypeMap taken;
  note_payload_types(taken, {video("VP9", "profile-id=0"), video("VP8", "")});
  taken.emplace(100, video("VP9", "profile-id=0"));

  const auto codecs = assign_payload_types(
      taken,
      {
          video("VP9", "profile-id=0"),
          {.payload_type = 97, .encoding = "rtx", .clock_rate = 90000, .parameters = "apt=96"}
  });

  ASSERT_THAT(codecs, SizeIs(2));
  EXPECT_EQ(codecs[0].payload_type, 100);
  EXPECT_EQ(codecs[1].payload_type, 97);
  EXPECT_EQ(codecs[1].parameters, "apt=100");
}

TEST(PayloadTypes, AnOccupiedNumberIsLeftToItsOwner) {
  PayloadTypeMap taken{
      {96, video("VP9", "profile-id=2")}
  };

  const auto codecs = assign_payload_types(taken, {video("VP8", "")});

  ASSERT_THAT(codecs, SizeIs(1));
  EXPECT_EQ(codecs[0].payload_type, 97);
}

TEST(PayloadTypes, WithoutNumbersLeftCodecsAreLeftOut) {
  PayloadTypeMap taken;
  for (std::uint8_t type = 35; type < 64; ++type) taken.emplace(type, video("x", ""));
  for (int type = 96; type <= 127; ++type)
    taken.emplace(static_cast<std::uint8_t>(type), video("x", ""));

  EXPECT_THAT(assign_payload_types(taken, {video("VP8", "")}), IsEmpty());
}

TEST(PayloadTypes, RetransmissionsGoWithTheirCodec) {
  PayloadTypeMap taken;

  EXPECT_THAT(assign_payload_types(taken,
                                   {
                                       {.payload_type = 97,
                                        .encoding = "rtx",
                                        .clock_rate = 90000,
                                        .parameters = "apt=96"}
  }),
              IsEmpty());
}

TEST(ExtensionIds, StayWithTheirExtension) {
  ExtensionIds taken{
      {1, "urn:a"}
  };

  EXPECT_EQ(assign_extension_id(taken, {.id = 9, .uri = "urn:a"}), 1);
  EXPECT_EQ(assign_extension_id(taken, {.id = 1, .uri = "urn:b"}), 2);
  EXPECT_EQ(assign_extension_id(taken, {.id = 7, .uri = "urn:c"}), 7);
  for (std::uint16_t id = 3; id < 15; ++id) taken.try_emplace(id, "urn:x" + std::to_string(id));
  EXPECT_EQ(assign_extension_id(taken, {.id = 1, .uri = "urn:d"}), 0);
}

}  // namespace
}  // namespace glass::sdp
