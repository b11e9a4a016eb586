#include "recorder/output/output_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>
#include <vector>

#include "format/base/escape.h"
#include "format/model/own_files.h"
#include "recorder/system/messages.h"
#include "recorder/system/user_signals.h"

namespace rfan::recorder {

namespace {

constexpr const char* kNewSuffix = ".new";

Result<UniqueFd> open_standard_output() {
  if (::isatty(STDOUT_FILENO) == 1) {
    return Error{
        "a trace is binary and does not go to a terminal", {}, 0, "pipe it: rfanrec -o - / | rfanreplay -"};
  }
  UniqueFd fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!fd) return errno_error("cannot use standard output");
  // The output of the recorded command must not get into the trace.
  if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return errno_error("cannot use standard output");
  return fd;
}

Error cannot_write(const std::string& path) {
  return errno_error("cannot write trace", path, "give another place with -o FILE");
}

Error belongs_to_others(const std::string& path, const std::string& objection) {
  return {"cannot write trace", path, 0, objection + ": give another place with -o FILE"};
}

// Lets signals end the wait for the reader of a pipe: no file exists yet that could be left over.
UniqueFd open_patiently(const std::string& path) {
  sigset_t ending;
  sigset_t blocked;
  ::sigemptyset(&ending);
  for (const int number : UserSignals::kEnding) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_UNBLOCK, &ending, &blocked);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
  return fd;
}

// Opens a pipe, and says so if it has to wait for a reader.
UniqueFd open_pipe(const std::string& path, const std::string& shown) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd) ::fcntl(fd.get(), F_SETFL, 0);
  if (fd || errno != ENXIO) return fd;
  say("waiting until somebody reads from the pipe '" + escaped(shown) + "'");
  return open_patiently(path);
}

// Opens a pipe or device through `place` (O_PATH), whatever has its name by now. Refuses a pipe of another
// user, who could read what is written to it.
Result<UniqueFd> open_special(const std::string& path, int place, const struct stat& status) {
  const bool is_pipe = S_ISFIFO(status.st_mode);
  if (is_pipe && !format::is_own_user(status.st_uid)) {
    return Error{
        "cannot write trace", path, 0,
        fmt::format("it is a pipe of user {}, who could read it: give another place with -o FILE, or, "
                    "where that is meant, write -o - > FILE",
                    status.st_uid)};
  }
  const auto reached = fmt::format("/proc/self/fd/{}", place);
  auto fd = is_pipe ? open_pipe(reached, path) : open_patiently(reached);
  if (!fd) return cannot_write(path);
  return fd;
}

// A filesystem may have no owners; then the file stays as it is.
void give_to_invoking_user(int fd) {
  const auto caller = format::invoking_user();
  if (caller && ::fchown(fd, caller->user, caller->group) != 0)
    std::fputs("rfanrec: note: the trace belongs to root\n", stderr);
}

Error is_taken(const std::string& path) {
  return {"another recording is writing", path, 0, "give another name with -o"};
}

std::string old_name(const std::string& path) {
  return path + ".old";
}

Error cannot_keep(const std::string& old, int error) {
  return {"cannot keep the older trace as", old, error, "give another name with -o"};
}

bool is_directory(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Fails if another user owns a file that a start would move or replace, or one that would block the new
// names.
Status check_owners(const std::string& path, bool exists) {
  std::vector<std::string> names{path + kNewSuffix};
  if (exists) names.insert(names.end(), {path, old_name(path)});
  for (const auto& name : names) {
    const auto objection = format::objection_to_owner(name);
    if (!objection.empty()) return belongs_to_others(name, objection);
  }
  return {};
}

bool is_ordinary(const struct stat& status) {
  return S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
}

}  // namespace

Result<UniqueFd> create_output(const std::string& path) {
  // O_EXCL avoids following another user's symbolic link in a shared directory.
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, 0600));
  if (!fd) return cannot_write(path);
  give_to_invoking_user(fd.get());
  // This cannot conflict on a new file. On a filesystem without locks the file stays unlocked.
  ::flock(fd.get(), LOCK_EX | LOCK_NB);
  return fd;
}

Result<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile file(path);
  struct stat existing {};
  const UniqueFd place(path == "-" ? -1 : ::open(path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const bool exists = place && ::fstat(place.get(), &existing) == 0;
  if (exists && S_ISDIR(existing.st_mode)) {
    errno = EISDIR;
    return errno_error("cannot write trace", path, "give the name of a file with -o");
  }
  if (path == "-" || (exists && !is_ordinary(existing))) {
    auto fd = path == "-" ? open_standard_output() : open_special(path, place.get(), existing);
    if (!fd) return fd.error();
    file.fd_ = std::move(*fd);
    return file;
  }
  if (auto status = check_owners(path, exists); !status) return status.error();
  auto waiting = path + kNewSuffix;
  if (is_being_written(path) || is_being_written(waiting)) return is_taken(path);
  if (exists && is_directory(old_name(path))) return cannot_keep(old_name(path), EISDIR);
  ::unlink(waiting.c_str());  // from a start that was killed
  auto fd = create_output(waiting);
  if (!fd) {
    auto error = fd.error();
    if (error.errno_value != EEXIST) error.path = path;
    return error;
  }
  file.fd_ = std::move(*fd);
  file.waiting_ = std::move(waiting);
  return file;
}

OutputFile::~OutputFile() {
  if (!waiting_.empty() && !stays_) ::unlink(waiting_.c_str());
}

void OutputFile::stay() {
  stays_ = true;
}

Status OutputFile::take_place() {
  if (waiting_.empty()) return {};
  if (is_being_written(path_)) return is_taken(path_);
  struct stat existing {};
  const auto old = old_name(path_);
  // An empty file must not displace a good older trace.
  const bool worth_keeping = ::lstat(path_.c_str(), &existing) == 0 && existing.st_size != 0;
  if (worth_keeping && ::rename(path_.c_str(), old.c_str()) != 0) return cannot_keep(old, errno);
  if (::rename(waiting_.c_str(), path_.c_str()) != 0) return cannot_write(path_);
  waiting_.clear();
  return {};
}

bool is_being_written(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace rfan::recorder
