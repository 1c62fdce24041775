// tests/demo/transfer_test.cc - two sides of the file protocol, joined without a channel.
#include "demo/transfer.h"

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/random.h"
#include "base/text.h"
#include "demo/folder.h"
#include "demo/json.h"

namespace glass::demo {
namespace {

// A disk in memory, with room for `room` bytes.
class FakeDisk final : public Storage {
 public:
  class File final : public Target {
   public:
    File(FakeDisk& disk, std::string name) : disk_(disk), name_(std::move(name)) { ++disk_.open; }
    ~File() override { --disk_.open; }
    Result<void, DiskError> write(Bytes bytes) override {
      if (bytes.size() > disk_.room) return std::unexpected(DiskError{"the disk is full"});
      disk_.room -= bytes.size();
      content_.insert(content_.end(), bytes.begin(), bytes.end());
      return {};
    }
    Result<std::string, DiskError> commit() override {
      if (disk_.refuses_names) return std::unexpected(DiskError{"cannot name it"});
      disk_.files[name_] = content_;
      return name_;
    }

   private:
    FakeDisk& disk_;
    std::string name_;
    ByteVector content_;
  };

  Result<std::unique_ptr<Target>, DiskError> create(std::string_view name, std::uint64_t) override {
    if (refuses_files) return std::unexpected(DiskError{"no permission"});
    return std::make_unique<File>(*this, std::string(name));
  }

  std::size_t room = 1'000'000'000;
  bool refuses_files = false;
  bool refuses_names = false;
  int open = 0;
  std::map<std::string, ByteVector> files;
};

// A file in memory that may lie about its size or fail half-way.
class FakeSource final : public Source {
 public:
  FakeSource(std::string name, ByteVector content)
      : name_(std::move(name)), content_(std::move(content)), claimed(content_.size()) {}
  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return claimed; }
  Result<std::size_t, DiskError> read(MutableBytes out) override {
    if (at_ >= fails_at) return std::unexpected(DiskError{"cannot read: it is broken"});
    const std::size_t count = std::min(out.size(), content_.size() - at_);
    copy_bytes(Bytes(content_).subspan(at_, count), out);
    at_ += count;
    return count;
  }

 private:
  std::string name_;
  ByteVector content_;
  std::size_t at_ = 0;

 public:
  std::uint64_t claimed;
  std::size_t fails_at = SIZE_MAX;
};

ByteVector bytes_of(std::size_t size) {
  ByteVector bytes(size);
  SeededRandom random(size);
  random.fill(bytes);
  return bytes;
}

struct Side {
  FakeDisk disk;
  Transfer transfer{{.max_size = 100'000'000}, disk};
  std::vector<Transfer::Offered> offered;
  std::vector<Transfer::Ended> ended;
  std::vector<Transfer::Requested> requested;
  std::uint64_t progress = 0;  // of the transfer that moved last
  std::map<TransferKey, std::uint64_t> by_key;
  bool accepts = true;

  void handle_events() {
    while (auto event = transfer.poll_event()) {
      if (const auto* offer = std::get_if<Transfer::Offered>(&*event)) {
        offered.push_back(*offer);
        if (accepts) transfer.accept(offer->id);
      } else if (auto* end = std::get_if<Transfer::Ended>(&*event)) {
        ended.push_back(*end);
      } else if (auto* request = std::get_if<Transfer::Requested>(&*event)) {
        requested.push_back(*request);
      } else if (const auto* moved = std::get_if<Transfer::Progress>(&*event)) {
        EXPECT_GT(moved->done, std::exchange(by_key[moved->key], moved->done));
        progress = moved->done;
      }
    }
  }
  std::vector<Json> said() {  // the control messages that wait, in order
    std::vector<Json> all;
    while (const auto* message = transfer.next(0)) {
      if (message->is_text) all.push_back(Json::parse(as_text(message->bytes)));
      transfer.sent();
    }
    return all;
  }
};

struct TransferTest : testing::Test {
  Side a;
  Side b;
  std::size_t messages = 0;

