#include "format/model/byte_io.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

namespace rfan::format {
namespace {

class FdSink : public ByteSink {
 public:
  FdSink(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status append(std::span<const std::byte> bytes) override {
    while (!bytes.empty()) {
      const auto written = ::write(fd_.get(), bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return write_error();
      if (written == 0) return Error{"cannot write trace", path_, ENOSPC, "the output accepts no more bytes"};
      offset_ += static_cast<std::uint64_t>(written);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
  }

  std::uint64_t offset() const override { return offset_; }

  Status sync() override {
    if (::fdatasync(fd_.get()) == 0 || errno == EINVAL || errno == EROFS) return {};
    return errno_error("cannot write trace", path_);
  }

  Status close() override {
    const int fd = fd_.release();
    // Linux frees the descriptor even when close is interrupted, so EINTR is no failure.
    if (fd >= 0 && ::close(fd) != 0 && errno != EINTR) return errno_error("cannot close trace", path_);
    return {};
  }

 private:
  Error write_error() const {
    const bool full = errno == ENOSPC || errno == EDQUOT;
    return errno_error("cannot write trace", path_,
                       full ? "free some space; what was written before stays readable" : "");
  }

  UniqueFd fd_;
  std::string path_;
  std::uint64_t offset_ = 0;
};

class FileSource : public ByteSource {
 public:
  FileSource(UniqueFd fd, std::string name, std::uint64_t size)
      : fd_(std::move(fd)), name_(std::move(name)), size_(size) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      const auto got =
          ::pread(fd_.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("cannot read trace", name_);
      if (got == 0) break;
      filled += static_cast<std::size_t>(got);
    }
    return filled;
  }

  std::optional<std::uint64_t> size() const override { return size_; }
  const std::string& name() const override { return name_; }

 private:
  UniqueFd fd_;
  std::string name_;
  std::uint64_t size_;
};

class PipeSource : public ByteSource {
 public:
  PipeSource(UniqueFd fd, std::string name) : fd_(std::move(fd)), name_(std::move(name)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset < position_) {
      return Error{"cannot read trace", name_, ESPIPE, "a pipe cannot go back; give the trace as a file"};
    }
    std::array<std::byte, 4096> skipped;
    while (position_ < offset) {
      const auto wanted =
          static_cast<std::size_t>(std::min<std::uint64_t>(offset - position_, skipped.size()));
      auto got = read_some({skipped.data(), wanted});
      if (!got) return got.error();
      if (*got == 0) return std::size_t{0};
    }
    std::size_t filled = 0;
    while (filled < out.size()) {
      auto got = read_some(out.subspan(filled));
      if (!got) return got.error();
      if (*got == 0) break;
      filled += *got;
    }
    return filled;
  }

  std::optional<std::uint64_t> size() const override { return {}; }
  const std::string& name() const override { return name_; }

 private:
  Result<std::size_t> read_some(std::span<std::byte> out) {
    while (true) {
      const auto got = ::read(fd_.get(), out.data(), out.size());
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("cannot read trace", name_);
      position_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
  }

  UniqueFd fd_;
  std::string name_;
  std::uint64_t position_ = 0;
};

Result<std::unique_ptr<ByteSource>> source_of(UniqueFd fd, std::string name) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error("cannot read trace", name);
  if (S_ISDIR(status.st_mode)) {
    return Error{"cannot read trace", name, EISDIR, "give the .fbz file inside the directory"};
  }
  // Somebody may have read from standard input already. Only a pipe source starts where they left off.
  const bool at_start = ::lseek(fd.get(), 0, SEEK_CUR) == 0;
  if (S_ISREG(status.st_mode) && at_start) {
    return std::unique_ptr<ByteSource>(std::make_unique<FileSource>(
        std::move(fd), std::move(name), static_cast<std::uint64_t>(status.st_size)));
  }
  return std::unique_ptr<ByteSource>(std::make_unique<PipeSource>(std::move(fd), std::move(name)));
}

}  // namespace

std::unique_ptr<ByteSink> make_fd_sink(UniqueFd fd, std::string path_for_errors) {
  return std::make_unique<FdSink>(std::move(fd), std::move(path_for_errors));
}

Result<std::unique_ptr<ByteSource>> open_source(const std::string& path) {
  const bool standard_input = path == "-";
  // Standard input is duplicated, so that closing the source leaves the program's own descriptor open.
  const int fd =
      standard_input ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno_error("cannot open trace", path);
  return source_of(UniqueFd(fd), standard_input ? "standard input" : path);
}

}  // namespace rfan::format
