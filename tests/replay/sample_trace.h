// Writes traces for the tests and captures the output about them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "format/trace/trace_writer.h"
#include "tests/support/scratch_directory.h"

namespace rfan::replay_test {

inline constexpr std::uint64_t kSecond = 1'000'000'000;
// The clock of the sample traces: monotonic 1 s is 2026-11-22 10:31:02 UTC.
inline constexpr format::ClockSample kSampleClock{kSecond, 1795343462 * kSecond, kSecond};

// Creates the file, with times in microseconds. Throws on failure, like all others here.
std::unique_ptr<format::TraceWriter> create_trace(const std::string& path, const format::TraceMeta& meta = {},
                                                  const format::TraceWriterOptions& options = {});
void check(const Status& status);

// Writes one event of every shape, from 1.25 s on, and `losses`. Omits the footer unless `finished`.
struct SampleShape {
  std::vector<format::Loss> losses{};
  bool finished = true;
};
void write_sample_trace(const std::string& path, const SampleShape& shape = {});

// Writes `blocks` blocks of `events_per_block` opens of /data/fN by pid 100.
void write_long_trace(const std::string& path, std::size_t blocks, std::size_t events_per_block);

// The output and notes of `rfanreplay ARGUMENTS`, run within this process.
struct Outcome {
  int status = -1;
  std::string out;
  std::vector<std::string> notes;  // and errors: lines of standard error without "rfanreplay: "
};
Outcome run(const std::vector<std::string>& arguments);

std::string read_file(const std::string& path);
void write_file(const std::string& path, std::string_view bytes);

}  // namespace rfan::replay_test
