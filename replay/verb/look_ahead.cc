#include "replay/verb/look_ahead.h"

#include <absl/container/flat_hash_map.h>
#include <absl/container/flat_hash_set.h>
#include <fmt/format.h>

#include <algorithm>

#include "format/base/number_text.h"
#include "format/base/pattern.h"
#include "format/base/quantity.h"

namespace rfan::replay {
namespace {

// Identifies a process in all files of a recording: each file numbers its processes anew.
struct ProcessIdentity {
  std::uint32_t pid = 0;
  std::uint64_t start_time_ns = 0;
  bool operator==(const ProcessIdentity&) const = default;
  template <typename H>
  friend H AbslHashValue(H state, const ProcessIdentity& identity) {
    return H::combine(std::move(state), identity.pid, identity.start_time_ns);
  }
};
using Identities = absl::flat_hash_set<ProcessIdentity>;

ProcessIdentity identity_of(const format::ProcessEntry& process) {
  return {process.pid, process.start_time_ns};
}

// Finds the processes that have events. The filter selects the events that write.
class WritersQuery : public Query {
 public:
  format::ColumnSet columns() const override { return format::kColumnProcess; }
  NameUse name_use() const override { return NameUse::kAllWithoutCommandLines; }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override { return std::make_unique<Writers>(file); }
  void combine(const ScanFile&, Sink& sink) override { found_.merge(static_cast<Writers&>(sink).found); }
  const Identities& found() const { return found_; }

 private:
  struct Writers : Sink {
    explicit Writers(const ScanFile& scanned) : file(scanned) {}
    void add(const Batch& batch) override {
      batch.for_each_row([&](std::uint32_t row) {
        const auto id = batch.events.process[row];
        if (id != 0) found.insert(identity_of(file.dictionary.process(id)));
      });
    }
    const ScanFile& file;
    Identities found;
  };
  Identities found_;
};

// Uses the time style of the verb's scan, so that both scans write the same notes, which are then shown once.
ScanOptions options_of(const Session& session) {
  return {.threads = session.options.threads, .time_style = session.options.time_style()};
}

Result<ConditionPtr> writers_of(const Session& session, const TraceSet& set) {
  auto pattern = format::PathPattern::compile(session.options.wrote);
  if (!pattern) return pattern.error();
  using format::EventKind;
  const auto bit = [](EventKind kind) { return 1U << static_cast<unsigned>(kind); };
  const auto matches = [pattern = *pattern](std::string_view path) { return pattern.matches(path); };
  const auto wrote =
      condition(AllOf{{condition(KindTest{bit(EventKind::kModify) | bit(EventKind::kCloseWrite) |
                                          bit(EventKind::kCreate) | bit(EventKind::kRename)}),
                       condition(PathTest{matches})}});
  WritersQuery query;
  Scan scan(set, wrote, options_of(session), session.note, session.progress);
  if (auto coverage = scan.run(query); !coverage) return coverage.error();
  return condition(ProcessTest{[found = query.found()](const ProcessView& view) {
    return view.known() && found.contains(identity_of(view.process()));
  }});
}

// Sums of reply latency over small steps of steady time.
class WaitQuery : public Query {
 public:
  struct Sum {
    std::uint64_t wait_ns = 0;
    Moment at;  // one of its events
  };
  using Sums = absl::flat_hash_map<std::uint64_t, Sum>;  // by number of the step
  explicit WaitQuery(std::uint64_t step_ns) : step_ns_(step_ns) {}

  format::ColumnSet columns() const override { return format::kColumnTime | format::kColumnReply; }
  NameUse name_use() const override { return NameUse::kNone; }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override {
    return std::make_unique<Waits>(file, step_ns_);
  }
  void combine(const ScanFile&, Sink& sink) override {
    for (const auto& [step, sum] : static_cast<Waits&>(sink).sums) add(sums_[step], sum.wait_ns, sum.at);
  }
  const Sums& sums() const { return sums_; }

