#include "bench/event_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <random>
#include <unordered_map>

namespace rfan::bench {
namespace {

using format::Event;
using format::EventKind;

constexpr std::size_t kLibraryGroups =
    24;  // <string>, <vector>, <map>...: headers that are included together
constexpr std::size_t kProjectHeaders = 400;
const std::vector<std::string> kBaseLibraries = {"/etc/ld.so.cache", "/usr/lib/x86_64-linux-gnu/libc.so.6",
                                                 "/usr/lib/locale/locale-archive"};
const std::vector<std::string> kCompilerLibraries = {
    "/usr/lib/x86_64-linux-gnu/libisl.so.23.2.0", "/usr/lib/x86_64-linux-gnu/libmpc.so.3.3.0",
    "/usr/lib/x86_64-linux-gnu/libmpfr.so.6.2.0", "/usr/lib/x86_64-linux-gnu/libgmp.so.10.4.1",
    "/usr/lib/x86_64-linux-gnu/libz.so.1.2.13",   "/usr/lib/x86_64-linux-gnu/libzstd.so.1.5.4"};

class StreamBuilder {
 public:
  StreamBuilder(std::uint32_t seed, std::size_t event_count, std::size_t jobs)
      : random_(seed), event_count_(event_count), jobs_(jobs) {
    make_headers();
  }

  EventStream build() {
    extend(event_count_);
    return std::move(stream_);
  }

  // Continues the stream until it has `event_count` events. Dropped events do not count.
  const EventStream& extend(std::size_t event_count) {
    if (stream_.processes.empty()) add_process("/usr/bin/make", "make", "make\0-j2\0", 0);
    event_count_ = event_count;
    while (stream_.events.size() < event_count_) step();
    return stream_;
  }
  void drop_events() { stream_.events.clear(); }

 private:
  // An event that a job still has to make.
  struct Planned {
    EventKind kind;
    std::uint8_t flags;
    format::ProcessId process;
    std::string path;
  };
  using Job = std::deque<Planned>;

  std::uint32_t below(std::size_t limit) {
    return std::uniform_int_distribution<std::uint32_t>(0, static_cast<std::uint32_t>(limit - 1))(random_);
  }

  void make_headers() {
    static constexpr const char* kFolders[] = {"bits", "ext", "debug", "experimental", "parallel", "tr1"};
    for (std::size_t group = 0; group < kLibraryGroups; ++group) {
      auto& headers = library_.emplace_back();
      const auto count = 5 + below(40);
      for (std::size_t i = 0; i < count; ++i) {
        headers.push_back(fmt::format("/usr/include/c++/12/{}/{}_{}.h", kFolders[below(6)],
                                      "stl_container_group" + std::to_string(group), i));
      }
    }
    for (std::size_t i = 0; i < kProjectHeaders; ++i) {
      project_.push_back(fmt::format("/home/user/src/project/module{:02}/include/interface_{}.h", i / 16, i));
    }
  }

  format::PathId path_id(const std::string& path) {
    const auto [known, added] =
        path_ids_.try_emplace(path, static_cast<format::PathId>(stream_.paths.size() + 1));
    if (added) stream_.paths.push_back(path);
    return known->second;
  }

  format::ProcessId add_process(const std::string& exe, const std::string& comm, std::string cmdline,
                                format::ProcessId parent) {
    format::Process process;
    process.pid = next_pid_;
    next_pid_ += 1 + below(2);
    process.ppid = parent == 0 ? 1 : stream_.processes[parent - 1].pid;
    process.parent = parent;
    process.uid = 1000;
    process.gid = 1000;
    process.start_time_ns = now_ns_;
    process.exe = path_id(exe);
    process.comm = comm;
    process.cmdline = std::move(cmdline);
    stream_.processes.push_back(std::move(process));
    return static_cast<format::ProcessId>(stream_.processes.size());
  }

  void plan_read(Job& job, format::ProcessId process, const std::string& path) {
    job.push_back({EventKind::kOpen, format::kFlagHeld, process, path});
    job.push_back({EventKind::kCloseNowrite, 0, process, path});
  }

  void plan_write(Job& job, format::ProcessId process, const std::string& path) {
    job.push_back({EventKind::kOpen, format::kFlagHeld, process, path});
    job.push_back({EventKind::kCloseWrite, 0, process, path});
  }

