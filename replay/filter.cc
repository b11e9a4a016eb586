#include "replay/filter.h"

#include <algorithm>

namespace rfan::replay {

using format::BlockStatistics;
using format::Dictionary;
using format::EventColumns;
using format::EventKind;

Filter::Filter(FilterSpec spec)
    : spec_(std::move(spec)), time_(std::move(spec_.since), std::move(spec_.until), spec_.utc) {
  for (unsigned kind = 0; kind < kinds_.size(); ++kind) {
    kinds_[kind] = spec_.kind.accept([&](EventKind wanted) { return static_cast<unsigned>(wanted) == kind; });
  }
  if (!spec_.kind.empty()) columns_ |= format::kColumnKind;
  if (!spec_.exe.empty() || !spec_.comm.empty() || !spec_.pid.empty()) columns_ |= format::kColumnProcess;
  if (!spec_.path.empty()) columns_ |= format::kColumnPath | format::kColumnPath2;
  if (time_.active()) columns_ |= format::kColumnTime;
}

bool Filter::accepts_process(const Dictionary& dictionary, format::ProcessId id) const {
  if (id == 0) return spec_.exe.any.empty() && spec_.comm.any.empty() && spec_.pid.any.empty();
  const auto& process = dictionary.process(id);
  const auto exe = process.exe <= dictionary.path_count() ? dictionary.path(process.exe) : std::string_view();
  return spec_.pid.accept([&](std::uint32_t pid) { return pid == process.pid; }) &&
         spec_.comm.accept([&](const format::CommPattern& comm) { return comm.matches(process.comm); }) &&
         spec_.exe.accept(
             [&](const format::ExePattern& pattern) { return pattern.matches(exe, process.comm); });
}

void Filter::extend(const Dictionary& dictionary) {
  if (columns_ & format::kColumnProcess) {
    for (auto id = processes_.size(); id <= dictionary.process_count(); ++id) {
      processes_.push_back(accepts_process(dictionary, static_cast<format::ProcessId>(id)));
    }
  }
  if (columns_ & format::kColumnPath) {
    for (auto id = paths_any_.size(); id <= dictionary.path_count(); ++id) {
      const auto path = id == 0 ? std::string_view() : dictionary.path(static_cast<format::PathId>(id));
      const auto matches = [&](const format::PathPattern& pattern) { return pattern.matches(path); };
      const auto& [any, none] = spec_.path;
      paths_any_.push_back(any.empty() || std::any_of(any.begin(), any.end(), matches));
      paths_none_.push_back(std::any_of(none.begin(), none.end(), matches));
    }
  }
}

bool Filter::may_match(const BlockStatistics& statistics, const Timeline& timeline) const {
  if (columns_ & format::kColumnKind) {
    const auto& counts = statistics.totals.by_kind;
    bool present = false;
    for (std::size_t kind = 0; kind < counts.size(); ++kind)
      present |= counts[kind] != 0 && kinds_[kind] != 0;
    if (!present) return false;
  }
  // When unknown processes are wanted the list does not help: an event of an unknown process need not be in
  // it.
  if ((columns_ & format::kColumnProcess) && statistics.processes && !processes_.contains(0)) {
    const auto& ids = *statistics.processes;
    // An id that the dictionary lacks is a fault that decoding will report.
    const auto may_want = [&](auto id) { return id >= processes_.size() || processes_.contains(id); };
    if (std::none_of(ids.begin(), ids.end(), may_want)) return false;
  }
  return time_.may_match(statistics.totals.first_ns, statistics.totals.last_ns, timeline);
}

void Filter::mask_kinds(const EventColumns& events) {
  for (std::size_t i = 0; i < events.count; ++i)
    mask_[i] &= kinds_[static_cast<std::uint8_t>(events.kind[i])];
}

void Filter::mask_processes(const EventColumns& events) {
  for (std::size_t i = 0; i < events.count; ++i) {
    mask_[i] = static_cast<std::uint8_t>(mask_[i] & processes_.bit(events.process[i]));
  }
}

void Filter::mask_paths(const EventColumns& events) {
  for (std::size_t i = 0; i < events.count; ++i) {
    const auto path = events.path[i];
    const auto path2 = events.path2[i];
    const unsigned any = paths_any_.bit(path) | paths_any_.bit(path2);
    const unsigned none = paths_none_.bit(path) | paths_none_.bit(path2);
    mask_[i] = static_cast<std::uint8_t>(mask_[i] & any & ~none);
  }
}

void Filter::mask_times(const EventColumns& events, const Timeline& timeline) {
  Timeline::Span span;
  TimeFilter::Range range;
  for (std::size_t i = 0; i < events.count; ++i) {
    const auto time = events.time_ns[i];
    if (time < span.begin_ns || time > span.last_ns) {
      span = timeline.span_at(time);
      range = time_.range_in(span, timeline);
    }
    mask_[i] &= time >= range.first_ns && time < range.end_ns;
  }
}

void Filter::select(const EventColumns& events, const Timeline& timeline, std::vector<std::uint32_t>& rows) {
  mask_.assign(events.count, 1);
  if (columns_ & format::kColumnKind) mask_kinds(events);
  if (columns_ & format::kColumnProcess) mask_processes(events);
  if (columns_ & format::kColumnPath) mask_paths(events);
  if (columns_ & format::kColumnTime) mask_times(events, timeline);
  rows.resize(events.count);
  std::size_t selected = 0;
  for (std::size_t i = 0; i < events.count; ++i) {
    rows[selected] = static_cast<std::uint32_t>(i);
    selected += mask_[i];
  }
  rows.resize(selected);
}

}  // namespace rfan::replay
