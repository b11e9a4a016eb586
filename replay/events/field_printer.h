// Prints the chosen fields of each event on one line: csv, or text for cut(1) and awk(1).
#pragma once

#include <string>
#include <vector>

#include "replay/events/event_printer.h"
#include "replay/events/fields.h"
#include "replay/text/text_buffer.h"
#include "replay/trace/id_table.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {

// kCsv writes RFC 4180: raw bytes, quoted if they contain a comma, a quote or a line break. kTabs separates
// fields by tabs and escapes control bytes like the text of `cat`. Unknown values are empty. All arguments
// passed by reference must outlive the printer.
class FieldPrinter : public EventPrinter {
 public:
  enum class Style : std::uint8_t { kCsv, kTabs };
  FieldPrinter(TextBuffer& out, const ScanFile& file, std::vector<Field> fields, Style style, TimeStyle time);
  void print(const Batch& batch) override;

 private:
  void print_one(const format::EventColumns& events, std::size_t row);
  void append_field(Field field, const format::EventColumns& events, std::size_t row);
  void append_path(format::PathId id, std::uint8_t flags);
  void append_flags(std::uint8_t flags);
  const std::string& process_text(Field field, format::ProcessId id);
  std::string quoted(std::string_view value) const;
  void append_quoted(std::string_view value) { out_.append(quoted(value)); }

  TextBuffer& out_;
  const ScanFile& file_;
  std::vector<Field> fields_;
  Style style_;
  TimeFormat time_;
  WallClock clock_;
  std::vector<IdTable<std::string>> process_texts_;  // by Field; filled on first use
};

// Returns the first line of a csv with these fields.
std::string csv_header(const std::vector<Field>& fields);

// Quotes `value` as RFC 4180 requires.
std::string csv_quoted(std::string_view value);

}  // namespace rfan::replay
