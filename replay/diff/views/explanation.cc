#include "replay/diff/views/explanation.h"

#include <fmt/format.h>

#include <algorithm>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "replay/diff/views/diff_report.h"

namespace rfan::replay {
namespace {

// Returns a glob that matches `name` and nothing else, except that a folded part ("<temp>") matches anything.
std::string glob_of(std::string_view name) {
  std::string glob;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto end = name[i] == '<' ? name.find('>', i) : std::string_view::npos;
    if (end != std::string_view::npos) {
      glob += '*';
      i = end;
      continue;
    }
    if (std::string_view("*?[]\\!").find(name[i]) != std::string_view::npos) glob += '\\';
    glob += name[i];
  }
  return glob;
}

// Returns globs for the names in the traces that a comparison calls `name`.
std::vector<std::string> recorded_globs(std::string_view name, const FoldingSpec& folding) {
  for (const auto& glob : folding.globs) {
    if (glob.text == name) return {glob.text};
  }
  std::vector<std::string> globs{glob_of(name)};
  for (const auto& [from, to] : folding.maps) {
    if (name.starts_with(to)) globs.push_back(glob_of(from + std::string(name.substr(to.size()))));
  }
  return globs;
}

// Returns the word as bash, zsh and ksh read it. Contains nothing that a terminal must not get.
std::string shell_word(std::string_view word) {
  if (word.find('\'') == std::string_view::npos && escaped(word) == word) return fmt::format("'{}'", word);
  std::string quoted = "$'";
  for (const char c : word) {
    const bool plain = c >= ' ' && c <= '~' && c != '\'' && c != '\\';
    quoted += plain ? std::string(1, c) : fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
  }
  return quoted + "'";
}

bool is_program(const Finding& finding) {
  return !finding.program.exe.empty();
}

std::string command_filters(const FilterArguments& filters) {
  std::string text;
  for (const auto& glob : filters.exe) text += " --exe " + shell_word(glob);
  for (const auto& expression : filters.where) text += " --where " + shell_word(expression);
  for (const auto& glob : filters.path) text += " --path " + shell_word(glob);
  return text;
}

// The events of one run that the filters select.
struct RunEvidence {
  std::uint64_t events = 0;
  std::uint64_t first_ns = UINT64_MAX;  // since the first event of the run
  std::uint64_t last_ns = 0;
};

class Explanation {
 public:
  Explanation(std::span<const Finding> findings, std::size_t index, const Comparison& comparison,
              const FoldingSpec& folding, const Session& session)
      : findings_(findings),
        finding_(findings[index]),
        index_(index),
        comparison_(comparison),
        session_(session),
        filters_(filters_of(finding_, folding)) {}

  Status print() {
    std::vector<RunEvidence> evidence(comparison_.runs());
    if (auto status = read(evidence); !status) return status;
    session_.out.append(fmt::format("{}: {}\n\n", index_ + 1, finding_text(finding_)));
    for (std::size_t run = 0; run < evidence.size(); ++run) print_run(run, evidence[run]);
    print_paths();
    print_neighbours();
    print_commands();
    return {};
  }

 private:
  Status read(std::vector<RunEvidence>& evidence) const {
    const auto condition = parse_filter(filters_, session_.options.utc);
    if (!condition) return condition.error();
    const auto begin = first_events();
    const NameFolding folding({});
    const NoteSink silent = [](std::string_view) {};  // it was told when the trace was read before
    for (const auto& part : comparison_.parts()) {
      if (part.stream)
        return Error{"--explain reads the traces a second time, and this is a stream", part.path, 0, {}};
      auto source = format::open_source(part.path);
      if (!source) return source.error();
      auto options = part.options;
      options.filter = both(options.filter, condition.value());
      auto tally = RunTally::read(std::move(*source), folding, options, silent);
      if (!tally) return tally.error();
      auto& run = evidence[part.run];
      if ((*tally)->events() == 0) continue;
      run.events += (*tally)->events();
      run.first_ns = std::min(run.first_ns, (*tally)->first_ns() - begin[part.run]);
      run.last_ns = std::max(run.last_ns, (*tally)->last_ns() - begin[part.run]);
    }
    return {};
  }

