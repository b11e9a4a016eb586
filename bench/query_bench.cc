// Measures queries of rfanreplay, from the file to /dev/null, on a stream shaped like a compile recording.
// One thread.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/event_stream.h"
#include "format/base/limits.h"
#include "replay/program.h"

namespace rfan::bench {
namespace {

constexpr std::uint32_t kSeed = 20240607;
constexpr std::size_t kEvents = 64 * format::kMaxBlockEvents;

// A trace in the temporary directory that is removed at the end.
class TraceOnDisk {
 public:
  TraceOnDisk() {
    path_ = (std::filesystem::temp_directory_path() / "query_bench-XXXXXX").string();
    const int fd = ::mkostemp(path_.data(), O_CLOEXEC);
    if (fd < 0) std::abort();
    auto writer = format::TraceWriter::create(format::make_fd_sink(UniqueFd(fd), path_), {}, {});
    if (!writer || !write_compile_stream(kSeed, kEvents, 2, **writer)) std::abort();
  }
  ~TraceOnDisk() { ::unlink(path_.c_str()); }
  TraceOnDisk(const TraceOnDisk&) = delete;
  TraceOnDisk& operator=(const TraceOnDisk&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

void query(benchmark::State& state, std::vector<std::string> arguments) {
  static const TraceOnDisk trace;
  arguments.insert(arguments.begin() + 1, trace.path());
  arguments.insert(arguments.end(), {"--threads", "1"});
  const int fd = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (auto _ : state) {
    if (replay::run_program(arguments, {fd, [](std::string_view) {}}) != replay::kExitClean) std::abort();
  }
  ::close(fd);
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kEvents));
}

using Words = std::vector<std::string>;
const auto kUnit = benchmark::kMillisecond;
BENCHMARK_CAPTURE(query, report_by_exe, Words{"report"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, report_one_exe, Words{"report", "--exe", "as"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, report_by_path, Words{"report", "--by", "path"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, report_path_glob, Words{"report", "--by", "kind", "--path", "*.h"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, report_by_kind, Words{"report", "--by", "kind"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, report_everything,
                  Words{"report", "--by", "exe,dir", "-F", "events,opens,reopens,files,first,last,p99"})
    ->Unit(kUnit);
BENCHMARK_CAPTURE(query, slice, Words{"cat", "--since", "50%", "--until", "51%"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, cat_text, Words{"cat"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, cat_jsonl, Words{"cat", "--format", "jsonl"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, files, Words{"files"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, tree, Words{"tree"})->Unit(kUnit);
BENCHMARK_CAPTURE(query, hist, Words{"hist"})->Unit(kUnit);

}  // namespace
}  // namespace rfan::bench

BENCHMARK_MAIN();
