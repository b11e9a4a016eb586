// Filters and printing, on a stream shaped like a compile recording.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/event_stream.h"
#include "format/limits.h"
#include "format/trace_reader.h"
#include "replay/cat.h"
#include "replay/filter.h"
#include "replay/options.h"
#include "tests/support/memory_io.h"

namespace rfan::bench {
namespace {

constexpr std::uint32_t kSeed = 20240607;
constexpr std::size_t kEvents = 16 * format::kMaxBlockEvents;

template <typename T>
T checked(Result<T> result) {
  if (!result) std::abort();
  return std::move(result).value();
}

const std::vector<std::byte>& trace_bytes() {
  static const std::vector<std::byte> bytes = [] {
    auto file = std::make_shared<std::vector<std::byte>>();
    auto writer = checked(format::TraceWriter::create(std::make_unique<tests::MemorySink>(file), {}, {}));
    if (!write_stream(make_compile_stream(kSeed, kEvents), *writer)) std::abort();
    return *file;
  }();
  return bytes;
}

replay::Options options_of(const std::vector<std::string>& arguments) {
  auto all = arguments;
  all.insert(all.begin(), "trace.fbz");
  return checked(replay::parse_options(all));
}

// How fast the matching events are found in blocks that are in memory: dictionary decisions, pruning,
// decompression of the columns that the filter needs, selection.
void select_events(benchmark::State& state, const std::vector<std::string>& arguments) {
  const auto options = options_of(arguments);
  auto reader = checked(format::TraceReader::open(std::make_unique<tests::MemorySource>(trace_bytes()), {}));
  std::vector<format::EncodedBlock> blocks;
  while (auto block = checked(reader->next_block())) blocks.push_back(std::move(*block));
  replay::Timeline timeline(reader->clocks());
  timeline.refresh(blocks.front().statistics.totals.first_ns);
  format::EventColumns columns;
  std::vector<std::uint32_t> rows;
  std::size_t selected = 0;
  for (auto _ : state) {
    replay::Filter filter(options.filter);
    filter.extend(reader->dictionary());
    selected = 0;
    for (const auto& block : blocks) {
      if (!filter.may_match(block.statistics, timeline)) continue;
      if (!reader->decode(block, filter.columns(), columns)) std::abort();
      filter.select(columns, timeline, rows);
      selected += rows.size();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
  state.counters["selected"] = static_cast<double>(selected);
}

// The whole of `rfanreplay cat`, from the bytes of the trace to the bytes of the output, which go to
// /dev/null.
void cat_events(benchmark::State& state, const std::vector<std::string>& arguments) {
  const auto options = options_of(arguments);
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (fd < 0) std::abort();
  for (auto _ : state) {
    replay::Output out(fd);
    checked(replay::run_cat(options, std::make_unique<tests::MemorySource>(trace_bytes()), out, [](auto) {}));
  }
  ::close(fd);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}

using Arguments = std::vector<std::string>;
BENCHMARK_CAPTURE(select_events, exe, Arguments{"--exe", "cc1plus"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(select_events, pid_nobody, Arguments{"--pid", "1"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(select_events, path_glob, Arguments{"--path", "*.h"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(select_events, kind, Arguments{"--kind", "exec"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(select_events, time, Arguments{"--since", "+1s", "--until", "+1100ms"})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cat_events, text, Arguments{})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cat_events, jsonl, Arguments{"--format", "jsonl"})->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cat_events, one_exe, Arguments{"--exe", "as"})->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rfan::bench

BENCHMARK_MAIN();
