// Writes text to standard output or any descriptor.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "format/base/error.h"
#include "replay/text/terminal_text.h"
#include "replay/text/text_buffer.h"

namespace rfan::replay {

// Does not own the descriptor. One thread. Errors stick: after the first failed write all further output is
// dropped, and status() gives the reason. The destructor does not flush.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  // Returns the buffer for small pieces of text; flush() writes it out.
  TextBuffer& text() { return text_; }
  void append(std::string_view text) { text_.append(text); }

  // Writes out text(), then `bytes` without copying them.
  void write(std::string_view bytes);
  void flush() { write({}); }
  // From now on, passes all output through `filter`; null passes it unchanged.
  void pass_through(std::unique_ptr<RowFilter> filter) { filter_ = std::move(filter); }

  const Status& status() const { return status_; }
  // Returns true if the reader closed the pipe (EPIPE), which is not an error.
  bool closed() const { return closed_; }

 private:
  void write_all(std::string_view bytes);
  void write_filtered(std::string_view bytes);

  int fd_;
  TextBuffer text_;
  std::unique_ptr<RowFilter> filter_;
  Status status_;
  bool closed_ = false;
};

}  // namespace rfan::replay
