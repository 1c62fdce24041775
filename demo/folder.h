// demo/folder.h - files on a real disk: a folder that receives, files that are sent, made-up
// samples.
//
// Never overwrites: a taken name becomes "name (1).ext". A file is written as "name.part" and gets
// its name when it is whole.  Tested by: tests/demo/folder_test.cc
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "demo/storage.h"

namespace glass::demo {

class Folder final : public Storage {
 public:
  // Room that is left for others when a file is accepted.
  static constexpr std::uint64_t kSpareBytes = 16 * 1024 * 1024;
  static constexpr unsigned kMaxNumber = 9999;  // how often one name may be taken

  // Made when the first file comes, if it is not there.
  explicit Folder(std::string path) : path_(std::move(path)) {}

  [[nodiscard]] const std::string& path() const { return path_; }
  Result<std::unique_ptr<Target>, DiskError> create(std::string_view name,
                                                    std::uint64_t size) override;
  // A regular file of this very folder. Symbolic links are not followed.
  [[nodiscard]] Result<std::unique_ptr<Source>, DiskError> open(std::string_view name) const;

 private:
  std::string path_;
};

// A regular file anywhere that the user named.
Result<std::unique_ptr<Source>, DiskError> open_file(const std::string& path);

// `size` bytes that depend on `seed` alone and do not compress.
std::unique_ptr<Source> make_sample(std::string name, std::uint64_t size, std::uint64_t seed);

}  // namespace glass::demo
