#include "recorder/output_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

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

// sudo(8) says in the environment who called. Not every filesystem has owners: then it stays as it is.
void give_to_invoking_user(int fd) {
  const char* uid = std::getenv("SUDO_UID");
  const char* gid = std::getenv("SUDO_GID");
  if (::geteuid() != 0 || uid == nullptr || gid == nullptr) return;
  const auto owner = static_cast<uid_t>(std::strtoul(uid, nullptr, 10));
  const auto group = static_cast<gid_t>(std::strtoul(gid, nullptr, 10));
  if (::fchown(fd, owner, group) != 0) std::fputs("rfanrec: note: the trace belongs to root\n", stderr);
}

}  // namespace

Result<UniqueFd> open_output(const std::string& path) {
  if (path == "-") return open_standard_output();
  struct stat existing {};
  const bool exists = ::lstat(path.c_str(), &existing) == 0;
  const bool special = exists && !S_ISREG(existing.st_mode) && !S_ISLNK(existing.st_mode);
  const bool worth_keeping = exists && !special && existing.st_size != 0;
  if (exists && !special && is_being_written(path))
    return Error{"another recording is writing", path, 0, "give another name with -o"};
  if (exists && S_ISDIR(existing.st_mode)) {
    errno = EISDIR;
    return errno_error("cannot write trace", path, "give the name of a file with -o");
  }
  const std::string old = path + ".old";
  if (worth_keeping && ::rename(path.c_str(), old.c_str()) != 0) {
    return errno_error("cannot keep the older trace as", old);
  }
  // The empty file of a start that failed must not push out a good older trace.
  if (exists && !special && !worth_keeping) ::unlink(path.c_str());
  // O_EXCL: never through somebody's symbolic link in a shared directory. A pipe or device is used as it is.
  const int flags = O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (special ? 0 : O_CREAT | O_EXCL);
  UniqueFd fd(::open(path.c_str(), flags, 0600));
  if (!fd) return errno_error("cannot write trace", path, "give another place with -o FILE");
  if (!special) {
    give_to_invoking_user(fd.get());
    // Nobody else has the new file; a filesystem without locks goes without.
    ::flock(fd.get(), LOCK_EX | LOCK_NB);
  }
  return fd;
}

bool is_being_written(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  return fd && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace rfan::recorder
