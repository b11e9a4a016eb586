#include "replay/diff/views/sequence_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "replay/events/field_printer.h"
#include "replay/text/json_writer.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

struct Sequence {
  std::vector<std::string> command;
  std::vector<std::uint64_t> steps;
};

// The processes of one run, by actor and folded command line.
using Sequences = std::map<std::pair<std::uint32_t, std::string>, std::vector<Sequence>>;

std::vector<std::string> folded_command(std::string_view cmdline, const NameFolding& folding,
                                        FoldCounts& counts) {
  std::vector<std::string> arguments;
  for (const auto argument : split_arguments(cmdline))
    arguments.push_back(folding.fold_argument(argument, counts));
  return arguments;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Sequences sequences_of(const Comparison& comparison, std::size_t run, const NameFolding& folding) {
  Sequences sequences;
  auto counts = folding.no_counts();
  for (std::size_t i = 0; i < comparison.parts().size(); ++i) {
    const auto& part = comparison.parts()[i];
    if (part.run != run) continue;
    for (const auto& [process, steps] : part.tally->sequences()) {
      Sequence sequence;
      sequence.command = folded_command(part.tally->dictionary().process(process).cmdline, folding, counts);
      for (const auto step : steps) {
        if ((comparison.terms().kinds >> (step & 255U) & 1U) == 0) continue;
        const std::uint64_t path = comparison.path_of(i, static_cast<format::PathId>(step >> 8U));
        const auto folded = path << 8U | (step & 255U);
        if (sequence.steps.empty() || sequence.steps.back() != folded) sequence.steps.push_back(folded);
      }
      const auto actor = comparison.actor_of(i, part.tally->shape_of(process));
      auto& same = sequences[{actor, joined(sequence.command)}];
      same.push_back(std::move(sequence));
    }
  }
  return sequences;
}

// The processes that exact command lines did not pair, in order.
using Leftovers = std::map<std::uint32_t, std::vector<const Sequence*>>;  // by actor

class SequenceComparer {
 public:
  SequenceComparer(const Comparison& comparison, const NameFolding& folding)
      : comparison_(comparison),
        base_(sequences_of(comparison, 0, folding)),
        fresh_(sequences_of(comparison, comparison.base_runs(), folding)) {}

  SequenceView run() {
    Leftovers base_left;
    Leftovers fresh_left;
    for (const auto& [key, sequences] : base_) {
      const auto other = fresh_.find(key);
      if (other == fresh_.end()) {
        for (const auto& sequence : sequences) base_left[key.first].push_back(&sequence);
      } else {
        pair_same_command(key.first, sequences, other->second, base_left[key.first], fresh_left[key.first]);
      }
    }
    for (const auto& [key, sequences] : fresh_) {
      if (base_.contains(key)) continue;
      for (const auto& sequence : sequences) fresh_left[key.first].push_back(&sequence);
    }
    pair_leftovers(base_left, fresh_left);
    std::stable_sort(view_.changes.begin(), view_.changes.end(),
                     [](const auto& a, const auto& b) { return a.processes > b.processes; });
    return std::move(view_);
  }

 private:
  using Pointers = std::vector<const Sequence*>;

  // Pairs processes with equal steps first, since the order of parallel jobs means nothing.
  void pair_same_command(std::uint32_t actor, const std::vector<Sequence>& base,
                         const std::vector<Sequence>& fresh, Pointers& base_left, Pointers& fresh_left) {
    std::multimap<std::vector<std::uint64_t>, std::size_t> twins;
    for (std::size_t i = 0; i < fresh.size(); ++i) twins.emplace(fresh[i].steps, i);
    std::vector<bool> taken(fresh.size(), false);
    Pointers base_rest;
    Pointers fresh_rest;
    for (const auto& sequence : base) {
      const auto twin = twins.find(sequence.steps);
      if (twin == twins.end()) {
        base_rest.push_back(&sequence);
        continue;
      }
      taken[twin->second] = true;
      twins.erase(twin);
      ++view_.alike;
    }
    for (std::size_t i = 0; i < fresh.size(); ++i) {
      if (!taken[i]) fresh_rest.push_back(&fresh[i]);
    }
    const auto pairs = std::min(base_rest.size(), fresh_rest.size());
    for (std::size_t i = 0; i < pairs; ++i) compare(actor, *base_rest[i], *fresh_rest[i]);
    base_left.insert(base_left.end(), base_rest.begin() + static_cast<std::ptrdiff_t>(pairs),
                     base_rest.end());
    fresh_left.insert(fresh_left.end(), fresh_rest.begin() + static_cast<std::ptrdiff_t>(pairs),
                      fresh_rest.end());
  }

  void pair_leftovers(const Leftovers& base, const Leftovers& fresh) {
    for (const auto& [actor, sequences] : base) {
      const auto other = fresh.find(actor);
      const std::size_t pairs = other == fresh.end() ? 0 : std::min(sequences.size(), other->second.size());
      for (std::size_t i = 0; i < pairs; ++i) compare(actor, *sequences[i], *other->second[i]);
      view_.unmatched += sequences.size() - pairs;
    }
    for (const auto& [actor, sequences] : fresh) {
      const auto other = base.find(actor);
      const std::size_t pairs = other == base.end() ? 0 : std::min(sequences.size(), other->second.size());
      view_.unmatched += sequences.size() - pairs;
    }
  }

  void compare(std::uint32_t actor, const Sequence& base, const Sequence& fresh) {
    if (base.steps == fresh.steps) {
      ++view_.alike;
      return;
    }
    auto edits = edit_script(base.steps, fresh.steps, kMostEdits);
    SequenceChange change{
        comparison_.actors()[actor].program().name(), fresh.command, 1, !edits.has_value(), {}};
    if (edits) change.edits = std::move(*edits);
    for (auto& known : view_.changes) {
      const bool same = known.program == change.program && known.too_different == change.too_different &&
                        known.edits == change.edits;
      if (!same) continue;
      ++known.processes;
      return;
    }
    view_.changes.push_back(std::move(change));
  }

  const Comparison& comparison_;
  Sequences base_, fresh_;
  SequenceView view_;
};

char mark_of(Edit::Kind kind) {
  return kind == Edit::Kind::kAdded ? '+' : kind == Edit::Kind::kRemoved ? '-' : '>';
}

std::string_view name_of(Edit::Kind kind) {
  return kind == Edit::Kind::kAdded ? "added" : kind == Edit::Kind::kRemoved ? "removed" : "moved";
}

std::string_view kind_of(std::uint64_t step) {
  return format::event_kind_name(static_cast<format::EventKind>(step & 255U));
}

std::string_view style_of(Edit::Kind kind) {
  return kind == Edit::Kind::kAdded ? "\x1b[31m" : kind == Edit::Kind::kRemoved ? "\x1b[32m" : "\x1b[33m";
}

void print_text(const Comparison& comparison, const SequenceView& view, bool colour, TextBuffer& out) {
  constexpr std::size_t kMaxCommandBytes = 100;
  for (const auto& change : view.changes) {
    auto command = joined(change.command);
    if (command.size() > kMaxCommandBytes) command = command.substr(0, kMaxCommandBytes) + "...";
    out.append(fmt::format("{} ({} process{}): {}\n", escaped(change.program), change.processes,
                           change.processes == 1 ? "" : "es", escaped(command)));
    if (change.too_different) out.append("  more than 1,000 steps differ\n");
    for (const auto& [kind, step] : change.edits) {
      if (colour) out.append(style_of(kind));
      out.append(fmt::format("  {} {:<13} {}", mark_of(kind), kind_of(step),
                             escaped(comparison.paths()[step >> 8U])));
      out.append(colour ? "\x1b[0m\n" : "\n");
    }
  }
}

void print_json(const Comparison& comparison, const SequenceView& view, TextBuffer& out) {
  JsonWriter json(out);
  for (const auto& change : view.changes) {
    json.begin_object();
    json.member_bytes("program", change.program);
    const std::vector<std::string_view> command(change.command.begin(), change.command.end());
    json.member_bytes("command", command);
    json.member("processes", change.processes);
    if (change.too_different) json.member_bool("too_different", true);
    json.key("edits");
    json.begin_array();
    for (const auto& [kind, step] : change.edits) {
      json.begin_object();
      json.member("edit", name_of(kind));
      json.member("kind", kind_of(step));
      json.member_bytes("path", comparison.paths()[step >> 8U]);
      json.end_object();
    }
    json.end_array();
    json.end_object();
    json.end_line();
  }
}

void print_csv(const Comparison& comparison, const SequenceView& view, TextBuffer& out) {
  out.append("program,processes,edit,kind,path\n");
  for (const auto& change : view.changes) {
    for (const auto& [kind, step] : change.edits) {
      out.append(fmt::format("{},{},{},{},{}\n", csv_quoted(change.program), change.processes, name_of(kind),
                             kind_of(step), csv_quoted(comparison.paths()[step >> 8U])));
    }
  }
}

}  // namespace

SequenceView find_sequence_changes(const Comparison& comparison, const NameFolding& folding) {
  return SequenceComparer(comparison, folding).run();
}

void print_sequences(const Comparison& comparison, const SequenceView& view, const DiffLook& look,
                     TextBuffer& out) {
  if (look.format == OutputFormat::kText) return print_text(comparison, view, look.colour, out);
  look.format == OutputFormat::kJson ? print_json(comparison, view, out) : print_csv(comparison, view, out);
}

}  // namespace rfan::replay
