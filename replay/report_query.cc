#include "replay/report_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>

namespace rfan::replay {
namespace {

using format::EventKind;
using format::kFlagHeld;
using format::LatencyHistogram;

struct MeasureSpec {
  std::string_view name;
  format::ColumnSet columns;
};
constexpr format::ColumnSet kReply = format::kColumnReply | format::kColumnFlags;
constexpr format::ColumnSet kWhoWhat = format::kColumnKind | format::kColumnProcess | format::kColumnPath;

// By Measure.
constexpr std::array<MeasureSpec, kMeasureCount> kMeasures = {{{"events", 0},
                                                               {"share", 0},
                                                               {"opens", format::kColumnKind},
                                                               {"reopens", kWhoWhat},
                                                               {"short", kWhoWhat | format::kColumnTime},
                                                               {"files", format::kColumnPath},
                                                               {"first", format::kColumnTime},
                                                               {"last", format::kColumnTime},
                                                               {"rate", format::kColumnTime},
                                                               {"wait", kReply},
                                                               {"p50", kReply},
                                                               {"p90", kReply},
                                                               {"p99", kReply},
                                                               {"max", kReply}}};

bool closes(EventKind kind) {
  return kind == EventKind::kCloseWrite || kind == EventKind::kCloseNowrite;
}

struct Tally {
  std::uint64_t events = 0;
  std::uint64_t opens = 0;
  std::uint64_t first_ns = UINT64_MAX;  // wall-clock
  std::uint64_t last_ns = 0;
  std::uint64_t wait_ns = 0;
};

// A process and a path of one file.
std::uint64_t pair_of(format::ProcessId process, format::PathId path) {
  return std::uint64_t{process} << 32U | path;
}

struct CodePair {
  GroupCode code;
  std::uint64_t pair;
  bool operator==(const CodePair&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const CodePair& value) {
    return H::combine(std::move(state), value.code, value.pair);
  }
};

}  // namespace

std::string_view measure_name(Measure measure) {
  return kMeasures[static_cast<std::size_t>(measure)].name;
}

std::string measure_names() {
  std::string names;
  for (const auto& measure : kMeasures) names.append(names.empty() ? "" : " ").append(measure.name);
  return names;
}

Result<std::vector<Measure>> parse_measures(std::string_view comma_list) {
  std::vector<Measure> measures;
  while (true) {
    const auto comma = comma_list.find(',');
    const auto name = comma_list.substr(0, comma);
    const auto* found = std::find_if(kMeasures.begin(), kMeasures.end(),
                                     [&](const auto& measure) { return measure.name == name; });
    if (found == kMeasures.end()) {
      return Error{"unknown column", std::string(name), 0, "the columns are " + measure_names()};
    }
    measures.push_back(static_cast<Measure>(found - kMeasures.begin()));
    if (comma == comma_list.npos) return measures;
    comma_list.remove_prefix(comma + 1);
  }
}

bool ReportSpec::wants(Measure measure) const {
  return std::find(measures.begin(), measures.end(), measure) != measures.end();
}
bool ReportSpec::wants_latencies() const {
  return wants(Measure::kP50) || wants(Measure::kP90) || wants(Measure::kP99) || wants(Measure::kMax);
}
bool ReportSpec::wants_times() const {
  return wants(Measure::kFirst) || wants(Measure::kLast) || wants(Measure::kRate);
}
format::ColumnSet ReportSpec::columns() const {
  auto columns = grouping.columns();
  for (const auto measure : measures) columns |= kMeasures[static_cast<std::size_t>(measure)].columns;
  // Counting all of them takes no column at all, but a block must be decoded to be counted.
  return columns == 0 ? format::kColumnKind : columns;
}

double ReportRow::rate() const {
  return last_ns <= first_ns ? 0
                             : static_cast<double>(events) * 1e9 / static_cast<double>(last_ns - first_ns);
}

// The opens that wait for their close, by process and path of one file; the last open counts.
class ReportQuery::Pairing {
 public:
  // What a block does to one process and path: the close that comes first, if any, and what is open at the
  // end.
  struct Change {
    std::uint64_t pair;
    std::optional<std::uint64_t> first_close_ns;
    std::optional<Opened> open_at_end;
  };
  struct Changes : Product {
    std::vector<Change> changes;
  };

  explicit Pairing(std::uint64_t short_ns) : short_ns_(short_ns) {}

