// tests/demo/folder_test.cc - files on a real disk, in a folder of their own.
#include "demo/folder.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace glass::demo {
namespace {

namespace fs = std::filesystem;

struct FolderTest : testing::Test {
  fs::path root = fs::path(testing::TempDir()) / ("glass-folder-" + std::to_string(getpid()));
  Folder folder{(root / "received").string()};

  FolderTest() {
    fs::remove_all(root);
    fs::create_directories(root);
  }
  ~FolderTest() override { fs::remove_all(root); }

  std::set<std::string> names() const {
    std::set<std::string> all;
    if (fs::exists(folder.path()))
      for (const auto& entry : fs::directory_iterator(folder.path()))
        all.insert(entry.path().filename().string());
    return all;
  }
  std::string content(const std::string& name) const {
    std::ifstream in(fs::path(folder.path()) / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::string save(const std::string& name, const std::string& text) {
    auto target = folder.create(name, text.size());
    EXPECT_TRUE(target.has_value());
    EXPECT_TRUE((*target)->write(as_bytes(text)).has_value());
    const auto final_name = (*target)->commit();
    EXPECT_TRUE(final_name.has_value());
    return *final_name;
  }
};

TEST_F(FolderTest, AFileHasItsNameOnlyWhenItIsWhole) {
  auto target = folder.create("a.txt", 5);
  ASSERT_TRUE(target.has_value());
  EXPECT_TRUE((*target)->write(as_bytes("hel")).has_value());
  EXPECT_EQ(names(), std::set<std::string>{"a.txt.part"});
  EXPECT_TRUE((*target)->write(as_bytes("lo")).has_value());

  EXPECT_EQ((*target)->commit(), "a.txt");

  target->reset();
  EXPECT_EQ(names(), std::set<std::string>{"a.txt"});
  EXPECT_EQ(content("a.txt"), "hello");
}

TEST_F(FolderTest, NothingIsLeftOfAFileThatWasGivenUp) {
  {
    auto target = folder.create("a.txt", 5);
    EXPECT_TRUE((*target)->write(as_bytes("hel")).has_value());
  }

  EXPECT_TRUE(names().empty());
}

TEST_F(FolderTest, ATakenNameIsNeverOverwritten) {
  EXPECT_EQ(save("a.txt", "first"), "a.txt");
  EXPECT_EQ(save("a.txt", "second"), "a (1).txt");
  EXPECT_EQ(save("a.txt", "third"), "a (2).txt");

  EXPECT_EQ(content("a.txt"), "first");
  EXPECT_EQ(content("a (1).txt"), "second");
}

TEST_F(FolderTest, TwoFilesOfOneNameAtTheSameTimeBothSurvive) {
  auto one = folder.create("a.txt", 1);
  auto two = folder.create("a.txt", 1);
  EXPECT_TRUE((*one)->write(as_bytes("1")).has_value());
  EXPECT_TRUE((*two)->write(as_bytes("2")).has_value());

  EXPECT_EQ((*two)->commit(), "a (1).txt");
  EXPECT_EQ((*one)->commit(), "a.txt");

  EXPECT_EQ(content("a.txt"), "1");
}

TEST_F(FolderTest, ANameThatIsTakenMeanwhileIsNotOverwritten) {
  auto target = folder.create("a.txt", 1);
  EXPECT_TRUE((*target)->write(as_bytes("1")).has_value());
  std::ofstream(fs::path(folder.path()) / "a.txt") << "somebody else's";

  EXPECT_EQ((*target)->commit(), "a (1).txt");

  EXPECT_EQ(content("a.txt"), "somebody else's");
}

TEST_F(FolderTest, ASymbolicLinkInTheWayIsNotFollowed) {
  fs::create_directories(folder.path());
  fs::create_symlink(root / "elsewhere", fs::path(folder.path()) / "a.txt");
  fs::create_symlink(root / "elsewhere2", fs::path(folder.path()) / "b.txt.part");

  EXPECT_EQ(save("a.txt", "x"), "a (1).txt");
  EXPECT_EQ(save("b.txt", "x"), "b (1).txt");

  EXPECT_FALSE(fs::exists(root / "elsewhere"));
  EXPECT_FALSE(fs::exists(root / "elsewhere2"));
  EXPECT_FALSE(folder.open("a.txt").has_value());
}

TEST_F(FolderTest, AFileThatCannotFitIsNotBegun) {
  const auto target = folder.create("huge", UINT64_MAX / 2);

  ASSERT_FALSE(target.has_value());
  EXPECT_NE(target.error().text.find("the disk is full"), std::string::npos);
  EXPECT_TRUE(names().empty());
}

TEST_F(FolderTest, ADiskThatRefusesIsAnErrorAndLeavesNothing) {
  // A limit on file sizes makes the system refuse, as a full disk would.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = before;
  small.rlim_cur = 10;
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  {
    auto target = folder.create("a", 100);
    ASSERT_TRUE(target.has_value());
    const auto written = (*target)->write(ByteVector(100));
    ASSERT_FALSE(written.has_value());
    EXPECT_NE(written.error().text.find("cannot write \"a.part\""), std::string::npos);
  }
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, old);

  EXPECT_TRUE(names().empty());
}

TEST_F(FolderTest, AFolderThatCannotBeMadeIsAnErrorWithItsName) {
  std::ofstream(root / "file") << "x";
  Folder broken((root / "file" / "sub").string());

  const auto target = broken.create("a", 1);

  ASSERT_FALSE(target.has_value());
  EXPECT_NE(target.error().text.find("file/sub"), std::string::npos) << target.error().text;
}

TEST_F(FolderTest, OnlyOwnRegularFilesAreOpened) {
  save("a.txt", "hello");
  std::ofstream(root / "secret") << "x";

  auto source = folder.open("a.txt");
  ASSERT_TRUE(source.has_value());
  EXPECT_EQ((*source)->name(), "a.txt");
  EXPECT_EQ((*source)->size(), 5U);
  ByteVector bytes(10);
  EXPECT_EQ((*source)->read(bytes), 5U);
  EXPECT_EQ((*source)->read(bytes), 0U);
  for (const char* name : {"../secret", "..", ".", "", "none", "/etc/passwd"})
    EXPECT_FALSE(folder.open(name).has_value()) << name;
}

TEST_F(FolderTest, OpenFileTakesAPathAndRefusesAFolder) {
  std::ofstream(root / "x.bin") << "abc";

  const auto file = open_file((root / "x.bin").string());

  ASSERT_TRUE(file.has_value());
  EXPECT_EQ((*file)->name(), "x.bin");
  EXPECT_EQ((*file)->size(), 3U);
  const auto missing = open_file((root / "missing").string());
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().text.find("No such file"), std::string::npos);
  EXPECT_FALSE(open_file(root.string()).has_value());
}

TEST(Sample, TheBytesDependOnTheSeedAndNotOnThePieces) {
  const auto read_all = [](std::uint64_t seed, std::size_t piece) {
    const auto sample = make_sample("s", 1001, seed);
    ByteVector all;
    ByteVector buffer(piece);
    for (std::size_t got = 0; (got = *sample->read(buffer)) > 0;)
      all.insert(all.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(got));
    return all;
  };

  EXPECT_EQ(read_all(1, 7).size(), 1001U);
  EXPECT_EQ(read_all(1, 7), read_all(1, 4096));
  EXPECT_NE(read_all(1, 7), read_all(2, 7));
}

}  // namespace
}  // namespace glass::demo
