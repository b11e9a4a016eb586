#include "replay/diff/views/diff_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "replay/events/field_printer.h"
#include "replay/text/json_writer.h"
#include "replay/text/table.h"

namespace rfan::replay {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kYellow = "\x1b[33m";

std::string_view unit_of(const Finding& finding) {
  return finding.is_time() ? "ns" : finding.change == Change::kRuns ? "runs" : "events";
}

// Shows in red what a perf investigator looks for first, and in green what went away.
std::string_view style_of(const Finding& finding) {
  if (finding.change == Change::kMoved || finding.change == Change::kProgram) return kYellow;
  return finding.delta() > 0 ? kRed : kGreen;
}

// Formats means of counts. Whole numbers have no decimals.
std::string number_text(double value) {
  if (value == std::floor(value)) return format::count_text(static_cast<std::uint64_t>(value));
  return value < 100 ? fmt::format("{:.1f}", value)
                     : format::count_text(static_cast<std::uint64_t>(std::llround(value)));
}

std::string signed_text(double value, std::string (*text)(double)) {
  return (value < 0 ? "-" : "+") + text(std::abs(value));
}

std::string time_text(double ns) {
  return format::latency_text(static_cast<std::uint64_t>(ns));
}

std::string ratio_text(double base, double fresh) {
  if (base == 0 || fresh == 0) return base == fresh ? "1.00" : base == 0 ? "new" : "gone";
  return fmt::format("{:.2f}", fresh / base);
}

// Names up to three files; counts more.
std::string files_text(const Finding& finding) {
  if (finding.files > kMostNamed || finding.paths.size() != finding.files) {
    const auto files = fmt::format("{} files", format::count_text(finding.files));
    return finding.directories < 2
               ? files
               : fmt::format("{} in {} directories", files, format::count_text(finding.directories));
  }
  const auto directory = finding.what.size() - std::string_view("**").size();  // with its slash
  std::vector<std::string> names;
  for (const auto& path : finding.paths) {
    const bool inside =
        finding.what.ends_with("/**") && path.compare(0, directory, finding.what, 0, directory) == 0;
    names.push_back(escaped(inside ? std::string_view(path).substr(directory) : path));
  }
  return fmt::format("{}", fmt::join(names, ", "));
}

// Returns "once" or "7 times".
std::string times_text(double number) {
  return number == 1 ? "once" : number_text(number) + " times";
}

std::string what_text(const Finding& finding) {
  auto text = escaped(finding.what);
  if (!finding.instead.empty()) text += " instead of " + escaped(finding.instead);
  std::string facts;
  const auto add = [&](const std::string& fact) { facts += (facts.empty() ? "" : "; ") + fact; };
  if (finding.change == Change::kRuns) {
    text += fmt::format(" ran {} instead of {}", times_text(finding.fresh), number_text(finding.base));
    add(fmt::format("{} files", format::count_text(finding.files)));
  } else if (finding.files > 1 && !finding.is_time()) {
    add(files_text(finding));
  }
  if (!finding.detail.empty()) add(finding.detail);
  if (finding.writes) add("written, created, deleted or renamed");
  if (finding.doubtful) add("a loss could explain it");
  if (!facts.empty()) text += " (" + facts + ")";
  if (!finding.by.empty()) text += ", by " + escaped(finding.by);
  return text;
}

void print_findings_text(std::span<const Finding> findings, std::size_t number, const DiffLook& look,
                         TextBuffer& out) {
  Table table({{"#", Align::kRight},
               {"CHANGE"},
               {"BASE", Align::kRight},
               {"NEW", Align::kRight},
               {"DELTA", Align::kRight},
               {"SURE"},
               {"WHAT"}},
              look.colour);
  for (const auto& finding : findings) {
    const auto text = finding.is_time() ? time_text : number_text;
    const auto delta = signed_text(finding.delta(), text) + (finding.doubtful ? "?" : "");
    table.add({std::to_string(++number), std::string(change_name(finding.change)), text(finding.base),
               text(finding.fresh), delta, std::string(tag_name(finding.tag)), what_text(finding)},
              style_of(finding));
  }
  if (table.empty()) return;
  look.format == OutputFormat::kMarkdown ? table.print_markdown(out) : table.print(out);
}

void print_finding_json(const Finding& finding, JsonWriter& json) {
  json.begin_object();
  json.member("change", change_name(finding.change));
  json.member_bytes("what", finding.what);
  if (!finding.instead.empty()) json.member_bytes("instead", finding.instead);
  if (!finding.by.empty()) json.member_bytes("by", finding.by);
  json.member("tag", tag_name(finding.tag));
  json.member("unit", unit_of(finding));
  json.key("base"), json.real(finding.base);
  json.key("new"), json.real(finding.fresh);
  json.key("delta"), json.real(finding.delta());
  json.key("events"), json.real(finding.events);
  if (finding.writes) json.member_bool("writes", true);
  if (finding.doubtful) json.member_bool("doubtful", true);
  if (!finding.detail.empty()) json.member("detail", std::string_view(finding.detail));
  json.member("files", finding.files);
  const std::vector<std::string_view> paths(finding.paths.begin(), finding.paths.end());
  if (!paths.empty()) json.member_bytes("paths", paths);
  json.end_object();
  json.end_line();
}

void print_findings_csv(std::span<const Finding> findings, TextBuffer& out) {
  out.append("change,tag,what,instead,by,unit,base,new,delta,doubtful,files\n");
  for (const auto& finding : findings) {
    out.append(fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", change_name(finding.change),
                           tag_name(finding.tag), csv_quoted(finding.what), csv_quoted(finding.instead),
                           csv_quoted(finding.by), unit_of(finding), finding.base, finding.fresh,
                           finding.delta(), finding.doubtful, finding.files));
  }
}

