// `rfanreplay diff` shows what differs between two traces, or two groups of runs, and how sure that is.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>
#include <span>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "replay/diff/causes/causes.h"
#include "replay/diff/causes/loss_doubt.h"
#include "replay/diff/runs/diff_input.h"
#include "replay/diff/views/diff_report.h"
#include "replay/diff/views/explanation.h"
#include "replay/diff/views/fail_on.h"
#include "replay/diff/views/sequence_view.h"
#include "replay/diff/views/set_view.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

class Diff : public Verb {
 public:
  OptionGroup options() override {
    return {
        "Options",
        {{"--by",
          "KEY,...",
          "side by side for each of these instead of causes: path dir exe kind",
          &by_,
          {Values::Kind::kWords, "path dir exe kind"}},
         {"--sets", "", "the files and programs that only one side has, one per line", &sets_},
         {"--sequence", "",
          "what matched processes did additionally (+), no longer (-) or at another place (>); compares the "
          "first "
          "run of each side",
          &sequence_},
         {"--explain", "N",
          "the evidence for line N of the findings: when, which files, and the commands that show it",
          &explain_},
         {"--all", "", "also what could be noise", &all_},
         {"--map", "FROM=TO", "call directory FROM and what is below it TO, in both sides", &maps_},
         {"--no-fold",
          "RULE",
          "do not fold names by this rule: proc uuid hash temp pid pts time, or all",
          &no_fold_,
          {Values::Kind::kWord, "proc uuid hash temp pid pts time all"}},
         {"--fold",
          "RULE",
          "fold names by a rule that is off by default: version date",
          &fold_,
          {Values::Kind::kWord, "version date"}},
         {"--fold-file",
          "FILE",
          "globs, one per line: what matches one is called by the glob",
          &fold_file_,
          {Values::Kind::kFile}},
         {"--base-window", "FROM..TO", "only this time of the base runs", &base_window_},
         {"--new-window", "FROM..TO", "only this time of the new runs", &new_window_},
         {"--fail-on",
          "WHAT",
          "exit with 1 only for this: clear (the default), likely or weak: for findings that are as sure or "
          "surer; METRIC:+N%: when the new runs have more than N % more (or -N%: less; without %: by "
          "number); "
          "metrics: count rate files opens reopens time p50 p99",
          &fail_on_,
          {Values::Kind::kWord, "clear likely weak"}}}};
  }

  Status check(const Options& options) override;
  Result<Coverage> run(const Session& session) override;

  int exit_status(const Result<Coverage>& coverage) const override {
    if (!coverage) return kExitDiffError;
    if (coverage.value() == Coverage::kPartial) return kExitPartial;
    return differs_ ? kExitDiffers : kExitClean;
  }

 private:
  // The same values as in diff(1).
  static constexpr int kExitDiffers = 1;
  static constexpr int kExitDiffError = 2;

  Status check_folding();
  Status check_views(OutputFormat format);
  Status show(const Comparison& comparison, const NameFolding& folding, const DiffLook& look,
              const Session& session);
  static Status check_common_kinds(const Comparison& comparison);
  std::string head_text(const Comparison& comparison, const DiffRow& sums, const DiffLook& look) const;
  static void print_folded(std::span<const Finding> findings, const DiffLook& look, const Session& session);
  Status explain(std::span<const Finding> findings, const Comparison& comparison,
                 const Session& session) const;
  Status show_findings(const Comparison& comparison, const DiffLook& look, const Session& session);
  static std::size_t sure_count(std::span<const Finding> findings);
  static std::size_t shown(std::span<const Finding> findings, bool replicated);
  static std::string nothing_clear_text(std::size_t findings);
  void show_table(const Comparison& comparison, const DiffLook& look, const Session& session);
  void tell_folding(const Comparison& comparison, const Session& session) const;

  std::string by_, fold_file_, base_window_, new_window_;
  std::vector<std::string> maps_, no_fold_, fold_, fail_on_;
  bool sets_ = false, sequence_ = false, all_ = false;
  std::optional<std::uint64_t> explain_;

  std::vector<DiffKey> keys_;
  FoldingSpec folding_;
  SideWindow window_;
  std::vector<Limit> limits_;
  Tag gate_ = Tag::kClear;  // findings that are as sure set the exit status
  bool gated_ = false;      // by --fail-on
  bool differs_ = false;
};