  void add(std::uint64_t pair, EventKind kind, std::uint64_t time_ns, GroupCode group,
           absl::flat_hash_map<GroupCode, std::uint64_t>& short_opens) {
    const bool close = closes(kind);
    if (!close && kind != EventKind::kOpen) return;
    const auto [entry, added] = states_.try_emplace(pair);
    auto& state = entry->second;
    if (!close) {
      state.open = Opened{time_ns, group};
    } else if (state.open) {
      if (time_ns - state.open->time_ns < short_ns_) ++short_opens[state.open->group];
      state.open.reset();
    } else if (added) {
      state.first_close_ns = time_ns;
    }
  }

  std::unique_ptr<Changes> finish_block() {
    auto changes = std::make_unique<Changes>();
    for (const auto& [pair, state] : states_)
      changes->changes.push_back({pair, state.first_close_ns, state.open});
    states_.clear();
    return changes;
  }

 private:
  struct State {
    std::optional<std::uint64_t> first_close_ns;
    std::optional<Opened> open;
  };
  std::uint64_t short_ns_;
  absl::flat_hash_map<std::uint64_t, State> states_;  // of the block
};

// The counts of one thread over one file.
class ReportQuery::Tallies : public Part {
 public:
  Tallies(const ReportSpec& spec, const ScanFile& file, Grouping& grouping)
      : grouping_(grouping),
        clock_(file.timeline),
        pairing_(spec.short_ns),
        count_only_(!spec.wants(Measure::kOpens) && !spec.wants_times() && !spec.wants(Measure::kWait)),
        opens_(spec.wants(Measure::kOpens)),
        reopens_(spec.wants(Measure::kReopens)),
        short_(spec.wants(Measure::kShort)),
        files_(spec.wants(Measure::kFiles)),
        times_(spec.wants_times()),
        wait_(spec.wants(Measure::kWait)),
        latencies_(spec.wants_latencies()) {}

  void add(const Batch& batch) override {
    grouping_.extend();
    make_room();
    if (count_only_) {
      count(batch);
    } else {
      batch.for_each_row([&](std::uint32_t row) { tally(batch.events, row); });
    }
    if (reopens_ || files_ || short_ || latencies_) {
      batch.for_each_row([&](std::uint32_t row) { collect(batch.events, row); });
    }
  }

  bool add_statistics(const format::BlockStatistics& statistics) override {
    if (!counts_events()) return false;
    if (grouping_.by_process() || grouping_.by_path()) return false;
    make_room();
    if (!grouping_.by_kind()) return add_events(0, statistics.totals.events), true;
    for (std::size_t kind = 0; kind < statistics.totals.by_kind.size(); ++kind) {
      if (statistics.totals.by_kind[kind] != 0) add_events(kind, statistics.totals.by_kind[kind]);
    }
    return true;
  }

  bool add_process_counts(std::span<const ProcessCount> counts) override {
    if (!counts_events()) return false;
    if (grouping_.by_path() || grouping_.by_kind()) return false;
    grouping_.extend();
    make_room();
    const auto& classes = grouping_.process_classes();
    for (const auto& [process, events] : counts) {
      add_events(grouping_.by_process() ? Grouping::process_code(classes[process]) : 0, events);
    }
    return true;
  }

  std::span<std::uint32_t> path_counters(std::uint64_t events) override {
    if (!counts_events() || grouping_.by_process() || grouping_.by_kind()) return {};
    grouping_.extend();
    make_room();
    expect_ids(events);
    path_counts_.resize(grouping_.path_classes().size());
    return path_counts_;
  }

  bool add_marked(const Marked& marked) override {
    if (!counts_events() || grouping_.by_process() || grouping_.by_path() || !grouping_.by_kind())
      return false;
    std::array<std::uint64_t, format::kEventKindLimit> by_kind{};
    auto left = marked.count;
    for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
      if (marked.statistics.totals.by_kind[kind] == 0) continue;
      left -= by_kind[kind] = count_of_kind(marked, static_cast<EventKind>(kind));
    }
    if (left != 0) return false;  // the statistics know less than the columns
    make_room();
    for (std::size_t kind = 0; kind < by_kind.size(); ++kind) {
      if (by_kind[kind] != 0) add_events(kind, by_kind[kind]);
    }
    return true;
  }

  std::unique_ptr<Product> product() override {
    return short_ ? std::unique_ptr<Product>(pairing_.finish_block()) : nullptr;
  }

  std::size_t group_count() {
    collect_ids();
    const auto has_events = [](const Tally& tally) { return tally.events != 0; };
    return tallies_.size() +
           static_cast<std::size_t>(std::count_if(dense_.begin(), dense_.end(), has_events)) +
           dense_counts_.size() -
           static_cast<std::size_t>(std::count(dense_counts_.begin(), dense_counts_.end(), 0U));
  }

