#include "recorder/threads/event_writer.h"

#include <algorithm>
#include <utility>

namespace rfan::recorder {

using format::LossCause;

bool EventWriter::admits(const ArenaEvent& event) {
  const auto events = count(event);
  if (events == 0 || event.own) return false;
  seen_ += events;
  auto scope = processes_.scope_of(event.image);
  // Processes outside of our pid namespace have no number in it, and none of those recorded descends from one
  // inside.
  if (options_.root_pid != 0 && event.kernel.pid == 0) scope = ProcessTable::Scope::kOutside;
  if (scope == ProcessTable::Scope::kInside) {
    // The ledger has it also if the filter leaves it out: it may have been the other program's.
    if (event.uncertain) ledger_.add({LossCause::kUncertainProcess, events, event.read_ns, event.read_ns});
    scope = processes_.accepts(event.image, options_.filter);
  }
  if (const auto doubt = processes_.take_doubt())
    ledger_.add({LossCause::kUnknownScope, std::nullopt, doubt->first_ns, doubt->last_ns});
  if (scope == ProcessTable::Scope::kOutside) filtered_ += events;
  if (scope == ProcessTable::Scope::kUnknown) lose(event, LossCause::kUnknownScope);
  return scope == ProcessTable::Scope::kInside;
}

void EventWriter::lose(const ArenaEvent& event, LossCause cause) {
  ledger_.add({cause, count(event), event.read_ns, event.read_ns});
}

bool EventWriter::leaves_out(const ArenaEvent& event, const EventPaths& paths) {
  const auto& filter = options_.filter;
  if (!filter.asks_about_paths() || filter.accepts_path(paths.path, paths.path2)) return false;
  filtered_ += count(event);
  return true;
}

format::Event EventWriter::event_of(const ArenaEvent& taken, const EventPaths& paths,
                                    format::TraceWriter& trace) {
  const auto& kernel = taken.kernel;
  format::Event event;
  event.time_ns = taken.read_ns;
  event.process = processes_.trace_id(taken.image, trace);
  if (!paths.path.empty()) event.path = trace.intern_path(paths.path);
  if (!paths.path2.empty()) event.path2 = trace.intern_path(paths.path2);
  if (event.path == 0) ledger_.add({paths.why_unknown, 1, event.time_ns, event.time_ns});
  if (paths.deleted) event.flags |= format::kFlagDeleted;
  if (taken.uncertain) event.flags |= format::kFlagUncertainProcess;
  if (kernel.is_directory()) event.flags |= format::kFlagDirectory;
  if (kernel.is_permission()) {
    event.flags |= format::kFlagHeld;
    if (kernel.fd >= 0) {
      event.reply_ns =
          static_cast<std::uint32_t>(std::min<std::uint64_t>(taken.answered_ns - taken.read_ns, UINT32_MAX));
    }
    if (taken.denied) event.flags |= format::kFlagDenied;
    // Without a descriptor: by the kernel, which could not ask us.
    if (kernel.fd < 0) event.flags |= format::kFlagDenied | format::kFlagDeniedByKernel;
  }
  if (taken.denied) ++denied_;
  return event;
}

void EventWriter::take_counts(format::RecorderCost& cost) {
  cost.events_seen = seen_ - std::exchange(seen_in_older_files_, seen_);
  cost.events_filtered = filtered_ - std::exchange(filtered_in_older_files_, filtered_);
}

}  // namespace rfan::recorder