 private:
  static void add(Sum& sum, std::uint64_t wait_ns, const Moment& at) {
    sum.wait_ns += wait_ns;
    sum.at = at;
  }

  struct Waits : Sink {
    Waits(const ScanFile& file, std::uint64_t step) : clock(file.timeline), step_ns(step) {}
    void add(const Batch& batch) override {
      batch.for_each_row([&](std::uint32_t row) {
        const auto reply_ns = batch.events.reply_ns[row];
        if (reply_ns == 0) return;
        const auto at = clock.moment(batch.events.time_ns[row]);
        WaitQuery::add(sums[at.steady_ns / step_ns], reply_ns, at);
      });
    }
    WallClock clock;
    std::uint64_t step_ns;
    Sums sums;
  };
  std::uint64_t step_ns_;
  Sums sums_;
};

// Returns the condition for the slowest period: kSteps steps with the largest sum of waits, the earliest of
// equal ones.
Result<ConditionPtr> slowest_period(const Session& session, const TraceSet& set, const ConditionPtr& filter) {
  constexpr std::uint64_t kSteps = 8;
  auto length = parse_duration(session.options.slowest);
  if (!length) return length.error();
  const auto step_ns = std::max<std::uint64_t>(1, *length / kSteps);
  WaitQuery query(step_ns);
  Scan scan(set, filter, options_of(session), session.note, session.progress);
  if (auto coverage = scan.run(query); !coverage) return coverage.error();
  std::uint64_t best_step = 0;
  std::uint64_t best_sum = 0;
  std::uint64_t offset_ns = 0;  // from steady to wall-clock time in that period
  for (const auto& [last, waits] : query.sums()) {
    for (std::uint64_t back = std::min(kSteps - 1, last) + 1;
         back-- > 0;) {  // this step may be at any place in the period
      const auto first = last - back;
      std::uint64_t sum = 0;
      for (std::uint64_t i = 0; i < kSteps; ++i) {
        const auto found = query.sums().find(first + i);
        if (found != query.sums().end()) sum += found->second.wait_ns;
      }
      if (sum < best_sum || (sum == best_sum && first >= best_step)) continue;
      best_step = first;
      best_sum = sum;
      offset_ns = waits.at.realtime_ns - waits.at.steady_ns;
    }
  }
  if (best_sum == 0) return Error{"no held event, so that no stretch of time is the slowest", {}, 0, {}};
  const auto begin_ns = best_step * step_ns;
  const auto shown_ns = begin_ns + offset_ns;
  session.note(fmt::format("the slowest {} begins at @{}.{:09}: openers waited {} in it",
                           format::latency_text(*length), shown_ns / 1'000'000'000, shown_ns % 1'000'000'000,
                           format::latency_text(best_sum)));
  format::Alternatives<TimePoint> since;
  format::Alternatives<TimePoint> until;
  since.any.emplace_back(SteadyTime{begin_ns});
  until.any.emplace_back(SteadyTime{begin_ns + kSteps * step_ns});
  return condition(TimeTest{TimeFilter(std::move(since), std::move(until), session.options.utc)});
}

}  // namespace

Result<ConditionPtr> look_ahead(const Session& session, const TraceSet& set) {
  auto filter = session.options.filter;
  const bool needed = !session.options.wrote.empty() || !session.options.slowest.empty();
  if (needed && set.has_streams()) {
    return Error{"--wrote and --slowest look through the trace first", {}, 0, "give a file, not a pipe"};
  }
  if (!session.options.wrote.empty()) {
    auto writers = writers_of(session, set);
    if (!writers) return writers.error();
    filter = both(filter, *writers);
  }
  if (!session.options.slowest.empty()) {
    auto period = slowest_period(session, set, filter);
    if (!period) return period.error();
    filter = both(filter, *period);
  }
  return filter;
}

}  // namespace rfan::replay