  // Calls visit(code, tally) for every group that has events.
  template <typename Visit>
  void for_each_group(Visit visit) {
    collect_ids();
    const auto code_at = [&](std::size_t i) { return GroupCode{i} << grouping_.dense_shift(); };
    for (std::size_t i = 0; i < dense_counts_.size(); ++i) {
      if (dense_counts_[i] != 0) visit(code_at(i), Tally{dense_counts_[i]});
    }
    for (std::size_t i = 0; i < dense_.size(); ++i) {
      if (dense_[i].events != 0) visit(code_at(i), dense_[i]);
    }
    for (const auto& [code, tally] : tallies_) visit(code, tally);
  }

  absl::flat_hash_map<CodePair, std::uint64_t> opens_of_pairs;  // group; process and path
  absl::flat_hash_set<CodePair> paths_of_groups;                // group; path
  absl::flat_hash_map<std::uint64_t, std::uint64_t> buckets;    // group << 8 | bucket of LatencyHistogram
  absl::flat_hash_map<GroupCode, std::uint64_t> short_opens;

 private:
  void count(const Batch& batch) {
    const bool process = grouping_.by_process();
    const bool path = grouping_.by_path();
    if (grouping_.by_kind() && !process && !path) return count_kinds(batch);
    if (grouping_.by_kind() || (process && path)) {
      return batch.for_each_row(
          [&](std::uint32_t row) { add_events(grouping_.code_of(batch.events, row), 1); });
    }
    if (process) return count_ids(batch, batch.events.process, grouping_.process_classes().size());
    if (path) return count_ids(batch, batch.events.path, grouping_.path_classes().size());
    add_events(0, batch.selection.count);
  }

  // Nothing but events is counted.
  bool counts_events() const { return count_only_ && !reopens_ && !files_ && !short_ && !latencies_; }

  // In parts whose counts fit into a byte, so that the compiler counts sixteen events at a time.
  static std::uint64_t count_of_kind(const Marked& marked, EventKind kind) {
    constexpr std::size_t kPart = 240;
    const auto* const kinds = marked.events.kind.data();
    const auto* const marks = marked.marks.data();
    std::uint64_t count = 0;
    std::size_t i = 0;
    for (; i + kPart <= marked.marks.size(); i += kPart) {
      std::uint8_t in_part = 0;
      for (std::size_t j = i; j < i + kPart; ++j)
        in_part =
            static_cast<std::uint8_t>(in_part + (marks[j] & static_cast<std::uint8_t>(kinds[j] == kind)));
      count += in_part;
    }
    for (; i < marked.marks.size(); ++i) count += marks[i] & static_cast<std::uint8_t>(kinds[i] == kind);
    return count;
  }

  void count_kinds(const Batch& batch) {
    std::array<std::array<std::uint32_t, format::kEventKindLimit>, 2> by_kind{};
    std::size_t turn = 0;  // as in count_ids()
    batch.for_each_row(
        [&](std::uint32_t row) { ++by_kind[turn++ & 1U][static_cast<std::size_t>(batch.events.kind[row])]; });
    for (std::size_t kind = 0; kind < format::kEventKindLimit; ++kind) {
      const auto events = std::uint64_t{by_kind[0][kind]} + by_kind[1][kind];
      if (events != 0) add_events(kind, events);
    }
  }

  // One increment an event, by dictionary id; ids become groups in the end. Events of one process or path
  // come in runs: two counters in turn keep an increment from waiting for the one before it.
  void count_ids(const Batch& batch, const std::vector<std::uint32_t>& ids, std::size_t dictionary_size) {
    expect_ids(batch.selection.count);
    by_id_.resize(2 * dictionary_size);
    auto* const by_id = by_id_.data();
    std::size_t turn = 0;
    batch.for_each_row([&](std::uint32_t row) { ++by_id[2 * std::size_t{ids[row]} + (turn++ & 1U)]; });
  }

  // Keeps counters by id from running over.
  void expect_ids(std::uint64_t events) {
    constexpr std::uint64_t kMaxUncollected = 1U << 31U;  // well below what a counter holds
    uncollected_ += events;
    if (uncollected_ > kMaxUncollected) collect_ids(), uncollected_ = events;
  }

  void collect_ids() {
    for (std::size_t id = 0; id < path_counts_.size(); ++id) {
      const auto events = std::exchange(path_counts_[id], 0U);
      if (events != 0) add_events(Grouping::path_code(grouping_.path_classes()[id]), events);
    }
    const bool process = grouping_.by_process();
    const auto& classes = process ? grouping_.process_classes() : grouping_.path_classes();
    for (std::size_t id = 0; 2 * id < by_id_.size(); ++id) {
      const auto events = std::uint64_t{by_id_[2 * id]} + by_id_[2 * id + 1];
      if (events == 0) continue;
      by_id_[2 * id] = by_id_[2 * id + 1] = 0;
      add_events(process ? Grouping::process_code(classes[id]) : Grouping::path_code(classes[id]), events);
    }
  }

