// `rfanreplay report` counts events by process and place.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/base/quantity.h"
#include "replay/events/field_printer.h"
#include "replay/report/report_query.h"
#include "replay/text/json_writer.h"
#include "replay/text/table.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

using format::count_text;

std::string share_text(std::uint64_t part, std::uint64_t whole) {
  return fmt::format("{:.1f} %",
                     whole == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole));
}

double quantile_of(Measure measure) {
  return measure == Measure::kP50   ? 0.5
         : measure == Measure::kP90 ? 0.9
         : measure == Measure::kP99 ? 0.99
                                    : 1.0;
}

bool is_quantile(Measure measure) {
  return measure >= Measure::kP50;
}

// Returns the value by which rows are sorted, the largest first. For kFirst the earliest comes first.
double sort_value(const ReportRow& row, Measure measure) {
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  switch (measure) {
    case Measure::kEvents:
    case Measure::kShare:
      return number(row.events);
    case Measure::kOpens:
      return number(row.opens);
    case Measure::kReopens:
      return number(row.reopens);
    case Measure::kShort:
      return number(row.short_opens);
    case Measure::kFiles:
      return number(row.files);
    case Measure::kFirst:
      return -number(row.first.steady_ns);
    case Measure::kLast:
      return number(row.last.steady_ns);
    case Measure::kRate:
      return row.rate();
    case Measure::kWait:
      return number(row.wait_ns);
    default:
      return number(row.quantile_ns(quantile_of(measure)));
  }
}

class Report : public Verb {
 public:
  OptionGroup options() override {
    return {"Options",
            {{"--by",
              "KEY,...",
              "count by these together: exe comm process user cgroup path dir ext kind source (default: exe)",
              &by_,
              {Values::Kind::kWords, "exe comm process user cgroup path dir ext kind source"}},
             {"--depth", "N",
              "of dir: so many components, with all below them (default: the directory itself)", &depth_},
             {"-F,--fields",
              "COLUMN,...",
              "show these (default: events,share): " + measure_names() +
                  "; p50 to max are latencies, wait their sum, short the opens closed again within --short",
              &fields_,
              {Values::Kind::kWords, measure_names()}},
             {"--sort",
              "COLUMN",
              "the largest of this first, for first the earliest (default: events)",
              &sort_,
              {Values::Kind::kWord, measure_names()}},
             {"--top", "N", "so many rows of text (default 30), 0 for all; jsonl and csv have all", &top_},
             {"--short", "DURATION", "what a short open is (default 1ms)", &short_}}};
  }

  Status check(const Options& options) override {
    auto keys = parse_keys(by_.empty() ? "exe" : by_);
    if (!keys) return keys.error();
    spec_.grouping.keys = std::move(*keys);
    auto& by = spec_.grouping.keys;
    if (options.show_source && std::find(by.begin(), by.end(), Key::kSource) == by.end()) {
      by.insert(by.begin(), Key::kSource);
    }
    spec_.grouping.depth = static_cast<std::size_t>(depth_.value_or(0));
    if (depth_ && std::find(by.begin(), by.end(), Key::kDir) == by.end()) {
      return Error{"--depth goes with --by dir", {}, 0, {}};
    }
    auto measures = parse_measures(fields_.empty() ? "events,share" : fields_);
    if (!measures) return measures.error();
    spec_.measures = std::move(*measures);
    return check_sort();
  }

  Result<Coverage> run(const Session& session) override {
    ReportQuery query(spec_);
    auto coverage = scan_traces(session, query);
    if (!coverage) return coverage;
    scale_ = query.scale();
    const auto rows = query.rows();
    std::uint64_t total = 0;
    for (const auto& row : rows) total += row.events;
    const auto format = session.options.format;
    const bool for_people = format == OutputFormat::kText || format == OutputFormat::kMarkdown;
    const auto top = top_rows(rows, for_people ? kDefaultTop : 0);
    switch (format) {
      case OutputFormat::kText:
      case OutputFormat::kMarkdown:
        print_text(top, rows.size(), total, session);
        break;
      case OutputFormat::kJson:
        print_json(top, total, session);
        break;
      case OutputFormat::kCsv:
        print_csv(top, total, session);
    }
    return coverage;
  }

