#include "recorder/system/messages.h"

#include <poll.h>
#include <unistd.h>

#include <cstdio>

#include "format/base/error.h"
#include "format/base/escape.h"

namespace rfan::recorder {

namespace {

std::string line_of(const std::string& text) {
  return "rfanrec: " + escaped_sentence(text) + "\n";
}

}  // namespace

void say(const std::string& text) {
  std::fputs(line_of(text).c_str(), stderr);
}

bool print(const std::string& text) {
  if (std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0) return true;
  say(errno_error("cannot write the output").message());
  return false;
}

void say_unless_blocked(const std::string& text) {
  write_unless_blocked(line_of(text));
}

void write_unless_blocked(const std::string& text) {
  // A pipe that is ready takes PIPE_BUF bytes at once (pipe(7)).
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT) != 0) {
    // A failure to show the text is not worth an error.
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text.data(), text.size());
  }
}

}  // namespace rfan::recorder