Status Diff::check(const Options& options) {
  if (auto status = check_folding(); !status) return status;
  if (auto status = check_views(options.format); !status) return status;
  for (auto [text, window] :
       {std::pair{&base_window_, &window_.base}, std::pair{&new_window_, &window_.fresh}}) {
    if (text->empty()) continue;
    auto parsed = parse_window(*text, options.utc);
    if (!parsed) return parsed.error();
    *window = std::move(*parsed);
  }
  return {};
}

Status Diff::check_folding() {
  for (const auto& rule : no_fold_) {
    if (auto status = switch_fold_rule(rule, false, folding_); !status) return status;
  }
  for (const auto& rule : fold_) {
    if (auto status = switch_fold_rule(rule, true, folding_); !status) return status;
  }
  for (const auto& text : maps_) {
    auto map = parse_directory_map(text);
    if (!map) return map.error();
    folding_.maps.push_back(std::move(*map));
  }
  if (fold_file_.empty()) return {};
  std::ifstream file(fold_file_);
  if (!file) return errno_error("cannot open the fold file", fold_file_);
  auto globs = parse_fold_file(std::string(std::istreambuf_iterator<char>(file), {}));
  if (!globs) return Error{fold_file_ + ": " + globs.error().what, globs.error().path, 0, {}};
  folding_.globs = std::move(*globs);
  return {};
}

Status Diff::check_views(OutputFormat format) {
  if (!by_.empty() + sets_ + sequence_ > 1)
    return Error{"--by, --sets and --sequence are different views", {}, 0, {}};
  if (explain_ && (!by_.empty() || sets_ || sequence_))
    return Error{"--explain is about the findings, not about --by, --sets or --sequence", {}, 0, {}};
  if (explain_ && format != OutputFormat::kText) return Error{"--explain prints text", {}, 0, {}};
  if (sequence_ && format == OutputFormat::kMarkdown)
    return Error{"--format markdown has no --sequence", {}, 0, {}};
  if (!by_.empty()) {
    auto keys = parse_diff_keys(by_);
    if (!keys) return keys.error();
    keys_ = std::move(*keys);
  }
  for (const auto& text : fail_on_) {
    if (const auto tag = parse_tag(text)) {
      gate_ = *tag;
      gated_ = true;
      continue;
    }
    auto limit = parse_limit(text);
    if (!limit) return limit.error();
    limits_.push_back(std::move(*limit));
  }
  if (gated_ && (!by_.empty() || sets_ || sequence_)) {
    return Error{
        "--fail-on clear, likely and weak are about the findings, not about --by, --sets or --sequence",
        {},
        0,
        {}};
  }
  return {};
}

Result<Coverage> Diff::run(const Session& session) {
  // Fold globs match the whole path even without a slash.
  for (const auto& [text, glob] : folding_.globs) {
    if (glob.may_begin_with('/')) continue;
    session.note(fmt::format(
        "--fold-file: '{0}' matches nothing, since recorded paths are absolute: did you mean '**/{0}'?",
        escaped(text)));
  }
  const NameFolding folding(folding_);
  const auto input = read_runs(session, window_, folding,
                               {.sequences = sequence_, .replies = !keys_.empty() || !limits_.empty()});
  if (!input) return input.error();
  const auto& [parts, counts, partial] = input.value();
  const Comparison comparison(parts, counts, folding, session.options.threads);
  if (session.options.verbose) tell_folding(comparison, session);
  const DiffLook look{session.options.format, session.colour};
  if (auto status = check_common_kinds(comparison); !status) return status.error();
  if (!comparison.cells().empty()) {
    if (auto status = show(comparison, folding, look, session); !status) return status.error();
  }
  if (counts.all() == 2 && !sets_ && !sequence_) {
    session.note(
        "one run a side: how sure a line is depends on what else differs; more runs say more, as "
        "BASE BASE... -- NEW NEW...");
  }
  return partial ? Coverage::kPartial : Coverage::kWhole;
}

Status Diff::check_common_kinds(const Comparison& comparison) {
  const bool has_events = std::any_of(comparison.parts().begin(), comparison.parts().end(),
                                      [](const RunPart& part) { return part.tally->events() != 0; });
  if (!comparison.cells().empty() || !has_events || comparison.terms().differences.empty()) return {};
  return Error{"the recordings have no kind of event in common",
               {},
               0,
               fmt::format("{}", fmt::join(comparison.terms().differences, "; "))};
}