 private:
  using Top = std::vector<const ReportRow*>;
  static constexpr std::uint64_t kDefaultTop = 30;

  // Returns the rows to show, in order.
  Top top_rows(const std::vector<ReportRow>& rows, std::uint64_t usual) const {
    struct Ranked {
      double value;
      const ReportRow* row;
    };
    std::vector<Ranked> ranked;
    ranked.reserve(rows.size());
    for (const auto& row : rows) ranked.push_back({sort_value(row, sort_by_), &row});
    const auto limit = top_.value_or(usual);
    const auto count = limit == 0 ? ranked.size() : std::min<std::size_t>(limit, ranked.size());
    std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end(),
                      [](const Ranked& a, const Ranked& b) {
                        return a.value != b.value ? a.value > b.value : a.row->labels < b.row->labels;
                      });
    Top top;
    for (std::size_t i = 0; i < count; ++i) top.push_back(ranked[i].row);
    return top;
  }

  Status check_sort() {
    if (!short_.empty()) {
      auto ns = parse_duration(short_);
      if (!ns) return ns.error();
      spec_.short_ns = *ns;
    }
    if (sort_.empty()) {
      sort_by_ = spec_.measures.front();
      if (spec_.wants(Measure::kEvents)) sort_by_ = Measure::kEvents;
      return {};
    }
    auto sort = parse_measures(sort_);
    if (!sort) return sort.error();
    if (sort->size() != 1) return Error{"--sort takes one column", sort_, 0, {}};
    sort_by_ = sort->front();
    if (!spec_.wants(sort_by_)) spec_.measures.push_back(sort_by_);
    return {};
  }

  std::string cell(const ReportRow& row, Measure measure, std::uint64_t total, TimeStyle style) const;
  void print_text(const Top& rows, std::size_t all, std::uint64_t total, const Session& session) const;
  void print_json(const Top& rows, std::uint64_t total, const Session& session) const;
  void print_csv(const Top& rows, std::uint64_t total, const Session& session) const;
  static void print_json_value(const ReportRow& row, Measure measure, std::uint64_t total, JsonWriter& json);

  std::string by_, fields_, sort_, short_;
  std::optional<std::uint64_t> depth_, top_;
  ReportSpec spec_;
  Measure sort_by_ = Measure::kEvents;
  MomentScale scale_;
};

std::string Report::cell(const ReportRow& row, Measure measure, std::uint64_t total, TimeStyle style) const {
  switch (measure) {
    case Measure::kEvents:
      return count_text(row.events);
    case Measure::kShare:
      return share_text(row.events, total);
    case Measure::kOpens:
      return count_text(row.opens);
    case Measure::kReopens:
      return count_text(row.reopens);
    case Measure::kShort:
      return count_text(row.short_opens);
    case Measure::kFiles:
      return count_text(row.files);
    case Measure::kFirst:
      return moment_text(row.first, scale_, style);
    case Measure::kLast:
      return moment_text(row.last, scale_, style);
    case Measure::kRate:
      return row.rate() == 0 ? "-" : count_text(static_cast<std::uint64_t>(std::llround(row.rate()))) + "/s";
    case Measure::kWait:
      return format::latency_text(row.wait_ns);
    default:
      return row.latencies ? format::latency_text(row.quantile_ns(quantile_of(measure))) : "-";
  }
}

void Report::print_text(const Top& rows, std::size_t all, std::uint64_t total, const Session& session) const {
  std::vector<Table::Column> columns;
  for (const auto measure : spec_.measures) columns.push_back({measure_name(measure), Align::kRight});
  for (const auto key : spec_.grouping.keys) columns.push_back({key_name(key), Align::kLeft});
  Table table(std::move(columns), session.colour);
  const auto style = session.options.time_style();
  ReportRow rest;
  rest.events = total;
  for (const auto* row : rows) {
    rest.events -= row->events;
    std::vector<std::string> cells;
    for (const auto measure : spec_.measures) cells.push_back(cell(*row, measure, total, style));
    for (const auto label : split_labels(row->labels)) cells.push_back(escaped(label));
    table.add(std::move(cells));
  }
  if (rows.size() < all) {
    std::vector<std::string> cells;
    for (const auto measure : spec_.measures) {
      const bool sums = measure == Measure::kEvents || measure == Measure::kShare;
      cells.push_back(sums ? cell(rest, measure, total, style) : "");
    }
    cells.resize(cells.size() + spec_.grouping.keys.size());
    cells[spec_.measures.size()] = fmt::format("({} more: --top 0)", count_text(all - rows.size()));
    table.add(std::move(cells));
  }
  const bool markdown = session.options.format == OutputFormat::kMarkdown;
  markdown ? table.print_markdown(session.out.text()) : table.print(session.out.text());
}

