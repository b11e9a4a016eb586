#include "replay/report/report_query.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "replay/report/report_sink.h"

namespace rfan::replay {

using format::LatencyHistogram;

double ReportRow::rate() const {
  if (!(first < last)) return 0;
  return static_cast<double>(events) * 1e9 / static_cast<double>(last.steady_ns - first.steady_ns);
}

// The state of the present file. Its ids mean nothing in another file.
struct ReportQuery::FileState {
  FileState(const ReportSpec& spec, const ScanFile& scanned)
      : file(scanned), grouping(spec.grouping, scanned) {}
  const ScanFile& file;
  Grouping grouping;
  static constexpr std::uint32_t kNoRow = UINT32_MAX;
  std::vector<std::uint32_t> dense_rows;               // if Grouping::dense(); kNoRow: no row yet
  absl::flat_hash_map<GroupCode, std::uint32_t> rows;  // if not Grouping::dense()
  absl::flat_hash_map<format::PathId, std::uint32_t> paths;
  absl::flat_hash_map<format::ProcessId, std::uint32_t> processes;
  absl::flat_hash_map<std::uint64_t, Opened> open;  // by process and path
  std::string labels;                               // scratch
};

ReportQuery::ReportQuery(const ReportSpec& spec) : spec_(spec) {}
ReportQuery::~ReportQuery() = default;

void ReportQuery::begin(const ScanFile& file) {
  state_ = std::make_unique<FileState>(spec_, file);
  if (++files_begun_ != 2) return;
  for (std::size_t i = 0; i < rows_.size(); ++i)
    row_by_labels_[rows_[i].labels] = static_cast<std::uint32_t>(i);
}

std::unique_ptr<Sink> ReportQuery::make_sink(const ScanFile&) {
  return std::make_unique<ReportSink>(spec_, state_->grouping);
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
  // Two groups of one file never have the same labels.
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

void ReportQuery::combine(const ScanFile& file, Sink& sink) {
  scale_.add(file.timeline);
  auto& state = *state_;
  auto& counted = static_cast<ReportSink&>(sink);
  if (rows_.empty()) rows_.reserve(counted.group_count());
  counted.for_each_group([&](GroupCode code, const Tally& tally) {
    auto& row = rows_[row_of(state, code)];
    row.events += tally.events;
    row.opens += tally.opens;
    row.wait_ns += tally.wait_ns;
    if (!spec_.wants_times()) return;
    row.first = std::min(row.first, file.timeline.moment(tally.first_ns));
    row.last = std::max(row.last, file.timeline.moment(tally.last_ns));
  });
  const auto& details = counted.details();
  for (const auto& [key, opens] : details.opens_of_pairs) {
    const auto process = global_process(state, static_cast<format::ProcessId>(key.pair >> 32U));
    const auto path = global_path(state, static_cast<format::PathId>(key.pair));
    opens_by_file_[{row_of(state, key.code), process, path}] += opens;
  }
  for (const auto& [code, path] : details.paths_of_groups) {
    files_.insert({row_of(state, code), 0, global_path(state, static_cast<format::PathId>(path))});
  }
  for (const auto& [key, count] : details.buckets) {
    auto& row = rows_[row_of(state, key >> 8U)];
    if (!row.latencies) row.latencies = std::make_unique<LatencyHistogram>();
    row.latencies->add_bucket(key & 255U, count);
  }
  for (const auto& [code, count] : details.short_opens) rows_[row_of(state, code)].short_opens += count;
}

void ReportQuery::consume(const ScanFile&, BlockOutput& output) {
  auto& state = *state_;
  for (const auto& change : static_cast<OpenPairing::Changes&>(output).changes) {
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
