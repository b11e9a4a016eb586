// Lets a test build a dictionary entry by entry, without a trace.
#pragma once

#include <string_view>

#include "format/model/growing_dictionary.h"

namespace rfan::tests {

class HandMadeDictionary : public format::GrowingDictionary {
 public:
  // Add an entry and return its id.
  format::PathId add_path(std::string_view path) {
    const auto id = path_count() + 1;
    expect({{id, 1}, {process_count() + 1, 0}});
    put_path(id, path, {});
    return id;
  }
  format::ProcessId add_process(const format::Process& process) {
    const auto id = process_count() + 1;
    expect({{path_count() + 1, 0}, {id, 1}});
    format::ProcessEntry entry(process);
    for (auto* text : {&entry.comm, &entry.cmdline, &entry.cgroup}) *text = keep(*text, {}, {});
    put_process(id, entry);
    return id;
  }
};

}  // namespace rfan::tests
