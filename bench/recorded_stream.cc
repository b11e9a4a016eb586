#include "bench/recorded_stream.h"

#include <algorithm>
#include <utility>

#include "format/trace/trace_reader.h"

namespace rfan::bench {
namespace {

using format::TraceReader;

// Hands out the entries of the dictionary when an event first needs them, like a recorder.
class Cutter {
 public:
  Cutter(const format::Dictionary& dictionary, std::size_t events_per_flush, Recording& out)
      : dictionary_(dictionary), events_per_flush_(events_per_flush), out_(out) {}

  void add(const format::Event& event) {
    const bool due = events_per_flush_ != 0 && out_.events % events_per_flush_ == 0;
    if (due || out_.flushes.empty()) out_.flushes.emplace_back();
    auto& flush = out_.flushes.back();
    need_process(event.process, flush);
    need_path(std::max(event.path, event.path2), flush);
    flush.events.push_back(event);
    ++out_.events;
  }

 private:
  void need_path(format::PathId id, RecordedFlush& flush) {
    while (paths_ < id) flush.paths.emplace_back(dictionary_.path(++paths_));
  }
  void need_process(format::ProcessId id, RecordedFlush& flush) {
    while (processes_ < id) {
      flush.processes.push_back(dictionary_.process(++processes_).copy());
      need_path(flush.processes.back().exe, flush);
    }
  }

  const format::Dictionary& dictionary_;
  std::size_t events_per_flush_;
  Recording& out_;
  format::PathId paths_ = 0;
  format::ProcessId processes_ = 0;
};

void add_events(const format::EventColumns& columns, Cutter& cutter) {
  for (std::size_t i = 0; i < columns.count; ++i) {
    cutter.add({columns.time_ns[i], columns.kind[i], columns.flags[i], columns.process[i], columns.path[i],
                columns.path2[i], columns.reply_ns[i]});
  }
}

}  // namespace

Result<Recording> load_recording(const std::string& path, std::size_t events_per_flush) {
  auto source = format::open_source(path);
  if (!source) return source.error();
  auto opened = TraceReader::open(std::move(source).value(), {});
  if (!opened) return opened.error();
  auto& reader = **opened;
  Recording recording;
  recording.meta = reader.meta();
  Cutter cutter(reader.dictionary(), events_per_flush, recording);
  format::EventColumns columns;
  while (true) {
    auto block = reader.next_block();
    if (!block) return block.error();
    if (!*block) break;
    if (auto decoded = reader.decode(**block, format::kAllColumns, columns); !decoded) return decoded.error();
    add_events(columns, cutter);
  }
  recording.summary = reader.footer().value_or(format::TraceSummary{});
  recording.clocks = reader.clocks();
  return recording;
}

Status write_recording(const Recording& recording, std::unique_ptr<format::ByteSink> sink,
                       const format::TraceWriterOptions& options) {
  auto created = format::TraceWriter::create(std::move(sink), options, recording.meta);
  if (!created) return created.error();
  auto& writer = **created;
  format::ClockSample clock = recording.clocks.empty() ? format::ClockSample{} : recording.clocks.front();
  for (const auto& flush : recording.flushes) {
    for (const auto& path : flush.paths) writer.intern_path(path);
    for (const auto& process : flush.processes) writer.add_process(process);
    for (const auto& event : flush.events) {
      writer.add_event(event);
      if (!writer.block_full()) continue;
      if (auto flushed = writer.flush(clock); !flushed) return flushed;
    }
    if (auto flushed = writer.flush(clock); !flushed) return flushed;
  }
  return writer.finish(clock, recording.summary);
}

}  // namespace rfan::bench