  // Moves messages until both are silent, or `limit` were moved.
  void run(std::size_t limit = SIZE_MAX) {
    for (bool idle = false; !idle && messages < limit;) {
      idle = true;
      for (auto [from, to] : {std::pair(&a, &b), std::pair(&b, &a)}) {
        from->handle_events();
        if (const auto* message = from->transfer.next(0); message != nullptr) {
          ++messages;
          idle = false;
          message->is_text ? to->transfer.on_text(as_text(message->bytes))
                           : to->transfer.on_binary(message->bytes);
          from->transfer.sent();
        }
        to->handle_events();
      }
    }
  }
  std::uint32_t offer(std::string name, std::size_t size) {
    return *a.transfer.offer(std::make_unique<FakeSource>(std::move(name), bytes_of(size)));
  }
};

TEST_F(TransferTest, AFileArrivesAndBothHashesAgree) {
  offer("a.bin", 1'000'000);

  run();

  EXPECT_EQ(b.disk.files.at("a.bin"), bytes_of(1'000'000));
  ASSERT_EQ(a.ended.size(), 1U);
  ASSERT_EQ(b.ended.size(), 1U);
  EXPECT_EQ(a.ended[0].outcome, Outcome::kDone);
  EXPECT_EQ(b.ended[0].outcome, Outcome::kDone);
  EXPECT_EQ(b.ended[0].sha256, hex(crypto::hash(crypto::HashKind::kSha256, bytes_of(1'000'000))));
  EXPECT_EQ(a.ended[0].sha256, b.ended[0].sha256);
  EXPECT_EQ(b.progress, 1'000'000U);
  EXPECT_TRUE(a.transfer.is_idle());
  EXPECT_TRUE(b.transfer.is_idle());
  EXPECT_EQ(b.disk.open, 0);
}

TEST_F(TransferTest, AnEmptyFileIsAFile) {
  offer("empty", 0);

  run();

  EXPECT_EQ(b.disk.files.at("empty"), ByteVector{});
  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kDone);
}