Status Diff::show(const Comparison& comparison, const NameFolding& folding, const DiffLook& look,
                  const Session& session) {
  std::optional<DiffRow> sums;  // over everything
  if (look.for_people() || !limits_.empty()) sums = make_diff_table(comparison, {}).rows.front();
  if (look.for_people()) {
    session.out.append(head_text(comparison, *sums, look));
  } else if (const auto terms = terms_text(comparison.terms()); !terms.empty()) {
    session.note(terms.substr(0, terms.size() - 1));
  }
  if (!keys_.empty()) {
    show_table(comparison, look, session);
  } else if (sequence_) {
    const auto view = find_sequence_changes(comparison, folding);
    print_sequences(comparison, view, look, session.out.text());
    differs_ = !view.changes.empty();
    session.note(fmt::format("{} pairs of processes did the same, {} processes have no counterpart",
                             format::count_text(view.alike), format::count_text(view.unmatched)));
  } else {
    if (auto status = show_findings(comparison, look, session); !status) return status;
  }
  if (limits_.empty()) return {};
  const auto broken = broken_limits(limits_, *sums);
  for (const auto& line : broken) session.note("limit broken: " + line);
  differs_ = !broken.empty() || (gated_ && differs_);
  return {};
}

Status Diff::show_findings(const Comparison& comparison, const DiffLook& look, const Session& session) {
  auto findings = sets_ ? find_one_sided(comparison) : find_causes(comparison);
  differs_ = !findings.empty() && findings.front().tag <= gate_;
  const LossDoubt doubt(comparison);
  for (auto& finding : findings) finding.doubtful = doubt.covers(finding.events);
  const auto printed =
      std::span(findings).first(all_ ? findings.size() : shown(findings, comparison.samples().replicated()));
  if (explain_) return explain(findings, comparison, session);
  if (!look.for_people()) {
    print_findings(printed, 0, look, session.out.text());
    return {};
  }
  if (findings.empty() || findings.front().tag != Tag::kClear)
    session.out.append(nothing_clear_text(findings.size()));
  if (look.format == OutputFormat::kMarkdown) {
    print_folded(printed, look, session);
  } else {
    print_findings(printed, 0, look, session.out.text());
  }
  const auto hidden = findings.size() - printed.size();
  if (hidden == 0) return {};
  session.out.append(fmt::format("{}{} more could be noise (--all shows {})\n",
                                 look.format == OutputFormat::kMarkdown ? "\n" : "",
                                 format::count_text(hidden), hidden == 1 ? "it" : "them"));
  return {};
}

// Prints the sure findings as a table, and the weak ones as another one that opens on a click.
void Diff::print_folded(std::span<const Finding> findings, const DiffLook& look, const Session& session) {
  const auto sure = sure_count(findings);
  session.out.append("\n");
  print_findings(findings.first(sure), 0, look, session.out.text());
  if (sure == findings.size()) return;
  session.out.append("\n<details><summary>These could be noise</summary>\n\n");
  print_findings(findings.subspan(sure), sure, look, session.out.text());
  session.out.append("\n</details>\n");
}

// Returns what stands above a view: how the recordings differ, the sides, and where the time went. In
// markdown it is a block of code, since it has names from the traces.
std::string Diff::head_text(const Comparison& comparison, const DiffRow& sums, const DiffLook& look) const {
  auto text = terms_text(comparison.terms()) + sides_text(comparison, sums);
  if (keys_.empty() && !sequence_ && !sets_) {
    if (const auto time = find_time_change(comparison)) text += time_change_text(*time, comparison.terms());
  }
  return look.format == OutputFormat::kMarkdown ? "```text\n" + text + "```\n" : text;
}

Status Diff::explain(std::span<const Finding> findings, const Comparison& comparison,
                     const Session& session) const {
  if (*explain_ == 0 || *explain_ > findings.size())
    return Error{fmt::format("no line {}: there are {} findings", *explain_, findings.size()), {}, 0, {}};
  return print_explanation(findings, *explain_ - 1, comparison, folding_, session);
}

std::size_t Diff::sure_count(std::span<const Finding> findings) {
  return static_cast<std::size_t>(std::count_if(
      findings.begin(), findings.end(), [](const auto& finding) { return finding.tag != Tag::kWeak; }));
}

