// tests/demo/safe_text_test.cc - what strangers may not do with a name.
#include "demo/safe_text.h"

#include <string>

#include <gtest/gtest.h>

namespace glass::demo {
namespace {

TEST(SafeFileName, AnOrdinaryNameStaysAsItIs) {
  EXPECT_EQ(safe_file_name("holiday photo (3).jpg"), "holiday photo (3).jpg");
  EXPECT_EQ(safe_file_name("اردو.txt"), "اردو.txt");
  EXPECT_EQ(safe_file_name("naïve – 日本.md"), "naïve – 日本.md");
}

TEST(SafeFileName, DirectoriesAreCutOff) {
  EXPECT_EQ(safe_file_name("../../etc/passwd"), "passwd");
  EXPECT_EQ(safe_file_name("/etc/passwd"), "passwd");
  EXPECT_EQ(safe_file_name("C:\\Windows\\system.ini"), "system.ini");
  EXPECT_EQ(safe_file_name("a/b\\c"), "c");
  EXPECT_EQ(safe_file_name("C:evil"), "C_evil");
}

TEST(SafeFileName, WhatIsLeftIsNeverEmptyOrHidden) {
  for (const char* name : {"", ".", "..", "...", "/", "a/", " . ", "\x01\x02", "\u202e"})
    EXPECT_EQ(safe_file_name(name), "file") << name;
  EXPECT_EQ(safe_file_name(".bashrc"), "bashrc");
  EXPECT_EQ(safe_file_name("name. . "), "name");
}

TEST(SafeFileName, ControlAndDirectionCharactersVanish) {
  EXPECT_EQ(safe_file_name("a\nb\x1b[31m\x7f.txt"), "ab[31m.txt");
  EXPECT_EQ(safe_file_name("invoice\u202efdp.exe"), "invoicefdp.exe");
  EXPECT_EQ(safe_file_name("a\u200b\u2066b\u061c\ufeff.c"), "ab.c");
}

TEST(SafeFileName, BytesThatAreNoUtf8BecomeUnderscores) {
  EXPECT_EQ(safe_file_name("a\xff\xc0\xaf.txt"), "a___.txt");
  EXPECT_EQ(safe_file_name("\xed\xa0\x80x"), "___x");  // a surrogate
  EXPECT_EQ(safe_file_name("cut \xe2\x82"), "cut __");
}

TEST(SafeFileName, DeviceNamesAndOptionsAreDefused) {
  EXPECT_EQ(safe_file_name("con"), "_con");
  EXPECT_EQ(safe_file_name("NUL.tar.gz"), "_NUL.tar.gz");
  EXPECT_EQ(safe_file_name("com1 .txt"), "_com1 .txt");
  EXPECT_EQ(safe_file_name("LPT9"), "_LPT9");
  EXPECT_EQ(safe_file_name("console.log"), "console.log");
  EXPECT_EQ(safe_file_name("-rf"), "_-rf");
  EXPECT_EQ(safe_file_name("a<b>:\"|?*.txt"), "a_b______.txt");
}

TEST(SafeFileName, ALongNameKeepsItsExtensionAndItsLastWholeCharacter) {
  EXPECT_EQ(safe_file_name(std::string(500, 'a') + ".tar.gz"), std::string(193, 'a') + ".tar.gz");
  const std::string cut = safe_file_name(std::string(2, 'a') + [] {
    std::string many;
    for (int i = 0; i < 300; ++i) many += "é";
    return many;
  }());
  EXPECT_LE(cut.size(), kMaxFileName);
  EXPECT_TRUE(cut.ends_with("é"));
}

TEST(SafeFileName, IsItsOwnSafeName) {
  for (const char* name : {"../x", ".hidden", "con", "a\u202eb", "-x", "~x", "a . ", "\xff"}) {
    const std::string safe = safe_file_name(name);
    EXPECT_EQ(safe_file_name(safe), safe);
  }
}

TEST(NumberedName, TheNumberStandsBeforeTheExtension) {
  EXPECT_EQ(numbered_name("a.txt", 0), "a.txt");
  EXPECT_EQ(numbered_name("a.txt", 1), "a (1).txt");
  EXPECT_EQ(numbered_name("a.tar.gz", 2), "a (2).tar.gz");
  EXPECT_EQ(numbered_name("README", 3), "README (3)");
}

TEST(SafeText, RemoteWordsCannotSteerATerminal) {
  EXPECT_EQ(safe_text("fine\x1b]0;evil\x07\r\n\u202eabc"), "fine]0;evilabc");
  EXPECT_EQ(safe_text(std::string(500, 'x')).size(), 200U);
  EXPECT_EQ(safe_text("ab\xe2\x82\xac", 4), "ab");
}

TEST(BytesText, CountsInPowersOfTen) {
  EXPECT_EQ(bytes_text(0), "0 B");
  EXPECT_EQ(bytes_text(999), "999 B");
  EXPECT_EQ(bytes_text(1000), "1.0 kB");
  EXPECT_EQ(bytes_text(999'999), "1.0 MB");
  EXPECT_EQ(bytes_text(20'971'520), "21.0 MB");
  EXPECT_EQ(bytes_text(UINT64_MAX), "18446.7 PB");
}

}  // namespace
}  // namespace glass::demo
