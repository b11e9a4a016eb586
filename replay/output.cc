#include "replay/output.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace rfan::replay {

Output::Output(int fd) : fd_(fd), buffer_(std::make_unique_for_overwrite<char[]>(kBufferBytes)) {}

void Output::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto part = bytes.substr(0, kMaxReserve);
    char* out = reserve(part.size());
    std::memcpy(out, part.data(), part.size());
    commit(out + part.size());
    bytes.remove_prefix(part.size());
  }
}

void Output::flush() {
  for (std::size_t written = 0; written < used_ && status_;) {
    const auto count = ::write(fd_, buffer_.get() + written, used_ - written);
    if (count >= 0) {
      written += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      closed_ = errno == EPIPE;
      status_ = errno_error("cannot write the output");
    }
  }
  used_ = 0;
}

}  // namespace rfan::replay
