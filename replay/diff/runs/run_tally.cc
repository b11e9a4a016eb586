#include "replay/diff/runs/run_tally.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "format/base/escape.h"
#include "format/base/limits.h"
#include "format/trace/trace_reader.h"

namespace rfan::replay {

namespace {

using format::EventKind;

constexpr std::uint8_t kCreated = 1;
constexpr std::uint8_t kGone = 2;
// A run is cut into this many slices with equally many events. A trace without a footer has slices of a fixed
// size, since its length is not known in advance.
constexpr std::uint64_t kSlices = 32;
constexpr std::uint64_t kDefaultSliceEvents = 4096;

std::uint64_t cell_key(std::uint32_t shape, format::PathId path, EventKind kind) {
  static_assert(format::kMaxPaths < (1U << 25) && format::kEventKindLimit <= 16);
  return static_cast<std::uint64_t>(shape) << 29U | static_cast<std::uint64_t>(path) << 4U |
         static_cast<std::uint64_t>(kind);
}

bool is_close(EventKind kind) {
  return kind == EventKind::kCloseNowrite || kind == EventKind::kCloseWrite;
}

}  // namespace

// The time at which each process or one of its descendants was last active.
class ActivityClock {
 public:
  void extend(std::size_t processes) { last_ns_.resize(std::max(last_ns_.size(), processes)); }

  // Returns the time since the last activity of `process` before an event at `time_ns`; nothing for its first
  // event.
  std::optional<std::uint64_t> arrive(format::ProcessId process, std::uint64_t time_ns,
                                      const format::Dictionary& dictionary) {
    if (process != current_) tell_ancestors(dictionary);
    current_ = process;
    const auto before = std::exchange(last_ns_[process], time_ns);
    if (before == 0 || process == 0) return {};
    return time_ns - std::min(before, time_ns);
  }

  // Forgets all activity because events were skipped. The next event of each process then has no time before
  // it.
  void forget() {
    std::fill(last_ns_.begin(), last_ns_.end(), 0);
    current_ = 0;
  }

 private:
  // No process waits for a descendant this far away. Processes that fork and exit again and again make chains
  // of any length.
  static constexpr int kToldAncestors = 64;

  // Passes the last activity on to the ancestors. Runs once for consecutive events of one process, since it
  // takes a step for each ancestor. An ancestor without events of its own still has no time before its first
  // event.
  void tell_ancestors(const format::Dictionary& dictionary) {
    const auto time_ns = last_ns_[current_];
    auto id = current_;
    for (int told = 0; id != 0 && told < kToldAncestors; ++told) {
      const auto parent = dictionary.process(id).parent;
      if (parent >= id) break;
      if (last_ns_[parent] != 0) last_ns_[parent] = time_ns;
      id = parent;
    }
  }

  std::vector<std::uint64_t> last_ns_;  // by ProcessId
  format::ProcessId current_ = 0;
};

// Fills a RunTally, block after block.
class TallyReader {
 public:
  TallyReader(RunTally& run, const TallyOptions& options)
      : run_(run), filter_(options.filter), options_(options), timeline_(run.reader_->clocks()) {
    if (options.recording) {
      timeline_.begin_at(options.recording->start);
      timeline_.set_extent(options.recording->first_event_ns, options.recording->last_event_ns);
    }
    const auto footer = run.reader_->footer();
    if (footer) slice_events_ = std::max<std::uint64_t>(1, footer->totals.events / kSlices);
  }

  Status read_all() {
    while (true) {
      auto block = run_.reader_->next_block();
      if (!block) return block.error();
      if (!*block) return {};
      take(**block);
    }
  }

  // Returns the losses that may affect the answer, and makes a note for each cause.
  std::vector<format::Loss> concerned(std::span<const format::Loss> losses, const NoteSink& note) {
    for (const auto& doubt : filter_.time_doubts(timeline_)) note(doubt);
    auto concerned = filter_.losses_in_time(losses, timeline_);
    TimeFormat time(timeline_, options_.time_style);
    for (const auto& sum : sum_losses(concerned)) note(loss_note(sum, time));
    return concerned;
  }

 private:
  void take(const format::EncodedBlock& block) {
    timeline_.refresh(block.statistics.totals.first_ns);
    filter_.extend(run_.dictionary());
    if (filter_.judge(block.statistics, timeline_) == Share::kNone) return activity_.forget();
    if (!run_.reader_->decode(block, format::kAllColumns, events_)) return activity_.forget();
    run_.shapes_->extend();
    const std::size_t processes = run_.dictionary().process_count() + 1;
    activity_.extend(processes);
    seen_.resize(processes);
    run_.fate_.resize(run_.dictionary().path_count() + 1);
    filter_.select(events_, timeline_, selection_);
    std::size_t next = 0;
    for (std::size_t i = 0; i < events_.count; ++i) {
      const auto waited = activity_.arrive(events_.process[i], events_.time_ns[i], run_.dictionary());
      if (!selection_.all && (next == selection_.rows.size() || selection_.rows[next] != i)) continue;
      ++next;
      count(i, waited);
    }
  }

