#include "replay/trace/trace_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "format/base/escape.h"
#include "replay/trace/trace_names.h"

namespace rfan::replay {
namespace {

TraceMember member_of(const std::string& name, const format::TraceFile& file) {
  TraceMember member;
  member.name = name;
  member.path = name;
  member.header = file.header();
  member.time_unit_ns = file.meta().time_unit_ns;
  member.boot_id = file.meta().boot_id;
  member.clocks = file.clocks();
  member.losses = file.losses();
  member.complete = file.complete();
  for (const auto& block : file.blocks()) {
    if (member.events == 0) member.first_ns = block.first_ns;
    member.last_ns = std::max(member.last_ns, block.last_ns);
    member.events += block.events;
  }
  return member;
}

// Returns the earlier of the first clock sample and the first event.
std::uint64_t begin_of(const TraceMember& member) {
  if (member.clocks.empty()) return member.first_ns;
  const auto clock_ns = member.clocks.front().monotonic_ns;
  return member.events == 0 ? clock_ns : std::min(member.first_ns, clock_ns);
}

bool same_boot(const TraceMember& a, const TraceMember& b) {
  return a.session == b.session || (!a.boot_id.empty() && a.boot_id == b.boot_id);
}

// Returns "3" or "3-5".
std::string range_text(std::uint32_t first, std::uint32_t last) {
  return first == last ? fmt::format("{}", first) : fmt::format("{}-{}", first, last);
}

std::string_view plural(std::uint32_t first, std::uint32_t last) {
  return first == last ? "" : "s";
}

}  // namespace

format::DamageCallback TraceSet::damage_callback(const std::string& name, const NoteSink& note) const {
  if (!on_damage_) return damage_notes(note);
  return [sink = on_damage_, name](const format::Damage& damage) { sink(name, damage); };
}

// Ignores damage at the end of a file that is being written: a frame may be half appended.
Result<std::unique_ptr<format::TraceFile>> TraceSet::open_file(const std::string& path,
                                                               const NoteSink& note) const {
  // Ask before opening: if the file is finished in between, it is complete when it is opened.
  const bool writing = being_written(path);
  auto source = format::open_source(path);
  if (!source) return source.error();
  auto on_damage = damage_callback(path, note);
  if (!writing) return format::TraceFile::open(std::move(*source), std::move(on_damage));
  const auto end = (*source)->size();
  return format::TraceFile::open(std::move(*source), [end, on_damage](const format::Damage& damage) {
    if (damage.offset + damage.bytes != end) on_damage(damage);
  });
}

Status TraceSet::add_file(const std::string& path, bool named, const NoteSink& note) {
  auto file = open_file(path, note);
  if (!file && named) return file.error();
  if (!file) {
    note(file.error().message());
    incomplete_ = true;
    return {};
  }
  const auto same = [&](const TraceMember& member) { return member.header.file == (*file)->header().file; };
  if (std::any_of(members_.begin(), members_.end(), same)) {
    note(fmt::format("{} was given twice and is read once", escaped(path)));
    return {};
  }
  members_.push_back(member_of(path, **file));
  opened_.push_back(std::move(*file));
  return {};
}

Status TraceSet::add_name(const std::string& name, const NoteSink& note) {
  const auto files = expand_name(name, note);
  if (files == std::vector{name} && is_pipe(name)) {
    TraceMember member;
    member.name = name == "-" ? "standard input" : name;
    member.path = name;
    member.stream = true;
    members_.push_back(std::move(member));
    opened_.emplace_back();
    return {};
  }
  if (files.empty()) return Error{"no trace in the directory", name, 0, "there is no .fbz file in it"};
  for (const auto& file : files) {
    if (auto status = add_file(file, file == name, note); !status) return status;
  }
  return {};
}

Result<TraceSet> TraceSet::open(const std::vector<std::string>& names, const NoteSink& note,
                                DamageSink on_damage) {
  TraceSet set;
  set.on_damage_ = std::move(on_damage);
  for (const auto& name : names) {
    if (auto status = set.add_name(name, note); !status) return status.error();
  }
  if (set.members_.empty()) return Error{"none of the traces can be read", {}, 0, {}};
  set.order_sessions();
  set.check_sequences(note);
  return set;
}

// Orders sessions as they were first seen, and files within a session by sequence number. Streams stay in
// place.
void TraceSet::order_sessions() {
  std::map<format::Uuid, std::size_t> first_seen;
  std::vector<std::size_t> order(members_.size());
  for (std::size_t i = 0; i < members_.size(); ++i) {
    order[i] = i;
    members_[i].session =
        members_[i].stream ? i : first_seen.try_emplace(members_[i].header.session, i).first->second;
  }
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    const auto& left = members_[a];
    const auto& right = members_[b];
    if (left.session != right.session) return left.session < right.session;
    return left.header.file_sequence < right.header.file_sequence;
  });
  std::vector<TraceMember> members;
  std::vector<std::unique_ptr<format::TraceFile>> opened;
  for (const auto i : order) {
    members.push_back(std::move(members_[i]));
    opened.push_back(std::move(opened_[i]));
  }
  members_ = std::move(members);
  opened_ = std::move(opened);
}

