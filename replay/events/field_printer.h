// The chosen fields of each event, one event per line: csv, or text for cut(1) and awk(1).
#pragma once

#include <string>
#include <vector>

#include "replay/events/event_printer.h"
#include "replay/events/fields.h"
#include "replay/text/text_buffer.h"
#include "replay/trace/id_table.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {

// kCsv: RFC 4180, bytes as they are, quoted where they hold a comma, a quote or a line break. kTabs: fields
// separated by tabs, control bytes escaped as in the text of `cat`. What is unknown is empty. Everything
// referred to must outlive the printer.
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
  std::vector<IdTable<std::string>> process_texts_;  // by Field; made when first used
};

// The first line of a csv with these fields.
std::string csv_header(const std::vector<Field>& fields);

// RFC 4180.
std::string csv_quoted(std::string_view value);

}  // namespace rfan::replay