TEST_F(TransferTest, ManyFilesBothWaysAtOnce) {
  for (int i = 0; i < 5; ++i) offer("a" + std::to_string(i), 100'000);
  for (int i = 0; i < 5; ++i)
    b.transfer.offer(std::make_unique<FakeSource>("b" + std::to_string(i), bytes_of(70'000)));
  run();

  EXPECT_EQ(b.disk.files.size(), 5U);
  EXPECT_EQ(a.disk.files.size(), 5U);
  for (const auto& end : a.ended) EXPECT_EQ(end.outcome, Outcome::kDone);
}

TEST_F(TransferTest, TheWordsOnTheWireAreThoseOfTheProtocol) {
  const std::uint32_t id = offer("dir/a.bin", 3);

  const auto first = a.said();
  ASSERT_EQ(first.size(), 1U);
  EXPECT_EQ(first[0], (Json{
                          {"type", "offer"},
                          {"id",   id     },
                          {"name", "a.bin"},
                          {"size", 3      }
  }));
  a.transfer.on_text(write_json({
      {"type", "accept"},
      {"id",   id      }
  }));
  const auto* piece = a.transfer.next(0);
  ASSERT_NE(piece, nullptr);
  EXPECT_FALSE(piece->is_text);
  ASSERT_EQ(piece->bytes.size(), Transfer::kHeader + 3);
  EXPECT_EQ(Reader(piece->bytes).u32("id"), id);
  EXPECT_TRUE(equal(piece->bytes.subspan(4), bytes_of(3)));
  a.transfer.sent();
  const auto end = a.said();
  ASSERT_EQ(end.size(), 1U);
  EXPECT_EQ(end[0]["type"], "end");
  EXPECT_EQ(end[0]["sha256"], hex(crypto::hash(crypto::HashKind::kSha256, bytes_of(3))));
}

TEST_F(TransferTest, DataWaitsWhileTheChannelIsFullAndWordsDoNot) {
  const std::uint32_t id = offer("a.bin", 1000);
  a.said();
  a.transfer.on_text(write_json({
      {"type", "accept"},
      {"id",   id      }
  }));

  EXPECT_EQ(a.transfer.next(Transfer::kHighWater), nullptr);
  a.transfer.decline("no");
  ASSERT_NE(a.transfer.next(Transfer::kHighWater), nullptr);
  a.transfer.sent();
  EXPECT_NE(a.transfer.next(Transfer::kHighWater - 1), nullptr);
}

TEST_F(TransferTest, AMessageThatCouldNotBeSentStaysTheNextOne) {
  offer("a.bin", 1000);

  const auto* first = a.transfer.next(0);
  const std::string text(as_text(first->bytes));
  const auto* again = a.transfer.next(0);

  EXPECT_EQ(as_text(again->bytes), text);
}

TEST_F(TransferTest, PiecesFitTheMessagesOfTheOtherSide) {
  a.transfer.set_piece(1000);
  offer("a.bin", 2500);

  run();

  EXPECT_EQ(messages, 1U + 1U + 3U + 1U + 1U);  // offer, accept, pieces, end, received
  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kDone);
}

TEST_F(TransferTest, ARefusalBringsItsReason) {
  b.accepts = false;
  offer("a.bin", 1000);
  run();
  b.transfer.refuse(b.offered.at(0).id, "not today");

  run();

  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kRefused);
  EXPECT_EQ(a.ended.at(0).reason, "not today");
  EXPECT_EQ(b.ended.at(0).outcome, Outcome::kRefused);
  EXPECT_TRUE(b.disk.files.empty());
}

TEST_F(TransferTest, BothSidesCanCancelHalfWay) {
  for (const bool by_sender : {true, false}) {
    Side& canceller = by_sender ? a : b;
    a.ended.clear();
    b.ended.clear();
    b.progress = 0;
    const std::uint32_t id = offer("a.bin", 10'000'000);
    run(messages + 20);
    EXPECT_GT(b.progress, 0U);

    canceller.transfer.cancel({by_sender ? Way::kOut : Way::kIn, id}, "changed my mind");
    run();

    EXPECT_EQ(a.ended.at(0).outcome, Outcome::kCancelled);
    EXPECT_EQ(b.ended.at(0).outcome, Outcome::kCancelled);
    EXPECT_EQ((by_sender ? b : a).ended.at(0).reason, "changed my mind");
    EXPECT_TRUE(b.disk.files.empty());
    EXPECT_EQ(b.disk.open, 0);
  }
}

TEST_F(TransferTest, AFullDiskCancelsWithClearWords) {
  b.disk.room = 100'000;
  offer("a.bin", 1'000'000);

  run();

  EXPECT_EQ(b.ended.at(0).outcome, Outcome::kDisk);
  EXPECT_EQ(b.ended.at(0).reason, "the disk is full");
  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kCancelled);
  EXPECT_EQ(a.ended.at(0).reason, "the disk is full");
  EXPECT_TRUE(b.disk.files.empty());
  EXPECT_EQ(b.disk.open, 0);
}

TEST_F(TransferTest, AFileThatCannotBeCreatedIsRefused) {
  b.disk.refuses_files = true;
  offer("a.bin", 1000);

  run();

  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kRefused);
  EXPECT_EQ(a.ended.at(0).reason, "no permission");
  EXPECT_EQ(b.ended.at(0).outcome, Outcome::kDisk);
}

TEST_F(TransferTest, AFileThatCannotBeNamedIsNotReceived) {
  b.disk.refuses_names = true;
  offer("a.bin", 1000);

  run();

  EXPECT_EQ(b.ended.at(0).outcome, Outcome::kDisk);
  EXPECT_NE(a.ended.at(0).outcome, Outcome::kDone);
}

TEST_F(TransferTest, ASourceThatBreaksCancels) {
  auto source = std::make_unique<FakeSource>("a.bin", bytes_of(1'000'000));
  source->fails_at = 200'000;
  a.transfer.offer(std::move(source));

  run();

  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kDisk);
  EXPECT_EQ(b.ended.at(0).reason, "cannot read: it is broken");
}

