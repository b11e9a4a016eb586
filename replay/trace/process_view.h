// Shows a process of a dictionary as people see it: its program, its name, its command line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "format/base/pattern.h"
#include "format/model/dictionary.h"
#include "format/model/event.h"

namespace rfan::replay {

// All texts of an unknown process (id 0) are empty. Views are valid while the dictionary lives.
struct ProcessView {
  const format::Dictionary& dictionary;
  format::ProcessId id;

  bool known() const { return id != 0; }
  const format::ProcessEntry& process() const { return dictionary.process(id); }
  // Returns an empty path if it is unknown or was lost with a damaged dictionary frame.
  std::string_view exe() const {
    const auto path = process().exe;
    return path <= dictionary.path_count() ? dictionary.path(path) : std::string_view();
  }
  // Returns the base name of the executable, else the comm; empty if neither is known.
  std::string_view name() const {
    const auto base = format::base_name(exe());
    return base.empty() ? process().comm : base;
  }
};

// Returns "vim[1234]"; "?[1234]" without a name, "?" for an unknown process.
std::string process_label(const ProcessView& view);

// Splits a command line in the form of /proc/PID/cmdline: each argument ends with NUL, the last one may be
// cut.
std::vector<std::string_view> split_arguments(std::string_view cmdline);
// Joins the arguments with spaces. Does not escape any bytes.
std::string joined_arguments(std::string_view cmdline);

}  // namespace rfan::replay
