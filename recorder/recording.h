// One recording: its parts, their set-up, and its end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "format/base/unique_fd.h"
#include "format/model/trace_info.h"
#include "recorder/command.h"
#include "recorder/handover/arena.h"
#include "recorder/handover/live_statistics.h"
#include "recorder/handover/process_log.h"
#include "recorder/kernel/event_plan.h"
#include "recorder/mounts/event_groups.h"
#include "recorder/mounts/mount_watch.h"
#include "recorder/mounts/scope.h"
#include "recorder/names/directory_table.h"
#include "recorder/options.h"
#include "recorder/output/output_file.h"
#include "recorder/output/rotated_files.h"
#include "recorder/output/trace_series.h"
#include "recorder/status_line.h"
#include "recorder/system/clock_watch.h"
#include "recorder/system/guardian.h"
#include "recorder/system/inherited_signals.h"
#include "recorder/system/user_signals.h"
#include "recorder/system/wake_event.h"
#include "recorder/threads/capture_loop.h"
#include "recorder/threads/write_loop.h"

namespace rfan::recorder {

// Owns all parts of a recording, in the order of set-up; a member may use those declared above it. Call the
// functions in the order of declaration. After a successful begin(), end() must follow. For the main thread.
// The class has many members because they are the parts of a recording, whose order alone says which may use
// which and which ends first; its functions are the steps of setting them up and ending them.
class Recording {
 public:
  Recording(const Options& options, const InheritedSignals& signals)
      : options_(options),
        inherited_signals_(signals),
        status_line_(live_, !options.quiet && (options.command.empty() || options.status)),
        plan_(plan_events(options.hold, options.event_kinds)) {}
  ~Recording() { release_openers(); }
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  // Opens and starts everything that a recording needs. Holds no opener yet.
  Status set_up();
  // Places the marks. From the first mark on, every open on the marked filesystems waits for the reader
  // thread, including our own opens.
  Status begin();
  // Runs the command, if there is one and no request to end has come meanwhile. The older trace keeps its
  // place until the command runs, so a mistyped command loses nothing.
  Status start_command();
  void wait_for_end();
  // Releases all openers, writes the rest and prints the summary. Returns the exit status of the program. If
  // the command could not be started, the trace is removed with this object.
  int end();

 private:
  Status find_scope();
  Status create_groups();
  Status open_directories();
  Status open_process_channel();
  void add_connector(ProcessEvents& events);
  void note_pid_namespace();
  Status open_trace();
  Status create_trace();
  Result<std::unique_ptr<TraceSeries>> begin_series();
  Status settle();
  void release_openers();
  void handle_signals();
  void on_signal(const UserSignals::Request& request);
  void say_how_to_go_on() const;
  void begin_next_file();
  bool command_is_over();
  void follow_mounts(bool has_changed);
  void mark_new_filesystems();
  format::MountCoverage mark_later(const Mount& mount);
  void note_gap();
  std::uint32_t root_pid() const;  // of the recorded process tree; 0: every process
  std::uint64_t time_left_ms() const;
  void report(const Status& written) const;

  const Options& options_;
  const InheritedSignals& inherited_signals_;
  LiveStatistics live_;
  StatusLine status_line_;
  Scope scope_;
  std::optional<MountWatch> mount_watch_;
  std::optional<ClockWatch> clock_watch_;
  // CLOCK_MONOTONIC when all mounts were last known to be marked.
  std::uint64_t mounts_known_ns_ = 0;
  std::optional<Command> command_;
  UniqueFd watched_process_;                     // of --pid
  std::optional<OutputFile> output_;             // of a trace that is not rotated
  std::unique_ptr<RotatedFiles> rotated_files_;  // of one that is
  UserSignals signals_;
  WakeEvent failure_event_;
  const EventPlan plan_;
  std::optional<EventGroups> groups_;
  std::optional<DirectoryTable> directories_;
  std::unique_ptr<ArenaPool> arenas_;
  std::optional<ProcessLog> process_log_;
  std::string process_source_;          // as in META
  std::int64_t descriptor_budget_ = 0;  // the most event descriptors open at a time
  std::optional<Guardian> guardian_;
  std::unique_ptr<CaptureLoop> capture_;
  std::unique_ptr<WriteLoop> writer_;
  bool settled_ = false;  // the trace has its place and stays there
  std::uint64_t begin_ns_ = 0;
  int interrupts_ = 0;
  format::EndReason reason_ = format::EndReason::kUnknown;
  int command_status_ = 0;
  bool command_ended_ = false;  // ... but its descendants are still recorded
  format::RecorderCost cost_;   // known at the end
};

}  // namespace rfan::recorder
