// Prints the report of `info` for people.
#include <fmt/format.h>

#include <algorithm>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/model/kernel_interfaces.h"
#include "replay/verbs/info.h"

namespace rfan::replay {
namespace {

// Prints labelled lines. A line with an empty label continues the line above.
class Sheet {
 public:
  explicit Sheet(TextBuffer& out) : out_(out) {}
  void line(std::string_view label, std::string_view text) {
    out_.append(fmt::format("{:<17}{}\n", label, text));
  }
  void gap() { out_.put('\n'); }

 private:
  TextBuffer& out_;
};

std::string seconds_text(std::uint64_t ns) {
  return fmt::format("{:.3f} s", static_cast<double>(ns) / 1e9);
}

std::string optional_text(const std::optional<double>& value, std::string_view unit) {
  return value ? fmt::format("{:.2f}{}", *value, unit) : "-";
}

// Returns `argument` in single quotes if a shell needs them. Escapes control bytes.
std::string shell_word(std::string_view argument) {
  constexpr std::string_view kSpecial = " \t\n\"'\\$&;|<>()*?[]#~`!{}";
  if (!argument.empty() && argument.find_first_of(kSpecial) == argument.npos) return escaped(argument);
  std::string word = "'";
  for (char c : escaped(argument)) c == '\'' ? word.append("'\\''") : word.append(1, c);
  return word + '\'';
}

std::string command_line_text(const std::vector<std::string>& arguments) {
  std::string text;
  for (const auto& argument : arguments) text += (text.empty() ? "" : " ") + shell_word(argument);
  return text;
}

std::string asked_kinds(std::uint32_t bits) {
  std::string text;
  for (std::size_t kind = 1; kind < format::kEventKindLimit; ++kind) {
    if (!(bits >> kind & 1U)) continue;
    if (!text.empty()) text += ' ';
    text += format::event_kind_name(static_cast<format::EventKind>(kind));
  }
  return text;
}

std::string held_text(format::HoldMode hold) {
  switch (hold) {
    case format::HoldMode::kOpen:
      return "open: every open waited for the recorder's answer, so that opens are counted exactly";
    case format::HoldMode::kExec:
      return "exec: execs waited for the recorder's answer; other events may have merged in the kernel's "
             "queue";
    default:
      return fmt::format("{}: events may have merged in the kernel's queue", format::hold_mode_name(hold));
  }
}

void print_origin(const InfoReport& report, Sheet& sheet) {
  const auto& meta = report.meta;
  sheet.line("file", escaped(report.file));
  sheet.line("size", fmt::format("{} bytes", format::count_text(report.size_bytes)));
  sheet.line("format version",
             fmt::format("{}.{}", report.header.version_major, report.header.version_minor));
  sheet.line("state",
             report.finished ? "complete" : "not finished: there is no footer; totals are of what was read");
  if (report.damage_count != 0)
    sheet.line("damage",
               fmt::format("in {} place{}", report.damage_count, report.damage_count == 1 ? "" : "s"));
  sheet.gap();
  sheet.line("host", escaped(meta.hostname));
  sheet.line("kernel", escaped(meta.kernel));
  sheet.line("machine", fmt::format("{}, {} CPUs", escaped(meta.machine), meta.cpu_count));
  sheet.line("boot id", escaped(meta.boot_id));
  sheet.line("recorder", escaped(meta.recorder_version));
  sheet.line("command line", command_line_text(meta.recorder_args));
}

void print_recording(const InfoReport& report, const Timeline& timeline, const TimeFormat& time,
                     Sheet& sheet) {
  const auto& meta = report.meta;
  const auto& summary = report.summary;
  if (!meta.command.empty()) {
    sheet.line("recorded command", command_line_text(meta.command));
    sheet.line("exit status", report.finished ? fmt::format("{}", summary.command_status) : "unknown");
  }
  sheet.line("held", held_text(meta.hold));
  sheet.line("kinds asked for", asked_kinds(meta.event_kinds));
  sheet.line("process source", escaped(meta.process_source));
  if (timeline.started() && summary.totals.events != 0) {
    const auto first_ns = timeline.realtime_ns(summary.totals.first_ns);
    sheet.line("first event", time.full_date(first_ns));
    sheet.line("last event", time.full_date(first_ns + report.duration_ns()));
    sheet.line("duration", seconds_text(report.duration_ns()));
  }
  sheet.line("ended by", format::end_reason_name(summary.end_reason));
}

void print_totals(const InfoReport& report, Sheet& sheet) {
  const auto& summary = report.summary;
  sheet.line("events", fmt::format("{}", format::count_text(summary.totals.events)));
  for (std::size_t kind = 0; kind < summary.totals.by_kind.size(); ++kind) {
    if (summary.totals.by_kind[kind] == 0) continue;
    sheet.line(fmt::format("  {}", format::event_kind_name(static_cast<format::EventKind>(kind))),
               format::count_text(summary.totals.by_kind[kind]));
  }
  sheet.line("rate", optional_text(report.events_per_second(), " events per second"));
  sheet.line("processes", format::count_text(summary.process_count));
  sheet.line("paths", format::count_text(summary.path_count));
  sheet.line("bytes per event", optional_text(report.bytes_per_event(), ""));
  const auto& latency = summary.totals.reply_latency;
  if (report.held_events() != 0) {
    sheet.line("reply latency", fmt::format("p50 <= {}, p90 <= {}, p99 <= {}, max <= {} (of {} held events)",
                                            format::latency_text(latency.quantile_ns(0.5)),
                                            format::latency_text(latency.quantile_ns(0.9)),
                                            format::latency_text(latency.quantile_ns(0.99)),
                                            format::latency_text(latency.quantile_ns(1)),
                                            format::count_text(report.held_events())));
  } else {
    sheet.line("reply latency", "- (no held events)");
  }
  sheet.line("attribution", report.attribution_percent() ? optional_text(report.attribution_percent(),
                                                                         " % of events have an executable")
                                                         : "-");
}

void print_cost(const InfoReport& report, Sheet& sheet) {
  const auto& cost = report.summary.cost;
  if (!report.finished) return sheet.line("recorder cost", "unknown: it is in the footer");
  sheet.line("recorder cost",
             fmt::format("{} events seen, {} of them filtered out", format::count_text(cost.events_seen),
                         format::count_text(cost.events_filtered)));
  sheet.line("", fmt::format("CPU: reader {}, writer {}", seconds_text(cost.reader_cpu_ns()),
                             seconds_text(cost.writer_cpu_ns())));
  sheet.line("", fmt::format("/proc read for {} processes, {} in all", format::count_text(cost.process_reads),
                             format::latency_text(cost.process_read_ns)));
  sheet.line("", fmt::format("arenas: {} of {} in use at most", cost.arenas_high_water, cost.arenas));
}

void print_mounts(const InfoReport& report, bool covered, Sheet& sheet) {
  std::string_view label = covered ? "covered" : "not covered";
  for (const auto& mount : report.meta.mounts) {
    if (mount.covered != covered || (!covered && format::is_kernel_interface(mount.fs_type))) continue;
    sheet.line(label,
               fmt::format("{} ({}): {}", escaped(mount.path), escaped(mount.fs_type), escaped(mount.how)));
    label = "";
  }
  const auto interfaces = format::kernel_interfaces_text(report.meta.mounts);
  if (!covered && !interfaces.empty()) sheet.line(label, interfaces);
}

void print_losses(const InfoReport& report, TimeFormat& time, Sheet& sheet) {
  std::string_view label = "losses";
  if (report.losses.empty()) sheet.line(label, report.finished ? "nothing lost" : "none known so far");
  for (const auto& loss : report.losses) {
    sheet.line(label, loss_note(loss, time));
    label = "";
  }
}

}  // namespace

void print_info_text(const InfoReport& report, const Timeline& timeline, TimeFormat time, TextBuffer& out) {
  Sheet sheet(out);
  print_origin(report, sheet);
  sheet.gap();
  print_recording(report, timeline, time, sheet);
  sheet.gap();
  print_totals(report, sheet);
  sheet.gap();
  print_cost(report, sheet);
  print_mounts(report, true, sheet);
  print_mounts(report, false, sheet);
  print_losses(report, time, sheet);
}

}  // namespace rfan::replay
