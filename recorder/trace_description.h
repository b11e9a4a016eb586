// What a trace says of the machine and of the recording: its META.
#pragma once

#include "format/trace_info.h"
#include "recorder/options.h"
#include "recorder/scope.h"

namespace rfan::recorder {

// Call when the marks are placed: `scope` then knows what is covered. `side_band`: whether forks and execs
// are told of.
format::TraceMeta describe_recording(const Options& options, const Scope& scope, bool side_band);

}  // namespace rfan::recorder
