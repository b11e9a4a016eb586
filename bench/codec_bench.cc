// Encode and decode of event blocks, on a stream shaped like a compile recording.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "bench/event_stream.h"
#include "format/limits.h"
#include "format/trace_reader.h"
#include "tests/support/memory_io.h"

namespace rfan::bench {
namespace {

constexpr std::uint32_t kSeed = 20240607;
constexpr std::size_t kBlocks = 16;
constexpr std::size_t kEvents = kBlocks * format::kMaxBlockEvents;

const EventStream& stream() {
  static const EventStream built = make_compile_stream(kSeed, kEvents);
  return built;
}

template <typename T>
T checked(Result<T> result) {
  if (!result) std::abort();
  return std::move(result).value();
}

std::unique_ptr<format::TraceWriter> make_writer(std::unique_ptr<format::ByteSink> sink) {
  return checked(format::TraceWriter::create(std::move(sink), {}, {}));
}

// Interning and dictionaries are outside the timing: a recorder pays for them once per distinct path, not per
// event.
void encode_blocks(benchmark::State& state) {
  const auto& input = stream();
  auto writer = make_writer(std::make_unique<CountingSink>());
  for (const auto& path : input.paths) writer->intern_path(path);
  for (const auto& process : input.processes) writer->add_process(process);
  if (!writer->flush({})) std::abort();
  auto event = input.events.front();
  std::size_t position = 0;
  std::uint64_t shift_ns = 0;
  const auto before = writer->bytes_written();
  for (auto _ : state) {
    for (std::size_t i = 0; i < format::kMaxBlockEvents; ++i) {
      event = input.events[position + i];
      event.time_ns += shift_ns;
      writer->add_event(event);
    }
    if (!writer->flush({})) std::abort();
    position += format::kMaxBlockEvents;
    if (position == kEvents) {  // start over, later
      position = 0;
      shift_ns += input.events.back().time_ns - input.events.front().time_ns + 1000;
    }
  }
  const auto events = static_cast<double>(state.iterations()) * format::kMaxBlockEvents;
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(format::kMaxBlockEvents));
  state.counters["ns_per_event"] =
      benchmark::Counter(events * 1e-9, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["block_bytes_per_event"] = static_cast<double>(writer->bytes_written() - before) / events;
}

// Everything the recorder's writer does per event but look up its path: dictionaries and FOOTER included.
void write_whole_trace(benchmark::State& state) {
  const auto& input = stream();
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    auto sink = std::make_unique<CountingSink>();
    const auto& counter = *sink;
    auto writer = make_writer(std::move(sink));
    if (!write_stream(input, *writer)) std::abort();
    bytes = counter.offset();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
  state.counters["bytes_per_event"] = static_cast<double>(bytes) / static_cast<double>(kEvents);
}

const std::vector<std::byte>& trace_bytes() {
  static const std::vector<std::byte> bytes = [] {
    auto file = std::make_shared<std::vector<std::byte>>();
    auto writer = make_writer(std::make_unique<tests::MemorySink>(file));
    if (!write_stream(stream(), *writer)) std::abort();
    return *file;
  }();
  return bytes;
}

// Blocks are read (and their checksums compared) outside the timing: this is the cost of the columns.
void decode_columns(benchmark::State& state, format::ColumnSet wanted) {
  auto reader = checked(format::TraceReader::open(std::make_unique<tests::MemorySource>(trace_bytes()), {}));
  std::vector<format::EncodedBlock> blocks;
  while (auto block = checked(reader->next_block())) blocks.push_back(std::move(*block));
  format::EventColumns columns;
  for (auto _ : state) {
    for (const auto& block : blocks) {
      if (!reader->decode(block, wanted, columns)) std::abort();
      benchmark::DoNotOptimize(columns.count);
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}

// From bytes to columns: scan, checksums, dictionaries and all columns.
void read_whole_trace(benchmark::State& state) {
  format::EventColumns columns;
  for (auto _ : state) {
    auto reader =
        checked(format::TraceReader::open(std::make_unique<tests::MemorySource>(trace_bytes()), {}));
    while (auto block = checked(reader->next_block())) {
      if (!reader->decode(*block, format::kAllColumns, columns)) std::abort();
    }
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}

BENCHMARK(encode_blocks)->Unit(benchmark::kMillisecond);
BENCHMARK(write_whole_trace)->Unit(benchmark::kMillisecond);
BENCHMARK(read_whole_trace)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, all, format::kAllColumns)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, process, format::kColumnProcess)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, path, format::kColumnPath)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, time, format::kColumnTime)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, reply, format::kColumnReply)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace rfan::bench

BENCHMARK_MAIN();
