// From the events of an arena to events with names.
#pragma once

#include <cstdint>
#include <string_view>

#include "recorder/handover/arena.h"
#include "recorder/names/event_names.h"
#include "recorder/names/pending_events.h"
#include "recorder/output/loss_ledger.h"
#include "recorder/processes/exec_order.h"
#include "recorder/processes/process_table.h"
#include "recorder/threads/event_writer.h"

namespace rfan::recorder {

// Gives each event its place in the stream, its image and its paths. Writer thread.
class EventLookup {
 public:
  // All references must outlive this.
  EventLookup(PathResolver resolver, OwnMounts mounts, DirectoryTable directories, ProcessTable& processes,
              EventWriter& writer, LossLedger& ledger)
      : names_(std::move(resolver), std::move(mounts), std::move(directories)),
        processes_(processes),
        writer_(writer),
        ledger_(ledger) {}

  // Takes in what became known of a process.
  void add(const ProcessRecord& record);
  void name_executables();
  // Call first for each arena.
  void begin_arena(const Arena& arena);
  // Call for each batch of the arena in order. `files_are_pending`: then() will be asked about events with
  // descriptors of earlier arenas.
  void look_up(const Arena& arena, const Arena::Batch& batch, bool files_are_pending, PendingEvents& out);

  EventNames& names() { return names_; }
  std::uint64_t position() const { return position_; }  // in the stream, of the latest event

 private:
  void look_up_descriptor(ArenaEvent& event, PendingEvents& out);
  void look_up_names(const ArenaEvent& event, const Arena::Batch& batch, const NamedEvent& named,
                     bool files_are_pending, PendingEvents& out);
  void name_exec(const ArenaEvent& event, std::string_view path);
  void find_image(ArenaEvent& event, const Arena::Batch& batch) const;
  void note_overflow(std::uint64_t time_ns);

  EventNames names_;
  ExecOrder execs_;
  ProcessTable& processes_;
  EventWriter& writer_;
  LossLedger& ledger_;
  std::uint64_t position_ = 0;
};

}  // namespace rfan::recorder
