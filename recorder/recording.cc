#include "recorder/recording.h"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "recorder/mounts/mounts.h"
#include "recorder/system/clock.h"
#include "recorder/system/messages.h"
#include "recorder/system/thread_priority.h"

namespace rfan::recorder {

namespace {

using format::EndReason;

constexpr std::uint64_t kStatusIntervalMs = 250;
// Delay, at most, before the end of the command's last descendant is noticed.
constexpr std::uint64_t kDescendantsIntervalMs = 100;
// Time, at most, for which accesses on a newly mounted filesystem may go unseen.
constexpr std::uint64_t kMountsIntervalMs = 1000;

}  // namespace

Status Recording::start_command() {
  if (!command_) return {};
  handle_signals();
  if (interrupts_ != 0) {
    say_unless_blocked("ended before the command was started");
    reason_ = EndReason::kSignal;
    return {};
  }
  if (auto status = command_->release(); !status) {
    reason_ = EndReason::kCommandEnded;
    return status;
  }
  if (const auto status = settle(); !status) {
    // It is too late to take the command back.
    say_unless_blocked(status.error().message() + "; the trace stays in " + output_->place());
    output_->stay();
  }
  return {};
}

Status Recording::settle() {
  writer_->settle();
  settled_ = true;
  return output_ ? output_->take_place() : Status();
}

void Recording::begin_next_file() {
  if (options_.rotation.rotates()) return writer_->request_rotation();
  say_unless_blocked("note: SIGUSR2 begins the next file only with --rotate-size or --rotate-time");
}

// Handles one request. The terminal sends Ctrl-C to the command as well as to us: then the command decides
// when to end, and a second Ctrl-C ends the recording. Signals sent to us alone are passed on.
void Recording::on_signal(const UserSignals::Request& request) {
  if (request.number == UserSignals::kRotation) return begin_next_file();
  if (request.number == UserSignals::kChild) return say_how_to_go_on();
  if (command_ && !request.from_terminal) command_->signal(request.number);
  ++interrupts_;
  command_status_ = 128 + request.number;
  if (command_ && !command_ended_ && request.number == SIGINT && interrupts_ == 1) return;
  reason_ = EndReason::kSignal;
}

void Recording::handle_signals() {
  while (const auto request = signals_.take()) on_signal(*request);
}

// Explains how to continue a stopped command. The shell waits for rfanrec, which does not stop, so it gives
// no prompt for "fg". Other processes that share the terminal were stopped with the command, hence the
// process group, which is also ours.
void Recording::say_how_to_go_on() const {
  if (!command_ || !command_->was_stopped()) return;
  say_unless_blocked(
      fmt::format("{} is stopped; from another terminal, kill -s CONT -- -{} lets it go on; Ctrl-C twice "
                  "ends the recording",
                  options_.command.front(), ::getpgrp()));
}

std::uint64_t Recording::time_left_ms() const {
  const auto elapsed_ms = (monotonic_ns() - begin_ns_) / 1'000'000;
  const auto wanted_ms = static_cast<std::uint64_t>(options_.duration->count());
  return wanted_ms > elapsed_ms ? wanted_ms - elapsed_ms : 0;
}

void Recording::follow_mounts(bool has_changed) {
  const auto now_ns = monotonic_ns();
  if (has_changed || mount_watch_->has_changed()) mark_new_filesystems();
  mounts_known_ns_ = now_ns;
}

void Recording::mark_new_filesystems() {
  const auto look = mount_watch_->look();
  if (!look) return say_unless_blocked("note: " + look.error().message());
  // Mark the new mounts first: somebody may already use them.
  for (const auto& mount : look.value()) {
    writer_->add_filesystem(mount.path);
    auto coverage = mark_later(mount);
    coverage.since_ns = monotonic_ns();
    writer_->add_mount(coverage);
  }
  // A filesystem that was mounted anew in the same place has lost its mark.
  for (const auto& mount : mount_watch_->all_mounts()) mark_later(mount);
  if (mount_watch_->came_and_went()) note_gap();
}

format::MountCoverage Recording::mark_later(const Mount& mount) {
  const bool was_marked = is_marked(groups_->marked(), mount);
  auto coverage = place_mark(groups_->marked(), mount);
  if (coverage.covered && !was_marked) note_gap();
  return coverage;
}

// Records a loss: accesses on an unmarked filesystem since the last check are not recorded.
void Recording::note_gap() {
  const auto since_ns = std::max(mounts_known_ns_, begin_ns_);
  writer_->add_loss({format::LossCause::kUnmarkedFilesystem, std::nullopt, since_ns, monotonic_ns()});
}

// Returns whether the recording ends with the command. Without a duration it does, even if descendants still
// run: a daemon would prolong it for ever. With a duration, the time is bounded and the descendants are
// recorded as well.
bool Recording::command_is_over() {
  if (!command_ || !options_.duration) return true;
  command_status_ = command_->exit_status().value_or(0);
  command_ended_ = true;
  return !command_->has_left_descendants();
}

void Recording::wait_for_end() {
  std::array<pollfd, 6> events{{{signals_.fd(), POLLIN, 0},
                                {failure_event_.fd(), POLLIN, 0},
                                {command_ ? command_->pidfd() : watched_process_.get(), POLLIN, 0},
                                {mount_watch_ ? mount_watch_->fd() : -1, MountWatch::kPollEvents, 0},
                                {guardian_->pidfd(), POLLIN, 0},
                                {clock_watch_->fd(), POLLIN, 0}}};
  if (mount_watch_) set_marker_priority(true);
  while (reason_ == EndReason::kUnknown) {
    std::uint64_t timeout_ms = status_line_.enabled() ? kStatusIntervalMs : UINT64_MAX;
    if (options_.duration) timeout_ms = std::min(timeout_ms, time_left_ms());
    if (command_ended_) timeout_ms = std::min(timeout_ms, kDescendantsIntervalMs);
    if (mount_watch_) timeout_ms = std::min(timeout_ms, kMountsIntervalMs);
    ::poll(events.data(), events.size(), static_cast<int>(std::min<std::uint64_t>(timeout_ms, INT32_MAX)));
    status_line_.update(monotonic_ns(), arenas_->queued_events());
    if (events[2].revents != 0 || command_ended_) {
      events[2].fd = -1;
      if (command_is_over()) reason_ = EndReason::kCommandEnded;
    }
    if (mount_watch_) follow_mounts(events[3].revents != 0);
    if (events[0].revents != 0) handle_signals();
    if (events[1].revents != 0)
      reason_ = capture_->gave_up() ? EndReason::kRecorderFailure : EndReason::kWriteError;
    if (events[4].revents != 0) reason_ = EndReason::kRecorderFailure;
    if (events[5].revents != 0 && clock_watch_->take()) writer_->add_clock(sample_clocks());
    if (reason_ == EndReason::kUnknown && options_.duration && time_left_ms() == 0)
      reason_ = EndReason::kDuration;
  }
  set_marker_priority(false);
  status_line_.clear();
}

// Stops holding opens for good: removes the marks, answers the queues, closes the groups.
void Recording::release_openers() {
  if (groups_) groups_->remove_marks();
  if (capture_) capture_->stop();
  if (groups_) groups_->close();
}

int Recording::end() {
  release_openers();
  signals_.end_at_second_request();
  writer_->stop();
  if (command_) command_status_ = command_->exit_status().value_or(command_status_);
  format::TraceSummary summary;
  summary.end_reason = reason_;
  summary.command_status = command_ ? command_status_ : 0;
  const auto reader = capture_->cpu_time();
  summary.cost.reader_user_ns = reader.user_ns;
  summary.cost.reader_system_ns = reader.system_ns;
  const auto others_ns = reader.total_ns() + writer_->cpu_time().total_ns();
  summary.cost.main_cpu_ns = process_cpu_time().total_ns() - others_ns;
  summary.cost.queue_high_water = arenas_->queue_high_water();
  summary.cost.process_reads = capture_->process_reads();
  summary.cost.process_read_ns = capture_->process_read_ns();
  summary.cost.arenas = ArenaPool::kArenas;
  summary.cost.arenas_high_water = capture_->arenas_high_water();
  writer_->account_for(capture_->unpublished());
  cost_ = summary.cost;
  cost_.writer_user_ns = writer_->cpu_time().user_ns;
  cost_.writer_system_ns = writer_->cpu_time().system_ns;
  const auto written = writer_->finish(std::move(summary));
  report(written);
  if (!written || reason_ == EndReason::kRecorderFailure) return 1;
  const bool outlived = reason_ == EndReason::kDuration && !command_ended_;
  return command_ && !outlived ? command_status_ : 0;
}

void Recording::report(const Status& written) const {
  if (!written) say(written.error().message() + "; the trace is readable up to there");
  if (reason_ == EndReason::kRecorderFailure) {
    say(capture_->gave_up()
            ? "ended: the kernel sent events of an unknown form, which cannot be answered"
            : "ended: the guardian process was killed, and without it a fault could hang other programs");
  }
  if (options_.quiet || !settled_) return;
  const auto written_files = writer_->series().figures();
  const auto& trace = writer_->series().current();
  std::fputs(format_summary({.output = written_files.path.empty() ? output_->place() : written_files.path,
                             .files = written_files.files,
                             .dropped_files = written_files.dropped_files,
                             .totals = written_files.totals,
                             .lost = writer_->ledger().lost(),
                             .impaired = writer_->ledger().impaired(),
                             .stalls = writer_->ledger().stalls(),
                             .denied = writer_->events_denied(),
                             .bytes = written_files.bytes,
                             .processes = trace.process_count(),
                             .paths = trace.path_count(),
                             .duration_ns = monotonic_ns() - begin_ns_,
                             .cost = cost_})
                 .c_str(),
             stderr);
}

}  // namespace rfan::recorder
