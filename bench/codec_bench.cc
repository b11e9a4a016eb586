// Measures encoding and decoding of event blocks, on a stream shaped like a compile recording. With
// --recording, measures the size of a real recording in this format.
#include <benchmark/benchmark.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "bench/event_stream.h"
#include "bench/recorded_stream.h"
#include "format/base/limits.h"
#include "format/trace/trace_file.h"
#include "format/trace/trace_reader.h"
#include "format/wire/frame.h"
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

// Does not time interning and dictionaries, since a recorder pays for them once per distinct path, not per
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
    if (position == kEvents) {  // start over, at later times
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

// Times everything that the recorder's writer does per event except looking up its path; includes
// dictionaries and FOOTER.
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

// Does not time reading blocks and comparing their checksums: this is the cost of the columns alone.
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

// Times the way from bytes to columns: scan, checksums, dictionaries and all columns.
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

// Counts the events of each process: decodes one column and counts. Queries by a dictionary value work like
// this.
void count_by_process(benchmark::State& state) {
  auto file = checked(format::TraceFile::open(std::make_unique<tests::MemorySource>(trace_bytes()), {}));
  std::vector<format::EncodedBlock> blocks;
  for (std::size_t i = 0; i < file->blocks().size(); ++i) blocks.push_back(checked(file->read_block(i)));
  format::BlockDecoder decoder;
  format::EventColumns columns;
  // Use four tables: neighbouring events mostly have the same process, and adding to one number would wait
  // for itself.
  const std::size_t ids = file->dictionary().process_count() + 1;
  std::vector<std::uint32_t> counts(4 * ids);
  for (auto _ : state) {
    for (const auto& block : blocks) {
      if (!file->decode(block, format::kColumnProcess, decoder, columns)) std::abort();
      for (std::size_t i = 0; i < columns.count; ++i) ++counts[(i % 4) * ids + columns.process[i]];
    }
    benchmark::DoNotOptimize(counts.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}

// Times opening for random access: dictionaries and INDEX, no block.
void open_file(benchmark::State& state, bool with_end) {
  auto bytes = std::span(trace_bytes());
  if (!with_end) bytes = bytes.first(bytes.size() - 1);
  for (auto _ : state) {
    auto file = checked(format::TraceFile::open(std::make_unique<tests::MemorySource>(bytes), {}));
    benchmark::DoNotOptimize(file->blocks().size());
  }
}

// ---- A recording, written anew

std::vector<std::byte> written(const Recording& recorded, std::uint32_t time_unit_ns) {
  auto file = std::make_shared<std::vector<std::byte>>();
  format::TraceWriterOptions options;
  options.time_unit_ns = time_unit_ns;
  if (!write_recording(recorded, std::make_unique<tests::MemorySink>(file), options)) std::abort();
  return *file;
}

// Prints bytes by type of frame, with heads and metadata apart.
void print_breakdown(std::span<const std::byte> file, double events) {
  static constexpr std::array kNames = {"",     "META",  "DICT",   "EVENTS", "CLOCK",
                                        "LOSS", "INDEX", "FOOTER", "MOUNTS"};
  struct Sum {
    std::size_t frames = 0, meta = 0, body = 0;
  };
  std::array<Sum, kNames.size()> sums;
  const format::ChecksumSeed seed(format::Uuid{});
  for (std::size_t at = format::kHeaderBytes; at + format::kFrameHeadBytes <= file.size();) {
    const auto head = format::parse_frame_head(file.subspan(at).first<format::kFrameHeadBytes>(), at, seed);
    if (!head) break;
    auto& sum = sums.at(head->type);
    ++sum.frames;
    sum.meta += head->meta_length;
    sum.body += head->body_length;
    at += static_cast<std::size_t>(head->frame_length());
  }
  for (std::size_t type = 1; type < sums.size(); ++type) {
    const auto& sum = sums[type];
    if (sum.frames == 0) continue;
    std::printf("  %-7s %4zu frames: heads %.3f, metadata %.3f, bodies %.3f bytes an event\n", kNames[type],
                sum.frames, static_cast<double>(sum.frames * format::kFrameHeadBytes) / events,
                static_cast<double>(sum.meta) / events, static_cast<double>(sum.body) / events);
  }
}

void print_sizes(const Recording& recorded) {
  const auto events = static_cast<double>(recorded.events);
  std::printf("%zu events, %zu flushes\n", recorded.events, recorded.flushes.size());
  for (const std::uint32_t unit_ns : {100U, 1'000U, 10'000U, 100'000U}) {
    std::printf("time unit %6u ns: %.3f bytes an event\n", unit_ns,
                static_cast<double>(written(recorded, unit_ns).size()) / events);
  }
  print_breakdown(written(recorded, format::TraceWriterOptions{}.time_unit_ns), events);
}

BENCHMARK(count_by_process)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(open_file, whole, true)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(open_file, without_end, false)->Unit(benchmark::kMicrosecond);
BENCHMARK(encode_blocks)->Unit(benchmark::kMillisecond);
BENCHMARK(write_whole_trace)->Unit(benchmark::kMillisecond);
BENCHMARK(read_whole_trace)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, all, format::kAllColumns)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, process, format::kColumnProcess)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, path, format::kColumnPath)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, time, format::kColumnTime)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(decode_columns, reply, format::kColumnReply)->Unit(benchmark::kMillisecond);

}  // namespace

void print_recording(const std::string& path, std::size_t events_per_flush) {
  print_sizes(checked(load_recording(path, events_per_flush)));
}

}  // namespace rfan::bench

// `codec_bench --recording FILE [EVENTS-PER-FLUSH]` prints sizes; all other arguments are for Google
// Benchmark.
int main(int argc, char** argv) {
  if (argc >= 3 && std::string(argv[1]) == "--recording") {
    const auto events_per_flush = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 350;
    rfan::bench::print_recording(argv[2], events_per_flush);
    return 0;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
