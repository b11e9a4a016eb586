// Prints one line per event: time, kind, process, path, reply latency, separated by spaces.
#pragma once

#include <string>
#include <string_view>

#include "replay/events/event_printer.h"
#include "replay/text/text_buffer.h"
#include "replay/trace/id_table.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {

// Pads kind and process to columns; a longer text pushes the rest of its line. If the path has no spaces, a
// line has a fixed number of fields, and the last field is always the latency. Makes the text of each process
// once, and checks once whether a path needs escaping. All arguments passed by reference must outlive the
// printer.
class TextPrinter : public EventPrinter {
 public:
  // Begins each line with `source` and a colon, unless it is empty.
  TextPrinter(TextBuffer& out, const ScanFile& file, TimeStyle style, std::string_view source);
  void print(const Batch& batch) override;

 private:
  struct Slice {
    std::size_t offset = 0;
    std::size_t bytes = 0;
  };

  struct Path {
    std::string_view bytes{};
    bool printable = false;    // needs no escaping
    bool takes_slash = false;  // if it is a directory
    bool known = false;        // the other members are set

    std::size_t max_bytes() const;
    char* append(std::uint8_t flags, char* out) const;
  };

  void print_one(const format::EventColumns& events, std::size_t row);
  std::string_view process_text(format::ProcessId id);
  std::string make_process_text(format::ProcessId id) const;
  const Path& path_of(format::PathId id);

  TextBuffer& out_;
  const format::Dictionary& dictionary_;
  TimeFormat time_;
  std::string source_;         // "trace.fbz:"
  std::string process_texts_;  // padded "vim.basic[1234]", one after the other
  IdTable<Slice> processes_;   // empty until it is first printed
  IdTable<Path> paths_;
};

}  // namespace rfan::replay
