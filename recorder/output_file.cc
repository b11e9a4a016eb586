#include "recorder/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "recorder/user_signals.h"

namespace rfan::recorder {

namespace {

Result<UniqueFd> open_standard_output() {
  if (::isatty(STDOUT_FILENO) == 1) {
    return Error{
        "a trace is binary and does not go to a terminal", {}, 0, "pipe it: rfanrec -o - / | rfanreplay -"};
  }
  UniqueFd fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3));
  if (!fd) return errno_error("cannot use standard output");
  // What the recorded command prints must not get into the trace.
  if (::dup2(STDERR_FILENO, STDOUT_FILENO) < 0) return errno_error("cannot use standard output");
  return fd;
}

// A pipe or device is used as it is. A named pipe waits for its reader, and who waits may give up: there is
// nothing yet that could be left behind.
Result<UniqueFd> open_special(const std::string& path) {
  sigset_t ending;
  sigset_t blocked;
  ::sigemptyset(&ending);
  for (const int number : UserSignals::kEnding) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_UNBLOCK, &ending, &blocked);
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW));
  ::pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
  if (!fd) return errno_error("cannot write trace", path, "give another place with -o FILE");
  return fd;
}

// Nothing when it is not there, or no id: -1 means "leave it" to fchown, and what is cut to 32 bits means
// somebody else.
std::optional<std::uint32_t> id_in_environment(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return {};
  const std::string_view digits = text;
  std::uint32_t id = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (failure != std::errc() || end != digits.data() + digits.size() || id == UINT32_MAX) return {};
  return id;
}

// sudo(8) says in the environment who called. Not every filesystem has owners: then it stays as it is.
void give_to_invoking_user(int fd) {
  const auto owner = id_in_environment("SUDO_UID");
  const auto group = id_in_environment("SUDO_GID");
  if (::geteuid() != 0 || !owner || !group) return;
  if (::fchown(fd, *owner, *group) != 0) std::fputs("rfanrec: note: the trace belongs to root\n", stderr);
}

Error cannot_write(const std::string& path) {
  return errno_error("cannot write trace", path, "give another place with -o FILE");
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

bool is_ordinary(const struct stat& status) {
  return S_ISREG(status.st_mode) || S_ISLNK(status.st_mode);
}

}  // namespace

Result<UniqueFd> create_output(const std::string& path) {
  // O_EXCL: never through somebody's symbolic link in a shared directory.
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_CREAT | O_EXCL, 0600));
  if (!fd) return cannot_write(path);
  give_to_invoking_user(fd.get());
  // Nobody else has the new file; a filesystem without locks goes without.
  ::flock(fd.get(), LOCK_EX | LOCK_NB);
  return fd;
}

Result<OutputFile> OutputFile::open(const std::string& path) {
  OutputFile file(path);
  struct stat existing {};
  const bool exists = path != "-" && ::lstat(path.c_str(), &existing) == 0;
  if (exists && S_ISDIR(existing.st_mode)) {
    errno = EISDIR;
    return errno_error("cannot write trace", path, "give the name of a file with -o");
  }
  if (path == "-" || (exists && !is_ordinary(existing))) {
    auto fd = path == "-" ? open_standard_output() : open_special(path);
    if (!fd) return fd.error();
    file.fd_ = std::move(*fd);
    return file;
  }
  auto waiting = path + ".new";
  if (is_being_written(path) || is_being_written(waiting)) return is_taken(path);
  if (exists && is_directory(old_name(path))) return cannot_keep(old_name(path), EISDIR);
  ::unlink(waiting.c_str());  // of a start that was killed
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
  // An empty file must not push out a good older trace.
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
