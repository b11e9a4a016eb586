// Reads a recording back and writes it anew, to measure the format on real events.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "format/base/error.h"
#include "format/model/byte_io.h"
#include "format/trace/trace_writer.h"

namespace rfan::bench {

// The data that a recorder hands over between two flushes, with ids as a TraceWriter gives them.
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

// Cuts the events into flushes of `events_per_flush`; 0 keeps them in one piece. Does not cut by time, since
// the number of events in a flush interval depends on the recording machine.
Result<Recording> load_recording(const std::string& path, std::size_t events_per_flush);

// Writes the recording with `options`.
Status write_recording(const Recording& recording, std::unique_ptr<format::ByteSink> sink,
                       const format::TraceWriterOptions& options);

}  // namespace rfan::bench
