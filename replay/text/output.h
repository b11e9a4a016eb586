// Standard output, or any descriptor.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include "format/base/error.h"
#include "replay/text/terminal_text.h"
#include "replay/text/text_buffer.h"

namespace rfan::replay {

// Does not own the descriptor. One thread. Errors stick: after the first failed write everything further is
// dropped, and status() says why. The destructor does not flush.
class Output {
 public:
  explicit Output(int fd) : fd_(fd) {}

  // What small things are written into; flush() writes it out.
  TextBuffer& text() { return text_; }
  void append(std::string_view text) { text_.append(text); }

  // Writes out what is in text(), and then `bytes` without copying them.
  void write(std::string_view bytes);
  void flush() { write({}); }
  // What is written from here on passes through it. Null: as it is.
  void pass_through(std::unique_ptr<RowFilter> filter) { filter_ = std::move(filter); }

  const Status& status() const { return status_; }
  // The reader of the pipe has gone (EPIPE), which is no fault of ours.
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