// Returns the quantities after the first one, which has its own columns.
std::span<const Quantity> columns() {
  return all_quantities().subspan(1);
}

std::string quantity_text(const Quantity& quantity, double value) {
  switch (quantity.unit) {
    case Quantity::Unit::kCount:
      break;
    case Quantity::Unit::kPerSecond:
      return fmt::format("{:.1f}", value);
    case Quantity::Unit::kNs:
      return time_text(value);
    case Quantity::Unit::kLatencyNs:
      return value == 0 ? "-" : time_text(value);
  }
  return number_text(value);
}

// Returns "12", or "12>15" if the sides differ.
std::string both_sides(const Quantity& column, const DiffRow& row) {
  auto base = quantity_text(column, column.of(row.base));
  auto fresh = quantity_text(column, column.of(row.fresh));
  return base == fresh ? base : base + ">" + fresh;
}

void print_table_text(const DiffTable& table, std::span<const DiffRow> rows, const DiffLook& look,
                      TextBuffer& out) {
  std::vector<Table::Column> headings{
      {"BASE", Align::kRight},   {"NEW", Align::kRight},   {"DELTA", Align::kRight},
      {"RATIO", Align::kRight},  {"SHARE", Align::kRight}, {"P", Align::kRight},
      {"FILES", Align::kRight},  {"OPENS", Align::kRight}, {"REOPENS", Align::kRight},
      {"RATE/S", Align::kRight}, {"TIME", Align::kRight},  {"P50", Align::kRight},
      {"P99", Align::kRight}};
  for (const auto key : table.keys) headings.push_back({diff_key_name(key)});
  Table text(std::move(headings), look.colour);
  for (const auto& row : rows) {
    const auto delta = signed_text(row.delta(), number_text) + (row.doubtful ? "?" : "");
    std::vector<std::string> cells{number_text(row.base.events),
                                   number_text(row.fresh.events),
                                   delta,
                                   ratio_text(row.base.events, row.fresh.events),
                                   fmt::format("{:.1f} %", 100 * row.share),
                                   p_text(row.p_value)};
    for (const auto& column : columns()) cells.push_back(both_sides(column, row));
    for (const auto& key : row.key) cells.push_back(escaped(key));
    text.add(std::move(cells), row.significant() ? row.delta() > 0 ? kRed : kGreen : std::string_view());
  }
  if (text.empty()) return;
  look.format == OutputFormat::kMarkdown ? text.print_markdown(out) : text.print(out);
}

void print_row_json(const DiffTable& table, const DiffRow& row, JsonWriter& json) {
  json.begin_object();
  for (std::size_t i = 0; i < table.keys.size(); ++i)
    json.member_bytes(diff_key_name(table.keys[i]), row.key[i]);
  const auto side = [&](std::string_view name, const Quantities& quantities) {
    json.key(name);
    json.begin_object();
    json.key("events"), json.real(quantities.events);
    for (const auto& column : columns()) json.key(column.name), json.real(column.of(quantities));
    json.end_object();
  };
  side("base", row.base);
  side("new", row.fresh);
  json.key("delta"), json.real(row.delta());
  json.key("share"), json.real(row.share);
  json.key("p"), json.real(row.p_value);
  json.key("q"), json.real(row.q_value);
  json.member_bool("significant", row.significant());
  if (row.doubtful) json.member_bool("doubtful", true);
  json.end_object();
  json.end_line();
}

