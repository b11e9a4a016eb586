// A trace in memory, for the recorder's tests to write and read back.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "format/trace/trace_reader.h"
#include "format/trace/trace_writer.h"
#include "tests/support/memory_io.h"

namespace rfan::recorder {

// A whole trace, read back.
struct ReadTrace {
  std::vector<format::Process> processes;  // id 1 is at index 0
  std::vector<std::string> paths;          // likewise
  std::vector<format::Loss> losses;
  std::uint64_t events = 0;
  std::uint64_t damages = 0;

  std::string exe_of(format::ProcessId id) const {
    const auto exe = processes.at(id - 1).exe;
    return exe == 0 ? "" : paths.at(exe - 1);
  }
};

class MemoryTrace {
 public:
  MemoryTrace() {
    auto created =
        format::TraceWriter::create(std::make_unique<tests::MemorySink>(bytes_), {}, format::TraceMeta{});
    EXPECT_TRUE(created.ok());
    writer_ = std::move(*created);
  }

  format::TraceWriter& writer() { return *writer_; }
  // Gives the writer to a caller that wants to own it. Finish it before read().
  std::unique_ptr<format::TraceWriter> take_writer() { return std::move(writer_); }

  // Finishes the trace, unless its writer was taken, and reads it.
  ReadTrace read() {
    if (writer_) {
      EXPECT_TRUE(writer_->finish({}, {}).ok());
    }
    auto opened = format::TraceReader::open(
        std::make_unique<tests::MemorySource>(*bytes_),
        [](const format::Damage& damage) { ADD_FAILURE() << "damage: " << damage.description; });
    EXPECT_TRUE(opened.ok());
    auto& reader = *opened.value();
    ReadTrace trace;
    for (auto block = reader.next_block(); block.ok() && block.value(); block = reader.next_block())
      trace.events += block.value()->statistics.totals.events;
    const auto& dictionary = reader.dictionary();
    for (std::uint32_t id = 1; id <= dictionary.process_count(); ++id)
      trace.processes.push_back(dictionary.process(id).copy());
    for (std::uint32_t id = 1; id <= dictionary.path_count(); ++id)
      trace.paths.emplace_back(dictionary.path(id));
    trace.losses = reader.losses();
    trace.damages = reader.damage_count();
    return trace;
  }

 private:
  tests::SharedBytes bytes_ = std::make_shared<std::vector<std::byte>>();
  std::unique_ptr<format::TraceWriter> writer_;
};

}  // namespace rfan::recorder