// Checks for missing files. Files missing at the beginning were dropped by retention on purpose; a gap
// between two files is a loss.
void TraceSet::check_sequences(const NoteSink& note) {
  for (std::size_t i = 0; i < members_.size(); ++i) {
    const auto& member = members_[i];
    if (member.stream) continue;
    const bool first = i == 0 || members_[i - 1].session != member.session;
    const auto expected = first ? 0 : members_[i - 1].header.file_sequence + 1;
    const auto found = member.header.file_sequence;
    if (found <= expected) continue;
    const auto range = range_text(expected, found - 1);
    if (!first) {
      note(fmt::format("file{} {} of the recording {} missing before {}", plural(expected, found - 1), range,
                       expected == found - 1 ? "is" : "are", escaped(member.name)));
      incomplete_ = true;
    } else if (i + 1 < members_.size() && members_[i + 1].session == member.session) {
      note(fmt::format("file{} {} of the recording {} dropped", plural(expected, found - 1), range,
                       expected == found - 1 ? "was" : "were"));
    }
  }
}

bool TraceSet::has_streams() const {
  return std::any_of(members_.begin(), members_.end(), [](const auto& member) { return member.stream; });
}

Result<std::unique_ptr<format::TraceFile>> TraceSet::file(std::size_t index, const NoteSink& note) const {
  if (opened_[index] != nullptr) return std::move(opened_[index]);
  return open_file(members_[index].path, note);
}

RecordingStart TraceSet::start_of(const TraceMember& member) const {
  RecordingStart start;
  const auto first = std::find_if(members_.begin(), members_.end(), [&](const auto& other) {
    return other.session == member.session && !other.stream;
  });
  if (first != members_.end()) start.monotonic_ns = begin_of(*first);
  const TraceMember* earliest = nullptr;  // of the boot
  for (const auto& other : members_) {
    if (other.clocks.empty() || !same_boot(other, member)) continue;
    if (earliest == nullptr || begin_of(other) < begin_of(*earliest)) earliest = &other;
  }
  if (earliest != nullptr)
    start.steady_offset_ns = Timeline(earliest->clocks).span_at(begin_of(*earliest)).offset_ns;
  return start;
}

Timeline TraceSet::timeline(std::size_t index) const {
  const auto& member = members_[index];
  Timeline timeline(member.clocks);
  std::uint64_t first_event = 0;
  std::uint64_t last_event = 0;
  bool seen = false;
  for (const auto& other : members_) {
    if (other.session != member.session || other.stream) continue;
    if (other.events != 0) {
      first_event = seen ? std::min(first_event, other.first_ns) : other.first_ns;
      last_event = std::max(last_event, other.last_ns);
      seen = true;
    }
  }
  timeline.set_unit(member.time_unit_ns);
  timeline.begin_at(start_of(member));
  timeline.set_extent(first_event, last_event);
  return timeline;
}

}  // namespace rfan::replay
