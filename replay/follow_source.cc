#include "replay/follow_source.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "format/trace_reader.h"
#include "format/unique_fd.h"
#include "replay/trace_names.h"

namespace rfan::replay {
namespace {

namespace fs = std::filesystem;

constexpr auto kLookEvery = std::chrono::milliseconds(50);
constexpr auto kWaitForNext = std::chrono::seconds(2);

class FollowSource : public format::ByteSource {
 public:
  FollowSource(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Result<std::size_t> read_at(std::uint64_t offset, std::span<std::byte> out) override {
    std::size_t filled = 0;
    while (filled < out.size()) {
      // Asked before the read: what was written before the end is then read before it is believed.
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
  // Looks at the footer once for each size that the file has had.
  bool finished() {
    struct stat status {};
    if (::fstat(fd_.get(), &status) != 0) return true;
    std::error_code ignored;
    if (without_part(path_) != path_ && !fs::exists(path_, ignored)) return true;
    if (status.st_size == looked_at_) return false;
    looked_at_ = status.st_size;
    auto source = format::open_source(path_);
    if (!source) return false;
    auto reader = format::TraceReader::open(std::move(*source), {});
    return reader.ok() && (*reader)->footer().has_value();
  }

  UniqueFd fd_;
  std::string path_;
  off_t looked_at_ = -1;
  bool ended_ = false;
};

}  // namespace

Result<std::unique_ptr<format::ByteSource>> follow_source(const std::string& path) {
  auto name = path;
  int fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && without_part(name) != name) {  // finished since it was found
    name = without_part(name);
    fd = ::open(name.c_str(), O_RDONLY | O_CLOEXEC);
  }
  if (fd < 0) return errno_error("cannot open trace", path);
  return std::unique_ptr<format::ByteSource>(std::make_unique<FollowSource>(UniqueFd(fd), name));
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
