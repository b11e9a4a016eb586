// Measures what the reader thread does with an event outside of system calls while the opener waits: it finds
// the event in the kernel's bytes, names its process and notes the answer. The kernel's bytes are synthetic,
// the processes are real, and no answer is sent.
#include <benchmark/benchmark.h>
#include <sys/fanotify.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "recorder/handover/arena.h"
#include "recorder/kernel/fanotify_group.h"
#include "recorder/kernel/kernel_events.h"
#include "recorder/processes/process_tracker.h"
#include "recorder/system/clock.h"

namespace {

using namespace rfan::recorder;

// The number of answers that fit into one writev().
constexpr std::size_t kMaxBatch = ReplyBatch::kCapacity;

// Makes alternating opens and closes, by `processes` known processes in turn.
std::vector<fanotify_event_metadata> synthetic_events(std::size_t count, std::size_t processes) {
  std::vector<fanotify_event_metadata> events(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& event = events[i];
    event.event_len = event.metadata_len = sizeof event;
    event.vers = FANOTIFY_METADATA_VERSION;
    event.mask = i % 2 == 0 ? FAN_OPEN_PERM : FAN_CLOSE_NOWRITE;
    event.fd = static_cast<int>(100 + i);
    event.pid = static_cast<int>(1'000'000 + i % processes);
  }
  return events;
}

// Runs the steps of CaptureTurns::enter_permissions().
void take_batch(benchmark::State& state) {
  const auto batch = static_cast<std::size_t>(state.range(0));
  const auto processes = static_cast<std::size_t>(state.range(1));
  auto log = ProcessLog::create();
  auto reader = ProcReader::open(0);
  auto tracker = ProcessTracker::create(*log, std::move(*reader), true);
  if (!log || !tracker) return state.SkipWithError("no memory or no /proc");
  for (std::size_t i = 0; i < processes; ++i)
    tracker->apply({.type = PerfRecord::Type::kFork,
                    .pid = static_cast<std::uint32_t>(1'000'000 + i),
                    .ppid = 1,
                    .time_ns = 1,
                    .text = {}});
  const auto events = synthetic_events(batch, processes);
  const auto arena = std::make_unique<Arena>();
  ReplyBatch replies;
  for (auto _ : state) {
    replies.clear();
    arena->event_count = 0;
    tracker->begin_batch(monotonic_ns());
    KernelEventWalker walker(std::as_bytes(std::span(events)));
    for (;;) {
      auto& event = arena->events[arena->event_count];
      if (!walker.next(event.kernel)) break;
      ++arena->event_count;
      event.image = tracker->attribute_notification(event.kernel.pid);
      event.records_begin = 0;
      event.records_bytes = 0;
      event.own = event.denied = false;
      if (event.kernel.is_permission()) replies.allow(event.kernel.fd);
    }
    benchmark::DoNotOptimize(replies);
    benchmark::DoNotOptimize(arena->events);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * batch));
}
BENCHMARK(take_batch)
    ->ArgNames({"batch", "processes"})
    ->Args({1, 1})
    ->Args({16, 4})
    ->Args({1024, 1})
    ->Args({1024, 500});

}  // namespace

BENCHMARK_MAIN();
