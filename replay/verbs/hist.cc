// `rfanreplay hist` draws rate and latency over time in the terminal.
#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "format/base/number_text.h"
#include "format/model/latency_histogram.h"
#include "replay/text/json_writer.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

struct Step {
  std::uint64_t events = 0;
  std::uint64_t wait_ns = 0;
  format::LatencyHistogram latencies;  // of held events
  Moment first{UINT64_MAX, 0};         // of the step's events

  void merge(const Step& other) {
    first = std::min(first, other.first);
    events += other.events;
    wait_ns += other.wait_ns;
    latencies.merge(other.latencies);
  }
};

// Counts events over time in steps of equal width, a power of ten. The width grows so that there are never
// more than kMaxSteps: memory does not depend on the length of the trace, and sums over whole steps are
// exact. Times are steady; step i begins at i * width_ns().
class Series {
 public:
  static constexpr std::size_t kMaxSteps = 4096;

  std::uint64_t width_ns() const { return width_ns_; }
  const absl::flat_hash_map<std::uint64_t, Step>& steps() const { return steps_; }

  Step& at(std::uint64_t time_ns) {
    if (last_ != nullptr && time_ns - last_begin_ns_ < width_ns_) return *last_;
    while (steps_.size() >= kMaxSteps && !steps_.contains(time_ns / width_ns_)) widen();
    last_ = &steps_[time_ns / width_ns_];
    last_begin_ns_ = time_ns / width_ns_ * width_ns_;
    return *last_;
  }

  void merge(Series& other) {
    while (width_ns_ < other.width_ns_) widen();
    while (other.width_ns_ < width_ns_) other.widen();
    for (const auto& [number, step] : other.steps_) at(number * other.width_ns_).merge(step);
  }

 private:
  void widen() {
    absl::flat_hash_map<std::uint64_t, Step> wider;
    for (const auto& [number, step] : steps_) wider[number / 10].merge(step);
    steps_ = std::move(wider);
    width_ns_ *= 10;
    last_ = nullptr;
  }

  std::uint64_t width_ns_ = 1'000;
  absl::flat_hash_map<std::uint64_t, Step> steps_;
  Step* last_ = nullptr;  // valid until the next insertion, which sets it again
  std::uint64_t last_begin_ns_ = 0;
};

class HistQuery : public Query {
 public:
  format::ColumnSet columns() const override {
    return format::kColumnTime | format::kColumnReply | format::kColumnFlags;
  }
  NameUse name_use() const override { return NameUse::kNone; }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override { return std::make_unique<Steps>(file); }
  void combine(const ScanFile& file, Sink& sink) override {
    scale_.add(file.timeline);
    series_.merge(static_cast<Steps&>(sink).series);
  }

  const Series& series() const { return series_; }
  const MomentScale& scale() const { return scale_; }

 private:
  struct Steps : Sink {
    explicit Steps(const ScanFile& file) : timeline(file.timeline) {}
    void add(const Batch& batch) override {
      const auto& events = batch.events;
      batch.for_each_row([&](std::uint32_t row) {
        const auto steady_ns = timeline.steady_ns(events.time_ns[row]);
        auto& step = series.at(steady_ns);
        if (steady_ns < step.first.steady_ns) step.first = timeline.moment(events.time_ns[row]);
        ++step.events;
        if (!(events.flags[row] & format::kFlagHeld)) return;
        step.wait_ns += events.reply_ns[row];
        step.latencies.add(events.reply_ns[row]);
      });
    }
    const Timeline& timeline;
    Series series;
  };

  Series series_;
  MomentScale scale_;
};

// One line of the drawing.
struct Row {
  Moment begin;
  Step step;
  std::uint64_t lost = 0;
  bool loss = false;  // with or without a known count
};

// Returns "1 ms", "500 us" or "20 s". A row is a round number of steps.
std::string width_text(std::uint64_t ns) {
  if (ns % 1'000'000'000 == 0) return fmt::format("{} s", format::count_text(ns / 1'000'000'000));
  if (ns % 1'000'000 == 0) return fmt::format("{} ms", ns / 1'000'000);
  return fmt::format("{} us", ns / 1'000);
}

bool utf8_terminal() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") != locale.npos || locale.find("utf8") != locale.npos;
  }
  return false;
}

