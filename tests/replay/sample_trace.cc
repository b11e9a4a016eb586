#include "tests/replay/sample_trace.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <stdexcept>

#include "replay/program.h"

namespace rfan::replay_test {

using format::Event;
using format::EventKind;
using format::TraceWriter;

namespace {

// Writes processes and their events in the order of time.
class Storyteller {
 public:
  explicit Storyteller(TraceWriter& writer) : writer_(writer) {}

  format::ProcessId process(std::uint32_t pid, std::string_view exe, std::string comm, std::string cmdline) {
    format::Process process;
    process.pid = pid;
    process.ppid = 1;
    process.uid = 1000;
    process.gid = 1000;
    process.exe = exe.empty() ? 0 : writer_.intern_path(exe);
    process.comm = std::move(comm);
    process.cmdline = std::move(cmdline);
    return writer_.add_process(process);
  }

  void event(EventKind kind, std::uint8_t flags, format::ProcessId process, std::string_view path,
             std::uint32_t reply_ns = 0, std::string_view path2 = {}) {
    const auto id = [&](std::string_view name) { return name.empty() ? 0 : writer_.intern_path(name); };
    writer_.add_event({time_ns_, kind, flags, process, id(path), id(path2), reply_ns});
    time_ns_ += 250'001'000;
  }

 private:
  TraceWriter& writer_;
  std::uint64_t time_ns_ = kSecond + 250'000'000;
};

format::TraceMeta sample_meta() {
  format::TraceMeta meta;
  meta.recorder_version = "0.1.0";
  meta.hostname = "buildbox";
  meta.kernel = "6.1.0-31-amd64";
  meta.machine = "x86_64";
  meta.boot_id = "01234567-89ab-cdef-0123-456789abcdef";
  meta.cpu_count = 2;
  meta.recorder_args = {"rfanrec", "-o", "t.fbz", "--", "vim", "it's a file"};
  meta.command = {"vim", "it's a file"};
  meta.event_kinds = 1U << 1 | 1U << 2 | 1U << 5 | 1U << 6;
  meta.process_source = "/proc";
  meta.mounts = {{"/", "ext4", true, "filesystem mark"},
                 {"/proc", "proc", false, "a kernel interface"},
                 {"/mnt", "fuse", false, "can deadlock"}};
  return meta;
}

}  // namespace

void check(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message());
}

std::unique_ptr<TraceWriter> create_trace(const std::string& path, const format::TraceMeta& meta,
                                          const format::TraceWriterOptions& options) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) throw std::runtime_error("open " + path);
  auto in_us = options;
  in_us.time_unit_ns = 1000;
  auto writer = TraceWriter::create(format::make_fd_sink(UniqueFd(fd), path), in_us, meta);
  if (!writer) throw std::runtime_error(writer.error().message());
  return std::move(writer).value();
}

void write_sample_trace(const std::string& path, const SampleShape& shape) {
  auto writer = create_trace(path, sample_meta());
  Storyteller story(*writer);
  const std::string arguments("vim\0-es\0/etc/hostname\0", 22);
  const auto vim = story.process(1234, "/usr/bin/vim.basic", "vim", arguments);
  const auto ghost = story.process(77, "", "Web Content", "");
  const auto odd = story.process(78, "/tmp/\xff\xfe", "\xff", std::string("\xff\0ok\0", 5));
  story.event(EventKind::kExec, format::kFlagHeld, vim, "/usr/bin/vim.basic", 8'300);
  story.event(EventKind::kOpen, format::kFlagHeld, vim, "/etc/hostname", 1'200'000);
  story.event(EventKind::kOpen, format::kFlagHeld | format::kFlagDenied, ghost, "/etc/shadow", 2'100'000'000);
  story.event(EventKind::kCloseNowrite, format::kFlagDirectory, vim, "/etc");
  story.event(EventKind::kRename, 0, vim, "/tmp/old", 0, "/tmp/new name");
  story.event(EventKind::kDelete, format::kFlagDeleted, vim, "/tmp/new name");
  story.event(EventKind::kCloseWrite, 0, odd, "/tmp/\xff\n\\");
  story.event(EventKind::kAttrib, 0, 0, "");
  for (const auto& loss : shape.losses) writer->add_loss(loss);
  if (!shape.finished) return check(writer->flush(kSampleClock));
  format::TraceSummary summary;
  summary.end_reason = format::EndReason::kCommandEnded;
  summary.command_status = 1;
  summary.cost.events_seen = 20;
  summary.cost.events_filtered = 12;
  summary.cost.reader_user_ns = 1'000'000;
  summary.cost.writer_user_ns = 2'000'000;
  summary.cost.process_reads = 3;
  summary.cost.process_read_ns = 400'000;
  summary.cost.arenas = 8;
  summary.cost.arenas_high_water = 2;
  check(writer->finish(kSampleClock, summary));
}

void write_long_trace(const std::string& path, std::size_t blocks, std::size_t events_per_block) {
  auto writer = create_trace(path);
  format::Process process;
  process.pid = 100;
  process.exe = writer->intern_path("/usr/bin/cat");
  const auto id = writer->add_process(process);
  std::uint64_t number = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    for (std::size_t i = 0; i < events_per_block; ++i, ++number) {
      const auto file = writer->intern_path("/data/f" + std::to_string(number));
      writer->add_event({kSecond + number * 1000, EventKind::kOpen, 0, id, file, 0, 0});
    }
    check(writer->flush(kSampleClock));
  }
  check(writer->finish(kSampleClock, {}));
}

Outcome run(const std::vector<std::string>& arguments) {
  const int fd = memfd_create("captured", MFD_CLOEXEC);
  Outcome outcome;
  const auto take_note = [&](std::string_view line) { outcome.notes.emplace_back(line); };
  outcome.status = replay::run_program(arguments, {fd, take_note});
  outcome.out.resize(static_cast<std::size_t>(lseek(fd, 0, SEEK_END)));
  const auto count = pread(fd, outcome.out.data(), outcome.out.size(), 0);
  close(fd);
  if (count != static_cast<ssize_t>(outcome.out.size())) throw std::runtime_error("cannot capture");
  return outcome;
}

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void write_file(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace rfan::replay_test
