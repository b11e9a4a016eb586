#include "replay/json_printer.h"

namespace rfan::replay {

void JsonPrinter::print_path(std::string_view name, format::PathId id) {
  const auto path = id <= dictionary_.path_count() ? dictionary_.path(id) : std::string_view();
  if (!path.empty()) writer_.member_bytes(name, path);
}

void JsonPrinter::print_process(const format::Process& process) {
  writer_.member("pid", process.pid);
  writer_.member("ppid", process.ppid);
  writer_.member("uid", process.uid);
  print_path("exe", process.exe);
  if (!process.comm.empty()) writer_.member_bytes("comm", process.comm);
  arguments_.clear();
  for (std::string_view rest = process.cmdline; !rest.empty();) {
    const auto end = rest.find('\0');
    arguments_.push_back(rest.substr(0, end));
    rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  }
  if (!arguments_.empty()) writer_.member_bytes("cmdline", arguments_);
  if (!process.cgroup.empty()) writer_.member_bytes("cgroup", process.cgroup);
}

void JsonPrinter::print_one(const format::EventColumns& events, std::size_t row) {
  const auto flags = events.flags[row];
  writer_.begin_object();
  writer_.member("time_ns", timeline_.realtime_ns(events.time_ns[row]));
  writer_.member("kind", format::event_kind_name(events.kind[row]));
  if (events.process[row] != 0) print_process(dictionary_.process(events.process[row]));
  print_path("path", events.path[row]);
  print_path("path2", events.path2[row]);
  const bool held = flags & format::kFlagHeld;
  writer_.member_bool("held", held);
  if (held) {
    writer_.member("reply_ns", events.reply_ns[row]);
    writer_.member("verdict", flags & format::kFlagDenied ? "deny" : "allow");
  }
  if (flags & format::kFlagDirectory) writer_.member_bool("dir", true);
  if (flags & format::kFlagDeleted) writer_.member_bool("deleted", true);
  writer_.end_object();
  writer_.end_line();
}

void JsonPrinter::print(const format::EventColumns& events, std::span<const std::uint32_t> rows) {
  for (const auto row : rows) print_one(events, row);
}

}  // namespace rfan::replay