// Returns a bar of at most `columns`, padded. Draws at least a sliver unless `value` is 0.
std::string bar(double value, double largest, std::size_t columns, bool utf8) {
  static constexpr const char* kEighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto share = largest <= 0 ? 0 : value / largest * static_cast<double>(columns);
  auto eighths = static_cast<std::size_t>(std::lround(share * 8));
  if (value > 0) eighths = std::max<std::size_t>(eighths, 1);
  auto width = eighths / 8;
  std::string text;
  if (!utf8) {
    width = (eighths + 4) / 8;
    text.assign(std::max<std::size_t>(width, value > 0), '#');
    width = text.size();
  } else {
    for (std::size_t i = 0; i < width; ++i) text += "█";
    if (eighths % 8 != 0) text += kEighths[eighths % 8], ++width;
  }
  return text + std::string(columns - std::min(width, columns), ' ');
}

class Hist : public Verb {
 public:
  OptionGroup options() override {
    return {"Options", {{"--rows", "N", "draw at most so many lines (default 24)", &row_count_}}};
  }

  Status check(const Options&) override {
    if (row_count_ && (*row_count_ == 0 || *row_count_ > Series::kMaxSteps / 10)) {
      return Error{"--rows wants a number from 1 to 409", {}, 0, {}};
    }
    return {};
  }

  Result<Coverage> run(const Session& session) override {
    auto set = TraceSet::open(session.options.traces, session.note);
    if (!set) return set.error();
    HistQuery query;
    auto coverage = scan_set(session, *set, query);
    if (!coverage) return coverage;
    make_rows(query.series());
    for (std::size_t i = 0; i < set->members().size(); ++i) mark_losses(*set, i);
    if (session.options.format == OutputFormat::kText) {
      draw(session, query.scale());
    } else {
      print_rows(session);
    }
    return coverage;
  }