  void count(std::size_t i, std::optional<std::uint64_t> waited) {
    const auto process = events_.process[i];
    const auto kind = events_.kind[i];
    const auto shape = run_.shapes_->shape_of(process);
    const auto path = events_.path2[i] != 0 ? events_.path2[i] : events_.path[i];
    const auto [entry, added] =
        index_.try_emplace(cell_key(shape, path, kind), static_cast<std::uint32_t>(run_.cells_.size()));
    if (added) run_.cells_.push_back({shape, path, kind});
    auto& cell = run_.cells_[entry->second];
    ++cell.events;
    if (is_close(kind) && !added && cell.last_process == process) {
      ++cell.repeats;
    } else {
      cell.even_events += run_.events_ / slice_events_ % 2 == 0;
    }
    cell.last_process = process;
    if (waited) add_wait(cell, *waited);
    if (options_.replies && (events_.flags[i] & format::kFlagHeld)) {
      ++run_.replies_[static_cast<std::uint64_t>(entry->second) << 8U |
                      format::LatencyHistogram::bucket_of(events_.reply_ns[i])];
    }
    note_execution(process, shape);
    note_fate(i, process, kind);
    if (options_.sequences)
      add_step(process, static_cast<std::uint64_t>(path) << 8U | static_cast<std::uint8_t>(kind));
    if (run_.events_++ == 0) run_.first_ns_ = events_.time_ns[i];
    run_.last_ns_ = events_.time_ns[i];
  }

  static void add_wait(TallyCell& cell, std::uint64_t ns) {
    const auto log2 = std::log2(static_cast<float>(ns) + 1.0F);
    ++cell.waits;
    cell.waited_ns += ns;
    cell.waited_log2 += log2;
    cell.waited_log2_squares += log2 * log2;
  }

  void note_execution(format::ProcessId process, std::uint32_t shape) {
    if (seen_[process]) return;
    seen_[process] = true;
    if (run_.executions_.size() <= shape) run_.executions_.resize(shape + 1);
    run_.executions_[shape] += executed(process);
  }

  // Returns false for a fork that runs on in the program of its parent. The parent of an image that a process
  // executed is the image before it, of the same pid (model/event.h).
  bool executed(format::ProcessId process) const {
    const auto& own = run_.dictionary().process(process);
    const auto& parent = run_.dictionary().process(own.parent);
    return own.parent == 0 || own.pid == parent.pid || own.exe != parent.exe;
  }

  void note_fate(std::size_t i, format::ProcessId process, EventKind kind) {
    const auto path = events_.path[i];
    if (kind == EventKind::kDelete || kind == EventKind::kRename) run_.fate_[path] |= kGone;
    if (kind != EventKind::kCreate) return;
    run_.fate_[path] |= kCreated;
    auto& pids = run_.creators_[path];
    const auto& creator = run_.dictionary().process(process);
    for (const auto pid : {creator.pid, creator.ppid}) {
      if (pid > 1 && std::find(pids.begin(), pids.end(), pid) == pids.end()) pids.push_back(pid);
    }
  }

  void add_step(format::ProcessId process, std::uint64_t step) {
    const auto [entry, added] =
        steps_.try_emplace(process, static_cast<std::uint32_t>(run_.sequences_.size()));
    if (added) run_.sequences_.push_back({process, {}});
    auto& steps = run_.sequences_[entry->second].steps;
    if (steps.empty() || steps.back() != step) steps.push_back(step);
  }

  RunTally& run_;
  Filter filter_;
  TallyOptions options_;
  Timeline timeline_;
  ActivityClock activity_;
  std::uint64_t slice_events_ = kDefaultSliceEvents;
  absl::flat_hash_map<std::uint64_t, std::uint32_t> index_;  // cell_key() to cell
  absl::flat_hash_map<format::ProcessId, std::uint32_t> steps_;
  std::vector<bool> seen_;  // by ProcessId
  format::EventColumns events_;
  Selection selection_;
};

bool RunTally::is_temporary(format::PathId path) const {
  return path < fate_.size() && fate_[path] == (kCreated | kGone);
}

std::span<const std::uint32_t> RunTally::creators(format::PathId path) const {
  const auto creators = creators_.find(path);
  return creators == creators_.end() ? std::span<const std::uint32_t>() : creators->second;
}

Result<std::unique_ptr<RunTally>> RunTally::read(std::unique_ptr<format::ByteSource> source,
                                                 const NameFolding& folding, const TallyOptions& options,
                                                 const NoteSink& note) {
  std::unique_ptr<RunTally> run(new RunTally);
  run->name_ = source->name();
  const NoteSink named = [&](std::string_view text) { note(escaped(run->name_) + ": " + std::string(text)); };
  auto reader = format::TraceReader::open(std::move(source), damage_notes(named));
  if (!reader) return reader.error();
  run->reader_ = std::move(reader).value();
  run->shapes_ = std::make_unique<ShapeTable>(run->dictionary(), folding);
  TallyReader tally(*run, options);
  if (auto status = tally.read_all(); !status) return status.error();
  run->executions_.resize(run->shapes().size());
  run->cells_.shrink_to_fit();
  const auto summary = run->reader_->footer();
  run->losses_ = tally.concerned(summary ? summary->losses : run->reader_->losses(), named);
  if (!run->reader_->complete()) named(unfinished_note());
  run->partial_ = !run->losses_.empty() || !run->reader_->complete() || run->reader_->damage_count() != 0;
  return run;
}

}  // namespace rfan::replay
