#include "stun/opaque_string.h"

#include <gtest/gtest.h>

namespace glass::stun {
namespace {

TEST(OpaqueString, LeavesPlainTextAlone) {
  for (const char* text : {"user", "Pass word", " ", "a:b\"c", "VOkJxbRl1RmTxUk/WvJxBt",
                           "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9", "gr\u00FC\u00DFe",
                           "\u0627\u0631\u062F\u0648", "\u4E2D\uD55C", "\U0001F600"})
    EXPECT_EQ(opaque_string(text).value_or("refused"), text);
}

TEST(OpaqueString, MakesEveryBlankAPlainOne) {
  EXPECT_EQ(*opaque_string("a\u00A0b\u2003c\u3000d"), "a b c d");
}

TEST(OpaqueString, KeepsUpperCase) { EXPECT_EQ(*opaque_string("TheMatrIX"), "TheMatrIX"); }

TEST(OpaqueString, RefusesWhatIsNoUtf8) {
  for (const char* text : {"\x80", "\xC0\xAF", "\xC3", "\xE2\x82", "\xED\xA0\x80",
                           "\xF4\x90\x80\x80", "\xF8\x88\x80\x80\x80", "\xE0\x80\xAF", "a\xFF"})
    EXPECT_EQ(opaque_string(text).error(), OpaqueStringError::kNotUtf8);
}

TEST(OpaqueString, RefusesWhatCannotBeSeen) {
  for (const char* text : {"a\nb", "\x7F", "soft\u00ADhyphen", "\u200B", "\u202E", "\uFEFF"})
    EXPECT_EQ(opaque_string(text).error(), OpaqueStringError::kControl);
  EXPECT_EQ(opaque_string(std::string_view("a\0b", 3)).error(), OpaqueStringError::kControl);
}

TEST(OpaqueString, RefusesNothingAtAll) {
  EXPECT_EQ(opaque_string("").error(), OpaqueStringError::kEmpty);
}

// An "e" with a mark behind it has another normal form; so have the Kelvin sign and a lone Jamo.
TEST(OpaqueString, RefusesWhatItCannotNormalise) {
  for (const char* text : {"e\u0301", "\u212A", "\u1161", "\u0374"}) {
    ASSERT_FALSE(opaque_string(text));
    EXPECT_EQ(opaque_string(text).error(), OpaqueStringError::kUnsupported);
    EXPECT_FALSE(to_text(opaque_string(text).error()).empty());
  }
}

}  // namespace
}  // namespace glass::stun
