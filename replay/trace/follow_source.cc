#include "replay/trace/follow_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <thread>

#include "format/base/unique_fd.h"
#include "format/trace/trace_reader.h"
#include "replay/trace/trace_names.h"

namespace rfan::replay {
namespace {

constexpr auto kLookEvery = std::chrono::milliseconds(50);
constexpr auto kWaitForNext = std::chrono::seconds(2);

// The present content of a file. Reads through the descriptor, since the name may mean another file by now.
class Snapshot : public format::ByteSource {
 public:
  Snapshot(int fd, const std::string& name, off_t size)
      : fd_(fd), name_(name), size_(static_cast<std::uint64_t>(size)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    const auto got = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset));
    if (got < 0) return errno_error("cannot read trace", name_);
    return static_cast<std::size_t>(got);
  }
  std::optional<std::uint64_t> size() const override { return size_; }
  const std::string& name() const override { return name_; }

 private:
  const int fd_;
  const std::string& name_;
  const std::uint64_t size_;
};

class FollowSource : public format::ByteSource {
 public:
  FollowSource(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      // Read the flag before the file: then all that was written before the end is read before the end
      // counts.
      const bool ended = ended_;
      const auto got =
          ::pread(fd_.get(), out.data() + filled, out.size() - filled, static_cast<off_t>(offset + filled));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return errno_error("cannot read trace", path_);
      filled += static_cast<std::size_t>(got);
      if (got != 0) continue;
      if (ended) break;
      ended_ = finished();
      if (!ended_) std::this_thread::sleep_for(kLookEvery);
    }
    return filled;
  }

  std::optional<std::uint64_t> size() const override { return {}; }
  const std::string& name() const override { return path_; }

 private:
  // Returns true if the file is finished or gone. Reads the footer once for each size of the file.
  bool finished() {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0 || gone(status)) return true;
    if (status.st_size == looked_at_) return false;
    looked_at_ = status.st_size;
    auto reader = format::TraceReader::open(std::make_unique<Snapshot>(fd_.get(), path_, status.st_size), {});
    return reader.ok() && (*reader)->footer().has_value();
  }

  // Returns true if the name means no file or another file (after a removal, a rename or a new recording) and
  // no recorder writes to this one any more.
  bool gone(const struct stat& status) const {
    struct stat named {};
    if (::stat(path_.c_str(), &named) == 0 && named.st_dev == status.st_dev && named.st_ino == status.st_ino)
      return false;
    if (::flock(fd_.get(), LOCK_SH | LOCK_NB) != 0) return errno != EWOULDBLOCK;
    ::flock(fd_.get(), LOCK_UN);
    return true;
  }

  UniqueFd fd_;
  std::string path_;
  off_t looked_at_ = -1;
  bool ended_ = false;
};

// O_NONBLOCK: otherwise open would wait for a writer if a FIFO has replaced the file.
UniqueFd open_file(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}

bool is_regular(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<format::ByteSource>> follow_source(const std::string& path) {
  auto name = path;
  auto fd = open_file(name);
  if (!fd && without_part(name) != name) {  // finished since it was found
    name = without_part(name);
    fd = open_file(name);
  }
  if (!fd) return errno_error("cannot open trace", path);
  if (!is_regular(fd.get())) return Error{"cannot follow", path, 0, "it is no file any more"};
  return std::unique_ptr<format::ByteSource>(std::make_unique<FollowSource>(std::move(fd), name));
}

std::optional<std::string> next_rotated(const std::string& path) {
  const auto until = std::chrono::steady_clock::now() + kWaitForNext;
  while (true) {
    if (auto next = next_in_series(path)) return next;
    if (std::chrono::steady_clock::now() >= until) return {};
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace rfan::replay
