// generate-trace writes a large trace in the shape of a recorded compile, for query_speed.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "bench/event_stream.h"

namespace {

constexpr std::uint32_t kSeed = 20240607;
constexpr std::size_t kJobs = 8;

int fail(const rfan::Error& error) {
  fmt::print(stderr, "generate-trace: {}\n", error.message());
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace rfan;
  const auto events = argc == 3 ? std::strtoull(argv[1], nullptr, 10) : 0;
  if (events == 0) {
    fmt::print(stderr, "usage: generate-trace EVENTS FILE.fbz\n");
    return 2;
  }
  const std::string path = argv[2];
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return fail(errno_error("cannot create trace", path));
  const format::TraceWriterOptions options{format::random_uuid(), format::random_uuid()};
  auto writer = format::TraceWriter::create(format::make_fd_sink(UniqueFd(fd), path), options, {});
  if (!writer) return fail(writer.error());
  const auto status = bench::write_compile_stream(kSeed, events, kJobs, **writer);
  return status ? 0 : fail(status.error());
}
