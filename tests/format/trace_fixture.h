// Gives verbs to tests of the trace format: write a trace into memory, read all of one back.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "format/trace/trace_reader.h"
#include "format/trace/trace_writer.h"
#include "tests/support/memory_io.h"

namespace rfan::tests {

using Bytes = std::vector<std::byte>;

// An event with names in place of its ids, so that two files can be compared.
struct NamedEvent {
  std::uint64_t time_ns = 0;
  format::EventKind kind = format::EventKind::kOpen;
  std::uint8_t flags = 0;
  std::uint32_t reply_ns = 0;
  std::uint32_t pid = 0;
  std::string comm;
  std::string cmdline;
  std::string path;
  std::string path2;

  bool operator==(const NamedEvent&) const = default;
};

// Everything that a reader returned.
struct Contents {
  std::optional<Error> error;  // open() or a read failed
  format::FileHeader header;
  format::TraceMeta meta;
  std::vector<NamedEvent> events;
  std::vector<format::Process> processes;
  std::vector<std::string> paths;
  std::vector<format::Loss> losses;
  std::vector<format::ClockSample> clocks;
  std::vector<format::MountCoverage> mounts;  // those of META and later ones
  std::vector<format::Damage> damages;
  std::optional<format::TraceSummary> footer;
  bool complete = false;
  std::uint64_t unknown_frames = 0;
  std::size_t unknown_columns = 0;  // largest number in a block

  bool sound() const { return !error && complete && damages.empty(); }
};

Contents read_all(std::unique_ptr<format::ByteSource> source);
Contents read_all(const Bytes& bytes);

// Returns the events that TraceFile gives, block by block; none if it does not open.
std::vector<NamedEvent> events_by_block(const Bytes& bytes);

// The options have fixed uuids, so that the same events give the same bytes.
format::TraceWriterOptions fixed_options();
format::TraceMeta sample_meta();

// Writes a trace of two compilers and an editor: all kinds of frames, several flushes, every column in use.
// Fails if the sink fails.
Status write_sample_trace(std::unique_ptr<format::ByteSink> sink, const format::TraceWriterOptions& options);
Bytes sample_trace();
// Returns a small trace whose only loss is LossCause::kUnmarkedFilesystem.
Bytes trace_with_unmarked_filesystem();

// Returns true if `found` is `written`, except that names which were lost may be unknown in it.
bool same_or_unknown(const NamedEvent& found, const NamedEvent& written);

// Returns true if `whole` becomes `part` when some of its events and names are removed.
bool is_subsequence(const std::vector<NamedEvent>& part, const std::vector<NamedEvent>& whole);

}  // namespace rfan::tests