  format::ProcessId plan_exec(Job& job, const std::string& exe, const std::string& comm, std::string cmdline,
                              format::ProcessId parent) {
    const auto process = add_process(exe, comm, std::move(cmdline), parent);
    job.push_back({EventKind::kExec, format::kFlagHeld, process, exe});
    plan_read(job, process, "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
    for (const auto& library : kBaseLibraries) plan_read(job, process, library);
    return process;
  }

  // Plans library headers in groups of fixed order, with project headers in between. Each is opened once a
  // unit.
  void plan_headers(Job& job, format::ProcessId process) {
    std::vector<bool> seen(kLibraryGroups);
    const auto module = below(kProjectHeaders / 16);
    for (std::size_t i = 0, includes = 10 + below(14); i < includes; ++i) {
      const auto& near = project_[std::min<std::size_t>(module * 16 + below(40), kProjectHeaders - 1)];
      plan_read(job, process, near);
      const auto group = below(kLibraryGroups);
      if (seen[group]) continue;
      seen[group] = true;
      for (const auto& header : library_[group]) plan_read(job, process, header);
    }
  }

  Job plan_unit() {
    const auto unit = fmt::format("module{:02}/source_{}", below(kProjectHeaders / 16), next_unit_++);
    const auto source = "/home/user/src/project/" + unit + ".cc";
    const auto object = "/home/user/build/" + unit + ".cc.o";
    const auto assembly = fmt::format("/tmp/cc{:06x}.s", below(1U << 24));
    using namespace std::string_literals;
    const auto flags = "-O2\0-g\0-Wall\0-Wextra\0-std=c++20\0-I\0/home/user/src/project\0-o\0"s + object +
                       "\0-c\0"s + source + "\0"s;
    Job job;
    const auto shell = plan_exec(job, "/usr/bin/dash", "sh", "/bin/sh\0-c\0/usr/bin/c++ "s + flags, 1);
    const auto driver =
        plan_exec(job, "/usr/bin/x86_64-linux-gnu-g++-12", "c++", "/usr/bin/c++\0"s + flags, shell);
    plan_write(job, driver, assembly);
    const auto compiler =
        plan_exec(job, "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus", "cc1plus",
                  "/usr/lib/gcc/x86_64-linux-gnu/12/cc1plus\0-quiet\0-imultiarch\0"s + flags, driver);
    for (const auto& library : kCompilerLibraries) plan_read(job, compiler, library);
    plan_read(job, compiler, source);
    plan_headers(job, compiler);
    plan_write(job, compiler, assembly);
    const auto assembler = plan_exec(job, "/usr/bin/x86_64-linux-gnu-as", "as",
                                     "as\0--64\0-o\0"s + object + "\0"s + assembly + "\0"s, driver);
    plan_write(job, assembler, object);
    plan_read(job, assembler, assembly);
    job.push_back({EventKind::kDelete, 0, driver, assembly});
    return job;
  }

  // Makes the events of one read of the kernel's queue: a few events that share stamp and latency.
  void step() {
    while (running_.size() < jobs_) running_.push_back(plan_unit());
    now_ns_ += 3'000 + static_cast<std::uint64_t>(gap_ns_(random_));
    const auto reply_ns = static_cast<std::uint32_t>(4'000 + reply_ns_(random_));
    const auto batch = 1 + std::min<std::size_t>(batch_(random_), 15);
    for (std::size_t i = 0; i < batch && stream_.events.size() < event_count_; ++i) {
      if (below(3) == 0) current_ = below(running_.size());
      auto& job = running_[current_ % running_.size()];
      emit(job.front(), reply_ns);
      job.pop_front();
      if (job.empty()) job = plan_unit();
    }
  }

  void emit(const Planned& planned, std::uint32_t reply_ns) {
    Event event;
    event.time_ns = now_ns_;
    event.kind = planned.kind;
    event.flags = planned.flags;
    event.process = planned.process;
    event.path = path_id(planned.path);
    event.reply_ns = (planned.flags & format::kFlagHeld) != 0 ? reply_ns : 0;
    stream_.events.push_back(event);
  }

  std::mt19937 random_;
  std::size_t event_count_;
  std::size_t jobs_;
  std::vector<std::vector<std::string>> library_;
  std::vector<std::string> project_;
  std::unordered_map<std::string, format::PathId> path_ids_;
  EventStream stream_;
  std::vector<Job> running_;
  std::size_t current_ = 0;
  std::uint32_t next_pid_ = 4711;
  std::uint32_t next_unit_ = 0;
  std::uint64_t now_ns_ = 1'000'000'000'000;
  std::lognormal_distribution<double> gap_ns_{std::log(20'000.0), 0.8};
  std::lognormal_distribution<double> reply_ns_{std::log(8'000.0), 0.6};
  std::geometric_distribution<std::size_t> batch_{0.6};
};

}  // namespace

EventStream make_compile_stream(std::uint32_t seed, std::size_t event_count, std::size_t jobs) {
  return StreamBuilder(seed, event_count, jobs).build();
}

namespace {

// Hands a stream to a writer in one or several pieces.
class StreamWriter {
 public:
  StreamWriter(format::TraceWriter& writer, std::size_t events_per_flush)
      : writer_(writer), events_per_flush_(events_per_flush) {}

  Status write(const EventStream& stream) {
    for (const auto& event : stream.events) {
      while (processes_ < event.process) {
        while (paths_ < stream.processes[processes_].exe) writer_.intern_path(stream.paths[paths_++]);
        writer_.add_process(stream.processes[processes_++]);
      }
      while (paths_ < event.path) writer_.intern_path(stream.paths[paths_++]);
      writer_.add_event(event);
      clock_.monotonic_ns = event.time_ns;
      clock_.realtime_ns = event.time_ns + 1'700'000'000'000'000'000;
      if (++pending_ < events_per_flush_) continue;
      pending_ = 0;
      if (auto flushed = writer_.flush(clock_); !flushed) return flushed;
    }
    return {};
  }
  Status finish() { return writer_.finish(clock_, {}); }

 private:
  format::TraceWriter& writer_;
  std::size_t events_per_flush_;
  std::size_t pending_ = 0;
  std::size_t paths_ = 0;
  std::size_t processes_ = 0;
  format::ClockSample clock_;
};

}  // namespace

Status write_stream(const EventStream& stream, format::TraceWriter& writer, std::size_t events_per_flush) {
  StreamWriter stream_writer(writer, events_per_flush);
  if (auto written = stream_writer.write(stream); !written) return written;
  return stream_writer.finish();
}

Status write_compile_stream(std::uint32_t seed, std::size_t event_count, std::size_t jobs,
                            format::TraceWriter& writer) {
  constexpr std::size_t kPiece = 1'000'000;
  StreamBuilder builder(seed, kPiece, jobs);
  StreamWriter stream_writer(writer, format::kMaxBlockEvents);
  while (event_count != 0) {
    const auto piece = std::min(event_count, kPiece);
    if (auto written = stream_writer.write(builder.extend(piece)); !written) return written;
    builder.drop_events();
    event_count -= piece;
  }
  return stream_writer.finish();
}

}  // namespace rfan::bench
