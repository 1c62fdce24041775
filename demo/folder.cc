#include "demo/folder.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "base/random.h"
#include "demo/safe_text.h"

namespace glass::demo {
namespace {

// A file descriptor that is closed with its owner.
class Handle {
 public:
  explicit Handle(int value) : value_(value) {}
  Handle(Handle&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Handle& operator=(Handle&& other) noexcept {
    std::swap(value_, other.value_);
    return *this;
  }
  ~Handle() { (void)close(); }

  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool is_open() const { return value_ >= 0; }
  // False: the system could not write what it had promised to.
  bool close() { return value_ < 0 || ::close(std::exchange(value_, -1)) == 0; }

 private:
  int value_;
};

DiskError error_of(std::string_view what, std::string_view name, int code) {
  if (code == ENOSPC || code == EDQUOT)
    return {fmt::format("the disk is full: {} \"{}\"", what, safe_text(name))};
  return {fmt::format("cannot {} \"{}\": {}", what, safe_text(name), std::strerror(code))};
}

class FileTarget final : public Target {
 public:
  FileTarget(Handle folder, Handle file, std::string name, unsigned number)
      : folder_(std::move(folder)),
        file_(std::move(file)),
        name_(std::move(name)),
        part_(numbered_name(name_, number) + ".part"),
        number_(number) {}
  FileTarget(const FileTarget&) = delete;
  FileTarget& operator=(const FileTarget&) = delete;
  ~FileTarget() override {
    if (!part_.empty()) (void)unlinkat(folder_.get(), part_.c_str(), 0);
  }

  Result<void, DiskError> write(Bytes bytes) override {
    while (!bytes.empty()) {
      const ssize_t written = ::write(file_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return std::unexpected(error_of("write", part_, written < 0 ? errno : EIO));
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  Result<std::string, DiskError> commit() override {
    if (!file_.close()) return std::unexpected(error_of("write", part_, errno));
    for (; number_ <= Folder::kMaxNumber; ++number_) {
      std::string final_name = numbered_name(name_, number_);
      if (renameat2(folder_.get(), part_.c_str(), folder_.get(), final_name.c_str(),
                    RENAME_NOREPLACE) == 0) {
        part_.clear();
        return final_name;
      }
      if (errno == EINVAL || errno == ENOSYS) {  // a file system without RENAME_NOREPLACE
        if (linkat(folder_.get(), part_.c_str(), folder_.get(), final_name.c_str(), 0) == 0)
          return final_name;  // our destructor takes the other name away
      }
      if (errno != EEXIST) break;
    }
    return std::unexpected(error_of("name", name_, errno));
  }

 private:
  Handle folder_;
  Handle file_;
  std::string name_;
  std::string part_;  // empty: there is none any more
  unsigned number_;
};

class FileSource final : public Source {
 public:
  FileSource(Handle file, std::string name, std::uint64_t size)
      : file_(std::move(file)), name_(std::move(name)), size_(size) {}

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<std::size_t, DiskError> read(MutableBytes out) override {
    for (;;) {
      const ssize_t got = ::read(file_.get(), out.data(), out.size());
      if (got >= 0) return static_cast<std::size_t>(got);
      if (errno != EINTR) return std::unexpected(error_of("read", name_, errno));
    }
  }

 private:
  Handle file_;
  std::string name_;
  std::uint64_t size_;
};

class Sample final : public Source {
 public:
  Sample(std::string name, std::uint64_t size, std::uint64_t seed)
      : name_(std::move(name)), size_(size), left_(size), random_(seed) {}

  [[nodiscard]] const std::string& name() const override { return name_; }
  [[nodiscard]] std::uint64_t size() const override { return size_; }
  Result<std::size_t, DiskError> read(MutableBytes out) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
    for (std::size_t i = 0; i < count; ++i) {
      if (word_bytes_ == 0) {
        word_ = random_.next();
        word_bytes_ = sizeof word_;
      }
      out[i] = static_cast<std::uint8_t>(word_);
      word_ >>= 8;
      --word_bytes_;
    }
    left_ -= count;
    return count;
  }

 private:
  std::string name_;
  std::uint64_t size_;
  std::uint64_t left_;
  SeededRandom random_;
  std::uint64_t word_ = 0;
  std::size_t word_bytes_ = 0;
};

Result<std::unique_ptr<Source>, DiskError> open_at(int folder, const std::string& path, int flags) {
  Handle file(openat(folder, path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags));
  if (!file.is_open()) return std::unexpected(error_of("open", path, errno));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return std::unexpected(error_of("open", path, errno));
  if (!S_ISREG(status.st_mode))
    return std::unexpected(
        DiskError{fmt::format("cannot send \"{}\": it is no regular file", safe_text(path))});
  return std::make_unique<FileSource>(std::move(file),
                                      std::filesystem::path(path).filename().string(),
                                      static_cast<std::uint64_t>(status.st_size));
}

}  // namespace

Result<std::unique_ptr<Target>, DiskError> Folder::create(std::string_view name,
                                                          std::uint64_t size) {
  std::error_code error;
  std::filesystem::create_directories(path_, error);
  if (error) return std::unexpected(error_of("make the folder", path_, error.value()));
  Handle folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return std::unexpected(error_of("open the folder", path_, errno));

  struct statvfs space{};
  if (fstatvfs(folder.get(), &space) == 0) {
    const std::uint64_t free = std::uint64_t{space.f_bavail} * space.f_frsize;
    if (free < kSpareBytes || size > free - kSpareBytes)
      return std::unexpected(DiskError{fmt::format("the disk is full: {} are free, {} are wanted",
                                                   bytes_text(free), bytes_text(size))});
  }
  for (unsigned number = 0; number <= kMaxNumber; ++number) {
    const std::string final_name = numbered_name(name, number);
    if (faccessat(folder.get(), final_name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0) continue;
    Handle file(openat(folder.get(), (final_name + ".part").c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
    if (file.is_open())
      return std::make_unique<FileTarget>(std::move(folder), std::move(file), std::string(name),
                                          number);
    if (errno != EEXIST) return std::unexpected(error_of("create", final_name, errno));
  }
  return std::unexpected(DiskError{fmt::format("\"{}\" is taken too often", safe_text(name))});
}

Result<std::unique_ptr<Source>, DiskError> Folder::open(std::string_view name) const {
  if (name != safe_file_name(name))
    return std::unexpected(DiskError{fmt::format("\"{}\" names no file here", safe_text(name))});
  const Handle folder(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.is_open()) return std::unexpected(error_of("open the folder", path_, errno));
  return open_at(folder.get(), std::string(name), O_NOFOLLOW);
}

Result<std::unique_ptr<Source>, DiskError> open_file(const std::string& path) {
  return open_at(AT_FDCWD, path, 0);
}

std::unique_ptr<Source> make_sample(std::string name, std::uint64_t size, std::uint64_t seed) {
  return std::make_unique<Sample>(std::move(name), size, seed);
}

}  // namespace glass::demo
