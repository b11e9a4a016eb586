// One JSON object per event and line.
#pragma once

#include <string_view>
#include <vector>

#include "replay/event_printer.h"
#include "replay/json_writer.h"
#include "replay/timeline.h"

namespace rfan::replay {

// Keys, in this order: time_ns (since the epoch), kind, pid, ppid, uid, exe, comm, cmdline, path, path2,
// held, reply_ns and verdict (held events), dir and deleted (when true). A key without a value is left out;
// bytes that are not UTF-8 are given as KEY_b64. Everything referred to must outlive the printer.
class JsonPrinter : public EventPrinter {
 public:
  JsonPrinter(Output& out, const format::Dictionary& dictionary, const Timeline& timeline)
      : writer_(out), dictionary_(dictionary), timeline_(timeline) {}
  void print(const format::EventColumns& events, std::span<const std::uint32_t> rows) override;

 private:
  void print_one(const format::EventColumns& events, std::size_t row);
  void print_process(const format::Process& process);
  void print_path(std::string_view name, format::PathId id);

  JsonWriter writer_;
  const format::Dictionary& dictionary_;
  const Timeline& timeline_;
  std::vector<std::string_view> arguments_;  // of one command line; kept to save allocations
};

}  // namespace rfan::replay