  void make_room() {
    if (!grouping_.dense()) return;
    if (count_only_) {
      dense_counts_.resize(grouping_.dense_count());
    } else {
      dense_.resize(grouping_.dense_count());
    }
  }

  // All that there is to do where only events are counted.
  void add_events(GroupCode code, std::uint64_t events) {
    if (grouping_.dense()) {
      dense_counts_[grouping_.dense_index(code)] += events;
    } else {
      slot(code).events += events;
    }
  }

  Tally& slot(GroupCode code) {
    if (!dense_.empty()) return dense_[grouping_.dense_index(code)];
    if (code != last_code_ || last_ == nullptr) {
      last_ = &tallies_[code];
      last_code_ = code;
    }
    return *last_;
  }

  void tally(const format::EventColumns& events, std::uint32_t row) {
    auto& tally = slot(grouping_.code_of(events, row));
    ++tally.events;
    if (opens_) tally.opens += events.kind[row] == EventKind::kOpen;
    if (wait_) tally.wait_ns += events.reply_ns[row];
    if (!times_) return;
    const auto time_ns = clock_.realtime_ns(events.time_ns[row]);
    tally.first_ns = std::min(tally.first_ns, time_ns);
    tally.last_ns = std::max(tally.last_ns, time_ns);
  }

  void collect(const format::EventColumns& events, std::uint32_t row) {
    const auto code = grouping_.code_of(events, row);
    if (files_ && events.path[row] != 0) paths_of_groups.insert({code, events.path[row]});
    if (latencies_ && (events.flags[row] & kFlagHeld)) {
      ++buckets[code << 8U | LatencyHistogram::bucket_of(events.reply_ns[row])];
    }
    if (!reopens_ && !short_) return;
    if (events.process[row] == 0 || events.path[row] == 0) return;
    const auto pair = pair_of(events.process[row], events.path[row]);
    if (reopens_ && events.kind[row] == EventKind::kOpen) ++opens_of_pairs[{code, pair}];
    if (short_) pairing_.add(pair, events.kind[row], events.time_ns[row], code, short_opens);
  }

  Grouping& grouping_;
  WallClock clock_;
  Pairing pairing_;
  const bool count_only_, opens_, reopens_, short_, files_, times_, wait_, latencies_;
  std::vector<std::uint32_t> by_id_;  // two counters for each id of the one dictionary that is asked for
  std::vector<std::uint32_t> path_counts_;         // by path id, where the decoder counts
  std::uint64_t uncollected_ = 0;                  // in both
  std::vector<std::uint64_t> dense_counts_;        // where Grouping::dense() and only events are counted
  std::vector<Tally> dense_;                       // where Grouping::dense()
  absl::flat_hash_map<GroupCode, Tally> tallies_;  // elsewhere
  GroupCode last_code_ = 0;
  Tally* last_ = nullptr;
};

// What belongs to the file that is being scanned: ids mean nothing in another.
struct ReportQuery::FileState {
  FileState(const ReportSpec& spec, const ScanFile& scanned)
      : file(scanned), grouping(spec.grouping, scanned) {}
  const ScanFile& file;
  Grouping grouping;
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  std::vector<std::uint32_t> dense_rows;               // where Grouping::dense(); kNoRow: not yet
  absl::flat_hash_map<GroupCode, std::uint32_t> rows;  // elsewhere
  absl::flat_hash_map<format::PathId, std::uint32_t> paths;
  absl::flat_hash_map<format::ProcessId, std::uint32_t> processes;
  absl::flat_hash_map<std::uint64_t, Opened> open;  // by process and path
  std::string labels;                               // scratch
};

ReportQuery::ReportQuery(const ReportSpec& spec) : spec_(spec) {}
ReportQuery::~ReportQuery() = default;

void ReportQuery::begin(const ScanFile& file) {
  state_ = std::make_unique<FileState>(spec_, file);
  scale_.add(file.timeline);
  if (++files_begun_ != 2) return;
  for (std::size_t i = 0; i < rows_.size(); ++i)
    row_by_labels_[rows_[i].labels] = static_cast<std::uint32_t>(i);
}

std::unique_ptr<Part> ReportQuery::make_part(const ScanFile& file) {
  return std::make_unique<Tallies>(spec_, file, state_->grouping);
}

