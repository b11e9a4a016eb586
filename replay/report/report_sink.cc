#include "replay/report/report_sink.h"

namespace rfan::replay {

ReportSink::ReportSink(const ReportSpec& spec, Grouping& grouping)
    : grouping_(grouping),
      counter_(grouping),
      tallies_(spec, grouping),
      details_(spec, grouping),
      tallied_(spec.wants(Measure::kOpens) || spec.wants_times() || spec.wants(Measure::kWait)),
      only_events_(!tallied_ && !details_.wanted()) {}

void ReportSink::add(const Batch& batch) {
  grouping_.extend();
  if (tallied_) {
    tallies_.add(batch);
  } else {
    counter_.add(batch);
  }
  if (details_.wanted()) details_.add(batch);
}

}  // namespace rfan::replay
