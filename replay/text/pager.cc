#include "replay/text/pager.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <iterator>
#include <string>

extern char** environ;

namespace rfan::replay {

namespace {

// Returns true if another user runs this program as root, for example through sudo. The pager must then not
// give that user a shell.
bool lent_rights() {
  constexpr const char* kCallers[] = {"SUDO_UID", "DOAS_USER", "PKEXEC_UID"};
  const auto set = [](const char* name) {
    return std::getenv(name) != nullptr;  // NOLINT(concurrency-mt-unsafe): before any other thread
  };
  return ::geteuid() == 0 && std::any_of(std::begin(kCallers), std::end(kCallers), set);
}

std::string chosen_pager() {
  if (lent_rights()) {
    ::setenv("LESSSECURE", "1", 1);  // NOLINT(concurrency-mt-unsafe)
    return "less";
  }
  const char* chosen = std::getenv("PAGER");  // NOLINT(concurrency-mt-unsafe)
  return chosen != nullptr && *chosen != '\0' ? chosen : "less";
}

}  // namespace

Pager::Pager(bool wanted, int fd) : fd_(fd) {
  if (!wanted) return;
  const auto command = chosen_pager();
  if (command == "cat") return;
  ::setenv("LESS", "FRX", 0);  // NOLINT(concurrency-mt-unsafe)
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, fd, STDOUT_FILENO);
  // Check for the program first: otherwise the shell would print an error if it is missing.
  const auto script = "command -v " + command.substr(0, command.find(' ')) + " >/dev/null && exec " +
                      command + " || exec cat";
  const char* const arguments[] = {"sh", "-c", script.c_str(), nullptr};
  const int failure =
      ::posix_spawn(&child_, "/bin/sh", &actions, nullptr, const_cast<char**>(arguments), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  if (failure != 0) {
    ::close(ends[1]);
    child_ = -1;
    return;
  }
  pipe_fd_ = ends[1];
}

void Pager::close() {
  if (pipe_fd_ < 0) return;
  ::close(pipe_fd_);
  pipe_fd_ = -1;
  while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace rfan::replay
