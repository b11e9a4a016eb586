#include "recorder/status_line.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <string_view>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "recorder/system/messages.h"

namespace rfan::recorder {

namespace {

std::string format_losses(const RecordingFigures& figures) {
  const std::string stalls = figures.stalls == 0
                                 ? ""
                                 : fmt::format("; the recorder stood still {} times (see rfanreplay info)",
                                               format::count_text(figures.stalls));
  if (figures.lost.none() && figures.impaired.none()) return "nothing lost" + stalls;
  std::string text =
      figures.lost.none() ? "no event lost" : format::loss_count_text(figures.lost) + " events LOST";
  if (!figures.impaired.none())
    text += ", " + format::loss_count_text(figures.impaired) + " recorded without path or process";
  return text + " (see rfanreplay info)" + stalls;
}

std::string format_extent(const RecordingFigures& figures) {
  const auto events = format::count_text(figures.totals.events) + " events";
  if (figures.files > 1) return fmt::format("{} in {} files", events, format::count_text(figures.files));
  return fmt::format("{} by {} processes on {} paths", events, format::count_text(figures.processes),
                     format::count_text(figures.paths));
}

std::string format_place(const RecordingFigures& figures) {
  if (figures.files == 1) return escaped(figures.output);
  auto text =
      fmt::format("{} and {} before it", escaped(figures.output), format::count_text(figures.files - 1));
  if (figures.dropped_files != 0)
    text += fmt::format(", {} dropped", format::count_text(figures.dropped_files));
  return text;
}

std::string format_cost(const format::RecorderCost& cost) {
  constexpr double kNsPerSecond = 1e9;
  return fmt::format(
      "rfanrec: own CPU time {:.2f} s to answer, {:.2f} s to write; at most {} events queued\n",
      static_cast<double>(cost.reader_cpu_ns()) / kNsPerSecond,
      static_cast<double>(cost.writer_cpu_ns()) / kNsPerSecond, format::count_text(cost.queue_high_water));
}

// Bounds the line: a longer one would wrap and could not be removed.
std::size_t terminal_columns() {
  constexpr std::size_t kUsual = 80;
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1 ? size.ws_col : kUsual;
}

// Returns whether another program has the terminal in the foreground, as for `rfanrec / &`. A terminal that
// does not control us has no foreground.
bool is_in_background() {
  const auto foreground = ::tcgetpgrp(STDERR_FILENO);
  return foreground > 0 && foreground != ::getpgrp();
}

}  // namespace

std::string format_bytes(std::uint64_t bytes) {
  constexpr double kStep = 1000.0;
  constexpr double kRoundsUp = 0.05;  // one decimal is shown
  static constexpr std::array<std::string_view, 4> kUnits{"KB", "MB", "GB", "TB"};
  auto value = static_cast<double>(bytes);
  if (value < kStep) return fmt::format("{} B", bytes);
  std::size_t unit = 0;
  for (value /= kStep; value >= kStep - kRoundsUp && unit + 1 < kUnits.size(); ++unit) value /= kStep;
  return fmt::format("{:.1f} {}", value, kUnits[unit]);
}

StatusLine::StatusLine(const LiveStatistics& live, bool wanted)
    : live_(live), enabled_(wanted && ::isatty(STDERR_FILENO) == 1) {}

void StatusLine::update(std::uint64_t now_ns, std::uint64_t queued) {
  if (!enabled_ || is_in_background()) return;
  const auto get = [](const auto& figure) { return figure.load(std::memory_order_relaxed); };
  const auto seen = get(live_.seen);
  const double seconds = static_cast<double>(now_ns - last_ns_) / 1e9;
  const auto rate =
      last_ns_ == 0 ? 0 : static_cast<std::uint64_t>(static_cast<double>(seen - last_seen_) / seconds);
  last_ns_ = now_ns;
  last_seen_ = seen;
  const auto line =
      fmt::format("{} events/s  seen {}  recorded {}  lost {}  queue {}  {}  reply p50 {} p99 {}",
                  format::count_text(rate), format::count_text(seen), format::count_text(get(live_.events)),
                  format::count_text(get(live_.dropped) + get(live_.lost_later)), format::count_text(queued),
                  format_bytes(get(live_.bytes)), format::latency_text(get(live_.reply_p50_ns)),
                  format::latency_text(get(live_.reply_p99_ns)));
  write_unless_blocked("\r\033[K" + line.substr(0, terminal_columns() - 1));
}

void StatusLine::clear() {
  if (enabled_) write_unless_blocked("\r\033[K");
}

std::string format_summary(const RecordingFigures& figures) {
  const auto& totals = figures.totals;
  const double events = static_cast<double>(totals.events);
  std::string text = fmt::format("rfanrec: {} in {:.1f} s\n", format_extent(figures),
                                 static_cast<double>(figures.duration_ns) / 1e9);
  text += fmt::format("rfanrec: {} in {}", format_bytes(figures.bytes), format_place(figures));
  if (totals.events != 0) {
    text += fmt::format(" ({:.2f} bytes/event); {:.2f} % of events have an executable",
                        static_cast<double>(figures.bytes) / events, *totals.attribution_percent());
  }
  text += "\nrfanrec: " + format_losses(figures);
  if (totals.reply_latency.total() != 0) {
    text += fmt::format("; held opens waited {} (p50), {} (p99) for the answer",
                        format::latency_text(totals.reply_latency.quantile_ns(0.5)),
                        format::latency_text(totals.reply_latency.quantile_ns(0.99)));
  }
  if (figures.denied != 0) text += fmt::format("; {} were denied", format::count_text(figures.denied));
  return text + "\n" + format_cost(figures.cost);
}

}  // namespace rfan::recorder
