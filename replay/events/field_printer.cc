#include "replay/events/field_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/base/pattern.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

bool of_process(Field field) {
  return field >= Field::kProcess && field <= Field::kCgroup;
}

std::string process_value(Field field, const ProcessView& view) {
  if (!view.known()) return {};
  const auto& process = view.process();
  switch (field) {
    case Field::kProcess:
      return fmt::format("{}[{}]", view.name(), process.pid);
    case Field::kPid:
      return std::to_string(process.pid);
    case Field::kPpid:
      return std::to_string(process.ppid);
    case Field::kUid:
      return std::to_string(process.uid);
    case Field::kExe:
      return std::string(view.exe());
    case Field::kComm:
      return std::string(process.comm);
    case Field::kCgroup:
      return std::string(process.cgroup);
    default:  // kCmdline
      return joined_arguments(process.cmdline);
  }
}

}  // namespace

std::string csv_quoted(std::string_view value) {
  if (value.find_first_of(",\"\r\n") == value.npos) return std::string(value);
  std::string text = "\"";
  for (char c : value) text.append(c == '"' ? 2 : 1, c);
  return text + '"';
}

std::string csv_header(const std::vector<Field>& fields) {
  std::string line;
  for (const auto field : fields) line.append(line.empty() ? "" : ",").append(field_name(field));
  return line + "\n";
}

FieldPrinter::FieldPrinter(TextBuffer& out, const ScanFile& file, std::vector<Field> fields, Style style,
                           TimeStyle time)
    : out_(out),
      file_(file),
      fields_(std::move(fields)),
      style_(style),
      time_(file.timeline, time),
      clock_(file.timeline),
      process_texts_(kFieldCount) {}

std::string FieldPrinter::quoted(std::string_view value) const {
  return style_ == Style::kCsv ? csv_quoted(value) : escaped(value);
}

const std::string& FieldPrinter::process_text(Field field, format::ProcessId id) {
  auto& text = process_texts_[static_cast<std::size_t>(field)][id];
  if (text.empty()) text = quoted(process_value(field, {file_.dictionary, id}));
  return text;
}

void FieldPrinter::append_path(format::PathId id, std::uint8_t flags) {
  if (id == 0) return;
  const auto path = file_.dictionary.path(id);
  const bool plain = style_ == Style::kTabs ? printable(path) : path.find_first_of(",\"\r\n") == path.npos;
  plain ? out_.append(path) : append_quoted(path);
  if (style_ == Style::kTabs && (flags & format::kFlagDirectory) && !path.ends_with('/')) out_.put('/');
}

void FieldPrinter::append_field(Field field, const format::EventColumns& events, std::size_t row) {
  if (of_process(field)) return out_.append(process_text(field, events.process[row]));
  char text[TimeFormat::kMaxBytes];
  switch (field) {
    case Field::kSource:
      return append_quoted(file_.name);
    case Field::kTime:
      return out_.append({text, static_cast<std::size_t>(time_.append(events.time_ns[row], text) - text)});
    case Field::kTimeNs:
      return out_.append(fmt::format_int(clock_.realtime_ns(events.time_ns[row])).c_str());
    case Field::kKind:
      return out_.append(format::event_kind_name(events.kind[row]));
    case Field::kPath:
      return append_path(events.path[row], events.flags[row]);
    case Field::kPath2:
      return append_path(events.path2[row], events.flags[row]);
    case Field::kVerdict:
      return out_.append(!(events.flags[row] & format::kFlagHeld)  ? "none"
                         : events.flags[row] & format::kFlagDenied ? "deny"
                                                                   : "allow");
    case Field::kFlags:
      return append_flags(events.flags[row]);
    default:
      break;
  }
  if (!(events.flags[row] & format::kFlagHeld)) return;
  if (field == Field::kLatencyNs) return out_.append(fmt::format_int(events.reply_ns[row]).c_str());
  out_.append({text, static_cast<std::size_t>(format::append_latency(events.reply_ns[row], text) - text)});
}

void FieldPrinter::append_flags(std::uint8_t flags) {
  static constexpr std::array<std::pair<std::uint8_t, std::string_view>, 3> kNames{{
      {format::kFlagDirectory, "dir"},
      {format::kFlagDeleted, "deleted"},
      {format::kFlagUncertainProcess, "uncertain"},
  }};
  bool first = true;
  for (const auto& [flag, name] : kNames) {
    if ((flags & flag) == 0) continue;
    if (!std::exchange(first, false)) out_.put(' ');
    out_.append(name);
  }
}

void FieldPrinter::print_one(const format::EventColumns& events, std::size_t row) {
  for (std::size_t i = 0; i < fields_.size(); ++i) {
    if (i != 0) out_.put(style_ == Style::kCsv ? ',' : '\t');
    append_field(fields_[i], events, row);
  }
  out_.put('\n');
}

void FieldPrinter::print(const Batch& batch) {
  batch.for_each_row([&](std::uint32_t row) { print_one(batch.events, row); });
}

}  // namespace rfan::replay
