#include "recorder/fanotify_group.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>

namespace rfan::recorder {

namespace {

// Newer than the headers of Debian 12 (kernel 6.13): the event is delivered with fd = -errno when the kernel
// cannot open the object for us, instead of being swallowed.
constexpr unsigned kFanReportFdError = 0x2000;

constexpr std::uint64_t kHeldMask = FAN_OPEN_PERM | FAN_OPEN_EXEC_PERM;
constexpr std::uint64_t kToldMask = FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE;

}  // namespace

ReplyBatch::ReplyBatch() {
  for (std::size_t i = 0; i < kCapacity; ++i) vectors_[i] = {&replies_[i], sizeof(fanotify_response)};
}

void ReplyBatch::allow(int event_fd) {
  replies_[count_++] = {event_fd, FAN_ALLOW};
}

Result<FanotifyGroup> FanotifyGroup::create() {
  constexpr unsigned kFlags =
      FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS;
  constexpr unsigned kEventFlags = O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NOATIME;
  int fd = fanotify_init(kFlags | kFanReportFdError, kEventFlags);
  if (fd < 0 && errno == EINVAL) fd = fanotify_init(kFlags, kEventFlags);
  if (fd < 0) {
    const char* hint = errno == ENOSYS ? "this kernel is built without fanotify permission events" : "";
    return errno_error("cannot create a fanotify group", {}, hint);
  }
  return FanotifyGroup(UniqueFd(fd));
}

Status FanotifyGroup::add_mark(MarkKind kind, const std::string& path) {
  const unsigned type = kind == MarkKind::kFilesystem ? FAN_MARK_FILESYSTEM : FAN_MARK_MOUNT;
  if (fanotify_mark(fd(), FAN_MARK_ADD | type, kHeldMask | kToldMask | FAN_ONDIR, AT_FDCWD, path.c_str()) !=
      0) {
    return errno_error("cannot watch filesystem", path);
  }
  return {};
}

Status FanotifyGroup::ignore_file(int file) {
  constexpr unsigned kFlags = FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY;
  if (fanotify_mark(fd(), kFlags, kHeldMask | kToldMask, file, nullptr) != 0) {
    return errno_error("cannot exclude the trace file from the recording");
  }
  return {};
}

void FanotifyGroup::remove_marks() {
  fanotify_mark(fd(), FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, nullptr);
  fanotify_mark(fd(), FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, AT_FDCWD, nullptr);
}

long FanotifyGroup::read(std::span<std::byte> buffer) {
  const ssize_t bytes = ::read(fd(), buffer.data(), buffer.size());
  if (bytes >= 0) return bytes;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

void FanotifyGroup::answer(ReplyBatch& batch) {
  std::size_t done = 0;
  while (done < batch.count_) {
    const ssize_t bytes = ::writev(fd(), batch.vectors_ + done, static_cast<int>(batch.count_ - done));
    if (bytes > 0) {
      done += static_cast<std::size_t>(bytes) / sizeof(fanotify_response);
    } else if (bytes < 0 && errno == EINTR) {
      continue;
    } else {
      ++done;  // ENOENT: this opener was killed while it waited
    }
  }
  batch.count_ = 0;
}

}  // namespace rfan::recorder
