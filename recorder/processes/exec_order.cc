#include "recorder/processes/exec_order.h"

#include <sys/fanotify.h>

#include <algorithm>
#include <utility>

#include "format/base/pattern.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/kernel/named_events.h"
#include "recorder/system/deleted_suffix.h"

namespace rfan::recorder {

std::optional<ExecOrder::Change::Kind> ExecOrder::kind_of(ProcessFact fact) {
  switch (fact) {
    case ProcessFact::kExec:
      return Change::Kind::kProgram;
    case ProcessFact::kUser:
    case ProcessFact::kGroup:
      return Change::Kind::kUser;
    case ProcessFact::kComm:
    case ProcessFact::kChanged:
      return Change::Kind::kOther;
    default:
      return std::nullopt;
  }
}

void ExecOrder::add(const ProcessRecord& record) {
  if (const auto kind = kind_of(record.fact)) {
    keep(touch(record.pid, record.time_ns).changes,
         Change{record.serial, record.other, record.time_ns, *kind});
  } else if (record.fact == ProcessFact::kFork) {
    add_fork(record);
  } else if (record.fact == ProcessFact::kExePath) {
    const auto process = processes_.find(record.pid);
    if (process == processes_.end()) return;
    for (auto& change : process->second.changes) {
      if (change.serial == record.serial) change.exe = format::base_name(without_deleted_suffix(record.exe));
    }
    executed_.push_back(record.pid);
  }
}

// Notes that a pid came again: events of the process before it may be read only now.
void ExecOrder::add_fork(const ProcessRecord& record) {
  const auto former = processes_.find(record.pid);
  if (former == processes_.end() || former->second.changes.empty()) return;
  auto& changes = touch(record.pid, record.time_ns).changes;
  keep(changes, Change{record.serial, changes.back().serial, record.time_ns, Change::Kind::kProcess});
}

void ExecOrder::name_exec(std::uint32_t pid, std::uint64_t position, std::string_view path) {
  const auto process = processes_.find(pid);
  if (process == processes_.end() || path.empty()) return;
  auto& markers = process->second.markers;
  const auto marker = std::find_if(markers.begin(), markers.end(),
                                   [&](const Marker& each) { return each.position == position; });
  if (marker == markers.end()) return;
  marker->path = path;
  marker->name = format::base_name(path);
  executed_.push_back(pid);
}

// Returns the last event with that name that can be the exec's. Returns null before both are known, or once
// the change is named.
const ExecOrder::Marker* ExecOrder::executable_of(const Change& change, const Process& process) {
  if (change.kind != Change::Kind::kProgram || change.is_named || change.exe.empty()) return nullptr;
  const Marker* executable = nullptr;
  for (const auto& marker : process.markers) {
    const bool matches = marker.executes && !marker.path.empty() && marker.name == change.exe;
    if (matches && (!marker.is_permission || marker.read_ns <= change.time_ns)) executable = &marker;
  }
  return executable;
}

ExecOrder::Process& ExecOrder::touch(std::uint32_t pid, std::uint64_t time_ns) {
  auto& process = processes_[pid];
  if (process.last_ns < time_ns) {
    process.last_ns = time_ns;
    touched_.emplace_back(time_ns, pid);
  }
  return process;
}

template <typename Kept>
void ExecOrder::keep(std::vector<Kept>& all, Kept&& one) {
  if (all.size() == kMaxKept) all.erase(all.begin(), all.begin() + kMaxKept / 2);
  all.push_back(std::forward<Kept>(one));
}

void ExecOrder::begin_arena(const Arena& arena, std::uint64_t position) {
  if (arena.batch_count == 0) return;
  for (const auto& batch : std::span(arena.batches).first(arena.batch_count))
    add_markers(arena, batch, position);
  const auto known_until_ns = std::min(arena.notified_until_ns, arena.batches[arena.batch_count - 1].read_ns);
  if (known_until_ns > kKeepNs) expire(known_until_ns - kKeepNs);
}

void ExecOrder::add_markers(const Arena& arena, const Arena::Batch& batch, std::uint64_t position) {
  position += batch.first_event;
  for (const auto& event : arena.events_of(batch)) {
    ++position;
    const auto& kernel = event.kernel;
    if (kernel.is_exec() || (kernel.is_permission() && processes_.contains(kernel.pid)))
      add_marker(arena, event, batch, position);
  }
}

void ExecOrder::add_marker(const Arena& arena, const EventHead& event, const Arena::Batch& batch,
                           std::uint64_t position) {
  const auto& kernel = event.kernel;
  Marker marker{position,          batch.read_ns,
                batch.answered_ns, kernel.is_permission(),
                kernel.is_exec(),  batch.follows_notifications};
  if (!marker.is_permission) {
    const auto named = parse_named_event(arena.records_of(event));
    if (!named) return;
    marker.name = named->name;
    // The kernel merges a mask into an event that is already queued. If the mask has a close, the file was
    // opened earlier.
    marker.exact = (kernel.mask & ~std::uint32_t{FAN_OPEN | FAN_OPEN_EXEC | FAN_ACCESS}) == 0;
  }
  keep(touch(kernel.pid, batch.read_ns).markers, std::move(marker));
}

ExecOrder::Answer ExecOrder::image_of(std::uint32_t pid, ImageSerial latest, const Arena::Batch& batch,
                                      std::uint64_t position) const {
  const auto process = processes_.find(pid);
  if (process == processes_.end()) return {latest, true};
  ImageSerial image = latest;
  ImageSerial serial = latest;
  bool is_certain = true;
  const auto& changes = process->second.changes;
  for (auto change = changes.rbegin(); change != changes.rend(); ++change) {
    if (change->serial != serial) continue;
    if (change->time_ns <= batch.since_ns) break;
    auto order = Order::kBefore;
    if (change->time_ns <= batch.until_ns) order = order_of(position, batch, *change, process->second);
    if (order == Order::kAfter) break;
    const bool is_another = change->kind == Change::Kind::kProgram || change->kind == Change::Kind::kProcess;
    if (order == Order::kUnknown && is_another) return {image, false};
    serial = change->before;
    if (order == Order::kBefore) {
      image = serial;
      is_certain = true;
    } else if (change->kind == Change::Kind::kUser) {
      is_certain = false;  // unless it is found to come before an earlier exec
    }
  }
  return {image, is_certain};
}

ExecOrder::Order ExecOrder::order_of(std::uint64_t position, const Arena::Batch& batch, const Change& change,
                                     const Process& process) {
  const auto by_time = order_by_time(position, change, process);
  if (by_time != Order::kUnknown || change.kind != Change::Kind::kProgram) return by_time;
  if (const Marker* exec = exec_of(change, process)) {
    if (position < exec->position) return Order::kBefore;
    return exec->exact ? Order::kAfter : Order::kUnknown;
  }
  return order_by_name(position, batch, change, process);
}

// Decides by permission events of the process, in which it waited before or after the change.
ExecOrder::Order ExecOrder::order_by_time(std::uint64_t position, const Change& change,
                                          const Process& process) {
  for (const auto& marker : process.markers) {
    if (!marker.is_permission) continue;
    if (marker.position > position && marker.read_ns <= change.time_ns) return Order::kBefore;
    if (marker.position < position && marker.exact && marker.read_ns >= change.time_ns) return Order::kAfter;
  }
  return Order::kUnknown;
}

// Returns the last permission event of an attempt at an exec before the exec took place; that one succeeded.
// Returns null if it belongs to an earlier change.
const ExecOrder::Marker* ExecOrder::exec_of(const Change& change, const Process& process) {
  const Marker* exec = nullptr;
  for (const auto& marker : process.markers) {
    if (marker.is_permission && marker.executes && marker.read_ns <= change.time_ns) exec = &marker;
  }
  if (exec == nullptr) return nullptr;
  const auto previous = std::find_if(process.changes.rbegin(), process.changes.rend(),
                                     [&](const Change& other) { return other.time_ns < change.time_ns; });
  const bool is_of_another = previous != process.changes.rend() && previous->time_ns >= exec->answered_ns;
  return is_of_another ? nullptr : exec;
}

// Pairs the i-th exec of a program with the i-th event of its name if their numbers agree. Otherwise events
// between the first and the last of these are in doubt.
ExecOrder::Order ExecOrder::order_by_name(std::uint64_t position, const Arena::Batch& batch,
                                          const Change& change, const Process& process) {
  std::vector<const Marker*> candidates;
  for (const auto& marker : process.markers) {
    if (!marker.is_permission && (change.exe.empty() || marker.name == change.exe))
      candidates.push_back(&marker);
  }
  if (candidates.empty()) return Order::kUnknown;
  std::size_t execs = 0;
  std::size_t earlier = 0;
  for (const auto& other : process.changes) {
    if (other.kind != Change::Kind::kProgram || other.exe != change.exe) continue;
    ++execs;
    if (other.time_ns < change.time_ns) ++earlier;
  }
  const bool paired = !change.exe.empty() && execs == candidates.size();
  const Marker& first = *candidates[paired ? earlier : 0];
  const Marker& last = paired ? first : *candidates.back();
  const bool is_in_their_queue = batch.source == Arena::Source::kNotificationGroup;
  if (position < first.position)
    return is_in_their_queue || batch.follows_notifications ? Order::kBefore : Order::kUnknown;
  return position > last.position && is_in_their_queue && last.exact ? Order::kAfter : Order::kUnknown;
}

void ExecOrder::expire(std::uint64_t before_ns) {
  while (!touched_.empty() && touched_.front().first < before_ns) {
    const auto process = processes_.find(touched_.front().second);
    if (process != processes_.end() && process->second.last_ns < before_ns) processes_.erase(process);
    touched_.pop_front();
  }
}

}  // namespace rfan::recorder
