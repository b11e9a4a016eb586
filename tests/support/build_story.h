// An invented recording of a build, for tests and measurements of the comparison.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "format/trace/trace_writer.h"

namespace rfan::tests {

// make starts two jobs at a time. Each unit is gcc with cc1 and as, which share a file with a random name. At
// the end collect2 starts the linker. Runs differ by `seed`: pids, random names, order of jobs, times, and
// with `noise` how often a part of the headers is read.
struct BuildStory {
  std::uint32_t seed = 1;
  std::size_t units = 30;
  std::size_t headers = 80;
  std::string directory = "/home/ann/build";
  double noise = 0;  // share of the headers whose count is random (Poisson)

  // Differences that a test plants.
  std::size_t extra_headers = 0;                 // below /opt/extra/include, read by each cc1
  std::map<std::string, std::size_t> rereads{};  // path to additional opens by make
  std::string linker = "/usr/bin/ld.bfd";
  // Two linkers open a library four times each; the kernel merged the closes of each into this many. 0: there
  // is one linker, and no such library.
  std::size_t linker_closes = 0;
  bool has_config = true;      // /src/config.mk is there
  bool writes_config = false;  // make opens it for writing, instead of reading it
  std::string wrapper{};       // make starts this, and it the compiler
  std::string slow_directory{};
  std::uint64_t slow_ns = 3'000'000;  // on the way to each event below slow_directory
  format::Loss loss{};                // with a count: a loss of the recording
};

void write_build(const BuildStory& story, format::TraceWriter& writer);

}  // namespace rfan::tests