void Report::print_json_value(const ReportRow& row, Measure measure, std::uint64_t total, JsonWriter& json) {
  const auto name = std::string(measure_name(measure));
  if (is_quantile(measure)) {
    if (row.latencies) json.member(name + "_ns", row.quantile_ns(quantile_of(measure)));
  } else if (measure == Measure::kShare) {
    json.key(name);
    json.real(total == 0 ? 0.0 : static_cast<double>(row.events) / static_cast<double>(total));
  } else if (measure == Measure::kRate) {
    json.key("rate_per_s");
    json.real(row.rate());
  } else if (measure == Measure::kFirst || measure == Measure::kLast) {
    json.member(name + "_ns", measure == Measure::kFirst ? row.first.realtime_ns : row.last.realtime_ns);
  } else if (measure == Measure::kWait) {
    json.member("wait_ns", row.wait_ns);
  } else {
    json.member(name, static_cast<std::uint64_t>(sort_value(row, measure)));
  }
}

void Report::print_json(const Top& rows, std::uint64_t total, const Session& session) const {
  JsonWriter json(session.out.text());
  for (const auto* row_of : rows) {
    const auto& row = *row_of;
    json.begin_object();
    const auto labels = split_labels(row.labels);
    for (std::size_t i = 0; i < labels.size(); ++i) {
      json.member_bytes(key_name(spec_.grouping.keys[i]), labels[i]);
    }
    for (const auto measure : spec_.measures) print_json_value(row, measure, total, json);
    json.end_object();
    json.end_line();
  }
}

void Report::print_csv(const Top& rows, std::uint64_t total, const Session& session) const {
  auto& out = session.out;
  std::string header;
  for (const auto key : spec_.grouping.keys) header.append(header.empty() ? "" : ",").append(key_name(key));
  for (const auto measure : spec_.measures) header.append(",").append(measure_name(measure));
  out.append(header + "\n");
  for (const auto* row_of : rows) {
    const auto& row = *row_of;
    std::string line;
    for (const auto label : split_labels(row.labels))
      line.append(line.empty() ? "" : ",").append(csv_quoted(label));
    for (const auto measure : spec_.measures) {
      line += ',';
      if (measure == Measure::kShare) {
        line += fmt::format("{}",
                            total == 0 ? 0.0 : static_cast<double>(row.events) / static_cast<double>(total));
      } else if (measure == Measure::kRate) {
        line += fmt::format("{}", row.rate());
      } else if (measure == Measure::kFirst) {
        line += std::to_string(row.first.realtime_ns);
      } else if (!is_quantile(measure) || row.latencies) {
        line += measure == Measure::kLast
                    ? std::to_string(row.last.realtime_ns)
                    : std::to_string(static_cast<std::uint64_t>(sort_value(row, measure)));
      }
    }
    out.append(line + "\n");
  }
}

}  // namespace

constexpr VerbEntry kReportVerb{.name = "report",
                                .summary = "count events by executable, path, directory, ...",
                                .synopsis = "TRACE... [--by KEY,...] [FILTERS] [OUTPUT]",
                                .about = R"(Counts events by one or more keys, the most frequent first.

  rfanreplay report trace.fbz                                     by executable
  rfanreplay report trace.fbz --by dir --depth 3
  rfanreplay report trace.fbz --by exe,path --sort reopens        who opens the same file over and over
  rfanreplay report trace.fbz --by exe --sort short               who causes the most short opens
  rfanreplay report trace.fbz --by process --path /etc/hosts --kind close_write,rename   who wrote this file
  rfanreplay report trace.fbz --by path --kind open -F events,p50,p99,max
)",
                                .groups = kTakesAll | kTakesMarkdown,
                                .make = make_verb<Report>};

}  // namespace rfan::replay
