#include "replay/copy/trace_copy.h"

#include <fmt/format.h>

namespace rfan::replay {
namespace {

Error full() {
  return {"the names do not fit into one trace", {}, 0, "cut a shorter time, or use more filters"};
}

Error disordered() {
  return {"the times of the trace run backwards", {}, 0, "rfanreplay verify says where"};
}

}  // namespace

Status TraceCopy::begin(const format::Dictionary& dictionary, CopiedIds ids) {
  dictionary_ = &dictionary;
  ids_ = ids;
  paths_.assign(std::size_t{dictionary.path_count()} + 1, 0);
  processes_.assign(std::size_t{dictionary.process_count()} + 1, 0);
  return ids == CopiedIds::kKept ? keep_names() : Status();
}

std::string TraceCopy::path_text(format::PathId id) const {
  const auto path = dictionary_->path(id);
  return redaction_ != nullptr ? redaction_->path(path) : std::string(path);
}

Status TraceCopy::keep_names() {
  for (format::PathId id = 1; id <= dictionary_->path_count(); ++id) {
    if (writer_.add_path(path_text(id)) != id) return full();
  }
  for (format::ProcessId id = 1; id <= dictionary_->process_count(); ++id) {
    auto process = dictionary_->process(id).copy();
    if (redaction_ != nullptr) redaction_->apply(process);
    if (process.parent >= id) process.parent = 0;
    if (writer_.add_process(process) != id) return full();
  }
  return {};
}

Status TraceCopy::add_all_names() {
  for (format::PathId id = 1; id <= dictionary_->path_count(); ++id) {
    if (!dictionary_->knows_path(id)) continue;
    if (auto added = path(id); !added) return added.error();
  }
  for (format::ProcessId id = 1; id <= dictionary_->process_count(); ++id) {
    if (!dictionary_->knows_process(id)) continue;
    if (auto added = process(id); !added) return added.error();
  }
  return {};
}

Result<format::PathId> TraceCopy::path(format::PathId id) {
  if (id == 0 || paths_[id] != 0) return paths_[id];
  paths_[id] = writer_.intern_path(path_text(id));
  if (paths_[id] == 0) return full();
  return paths_[id];
}

// Returns all members of a process except the ids, which mean nothing in another file.
std::string TraceCopy::identity(const format::ProcessEntry& process) const {
  auto text = fmt::format("{} {} {} {} {} {}", process.pid, process.ppid, process.uid, process.gid,
                          process.start_time_ns, process.flags);
  for (const std::string_view part :
       {dictionary_->path(process.exe), process.comm, process.cgroup, process.cmdline}) {
    text += fmt::format(" {}:", part.size());
    text += part;
  }
  return text;
}

format::ProcessId TraceCopy::known_process(format::ProcessId id) const {
  if (id == 0 || id >= processes_.size() || processes_[id] != 0)
    return id < processes_.size() ? processes_[id] : 0;
  const auto found = by_identity_.find(identity(dictionary_->process(id)));
  return found == by_identity_.end() ? 0 : found->second;
}

Result<format::ProcessId> TraceCopy::process(format::ProcessId id) {
  if (id == 0) return id;
  if (const auto known = known_process(id); known != 0) return processes_[id] = known;
  auto process = dictionary_->process(id).copy();
  auto key = identity(dictionary_->process(id));
  auto exe = path(process.exe);
  if (!exe) return exe.error();
  process.exe = *exe;
  process.parent = known_process(process.parent);
  if (redaction_ != nullptr) redaction_->apply(process);
  processes_[id] = writer_.add_process(process);
  if (processes_[id] == 0) return full();
  by_identity_.emplace(std::move(key), processes_[id]);
  return processes_[id];
}

format::ClockSample TraceCopy::clock() const {
  if (clocks_.empty()) return {last_ns_, last_ns_, last_ns_};
  return clocks_[next_clock_ == 0 ? 0 : next_clock_ - 1];
}

// Writes all clock samples up to `time_ns`. Writes the first one whatever its time is, since relative times
// count from it.
Status TraceCopy::pass_clocks(std::uint64_t time_ns) {
  while (next_clock_ < clocks_.size() && (next_clock_ == 0 || clocks_[next_clock_].monotonic_ns <= time_ns)) {
    if (auto flushed = writer_.flush(clocks_[next_clock_++]); !flushed) return flushed;
  }
  return {};
}

Status TraceCopy::add_event(format::Event event) {
  if (event.time_ns < last_ns_) return disordered();
  if (auto passed = pass_clocks(event.time_ns); !passed) return passed;
  last_ns_ = event.time_ns;
  if (ids_ == CopiedIds::kByUse) {
    const auto process_id = process(event.process);
    if (!process_id) return process_id.error();
    const auto path_id = path(event.path);
    if (!path_id) return path_id.error();
    const auto path2_id = path(event.path2);
    if (!path2_id) return path2_id.error();
    event.process = process_id.value();
    event.path = path_id.value();
    event.path2 = path2_id.value();
  }
  ++events_;
  writer_.add_event(event);
  return writer_.block_full() ? writer_.flush(clock()) : Status();
}

Status TraceCopy::add_block(const format::EncodedBlock& block, const format::LatencyHistogram& latencies) {
  const auto& totals = block.statistics.totals;
  if (totals.first_ns < last_ns_) return disordered();
  if (next_clock_ == 0 && clocks_.empty()) {
    last_ns_ = totals.first_ns;
    if (auto flushed = writer_.flush(clock()); !flushed) return flushed;
  }
  if (auto passed = pass_clocks(totals.last_ns); !passed) return passed;
  last_ns_ = totals.last_ns;
  events_ += totals.events;
  return writer_.append_block(block, latencies);
}

Status TraceCopy::finish(format::TraceSummary summary) {
  if (auto passed = pass_clocks(last_ns_); !passed) return passed;
  return writer_.finish(clock(), std::move(summary));
}

}  // namespace rfan::replay
