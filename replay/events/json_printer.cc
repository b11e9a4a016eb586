#include "replay/events/json_printer.h"

#include <fmt/format.h>

#include <algorithm>

#include "replay/text/json_writer.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

// The size of a line without its fragments.
constexpr std::size_t kFixedBytes = 256;

char* append_bytes(std::string_view bytes, char* out) {
  return std::copy(bytes.begin(), bytes.end(), out);
}

char* append_number(std::uint64_t number, char* out) {
  const auto text = fmt::format_int(number);
  return append_bytes({text.data(), text.size()}, out);
}

// Returns the members that render(writer) writes as `"a":1,"b":2,`: the inside of an object and a comma.
template <typename Render>
std::string members_text(Render render) {
  TextBuffer text;
  JsonWriter writer(text);
  writer.begin_object();
  render(writer);
  writer.end_object();
  auto inside = std::string(text.view());
  inside = inside.substr(1, inside.size() - 2);
  return inside.empty() ? inside : inside + ',';
}

}  // namespace

JsonPrinter::JsonPrinter(TextBuffer& out, const ScanFile& file, FieldSet fields)
    : out_(out),
      dictionary_(file.dictionary),
      clock_(file.timeline),
      fields_(fields),
      with_process_((columns_of(fields) & format::kColumnProcess) != 0) {
  if (has(Field::kSource)) {
    source_ = members_text([&](JsonWriter& writer) { writer.member_bytes("source", file.name); });
  }
}

void JsonPrinter::make_room() {
  if (cache_.size() < kMaxCacheBytes) return;
  cache_.clear();
  processes_.clear();
  paths_.clear();
}

template <typename Render>
std::string_view JsonPrinter::fragment(Fragment& slot, Render render) {
  if (!slot.made) {
    const auto text = members_text(render);
    slot = {cache_.size(), text.size(), true};
    cache_.append(text);
  }
  return cache_.view().substr(slot.offset, slot.bytes);
}

std::string_view JsonPrinter::process_fragment(format::ProcessId id) {
  return fragment(processes_[id], [&](JsonWriter& writer) {
    const ProcessView view{dictionary_, id};
    const auto& process = view.process();
    if (has(Field::kPid)) writer.member("pid", process.pid);
    if (has(Field::kPpid)) writer.member("ppid", process.ppid);
    if (has(Field::kUid)) writer.member("uid", process.uid);
    if (has(Field::kExe) && !view.exe().empty()) writer.member_bytes("exe", view.exe());
    if (has(Field::kComm) && !process.comm.empty()) writer.member_bytes("comm", process.comm);
    const auto arguments = split_arguments(process.cmdline);
    if (has(Field::kCmdline) && !arguments.empty()) writer.member_bytes("cmdline", arguments);
    if (has(Field::kCgroup) && !process.cgroup.empty()) writer.member_bytes("cgroup", process.cgroup);
  });
}

// Returns the part of a member after "path or "path2, for both keys.
std::string_view JsonPrinter::path_fragment(format::PathId id) {
  return fragment(paths_[id], [&](JsonWriter& writer) { writer.member_bytes("", dictionary_.path(id)); });
}

char* JsonPrinter::append_flags(const format::EventColumns& events, std::size_t row, char* out) const {
  if (has(Field::kVerdict) || has(Field::kLatencyNs)) {
    const auto flags = events.flags[row];
    const bool held = flags & format::kFlagHeld;
    if (has(Field::kVerdict)) out = append_bytes(held ? R"("held":true,)" : R"("held":false,)", out);
    if (held && has(Field::kLatencyNs)) {
      out = append_number(events.reply_ns[row], append_bytes(R"("reply_ns":)", out));
      *out++ = ',';
    }
    if (held && has(Field::kVerdict)) {
      out = append_bytes(flags & format::kFlagDenied ? R"("verdict":"deny",)" : R"("verdict":"allow",)", out);
    }
  }
  if (!has(Field::kFlags)) return out;
  if (events.flags[row] & format::kFlagDirectory) out = append_bytes(R"("dir":true,)", out);
  if (events.flags[row] & format::kFlagDeleted) out = append_bytes(R"("deleted":true,)", out);
  if (events.flags[row] & format::kFlagUncertainProcess) out = append_bytes(R"("uncertain":true,)", out);
  return out;
}

// Ends every member with a comma; the closing brace overwrites the last comma.
void JsonPrinter::print_one(const format::EventColumns& events, std::size_t row) {
  const auto process = with_process_ ? events.process[row] : 0;
  const auto path = has(Field::kPath) ? events.path[row] : 0;
  const auto path2 = has(Field::kPath2) ? events.path2[row] : 0;
  make_room();
  // Making a fragment may move the cache: make all fragments before taking views of them.
  if (process != 0) process_fragment(process);
  if (path != 0) path_fragment(path);
  if (path2 != 0) path_fragment(path2);
  const auto of_process = process == 0 ? std::string_view() : process_fragment(process);
  const auto of_path = path == 0 ? std::string_view() : path_fragment(path);
  const auto of_path2 = path2 == 0 ? std::string_view() : path_fragment(path2);
  char* const begin =
      out_.reserve(kFixedBytes + source_.size() + of_process.size() + of_path.size() + of_path2.size());
  char* out = begin;
  *out++ = '{';
  out = append_bytes(source_, out);
  if (has(Field::kTimeNs)) {
    out = append_number(clock_.realtime_ns(events.time_ns[row]), append_bytes(R"("time_ns":)", out));
    *out++ = ',';
  }
  if (has(Field::kKind)) {
    out = append_bytes(format::event_kind_name(events.kind[row]), append_bytes(R"("kind":")", out));
    out = append_bytes(R"(",)", out);
  }
  out = append_bytes(of_process, out);
  // A path fragment is `"":"/x",` or `"_b64":"...",`.
  if (!of_path.empty()) out = append_bytes(of_path.substr(1), append_bytes(R"("path)", out));
  if (!of_path2.empty()) out = append_bytes(of_path2.substr(1), append_bytes(R"("path2)", out));
  out = append_flags(events, row, out);
  if (out == begin + 1) ++out;  // no members: no comma to overwrite
  out[-1] = '}';
  *out++ = '\n';
  out_.commit(out);
}

void JsonPrinter::print(const Batch& batch) {
  batch.for_each_row([&](std::uint32_t row) { print_one(batch.events, row); });
}

}  // namespace rfan::replay
