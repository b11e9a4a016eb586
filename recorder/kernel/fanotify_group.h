// A fanotify group: the descriptor through which the kernel sends permission events or notification events.
#pragma once

#include <sys/fanotify.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/kernel/event_source.h"

namespace rfan::recorder {

enum class GroupKind : std::uint8_t {
  kPermission,    // FAN_CLASS_CONTENT: permission events, each with a descriptor
  kNotification,  // FAN_CLASS_NOTIF with directory handles and names, no descriptors
};

enum class MarkKind : std::uint8_t {
  kFilesystem,  // every mount of the superblock, in every mount namespace
  kMount,       // this mount only; accesses through bind mounts and other namespaces escape
};

// The fate of events that we do not read in time.
enum class KernelQueue : std::uint8_t {
  kUnlimited,  // they wait in kernel memory that is charged to us
  // Events beyond sysctl fs.fanotify.max_queued_events are lost, and one event says so. An open that would
  // wait then proceeds unseen.
  kDefault,
};

struct GroupOptions {
  KernelQueue queue = KernelQueue::kUnlimited;
  // Permission group: uses FAN_CLASS_PRE_CONTENT, which may choose the error.
  bool deny_with_errno = false;
};

// Responses to one batch of permission events, in the layout for writev(2) on the group. Has a fixed size and
// never allocates.
class ReplyBatch {
 public:
  // The kernel takes up to UIO_MAXIOV responses in one writev(), one response per iovec. A write() of several
  // responses answers only the first (measured on 6.18).
  static constexpr std::size_t kCapacity = 1024;

  ReplyBatch();
  ReplyBatch(const ReplyBatch&) = delete;
  ReplyBatch& operator=(const ReplyBatch&) = delete;

  void allow(int event_fd);
  // Makes the open fail with `error`. Any error but EPERM needs GroupOptions::deny_with_errno.
  void deny(int event_fd, int error);
  void clear() { count_ = 0; }
  bool full() const { return count_ == kCapacity; }
  bool empty() const { return count_ == 0; }
  std::span<const fanotify_response> replies() const { return {replies_, count_}; }

 private:
  friend class FanotifyGroup;
  fanotify_response replies_[kCapacity];
  iovec vectors_[kCapacity];
  std::size_t count_ = 0;
};

// Owns the group. The reader thread calls read() and answer(). Marks belong to the thread that sets them up,
// before or during the recording.
class FanotifyGroup final : public EventSource {
 public:
  // Creates a non-blocking, close-on-exec group with unlimited marks. Event descriptors are read-only and
  // O_NOATIME: with O_RDWR or O_NONBLOCK the kernel would deny opens that it cannot repeat in that mode.
  static Result<FanotifyGroup> create(GroupKind kind, const GroupOptions& options = {});

  // Requests the events of `mask` (EventPlan) on the filesystem or mount of `path`, directories included.
  Status add_mark(MarkKind kind, std::uint64_t mask, const std::string& path);
  // Returns whether this group has a mark on the filesystem of `path` or on its mount. A mark disappears with
  // the marked object: a filesystem that was unmounted and mounted again has none.
  bool has_mark(const std::string& path) const;
  // Suppresses the events of `mask` on the file open as `fd`. Used for the trace file itself.
  Status ignore_file(std::uint64_t mask, int fd);
  // Suppresses the events of `mask` caused through the mount of `directory`, for files and directories. Used
  // for a mount that only we have. Returns false if the kernel does not support it (before 6.0).
  bool ignore_mount(std::uint64_t mask, int directory);
  // Removes all marks, so no new events arrive. Queued events must still be read and answered.
  void remove_marks();

  long read(std::span<std::byte> buffer) override;
  Result<Read> shared_read() const override;
  void answer(ReplyBatch& batch) override;
  int fd() const override { return fd_.get(); }

 private:
  bool can_deny_with_errno() const;

  explicit FanotifyGroup(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace rfan::recorder