void print_table_csv(const DiffTable& table, std::span<const DiffRow> rows, TextBuffer& out) {
  for (const auto key : table.keys) out.append(fmt::format("{},", diff_key_name(key)));
  out.append("events_base,events_new,delta,share,p,q,significant,doubtful");
  for (const auto& column : columns()) out.append(fmt::format(",{0}_base,{0}_new", column.name));
  out.put('\n');
  for (const auto& row : rows) {
    for (const auto& key : row.key) out.append(csv_quoted(key) + ",");
    out.append(fmt::format("{},{},{},{},{},{},{},{}", row.base.events, row.fresh.events, row.delta(),
                           row.share, row.p_value, row.q_value, row.significant(), row.doubtful));
    for (const auto& column : columns()) {
      out.append(fmt::format(",{},{}", column.of(row.base), column.of(row.fresh)));
    }
    out.put('\n');
  }
}

}  // namespace

std::string finding_text(const Finding& finding) {
  return fmt::format("{} {}, {}", change_name(finding.change), what_text(finding), tag_name(finding.tag));
}

std::string terms_text(const RecordingTerms& terms) {
  std::string text;
  for (const auto& difference : terms.differences)
    text += "recorded differently: " + escaped(difference) + "\n";
  return text;
}

std::string time_change_text(const TimeChange& change, const RecordingTerms& terms) {
  const auto where = change.directory.empty()
                         ? std::string()
                         : fmt::format(", before events in {}/", escaped(change.directory));
  auto text = fmt::format(
      "time: {:.1f} times as long, {} more; {:.0f} % of what programs took longer was {}{}\n", change.ratio,
      time_text(change.longer_ns), 100 * change.share, escaped(change.program), where);
  if (!terms.uncovered.empty()) {
    text += fmt::format("time: what was accessed on {} was not recorded\n",
                        escaped(fmt::format("{}", fmt::join(terms.uncovered, ", "))));
  }
  return text;
}

std::string p_text(double p) {
  if (p < 1e-6) return "<1e-6";
  return p < 0.001 ? fmt::format("{:.0e}", p) : fmt::format("{:.3f}", p);
}

void print_findings(std::span<const Finding> findings, std::size_t before, const DiffLook& look,
                    TextBuffer& out) {
  if (look.for_people()) return print_findings_text(findings, before, look, out);
  if (look.format == OutputFormat::kCsv) return print_findings_csv(findings, out);
  JsonWriter json(out);
  for (const auto& finding : findings) print_finding_json(finding, json);
}

void print_diff_table(const DiffTable& table, std::span<const DiffRow> rows, const DiffLook& look,
                      TextBuffer& out) {
  if (look.for_people()) return print_table_text(table, rows, look, out);
  if (look.format == OutputFormat::kCsv) return print_table_csv(table, rows, out);
  JsonWriter json(out);
  for (const auto& row : rows) print_row_json(table, row, json);
}

std::string sides_text(const Comparison& comparison, const DiffRow& all) {
  const auto base_seconds = comparison.mean_duration_ns(Side::kBase) / 1e9;
  const auto new_seconds = comparison.mean_duration_ns(Side::kNew) / 1e9;
  const auto runs = [](std::size_t count) { return fmt::format("{} run{}", count, count == 1 ? "" : "s"); };
  const auto change = [](double base, double fresh) {
    return base == 0 ? std::string() : fmt::format(" ({:+.1f} %)", 100 * (fresh / base - 1));
  };
  return fmt::format("base: {}, {} events on {} files in {:.1f} s{}\n", runs(comparison.base_runs()),
                     number_text(all.base.events), number_text(all.base.files), base_seconds,
                     comparison.base_runs() > 1 ? " each" : "") +
         fmt::format("new:  {}, {} events{} on {} files in {:.1f} s{}\n",
                     runs(comparison.runs() - comparison.base_runs()), number_text(all.fresh.events),
                     change(all.base.events, all.fresh.events), number_text(all.fresh.files), new_seconds,
                     change(base_seconds, new_seconds));
}

}  // namespace rfan::replay
