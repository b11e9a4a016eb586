// A process of a dictionary as people see it: what it ran, what it is called, how it was started.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/base/pattern.h"
#include "format/model/dictionary.h"
#include "format/model/event.h"

namespace rfan::replay {

// Of an unknown process (id 0) everything is empty. Views are valid as long as the dictionary lives.
struct ProcessView {
  const format::Dictionary& dictionary;
  format::ProcessId id;

  bool known() const { return id != 0; }
  const format::ProcessEntry& process() const { return dictionary.process(id); }
  // Empty: unknown, or lost with a damaged dictionary frame.
  std::string_view exe() const {
    const auto path = process().exe;
    return path <= dictionary.path_count() ? dictionary.path(path) : std::string_view();
  }
  // The base name of the executable, else the comm; empty when neither is known.
  std::string_view name() const {
    const auto base = format::base_name(exe());
    return base.empty() ? process().comm : base;
  }
};

// "vim[1234]"; "?[1234]" without a name, "?" for an unknown process.
std::string process_label(const ProcessView& view);

// Arguments as /proc/PID/cmdline has them, each ended by NUL (the last one perhaps cut).
std::vector<std::string_view> split_arguments(std::string_view cmdline);
// With a space between them; bytes are not escaped.
std::string joined_arguments(std::string_view cmdline);

}  // namespace rfan::replay
