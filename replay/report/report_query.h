// Combines a report from blocks, threads and files.
#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>

#include <cstdint>
#include <memory>
#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "format/model/latency_histogram.h"
#include "replay/query/query.h"
#include "replay/report/grouping.h"
#include "replay/report/open_pairing.h"
#include "replay/report/report_spec.h"
#include "replay/trace/time_format.h"

namespace rfan::replay {

// One group, over all files.
struct ReportRow {
  std::string_view labels;  // from Grouping::append_labels(); valid while the ReportQuery lives
  std::uint64_t events = 0;
  std::uint64_t opens = 0;
  std::uint64_t reopens = 0;
  std::uint64_t short_opens = 0;
  std::uint64_t files = 0;
  Moment first{UINT64_MAX, 0};
  Moment last;
  std::uint64_t wait_ns = 0;
  std::unique_ptr<format::LatencyHistogram> latencies;  // null: none, or not requested

  double rate() const;  // 0 if first and last are the same moment
  std::uint32_t quantile_ns(double fraction) const {
    return latencies ? latencies->quantile_ns(fraction) : 0;
  }
};

// Combines all files into one row for each group. A process is identified by pid and start time across files.
// Does not pair an open and its close in two different files. Counts without pairing do not depend on the
// order of blocks. Memory grows with distinct groups, and for reopens and files with distinct pairs of group
// and file.
class ReportQuery : public Query {
 public:
  explicit ReportQuery(const ReportSpec& spec);
  ~ReportQuery() override;

  format::ColumnSet columns() const override { return spec_.columns(); }
  NameUse name_use() const override { return NameUse::kAllWithoutCommandLines; }
  bool ordered() const override { return spec_.wants(Measure::kShort); }
  void begin(const ScanFile& file) override;
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override;
  void combine(const ScanFile& file, Sink& sink) override;
  void consume(const ScanFile& file, BlockOutput& output) override;

  // Returns all groups in no order and empties the query.
  std::vector<ReportRow> rows();
  const MomentScale& scale() const { return scale_; }

 private:
  struct FileState;
  struct Triple {
    std::uint32_t row, process, path;
    bool operator==(const Triple&) const = default;
    template <typename H>
    friend H AbslHashValue(H state, const Triple& triple) {
      return H::combine(std::move(state), triple.row, triple.process, triple.path);
    }
  };

  std::uint32_t row_of(FileState& state, GroupCode code);
  std::string_view keep(std::string_view labels);
  std::uint32_t global_path(FileState& state, format::PathId id);
  std::uint32_t global_process(FileState& state, format::ProcessId id);

  const ReportSpec& spec_;
  std::unique_ptr<FileState> state_;  // of the present file
  std::vector<ReportRow> rows_;
  std::pmr::monotonic_buffer_resource label_bytes_;
  absl::flat_hash_map<std::string_view, std::uint32_t> row_by_labels_;  // from the second file on
  absl::flat_hash_map<std::string, std::uint32_t> path_numbers_;
  absl::flat_hash_map<std::string, std::uint32_t> process_numbers_;
  absl::flat_hash_map<Triple, std::uint64_t> opens_by_file_;  // row, process, path
  absl::flat_hash_set<Triple> files_;                         // row, 0, path
  MomentScale scale_;
  std::size_t files_begun_ = 0;
};

}  // namespace rfan::replay
