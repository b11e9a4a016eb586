#include "replay/text/output.h"

#include <unistd.h>

namespace rfan::replay {

void Output::write(std::string_view bytes) {
  write_filtered(text_.view());
  text_.clear();
  write_filtered(bytes);
}

void Output::write_filtered(std::string_view bytes) {
  write_all(filter_ == nullptr ? bytes : filter_->pass(bytes));
}

void Output::write_all(std::string_view bytes) {
  while (!bytes.empty() && status_) {
    const auto count = ::write(fd_, bytes.data(), bytes.size());
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
    } else if (errno != EINTR) {
      closed_ = errno == EPIPE;
      status_ = errno_error("cannot write the output");
    }
  }
}

}  // namespace rfan::replay