 private:
  // Chooses the narrowest of 1, 2, 5, 10, 20, 50 ... steps with which the events fit into the rows.
  void make_rows(const Series& series) {
    if (series.steps().empty()) return;
    std::uint64_t first = UINT64_MAX;
    std::uint64_t last = 0;
    for (const auto& [number, step] : series.steps())
      first = std::min(first, number), last = std::max(last, number);
    const auto limit = row_count_.value_or(24);
    std::uint64_t steps = 1;
    for (std::uint64_t decade = 1;; decade *= 10) {
      bool fits = false;
      for (const auto factor : {1, 2, 5}) {
        steps = decade * static_cast<std::uint64_t>(factor);
        fits = last / steps - first / steps < limit;
        if (fits) break;
      }
      if (fits) break;
    }
    width_ns_ = steps * series.width_ns();
    rows_.resize(static_cast<std::size_t>(last / steps - first / steps + 1));
    for (const auto& [number, step] : series.steps())
      rows_[static_cast<std::size_t>(number / steps - first / steps)].step.merge(step);
    // Use the wall clock at the first event of the row, or of the last earlier row that has one.
    std::uint64_t offset_ns = 0;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const auto& step = rows_[i].step;
      if (step.events != 0) offset_ns = step.first.realtime_ns - step.first.steady_ns;
      const auto begin_ns = (first / steps + i) * width_ns_;
      rows_[i].begin = {begin_ns, begin_ns + offset_ns};
    }
  }

  // Counts each loss in the row in which it began, and marks all rows that it touches.
  void mark_losses(const TraceSet& set, std::size_t index) {
    const auto timeline = set.timeline(index);
    for (const auto& loss : set.members()[index].losses) {
      if (!format::loses_events(loss.cause)) continue;
      const auto begin_ns = timeline.steady_ns(loss.first_ns);
      const auto end_ns = timeline.steady_ns(loss.last_ns);
      for (auto& row : rows_) {
        if (end_ns < row.begin.steady_ns || begin_ns >= row.begin.steady_ns + width_ns_) continue;
        row.loss = true;
        if (begin_ns >= row.begin.steady_ns) row.lost += loss.count.value_or(0);
      }
    }
  }

  double rate(const Row& row) const {
    return static_cast<double>(row.step.events) * 1e9 / static_cast<double>(width_ns_);
  }

  void draw(const Session& session, const MomentScale& scale) const {
    const bool utf8 = utf8_terminal();
    double largest_rate = 0;
    double largest_p99 = 0;
    for (const auto& row : rows_) {
      largest_rate = std::max(largest_rate, rate(row));
      largest_p99 = std::max(largest_p99, static_cast<double>(row.step.latencies.quantile_ns(0.99)));
    }
    constexpr std::size_t kTextColumns = 46;  // everything but the bars
    const auto bars = std::max<std::size_t>(session.columns, 80) - kTextColumns;
    const auto rate_columns = std::min<std::size_t>(bars * 3 / 5, 60);
    const auto p99_columns = std::min<std::size_t>(bars - rate_columns, 40);
    auto& out = session.out;
    const auto heading =
        fmt::format("{:<15}  {:>10}  {:<{}}  {:>7}", "time", "events/s", "", rate_columns, "p99");
    out.append(session.colour ? "\x1b[1m" + heading + "\x1b[0m\n" : heading + '\n');
    for (const auto& row : rows_) {
      const auto moment = moment_text(row.begin, {scale.start_ns}, session.options.time_style());
      const auto day_at = moment.find(' ');
      const auto p99 = row.step.latencies.quantile_ns(0.99);
      auto rate_bar = bar(rate(row), largest_rate, rate_columns, utf8);
      auto p99_bar = bar(p99, largest_p99, p99_columns, utf8);
      if (session.colour) {
        rate_bar = fmt::format("\x1b[36m{}\x1b[0m", rate_bar);
        p99_bar = fmt::format("\x1b[33m{}\x1b[0m", p99_bar);
      }
      auto line = fmt::format("{:<15}  {:>10}  {}  {:>7}  {}",
                              day_at == moment.npos ? moment : moment.substr(day_at + 1),
                              format::count_text(static_cast<std::uint64_t>(std::llround(rate(row)))),
                              rate_bar, p99 == 0 ? "-" : format::latency_text(p99), p99_bar);
      if (row.loss) line += loss_mark(row, session.colour);
      while (line.ends_with(' ')) line.pop_back();
      out.append(line + '\n');
    }
    if (!rows_.empty()) out.append(fmt::format("each line is {}\n", width_text(width_ns_)));
  }

  static std::string loss_mark(const Row& row, bool colour) {
    const auto text =
        row.lost == 0 ? std::string("  lost") : fmt::format("  lost {}", format::count_text(row.lost));
    return colour ? "\x1b[31m" + text + "\x1b[0m" : text;
  }

  void print_rows(const Session& session) const {
    const bool csv = session.options.format == OutputFormat::kCsv;
    if (csv) session.out.append("begin_ns,width_ns,events,held,wait_ns,p50_ns,p99_ns,max_ns,lost\n");
    JsonWriter json(session.out.text());
    for (const auto& row : rows_) {
      const auto& latencies = row.step.latencies;
      const std::pair<std::string_view, std::uint64_t> members[] = {{"begin_ns", row.begin.realtime_ns},
                                                                    {"width_ns", width_ns_},
                                                                    {"events", row.step.events},
                                                                    {"held", latencies.total()},
                                                                    {"wait_ns", row.step.wait_ns},
                                                                    {"p50_ns", latencies.quantile_ns(0.5)},
                                                                    {"p99_ns", latencies.quantile_ns(0.99)},
                                                                    {"max_ns", latencies.quantile_ns(1)},
                                                                    {"lost", row.lost}};
      std::string line;
      if (!csv) json.begin_object();
      for (const auto& [name, value] : members) {
        if (csv) {
          line += (line.empty() ? "" : ",") + std::to_string(value);
        } else {
          json.member(name, value);
        }
      }
      if (csv) {
        session.out.append(line + '\n');
        continue;
      }
      json.member_bool("loss", row.loss);
      json.end_object();
      json.end_line();
    }
  }

  std::optional<std::uint64_t> row_count_;
  std::vector<Row> rows_;
  std::uint64_t width_ns_ = 1;
};

}  // namespace

constexpr VerbEntry kHistVerb{
    .name = "hist",
    .summary = "rate and latency over time, drawn",
    .synopsis = "TRACE... [FILTERS] [OUTPUT]",
    .about = R"(Draws how many events there were over time and how long held opens waited; marks losses.

  rfanreplay hist trace.fbz --exe cc1plus
  rfanreplay hist trace.fbz --since 20% --until 30% --rows 50
)",
    .groups = kTakesAll & ~kTakesSource,
    .make = make_verb<Hist>};

}  // namespace rfan::replay