TEST_F(TransferTest, AFileThatShrankOrGrewCancels) {
  for (const std::uint64_t claimed : {999'999U, 1'000'001U}) {
    a.ended.clear();
    b.progress = 0;
    auto source = std::make_unique<FakeSource>("a.bin", bytes_of(1'000'000));
    source->claimed = claimed;
    a.transfer.offer(std::move(source));

    run();

    EXPECT_EQ(a.ended.at(0).outcome, Outcome::kDisk);
    EXPECT_EQ(a.ended.at(0).reason, "the file changed while it was sent");
  }
  EXPECT_TRUE(b.disk.files.empty());
}

TEST_F(TransferTest, WhoVanishesLeavesNothingBehind) {
  offer("a.bin", 10'000'000);
  run(20);

  b.transfer.on_closed();
  a.transfer.on_closed();
  a.handle_events();
  b.handle_events();

  EXPECT_EQ(b.ended.at(0).outcome, Outcome::kLost);
  EXPECT_EQ(a.ended.at(0).outcome, Outcome::kLost);
  EXPECT_TRUE(b.disk.files.empty());
  EXPECT_EQ(b.disk.open, 0);
  EXPECT_TRUE(a.said().empty());
}

struct TransferReceiver : testing::Test {
  Side side;

  void say(const Json& json) {
    side.transfer.on_text(json.dump());
    side.handle_events();
  }
  void piece(std::uint32_t id, std::string_view text) {
    ByteVector bytes{static_cast<std::uint8_t>(id >> 24), static_cast<std::uint8_t>(id >> 16),
                     static_cast<std::uint8_t>(id >> 8), static_cast<std::uint8_t>(id)};
    bytes.insert(bytes.end(), text.begin(), text.end());
    side.transfer.on_binary(bytes);
    side.handle_events();
  }
};

TEST_F(TransferReceiver, NamesAreMadeSafe) {
  say({
      {"type", "offer"                           },
      {"id",   1                                 },
      {"name", "../../.ssh/authorized_keys\u202e"},
      {"size", 1                                 }
  });

  EXPECT_EQ(side.offered.at(0).name, "authorized_keys");
}

TEST_F(TransferReceiver, OneByteTooManyEndsIt) {
  say({
      {"type", "offer"},
      {"id",   7      },
      {"name", "x"    },
      {"size", 3      }
  });
  piece(7, "abcd");

  EXPECT_EQ(side.ended.at(0).outcome, Outcome::kMismatch);
  EXPECT_EQ(side.said().at(1)["type"], "cancel");
  EXPECT_TRUE(side.disk.files.empty());
}

TEST_F(TransferReceiver, AWrongHashOrAMissingByteIsToldAndNothingKept) {
  const std::string right = hex(crypto::hash(crypto::HashKind::kSha256, as_bytes("abc")));
  say({
      {"type", "offer"},
      {"id",   7      },
      {"name", "x"    },
      {"size", 3      }
  });
  piece(7, "abd");
  say({
      {"type",   "end"},
      {"id",     7    },
      {"sha256", right}
  });
  say({
      {"type", "offer"},
      {"id",   8      },
      {"name", "y"    },
      {"size", 4      }
  });
  piece(8, "abc");
  say({
      {"type",   "end"},
      {"id",     8    },
      {"sha256", right}
  });

  const auto said = side.said();
  ASSERT_EQ(said.size(), 4U);
  EXPECT_EQ(said[1]["ok"], false);
  EXPECT_EQ(said[3]["ok"], false);
  EXPECT_EQ(said[3]["size"], 3);
  EXPECT_EQ(side.ended.at(0).outcome, Outcome::kMismatch);
  EXPECT_EQ(side.ended.at(1).outcome, Outcome::kMismatch);
  EXPECT_TRUE(side.disk.files.empty());
}

TEST_F(TransferReceiver, AHashInCapitalsIsTheSameHash) {
  std::string sum = hex(crypto::hash(crypto::HashKind::kSha256, as_bytes("abc")));
  std::ranges::transform(sum, sum.begin(),
                         [](char c) { return static_cast<char>(std::toupper(c)); });
  say({
      {"type", "offer"},
      {"id",   7      },
      {"name", "x"    },
      {"size", 3      }
  });
  piece(7, "abc");
  say({
      {"type",   "end"},
      {"id",     7    },
      {"sha256", sum  }
  });

  EXPECT_EQ(side.ended.at(0).outcome, Outcome::kDone);
}

TEST_F(TransferReceiver, NonsenseIsPassedOver) {
  for (const char* text :
       {"", "{", "[]", "{}", "{\"type\":\"offer\"}", "{\"type\":7,\"id\":1}",
        "{\"type\":\"accept\",\"id\":-1}", "{\"type\":\"end\",\"id\":99}",
        "{\"type\":\"received\",\"id\":1e300}", "{\"type\":\"verify\",\"mac\":\"\"}"})
    side.transfer.on_text(text);
  side.transfer.on_text(std::string(Transfer::kMaxControl + 1, '['));
  piece(5, "unknown");
  side.transfer.on_binary({});
  side.transfer.on_binary(as_bytes("abc"));
  side.handle_events();

  EXPECT_TRUE(side.offered.empty());
  EXPECT_TRUE(side.said().empty());
}

TEST_F(TransferReceiver, PiecesBeforeTheYesArePassedOver) {
  side.accepts = false;
  say({
      {"type", "offer"},
      {"id",   7      },
      {"name", "x"    },
      {"size", 3      }
  });
  piece(7, "abc");
  say({
      {"type",   "end"},
      {"id",     7    },
      {"sha256", ""   }
  });

  EXPECT_TRUE(side.ended.empty());
  EXPECT_TRUE(side.said().empty());
}

TEST_F(TransferReceiver, WhatIsTooLargeOrTooMuchIsRefused) {
  say({
      {"type", "offer"    },
      {"id",   1          },
      {"name", "x"        },
      {"size", 100'000'001}
  });
  say({
      {"type", "offer"},
      {"id",   2      },
      {"name", "x"    },
      {"size", -1     }
  });
  say({
      {"type", "offer"},
      {"id",   3      },
      {"size", 1      }
  });
  EXPECT_TRUE(side.offered.empty());
  const auto said = side.said();
  ASSERT_EQ(said.size(), 3U);
  for (const Json& json : said) EXPECT_EQ(json["type"], "refuse");
  EXPECT_EQ(said[0]["reason"], "the file is too large: at most 100.0 MB are taken");

  side.accepts = false;
  for (std::uint32_t i = 0; i <= Transfer::kMaxOpen; ++i)
    say({
        {"type", "offer"},
        {"id",   10 + i },
        {"name", "x"    },
        {"size", 1      }
    });
  EXPECT_EQ(side.offered.size(), Transfer::kMaxOpen);
  EXPECT_EQ(side.said().at(0)["reason"], "too many files at once");
}

TEST_F(TransferReceiver, ARequestIsForTheDriver) {
  say({
      {"type", "request"  },
      {"name", "../sample"},
      {"size", 20971520   }
  });

  ASSERT_EQ(side.requested.size(), 1U);
  EXPECT_EQ(side.requested[0].name, "sample");
  EXPECT_EQ(side.requested[0].size, 20971520U);
  side.transfer.decline("there is none");
  EXPECT_EQ(side.said().at(0), (Json{
                                   {"type",   "refuse"       },
                                   {"reason", "there is none"}
  }));
}

TEST_F(TransferReceiver, ReasonsOfStrangersAreMadeHarmless) {
  side.accepts = false;
  const auto id = *side.transfer.offer(make_sample("s", 10, 1));
  say({
      {"type",   "refuse"       },
      {"id",     id             },
      {"reason", "\x1b[2Jgone\n"}
  });

  EXPECT_EQ(side.ended.at(0).reason, "[2Jgone");
}

TEST_F(TransferReceiver, WeOfferABoundedNumberAtOnce) {
  for (std::size_t i = 0; i < Transfer::kMaxOpen; ++i)
    EXPECT_TRUE(side.transfer.offer(make_sample("s", 10, 1)).has_value());
  EXPECT_FALSE(side.transfer.offer(make_sample("s", 10, 1)).has_value());
}

}  // namespace
}  // namespace glass::demo
