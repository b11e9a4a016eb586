// A seeded stream of events in the shape of a recorded parallel C++ compile: the input of the benches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/base/limits.h"
#include "format/model/byte_io.h"
#include "format/model/event.h"
#include "format/trace/trace_writer.h"

namespace rfan::bench {

// Uses the ids that a TraceWriter gives if paths and processes are handed over in this order (entry i has id
// i + 1), which is the order in which events first use them.
struct EventStream {
  std::vector<std::string> paths;
  std::vector<format::Process> processes;
  std::vector<format::Event> events;
};

// Makes a stream that is realistic in these points: `jobs` translation units run at a time; each is sh, g++,
// cc1plus and as, with the shared objects that each loads; cc1plus opens some hundred headers, each open
// followed by its close_nowrite, library headers in an order that repeats from unit to unit; opens and execs
// are held; the events of one read share stamp and latency. It is not realistic in two points: there is no
// idle time, and no process outside the build.
EventStream make_compile_stream(std::uint32_t seed, std::size_t event_count, std::size_t jobs = 2);

// Drops and counts bytes, so that a bench measures no disk.
class CountingSink : public format::ByteSink {
 public:
  Status append(std::span<const std::byte> bytes) override {
    offset_ += bytes.size();
    return {};
  }
  std::uint64_t offset() const override { return offset_; }
  Status close() override { return {}; }

 private:
  std::uint64_t offset_ = 0;
};

// Writes the whole stream: dictionaries as they are first used, a flush after `events_per_flush` events, and
// the end.
Status write_stream(const EventStream& stream, format::TraceWriter& writer,
                    std::size_t events_per_flush = format::kMaxBlockEvents);

// Writes make_compile_stream(seed, event_count, jobs) in parts, so that it need not fit into memory.
Status write_compile_stream(std::uint32_t seed, std::size_t event_count, std::size_t jobs,
                            format::TraceWriter& writer);

}  // namespace rfan::bench
