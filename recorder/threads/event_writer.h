// Decides which events enter the trace, and enters them.
#pragma once

#include <cstdint>

#include "format/model/trace_info.h"
#include "format/trace/trace_writer.h"
#include "recorder/choice/record_filter.h"
#include "recorder/names/pending_events.h"
#include "recorder/output/loss_ledger.h"
#include "recorder/processes/process_table.h"

namespace rfan::recorder {

// Every event of the kernel that was asked for ends as one of: written, filtered out, or lost. Writer thread.
class EventWriter {
 public:
  struct Options {
    std::uint64_t recorded_mask = UINT64_MAX;  // fanotify bits of the events asked for (EventPlan::recorded)
    RecordFilter filter{};
    std::uint32_t root_pid = 0;  // record only this process and its descendants; 0: everything
  };

  // All references must outlive this.
  EventWriter(const Options& options, ProcessTable& processes, LossLedger& ledger)
      : options_(options), processes_(processes), ledger_(ledger) {}

  // Counts the event as seen. Returns true when it is to be written, as far as its process decides that.
  bool admits(const ArenaEvent& event);
  // Writes an event that was admitted, unless the filter leaves out its paths. Calls `block_is_full()` after
  // each that fills a block.
  template <typename BlockIsFull>
  void write(const ArenaEvent& taken, const EventPaths& paths, format::TraceWriter& trace,
             BlockIsFull&& block_is_full) {
    if (leaves_out(taken, paths)) return;
    auto event = event_of(taken, paths, trace);
    for_each_kind(recorded_kinds(taken), [&](format::EventKind kind) {
      event.kind = kind;
      trace.add_event(event);
      if (trace.block_full()) block_is_full();
    });
  }
  // Counts an event that was admitted and cannot be written.
  void lose(const ArenaEvent& event, format::LossCause cause);
  // Counts events that the reader thread dropped.
  void add_dropped(std::uint64_t events) { seen_ += events; }

  std::uint64_t seen() const { return seen_; }
  std::uint64_t denied() const { return denied_; }
  // Fills in what was seen and filtered since the last call: what the file at hand accounts for.
  void take_counts(format::RecorderCost& cost);

 private:
  std::uint64_t recorded_kinds(const ArenaEvent& event) const {  // bits of its mask
    return event.kernel.mask & options_.recorded_mask;
  }
  std::uint64_t count(const ArenaEvent& event) const { return count_kinds(recorded_kinds(event)); }
  bool leaves_out(const ArenaEvent& event, const EventPaths& paths);
  format::Event event_of(const ArenaEvent& taken, const EventPaths& paths, format::TraceWriter& trace);

  Options options_;
  ProcessTable& processes_;
  LossLedger& ledger_;
  std::uint64_t seen_ = 0;
  std::uint64_t filtered_ = 0;
  std::uint64_t seen_in_older_files_ = 0;
  std::uint64_t filtered_in_older_files_ = 0;
  std::uint64_t denied_ = 0;
};

}  // namespace rfan::recorder
