// Prints one JSON object per event and line.
#pragma once

#include <string>
#include <string_view>

#include "replay/events/event_printer.h"
#include "replay/events/fields.h"
#include "replay/text/text_buffer.h"
#include "replay/trace/id_table.h"
#include "replay/trace/timeline.h"

namespace rfan::replay {

// Writes the keys that are among `fields`, in this order: source, time_ns (since the epoch), kind, pid, ppid,
// uid, exe, comm, cmdline, cgroup, path, path2, held, reply_ns and verdict (held events only), dir, deleted
// and uncertain (only if true). Omits a key without a value. Writes bytes that are not UTF-8 as KEY_b64.
// Renders the members of each process and path once and keeps them, up to kMaxCacheBytes. All arguments
// passed by reference must outlive the printer.
class JsonPrinter : public EventPrinter {
 public:
  JsonPrinter(TextBuffer& out, const ScanFile& file, FieldSet fields);
  void print(const Batch& batch) override;

  static constexpr std::size_t kMaxCacheBytes = 64 * 1024 * 1024;

 private:
  struct Fragment {
    std::size_t offset = 0;
    std::size_t bytes = 0;
    bool made = false;
  };

  void print_one(const format::EventColumns& events, std::size_t row);
  char* append_flags(const format::EventColumns& events, std::size_t row, char* out) const;
  std::string_view process_fragment(format::ProcessId id);
  std::string_view path_fragment(format::PathId id);
  template <typename Render>
  std::string_view fragment(Fragment& slot, Render render);
  void make_room();

  bool has(Field field) const { return fields_.contains(field); }

  TextBuffer& out_;
  const format::Dictionary& dictionary_;
  WallClock clock_;
  FieldSet fields_;
  bool with_process_;
  std::string source_;           // "\"source\":\"...\","
  TextBuffer cache_;             // rendered fragments
  IdTable<Fragment> processes_;  // "pid":1,"ppid":...
  IdTable<Fragment> paths_;      // the rest of the member after "path, such as ":"/x"
};

}  // namespace rfan::replay
