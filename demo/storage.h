// demo/storage.h - where files come from and go to, as the transfer sees it.
//
// Two seams, so that a full disk can be tested: folder.h has the real ones.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace glass::demo {

// What went wrong with a file, for people: "the disk is full".
struct DiskError {
  std::string text;
};

// A file that is being read.
class Source {
 public:
  virtual ~Source() = default;
  [[nodiscard]] virtual const std::string& name() const = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
  // Fills `out` as far as the file goes; how much that was. 0: the end.
  virtual Result<std::size_t, DiskError> read(MutableBytes out) = 0;
};

// A file that is being written. Nothing bears its final name before commit(), and without a
// commit() nothing is left of it.
class Target {
 public:
  virtual ~Target() = default;
  virtual Result<void, DiskError> write(Bytes bytes) = 0;
  // The name that it got.
  virtual Result<std::string, DiskError> commit() = 0;
};

class Storage {
 public:
  virtual ~Storage() = default;
  // `name` is a safe one; `size` is what will be written.
  virtual Result<std::unique_ptr<Target>, DiskError> create(std::string_view name,
                                                            std::uint64_t size) = 0;
};

}  // namespace glass::demo
