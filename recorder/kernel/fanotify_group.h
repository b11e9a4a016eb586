// A fanotify group: the descriptor through which the kernel asks before opens, or tells of other events.
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
  kPermission,    // FAN_CLASS_CONTENT: held events, with a descriptor for each
  kNotification,  // FAN_CLASS_NOTIF with directory handles and names, no descriptors
};

enum class MarkKind : std::uint8_t {
  kFilesystem,  // every mount of the superblock, in every mount namespace
  kMount,       // this one mount only: bind mounts and other namespaces escape it
};

// What becomes of events that are not read in time.
enum class KernelQueue : std::uint8_t {
  kUnlimited,  // they wait, in memory of the kernel that is charged to us
  kDefault,    // beyond sysctl fs.fanotify.max_queued_events they are lost, and one event says so; an open
               // that would be held goes on unseen
};

struct GroupOptions {
  KernelQueue queue = KernelQueue::kUnlimited;
  bool deny_with_errno = false;  // permission group: FAN_CLASS_PRE_CONTENT, which may choose the error
};

// Answers to one batch of permission events, in the layout writev(2) on the group wants. Fixed size, never
// allocates.
class ReplyBatch {
 public:
  // The kernel takes up to UIO_MAXIOV answers in one writev; one answer per iovec (a write() of several
  // answers only the first, measured on 6.18).
  static constexpr std::size_t kCapacity = 1024;

  ReplyBatch();
  ReplyBatch(const ReplyBatch&) = delete;
  ReplyBatch& operator=(const ReplyBatch&) = delete;

  void allow(int event_fd);
  // The opener gets `error`; anything but EPERM needs GroupOptions::deny_with_errno.
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

// Owner of the group. read() and answer() belong to the reader thread; the marks to whoever sets up, before
// or after.
class FanotifyGroup final : public EventSource {
 public:
  // Non-blocking, close-on-exec, unlimited marks. Event descriptors are read-only and O_NOATIME:
  // O_RDWR or O_NONBLOCK would make the kernel deny opens it cannot repeat that way.
  static Result<FanotifyGroup> create(GroupKind kind, const GroupOptions& options = {});

  // Asks for the events of `mask` (EventPlan) on the filesystem or mount of `path`, directories included.
  Status add_mark(MarkKind kind, std::uint64_t mask, const std::string& path);
  // Whether the filesystem of `path`, or else the mount, has a mark of this group. A mark goes with what it
  // marks: one that was unmounted and mounted anew has none.
  bool has_mark(const std::string& path) const;
  // None of the events of `mask` on the file behind `fd` is reported: for the trace file itself.
  Status ignore_file(std::uint64_t mask, int fd);
  // None of the events of `mask` that are caused through the mount behind `directory` is reported, files and
  // directories: for a mount that only we have. False where the kernel (before 6.0) knows no such thing.
  bool ignore_mount(std::uint64_t mask, int directory);
  // Takes all marks away: no new events. What is queued still waits to be read and answered.
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
