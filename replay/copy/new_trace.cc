#include "replay/copy/new_trace.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <utility>

#include "format/base/unique_fd.h"

namespace rfan::replay {
namespace {

constexpr mode_t kMode = 0600;  // like the recorder's: a trace shows who read what

Status rename_to_new(const std::string& from, const std::string& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return {};
  // Some filesystems do not support RENAME_NOREPLACE. create() has checked the target.
  if (errno == EINVAL && ::rename(from.c_str(), to.c_str()) == 0) return {};
  return errno_error("cannot give the new trace its name", to);
}

}  // namespace

NewTrace::NewTrace(NewTrace&& other) noexcept
    : path_(std::move(other.path_)),
      part_(std::move(other.part_)),
      sink_(std::move(other.sink_)),
      remove_(std::exchange(other.remove_, false)) {}

NewTrace::~NewTrace() {
  if (remove_) ::unlink(part_.c_str());
}

Result<NewTrace> NewTrace::create(const std::string& path) {
  NewTrace trace(path);
  struct stat ignored {};
  if (::lstat(path.c_str(), &ignored) == 0) {
    return Error{"will not overwrite", path, 0, "remove it, or give -o another name"};
  }
  const int fd = ::open(trace.part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kMode);
  if (fd < 0 && errno == EEXIST) {
    return Error{"will not overwrite", trace.part_, 0,
                 "it was left behind or is being written; remove it first"};
  }
  if (fd < 0) return errno_error("cannot create", trace.part_);
  trace.remove_ = true;
  trace.sink_ = format::make_fd_sink(UniqueFd(fd), trace.part_);
  return trace;
}

Status NewTrace::sync() const {
  const UniqueFd fd(::open(part_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return errno_error("cannot write to disk", part_);
  return {};
}

Result<format::TraceCheck> NewTrace::publish(std::uint64_t events) {
  if (auto synced = sync(); !synced) return synced.error();
  auto source = format::open_source(part_);
  if (!source) return source.error();
  std::string fault;
  auto check = format::check_trace(std::move(*source), [&](const format::Damage& damage) {
    if (fault.empty()) fault = damage.description;
  });
  if (!check) return check.error();
  if (fault.empty() && !check->complete) fault = "it has no end";
  if (fault.empty() && check->totals.events != events) fault = "events are missing";
  if (!fault.empty()) {
    return Error{"the new trace is not sound when it is read back (" + fault + ")", part_, 0,
                 "it was removed; check disk and memory"};
  }
  if (auto renamed = rename_to_new(part_, path_); !renamed) return renamed.error();
  remove_ = false;
  return check;
}

}  // namespace rfan::replay