// Returns how many of the findings, the surest first, are shown without --all: the weak ones only where there
// is nothing better to go by, since one run a side cannot tell them from noise.
std::size_t Diff::shown(std::span<const Finding> findings, bool replicated) {
  constexpr std::size_t kMostWeak = 3;
  constexpr std::size_t kMostWeakAlone = 5;
  const auto sure = sure_count(findings);
  if (replicated) return sure;
  return std::min(findings.size(), sure + (sure == 0 ? kMostWeakAlone : kMostWeak));
}

std::string Diff::nothing_clear_text(std::size_t findings) {
  if (findings == 0) return "no difference\n";
  return fmt::format("nothing clear; {} difference{} less sure\n", format::count_text(findings),
                     findings == 1 ? " is" : "s are");
}

void Diff::show_table(const Comparison& comparison, const DiffLook& look, const Session& session) {
  auto table = make_diff_table(comparison, keys_);
  const LossDoubt doubt(comparison);
  for (auto& row : table.rows) row.doubtful = doubt.covers(row.delta());
  differs_ =
      std::any_of(table.rows.begin(), table.rows.end(), [](const auto& row) { return row.significant(); });
  const auto rows = table.rows.size();
  if (!all_) std::erase_if(table.rows, [](const auto& row) { return !row.significant(); });
  print_diff_table(table, table.rows, look, session.out.text());
  if (!look.for_people() || rows == table.rows.size()) return;
  session.out.append(
      fmt::format("{} rows hidden: the same, or noise explains the difference (--all shows them)\n",
                  format::count_text(rows - table.rows.size())));
}

void Diff::tell_folding(const Comparison& comparison, const Session& session) const {
  auto counts = comparison.fold_counts();
  for (const auto& part : comparison.parts()) counts.add(part.tally->shape_fold_counts());
  const auto tell = [&](std::string_view what, std::uint64_t names) {
    if (names != 0) session.note(fmt::format("{}: {} names folded", what, format::count_text(names)));
  };
  for (std::size_t i = 0; i < kFoldRules; ++i) {
    tell(fmt::format("rule {} ({})", fold_rule_infos()[i].name, fold_rule_infos()[i].what), counts.rules[i]);
  }
  for (std::size_t i = 0; i < folding_.maps.size(); ++i) {
    tell(fmt::format("--map {}={}", folding_.maps[i].from, folding_.maps[i].to), counts.maps[i]);
  }
  for (std::size_t i = 0; i < folding_.globs.size(); ++i) {
    tell(fmt::format("glob {}", folding_.globs[i].text), counts.globs[i]);
  }
}

}  // namespace

constexpr VerbEntry kDiffVerb{
    .name = "diff",
    .summary = "what differs between two traces, or two groups of runs",
    .synopsis = "BASE NEW [FILTERS] [OUTPUT]\n       rfanreplay diff BASE... -- NEW... [FILTERS] [OUTPUT]",
    .about =
        R"(Compares runs: what is new, gone, more, less, moved or slower, one line for each cause, the surest first.
One run a side is enough: a cause is clear, likely or weak by what else differs. With several runs a side, what
differs as much among the runs of one side is left out.

  rfanreplay diff good.fbz bad.fbz
  rfanreplay diff good1.fbz good2.fbz good3.fbz -- bad1.fbz bad2.fbz bad3.fbz
  rfanreplay diff good.fbz bad.fbz --explain 1         the evidence for the first line
  rfanreplay diff a.fbz b.fbz --map /home/ann/build=/build --map /tmp/build=/build
  rfanreplay diff a.fbz b.fbz --by dir                 how often, side by side
  rfanreplay diff a.fbz b.fbz --sets                   files and programs that only one side has
  rfanreplay diff a.fbz b.fbz --sequence --exe cc1     what was done in another order
  rfanreplay diff a.fbz b.fbz --path /usr/include/ --fail-on count:+10%

Exit status: 0 nothing clear, 1 they differ clearly (with --fail-on: as it says), 2 an error, 3 compared, but
events are missing from a trace.
)",
    .groups = (kTakesAll & ~kTakesSource & ~kTakesReltime) | kTakesSides | kTakesMarkdown,
    .make = make_verb<Diff>};

}  // namespace rfan::replay
