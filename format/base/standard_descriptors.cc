#include "format/base/standard_descriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace rfan {

Status occupy_standard_descriptors() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The kernel returns the lowest number that is free. /dev/null is unsuitable: a chroot need not have it,
    // and it would swallow output as if it had been written.
    if (::fcntl(fd, F_GETFD) < 0 && ::open("/", O_PATH | O_CLOEXEC) != fd)
      return errno_error("cannot occupy a closed standard descriptor");
  }
  return {};
}

}  // namespace rfan
