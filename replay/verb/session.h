// The environment of a running verb, and the scan that most verbs run.
#pragma once

#include "format/base/error.h"
#include "replay/query/scan.h"
#include "replay/text/output.h"
#include "replay/text/progress.h"
#include "replay/trace/notes.h"
#include "replay/verb/options.h"

namespace rfan::replay {

struct Session {
  const Options& options;
  Output& out;
  const NoteSink& note;
  Progress& progress;
  bool colour = false;       // `out` is a terminal
  std::size_t columns = 80;  // its width
};

// Runs `query` over the traces of the session with its filters. With -v, reports what was read.
Result<Coverage> scan_traces(const Session& session, Query& query, bool follow = false);
// Does the same for an open set.
Result<Coverage> scan_set(const Session& session, const TraceSet& set, Query& query, bool follow = false);

}  // namespace rfan::replay
