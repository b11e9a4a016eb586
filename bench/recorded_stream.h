// A recording, read back and written anew: what the format makes of real events.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/trace/trace_writer.h"

namespace rfan::bench {

// What a recorder handed over between two flushes, with ids as a TraceWriter gives them out.
struct RecordedFlush {
  std::vector<std::string> paths;
  std::vector<format::Process> processes;
  std::vector<format::Event> events;
};

struct Recording {
  format::TraceMeta meta;
  format::TraceSummary summary;
  std::vector<format::ClockSample> clocks;
  std::vector<RecordedFlush> flushes;
  std::size_t events = 0;
};

// Cuts the events anew into flushes of so many; 0 keeps them in one piece. Not by time: how many events fall
// into a flush interval is a matter of the machine that recorded.
Result<Recording> load_recording(const std::string& path, std::size_t events_per_flush);

// Writes it with `options`.
Status write_recording(const Recording& recording, std::unique_ptr<format::ByteSink> sink,
                       const format::TraceWriterOptions& options);

}  // namespace rfan::bench
