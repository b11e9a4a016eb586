// usage: diff_bench [--events N] [--rounds N]
// Measures how fast two large traces are compared, with how much memory. Also measures, on seeded builds with
// planted differences, how many of these are found and how many findings are false.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "bench/event_stream.h"
#include "replay/diff/causes/causes.h"
#include "replay/program.h"
#include "tests/support/build_story.h"
#include "tests/support/memory_io.h"

namespace rfan::bench {
namespace {

using Clock = std::chrono::steady_clock;
using tests::BuildStory;

template <typename T>
T checked(Result<T> result) {
  if (!result) {
    fmt::print(stderr, "diff_bench: {}\n", result.error().message());
    std::exit(1);
  }
  return std::move(result).value();
}

std::unique_ptr<format::TraceWriter> create(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  return checked(format::TraceWriter::create(format::make_fd_sink(UniqueFd(fd), path), {}, {}));
}

long peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void measure_speed(std::size_t events) {
  auto directory = (std::filesystem::temp_directory_path() / "diff-bench-XXXXXX").string();
  if (!mkdtemp(directory.data())) std::exit(1);
  std::vector<std::string> arguments{"diff"};
  for (const std::uint32_t seed : {1, 2}) {
    arguments.push_back(fmt::format("{}/{}.fbz", directory, seed));
    const auto writer = create(arguments.back());
    if (!write_compile_stream(seed, events, 2, *writer)) std::exit(1);
  }
  const long before = peak_memory_mib();
  double best = 1e9;
  for (int round = 0; round < 3; ++round) {
    const auto begin = Clock::now();
    const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
    replay::run_program(arguments, {null, [](auto) {}});
    ::close(null);
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count());
  }
  fmt::print(
      "two traces of {} events each: {:.2f} s (best of 3), {:.1f} million events/s; peak memory {} MiB, {} "
      "MiB "
      "before\n",
      events, best, 2e-6 * static_cast<double>(events) / best, peak_memory_mib(), before);
  std::filesystem::remove_all(directory);
}

replay::RunPart record(std::size_t run, const BuildStory& story, const replay::NameFolding& folding,
                       std::vector<tests::SharedBytes>& files) {
  files.push_back(std::make_shared<std::vector<std::byte>>());
  const auto writer =
      checked(format::TraceWriter::create(std::make_unique<tests::MemorySink>(files.back()), {}, {}));
  tests::write_build(story, *writer);
  auto source = std::make_unique<tests::MemorySource>(*files.back());
  return {run, checked(replay::RunTally::read(std::move(source), folding, {}, [](auto) {}))};
}

std::vector<replay::Finding> compare(const BuildStory& base, const BuildStory& fresh, std::size_t runs,
                                     std::uint32_t& seed) {
  const replay::NameFolding folding({});
  std::vector<tests::SharedBytes> files;
  std::vector<replay::RunPart> parts;
  for (std::size_t i = 0; i < 2 * runs; ++i) {
    auto story = i < runs ? base : fresh;
    story.seed = ++seed;
    parts.push_back(record(i, story, folding, files));
  }
  const replay::Comparison comparison(parts, {runs, runs}, folding, 1);
  auto causes = replay::find_causes(comparison);
  std::erase_if(causes, [](const auto& cause) { return cause.tag != replay::Tag::kClear; });
  return causes;
}

// Measures builds in which each unit reads a part of the headers a random number of times, and make reads
// five others again.
void measure_discovery(std::size_t rounds, std::size_t runs, std::size_t rereads) {
  std::uint32_t seed = 0;
  std::size_t planted = 0, found = 0, findings = 0, wrong = 0, alarms = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    const BuildStory base{.noise = 0.3};
    auto fresh = base;
    for (int i = 0; i < 5; ++i) fresh.rereads[fmt::format("/src/include/planted{}.h", i)] = rereads + 1;
    auto with_files = base;
    for (const auto& [path, times] : fresh.rereads) with_files.rereads[path] = 1;
    planted += fresh.rereads.size();
    for (const auto& finding : compare(with_files, fresh, runs, seed)) {
      ++findings;
      const auto hits = std::count_if(finding.paths.begin(), finding.paths.end(),
                                      [&](const auto& path) { return fresh.rereads.contains(path); });
      found += static_cast<std::size_t>(hits);
      wrong += hits == 0;
    }
    alarms += compare(base, base, runs, seed).size();
  }
  const auto percent = [](std::size_t part, std::size_t of) {
    return of == 0 ? 0.0 : 100.0 * static_cast<double>(part) / static_cast<double>(of);
  };
  fmt::print(
      "{} run(s) a side, 5 headers read {:>3} times more: recall {:5.1f} %, false findings {:.1f} % ({} of "
      "{}); "
      "identical runs: {} findings in {} comparisons\n",
      runs, rereads, percent(found, planted), percent(wrong, findings), wrong, findings, alarms, rounds);
}

}  // namespace
}  // namespace rfan::bench

int main(int argc, char** argv) {
  std::size_t events = 10'000'000;
  std::size_t rounds = 40;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    (option == "--events" ? events : rounds) = std::strtoull(argv[i + 1], nullptr, 10);
  }
  for (const std::size_t runs : {1, 2, 3, 5}) {
    for (const std::size_t rereads : {1, 5, 20, 100}) rfan::bench::measure_discovery(rounds, runs, rereads);
  }
  rfan::bench::measure_speed(events);
}
