// What a trace says of the machine and of the recording: its META.
#pragma once

#include <string>

#include "format/model/trace_info.h"
#include "recorder/mounts/scope.h"
#include "recorder/options.h"

namespace rfan::recorder {

// Call when the marks are placed: `scope` then knows what is covered. `process_source`: who tells of
// processes, for people.
format::TraceMeta describe_recording(const Options& options, const Scope& scope,
                                     const std::string& process_source);

}  // namespace rfan::recorder
