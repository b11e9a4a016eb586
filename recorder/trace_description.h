// The description of the machine and the recording in a trace: its META.
#pragma once

#include <string>

#include "format/model/trace_info.h"
#include "recorder/mounts/scope.h"
#include "recorder/options.h"

namespace rfan::recorder {

// Call it after the marks are placed, because `scope` then has the coverage. `process_source` names, for
// people, the source of facts about processes.
format::TraceMeta describe_recording(const Options& options, const Scope& scope,
                                     const std::string& process_source);

}  // namespace rfan::recorder
