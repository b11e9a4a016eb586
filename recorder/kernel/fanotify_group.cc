#include "recorder/kernel/fanotify_group.h"

#include <fcntl.h>

#include <cerrno>
#include <memory>
#include <utility>

namespace rfan::recorder {

namespace {

// Newer than the headers of Debian 12 (kernel 6.13). If the kernel cannot open the object for us, it delivers
// the event with fd = -errno instead of dropping it.
constexpr unsigned kFanReportFdError = 0x2000;

// FAN_DENY_ERRNO() of newer headers (kernel 6.14).
std::uint32_t deny_response(int error) {
  constexpr unsigned kErrnoShift = 24;
  return error == EPERM ? FAN_DENY : FAN_DENY | static_cast<std::uint32_t>(error) << kErrnoShift;
}

long read_events(int group, std::span<std::byte> buffer) {
  const ssize_t bytes = ::read(group, buffer.data(), buffer.size());
  if (bytes >= 0) return bytes;
  return errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

}  // namespace

ReplyBatch::ReplyBatch() {
  for (std::size_t i = 0; i < kCapacity; ++i) vectors_[i] = {&replies_[i], sizeof(fanotify_response)};
}

void ReplyBatch::allow(int event_fd) {
  replies_[count_++] = {event_fd, FAN_ALLOW};
}

void ReplyBatch::deny(int event_fd, int error) {
  replies_[count_++] = {event_fd, deny_response(error)};
}

Result<FanotifyGroup> FanotifyGroup::create(GroupKind kind, const GroupOptions& options) {
  constexpr unsigned kCommon = FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_MARKS;
  constexpr unsigned kNotification = FAN_CLASS_NOTIF | FAN_REPORT_DFID_NAME_TARGET;
  constexpr unsigned kEventFlags = O_RDONLY | O_CLOEXEC | O_LARGEFILE | O_NOATIME;
  const bool permission = kind == GroupKind::kPermission;
  const unsigned permission_class = options.deny_with_errno ? FAN_CLASS_PRE_CONTENT : FAN_CLASS_CONTENT;
  const unsigned flags = kCommon | (options.queue == KernelQueue::kUnlimited ? FAN_UNLIMITED_QUEUE : 0U) |
                         (permission ? permission_class : kNotification);
  int fd = fanotify_init(flags | kFanReportFdError, kEventFlags);
  if (fd < 0 && errno == EINVAL) fd = fanotify_init(flags, kEventFlags);
  if (fd >= 0) {
    FanotifyGroup group((UniqueFd(fd)));
    if (!permission || !options.deny_with_errno || group.can_deny_with_errno()) return group;
    return Error{"this kernel denies with EPERM only", {}, 0, "--deny-errno needs Linux 6.14"};
  }
  if (permission && errno == ENOSYS) {
    return errno_error("cannot create a fanotify group", {}, "this kernel has no fanotify permission events");
  }
  if (!permission && errno == EINVAL) {
    return errno_error("cannot create a fanotify group with names", {},
                       "this kernel is older than 5.17: give --events open,exec,close_write,close_nowrite");
  }
  return errno_error("cannot create a fanotify group");
}

// Probes with a response to a non-existent event: ENOENT means that the kernel accepts the error, EINVAL that
// it does not.
bool FanotifyGroup::can_deny_with_errno() const {
  const fanotify_response nobody{INT32_MAX, deny_response(EIO)};
  return ::write(fd(), &nobody, sizeof nobody) < 0 && errno == ENOENT;
}

Status FanotifyGroup::add_mark(MarkKind kind, std::uint64_t mask, const std::string& path) {
  const unsigned type = kind == MarkKind::kFilesystem ? FAN_MARK_FILESYSTEM : FAN_MARK_MOUNT;
  if (fanotify_mark(fd(), FAN_MARK_ADD | type, mask | FAN_ONDIR, AT_FDCWD, path.c_str()) != 0) {
    return errno_error("cannot watch filesystem", path);
  }
  return {};
}

// Removes an event that no mark asks for: that changes nothing, and fails if there is no mark. It tries an
// event of each kind because either kind of group refuses the events of the other.
bool FanotifyGroup::has_mark(const std::string& path) const {
  const auto finds = [&](unsigned type, std::uint64_t never_asked) {
    return fanotify_mark(fd(), FAN_MARK_REMOVE | type, never_asked, AT_FDCWD, path.c_str()) == 0;
  };
  return finds(FAN_MARK_FILESYSTEM, FAN_ACCESS_PERM) || finds(FAN_MARK_FILESYSTEM, FAN_MOVE_SELF) ||
         finds(FAN_MARK_MOUNT, FAN_ACCESS_PERM);
}

Status FanotifyGroup::ignore_file(std::uint64_t mask, int file) {
  constexpr unsigned kFlags = FAN_MARK_ADD | FAN_MARK_IGNORED_MASK | FAN_MARK_IGNORED_SURV_MODIFY;
  if (fanotify_mark(fd(), kFlags, mask, file, nullptr) != 0) {
    return errno_error("cannot exclude the trace file from the recording");
  }
  return {};
}

bool FanotifyGroup::ignore_mount(std::uint64_t mask, int directory) {
  constexpr unsigned kFlags = FAN_MARK_ADD | FAN_MARK_MOUNT | FAN_MARK_IGNORE_SURV;
  return fanotify_mark(fd(), kFlags, mask | FAN_ONDIR, directory, ".") == 0;
}

void FanotifyGroup::remove_marks() {
  fanotify_mark(fd(), FAN_MARK_FLUSH | FAN_MARK_FILESYSTEM, 0, AT_FDCWD, nullptr);
  fanotify_mark(fd(), FAN_MARK_FLUSH | FAN_MARK_MOUNT, 0, AT_FDCWD, nullptr);
}

long FanotifyGroup::read(std::span<std::byte> buffer) {
  return read_events(fd(), buffer);
}

Result<EventSource::Read> FanotifyGroup::shared_read() const {
  auto group = std::make_shared<UniqueFd>(::fcntl(fd(), F_DUPFD_CLOEXEC, 0));
  if (!*group) return errno_error("cannot share the fanotify group");
  return Read([group](std::span<std::byte> buffer) { return read_events(group->get(), buffer); });
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
  batch.clear();
}

}  // namespace rfan::recorder