  // Returns the time of the first event of each run. A run may have several files.
  std::vector<std::uint64_t> first_events() const {
    std::vector<std::uint64_t> first(comparison_.runs(), UINT64_MAX);
    for (const auto& part : comparison_.parts()) {
      if (part.tally->events() != 0) first[part.run] = std::min(first[part.run], part.tally->first_ns());
    }
    return first;
  }

  void print_run(std::size_t run, const RunEvidence& evidence) const {
    const auto side = run < comparison_.base_runs() ? "base" : "new ";
    session_.out.append(
        fmt::format("{} {}: {} events", side, escaped(trace_of(run)), format::count_text(evidence.events)));
    if (evidence.events != 0) {
      session_.out.append(fmt::format(", from {:.3f} to {:.3f} s after the first of all",
                                      static_cast<double>(evidence.first_ns) / 1e9,
                                      static_cast<double>(evidence.last_ns) / 1e9));
    }
    session_.out.append("\n");
  }

  void print_paths() const {
    if (finding_.paths.empty()) return;
    session_.out.append(fmt::format("\n{} files", format::count_text(finding_.files)));
    session_.out.append(finding_.paths.size() < finding_.files
                            ? fmt::format(", the {} that changed most:\n", finding_.paths.size())
                            : ":\n");
    for (const auto& path : finding_.paths) session_.out.append("  " + escaped(path) + "\n");
  }

  // Names the other findings of the same programs: they may have one cause.
  void print_neighbours() const {
    std::string lines;
    for (std::size_t i = 0; i < findings_.size(); ++i) {
      const bool shares = i != index_ && !finding_.by.empty() && findings_[i].by == finding_.by;
      if (shares) lines += fmt::format("  {}: {}\n", i + 1, finding_text(findings_[i]));
    }
    if (!lines.empty()) session_.out.append("\nalso by " + escaped(finding_.by) + ":\n" + lines);
  }

  void print_commands() const {
    const bool in_new = finding_.change != Change::kGone;
    const auto trace = shell_word(trace_of(in_new ? comparison_.base_runs() : 0));
    const auto filters = command_filters(filters_);
    const bool filtered = std::any_of(comparison_.parts().begin(), comparison_.parts().end(),
                                      [](const RunPart& part) { return part.options.filter != nullptr; });
    session_.out.append(filtered ? "\nwith the filters of this command line:\n" : "\n");
    for (const std::string_view verb : {"cat", "files", "tree"})
      session_.out.append(fmt::format("rfanreplay {} {}{}\n", verb, trace, filters));
  }

  std::string trace_of(std::size_t run) const {
    const auto& options = session_.options;
    return run < comparison_.base_runs() ? options.traces[run]
                                         : options.new_traces[run - comparison_.base_runs()];
  }

  std::span<const Finding> findings_;
  const Finding& finding_;
  std::size_t index_;
  const Comparison& comparison_;
  const Session& session_;
  FilterArguments filters_;
};

}  // namespace

FilterArguments filters_of(const Finding& finding, const FoldingSpec& folding) {
  FilterArguments filters;
  const auto add = [&](std::vector<std::string>& to, std::string_view name, std::string_view end = {}) {
    for (auto& glob : recorded_globs(name, folding)) to.push_back(glob + std::string(end));
  };
  if (is_program(finding)) {
    add(filters.exe, finding.program.exe);
    auto script = glob_of(finding.program.script);
    std::replace(script.begin(), script.end(), '"', '?');  // which would end the text of the expression
    if (!script.empty()) filters.where.push_back(fmt::format("cmdline ~ \"*{}*\"", script));
    return filters;
  }
  if (!finding.paths.empty() && finding.paths.size() == finding.files && finding.files <= kMostNamed) {
    for (const auto& path : finding.paths) add(filters.path, path);
    return filters;
  }
  for (const std::string_view end : {"/**", "/*"}) {
    if (!std::string_view(finding.what).ends_with(end)) continue;
    add(filters.path, std::string_view(finding.what).substr(0, finding.what.size() - end.size()), end);
    return filters;
  }
  add(filters.path, finding.what);
  return filters;
}

Status print_explanation(std::span<const Finding> findings, std::size_t index, const Comparison& comparison,
                         const FoldingSpec& folding, const Session& session) {
  return Explanation(findings, index, comparison, folding, session).print();
}

}  // namespace rfan::replay
