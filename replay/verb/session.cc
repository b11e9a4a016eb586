#include "replay/verb/session.h"

#include "replay/verb/look_ahead.h"

namespace rfan::replay {

Result<Coverage> scan_traces(const Session& session, Query& query, bool follow) {
  auto set = TraceSet::open(session.options.traces, session.note);
  if (!set) return set.error();
  return scan_set(session, *set, query, follow);
}

Result<Coverage> scan_set(const Session& session, const TraceSet& set, Query& query, bool follow) {
  auto filter = look_ahead(session, set);
  if (!filter) return filter.error();
  const ScanOptions options{session.options.threads, follow, session.options.time_style()};
  Scan scan(set, *filter, options, session.note, session.progress);
  auto coverage = scan.run(query);
  if (session.options.verbose) session.note(counts_text(scan.counts()));
  return coverage;
}

}  // namespace rfan::replay