std::uint32_t ReportQuery::row_of(FileState& state, GroupCode code) {
  const auto& grouping = state.grouping;
  if (grouping.dense() && state.dense_rows.size() < grouping.dense_count()) {
    state.dense_rows.resize(grouping.dense_count(), FileState::kNoRow);
  }
  auto& row = grouping.dense() ? state.dense_rows[grouping.dense_index(code)]
                               : state.rows.try_emplace(code, FileState::kNoRow).first->second;
  if (row != FileState::kNoRow) return row;
  state.labels.clear();
  grouping.append_labels(code, state.labels);
  row = static_cast<std::uint32_t>(rows_.size());
  // Within one file no two groups have the same labels.
  if (files_begun_ > 1) {
    const auto known = row_by_labels_.find(state.labels);
    if (known != row_by_labels_.end()) return row = known->second;
  }
  rows_.emplace_back().labels = keep(state.labels);
  if (files_begun_ > 1) row_by_labels_.emplace(rows_.back().labels, row);
  return row;
}

std::string_view ReportQuery::keep(std::string_view labels) {
  auto* const bytes = static_cast<char*>(label_bytes_.allocate(labels.size(), 1));
  std::copy(labels.begin(), labels.end(), bytes);
  return {bytes, labels.size()};
}

std::uint32_t ReportQuery::global_path(FileState& state, format::PathId id) {
  const auto [entry, added] = state.paths.try_emplace(id);
  if (added) {
    const auto next = static_cast<std::uint32_t>(path_numbers_.size());
    entry->second =
        path_numbers_.try_emplace(std::string(state.file.dictionary.path(id)), next).first->second;
  }
  return entry->second;
}

std::uint32_t ReportQuery::global_process(FileState& state, format::ProcessId id) {
  const auto [entry, added] = state.processes.try_emplace(id);
  if (added) {
    const auto& process = state.file.dictionary.process(id);
    const auto next = static_cast<std::uint32_t>(process_numbers_.size());
    auto identity = fmt::format("{} {}", process.pid, process.start_time_ns);
    entry->second = process_numbers_.try_emplace(std::move(identity), next).first->second;
  }
  return entry->second;
}

void ReportQuery::take(const ScanFile&, Part& part) {
  auto& state = *state_;
  auto& tallies = static_cast<Tallies&>(part);
  if (rows_.empty()) rows_.reserve(tallies.group_count());
  tallies.for_each_group([&](GroupCode code, const Tally& tally) {
    auto& row = rows_[row_of(state, code)];
    row.events += tally.events;
    row.opens += tally.opens;
    row.wait_ns += tally.wait_ns;
    row.first_ns = std::min(row.first_ns, tally.first_ns);
    row.last_ns = std::max(row.last_ns, tally.last_ns);
  });
  for (const auto& [key, opens] : tallies.opens_of_pairs) {
    const auto process = global_process(state, static_cast<format::ProcessId>(key.pair >> 32U));
    const auto path = global_path(state, static_cast<format::PathId>(key.pair));
    opens_by_file_[{row_of(state, key.code), process, path}] += opens;
  }
  for (const auto& [code, path] : tallies.paths_of_groups) {
    files_.insert({row_of(state, code), 0, global_path(state, static_cast<format::PathId>(path))});
  }
  for (const auto& [key, count] : tallies.buckets) {
    auto& row = rows_[row_of(state, key >> 8U)];
    if (!row.latencies) row.latencies = std::make_unique<LatencyHistogram>();
    row.latencies->add_bucket(key & 255U, count);
  }
  for (const auto& [code, count] : tallies.short_opens) rows_[row_of(state, code)].short_opens += count;
}

void ReportQuery::take_product(const ScanFile&, Product& product) {
  auto& state = *state_;
  for (const auto& change : static_cast<Pairing::Changes&>(product).changes) {
    const auto open = state.open.find(change.pair);
    if (open != state.open.end() && change.first_close_ns &&
        *change.first_close_ns - open->second.time_ns < spec_.short_ns) {
      ++rows_[row_of(state, open->second.group)].short_opens;
    }
    if (change.open_at_end) {
      state.open.insert_or_assign(change.pair, *change.open_at_end);
    } else if (open != state.open.end()) {
      state.open.erase(open);
    }
  }
}

std::vector<ReportRow> ReportQuery::rows() {
  for (const auto& [key, opens] : opens_by_file_) rows_[key.row].reopens += opens - 1;
  for (const auto& key : files_) ++rows_[key.row].files;
  return std::move(rows_);
}

}  // namespace rfan::replay
