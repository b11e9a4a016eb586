#include "replay/diff/runs/diff_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "replay/query/parallel.h"
#include "replay/verb/look_ahead.h"

namespace rfan::replay {
namespace {

// One file to read.
struct Job {
  std::size_t run = 0;
  std::string path;
  bool stream = false;
  TallyOptions options;
};

}  // namespace

Result<ConditionPtr> parse_window(std::string_view text, bool utc) {
  const auto dots = text.find("..");
  if (dots == std::string_view::npos || text.size() == 2) {
    return Error{"not a window", std::string(text), 0,
                 "write FROM..TO, FROM.. or ..TO, each a time as of --since"};
  }
  format::Alternatives<TimePoint> since;
  format::Alternatives<TimePoint> until;
  for (auto& [part, list] :
       {std::pair{text.substr(0, dots), &since}, std::pair{text.substr(dots + 2), &until}}) {
    if (part.empty()) continue;
    auto time = parse_time(part, utc);
    if (!time) return time.error();
    list->any.push_back(*time);
  }
  return condition(TimeTest{TimeFilter(std::move(since), std::move(until), utc)});
}

Result<DiffInput> read_runs(const Session& session, const SideWindow& window, const NameFolding& folding,
                            const ViewNeeds& needs) {
  const auto& options = session.options;
  DiffInput input;
  input.counts = {options.traces.size(), options.new_traces.size()};
  if (input.counts.all() > kMaxRuns) return Error{fmt::format("more than {} runs", kMaxRuns), {}, 0, {}};
  std::vector<Job> jobs;
  for (std::size_t run = 0; run < input.counts.all(); ++run) {
    const bool is_base = run < input.counts.base;
    const auto set = TraceSet::open(
        {is_base ? options.traces[run] : options.new_traces[run - input.counts.base]}, session.note);
    if (!set) return set.error();
    auto filter = look_ahead(session, set.value());
    if (!filter) return filter.error();
    input.partial |= set.value().incomplete();
    const auto condition = both(std::move(*filter), is_base ? window.base : window.fresh);
    for (std::size_t i = 0; i < set.value().members().size(); ++i) {
      const auto& member = set.value().members()[i];
      std::optional<RecordingTime> recording;
      if (!member.stream) {
        const auto timeline = set.value().timeline(i);
        recording = RecordingTime{timeline.start(), timeline.first_event_ns(), timeline.last_event_ns()};
      }
      jobs.push_back({run,
                      member.path,
                      member.stream,
                      {condition, needs.sequences, needs.replies, recording, options.time_style()}});
    }
  }
  std::vector<std::optional<Result<std::unique_ptr<RunTally>>>> tallies(jobs.size());
  in_parallel(options.threads, jobs.size(), [&](std::size_t i) {
    auto source = format::open_source(jobs[i].path);
    if (!source) {
      tallies[i] = source.error();
    } else {
      tallies[i] = RunTally::read(std::move(*source), folding, jobs[i].options, session.note);
    }
  });
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    auto& tally = *tallies[i];
    if (!tally) return tally.error();
    input.partial |= tally.value()->partial();
    input.parts.push_back(
        {jobs[i].run, std::move(tally).value(), jobs[i].path, jobs[i].stream, jobs[i].options});
  }
  return input;
}

}  // namespace rfan::replay
