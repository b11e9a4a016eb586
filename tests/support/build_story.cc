#include "tests/support/build_story.h"

#include <algorithm>
#include <array>
#include <random>
#include <stdexcept>
#include <vector>

namespace rfan::tests {
namespace {

using format::EventKind;

struct Planned {
  std::uint64_t time_ns;
  EventKind kind;
  std::size_t process;
  std::string path;
};

class Teller {
 public:
  explicit Teller(const BuildStory& story)
      : story_(story), random_(story.seed), pid_(1000 + story.seed * 977) {}

  void write(format::TraceWriter& writer) {
    make_ = start(kNobody, "/usr/bin/make", {"make", "-j2"});
    tell_reading(make_, "/src/Makefile");
    if (story_.has_config) {
      tell(make_, EventKind::kOpen, "/src/config.mk");
      tell(make_, story_.writes_config ? EventKind::kCloseWrite : EventKind::kCloseNowrite, "/src/config.mk");
    }
    for (const auto& [path, times] : story_.rereads) {
      for (std::size_t i = 0; i < times; ++i) tell_reading(make_, path);
    }
    std::uint64_t lanes[2] = {now_, now_};
    for (std::size_t unit = 0; unit < story_.units; ++unit) {
      auto& lane = lanes[0] <= lanes[1] ? lanes[0] : lanes[1];
      now_ = lane;
      tell_unit(unit);
      lane = now_;
    }
    now_ = std::max(lanes[0], lanes[1]);
    tell_link();
    std::stable_sort(events_.begin(), events_.end(),
                     [](const Planned& a, const Planned& b) { return a.time_ns < b.time_ns; });
    write_events(writer);
  }

 private:
  static constexpr std::size_t kNobody = SIZE_MAX;

  std::size_t start(std::size_t parent, const std::string& exe, const std::vector<std::string>& arguments) {
    format::Process process;
    process.pid = pid_ += 1 + random_() % 3;
    process.comm = exe.substr(exe.rfind('/') + 1).substr(0, 15);
    for (const auto& argument : arguments) process.cmdline += argument + '\0';
    processes_.push_back({process, parent, exe, 0});
    const auto id = processes_.size() - 1;
    if (parent != kNobody) {
      tell(parent, EventKind::kExec, exe);
      tell(parent, EventKind::kOpen, exe);
    }
    for (const auto* library : {"/etc/ld.so.cache", "/usr/lib/libc.so.6"}) tell_reading(id, library);
    return id;
  }

  void tell(std::size_t process, EventKind kind, const std::string& path) {
    now_ += static_cast<std::uint64_t>(std::lognormal_distribution<double>(10, 0.7)(random_));
    if (!story_.slow_directory.empty() && path.starts_with(story_.slow_directory)) now_ += story_.slow_ns;
    events_.push_back({now_, kind, process, path});
  }
  void tell_reading(std::size_t process, const std::string& path) {
    tell(process, EventKind::kOpen, path);
    tell(process, EventKind::kCloseNowrite, path);
  }
  void tell_writing(std::size_t process, const std::string& path) {
    tell(process, EventKind::kCreate, path);
    tell(process, EventKind::kOpen, path);
    tell(process, EventKind::kCloseWrite, path);
  }

  std::string random_name(std::string_view before, std::string_view after) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    std::string name(before);
    for (int i = 0; i < 6; ++i) name += kLetters[random_() % kLetters.size()];
    return name.append(after);
  }

  static std::string header(std::size_t number) {
    const auto directory = number % 3 == 0   ? "/usr/include/sys/"
                           : number % 3 == 1 ? "/usr/include/"
                                             : "/src/include/";
    return directory + ("part" + std::to_string(number)) + ".h";
  }

  void tell_unit(std::size_t unit) {
    const auto name = "unit" + std::to_string(unit);
    auto parent = make_;
    if (!story_.wrapper.empty()) parent = start(make_, story_.wrapper, {story_.wrapper, "gcc"});
    const auto gcc = start(parent, "/usr/bin/gcc", {"gcc", "-O2", "-c", "/src/" + name + ".c"});
    const auto middle = random_name("/tmp/cc", ".s");
    const auto cc1 = start(gcc, "/usr/lib/gcc/cc1", {"cc1", "-quiet", "/src/" + name + ".c", "-o", middle});
    tell_reading(cc1, "/src/" + name + ".c");
    tell_writing(gcc, middle);
    for (std::size_t i = 0; i < story_.headers; ++i) {
      if ((unit * 7 + i) % 4 == 0) continue;
      const bool random = static_cast<double>(i) < story_.noise * static_cast<double>(story_.headers);
      const int times = random ? std::poisson_distribution<int>(1.5)(random_) : 1;
      for (int k = 0; k < times; ++k) tell_reading(cc1, header(i));
    }
    for (std::size_t i = 0; i < story_.extra_headers; ++i) {
      tell_reading(cc1, "/opt/extra/include/extra" + std::to_string(i) + ".h");
    }
    const auto as = start(gcc, "/usr/bin/as", {"as", "-o", story_.directory + "/" + name + ".o", middle});
    tell_reading(as, middle);
    tell_writing(as, story_.directory + "/" + name + ".o");
    tell(gcc, EventKind::kDelete, middle);
  }

  void tell_link() {
    const auto gcc = start(make_, "/usr/bin/gcc", {"gcc", "-o", story_.directory + "/app"});
    const auto collect = start(gcc, "/usr/lib/gcc/collect2", {"collect2"});
    const auto linker = start(collect, story_.linker, {"ld", "-o", story_.directory + "/app"});
    if (story_.linker_closes != 0) tell_merged_closes({linker, start(collect, story_.linker, {"ld"})});
    if (story_.linker != "/usr/bin/ld.bfd") tell_reading(linker, "/usr/lib/libplugin.so");
    for (std::size_t unit = 0; unit < story_.units; ++unit) {
      tell_reading(linker, story_.directory + "/unit" + std::to_string(unit) + ".o");
    }
    tell_writing(linker, story_.directory + "/app");
  }

  // The linkers close the library in turns.
  void tell_merged_closes(std::array<std::size_t, 2> linkers) {
    for (const auto linker : linkers) {
      for (int i = 0; i < 4; ++i) tell(linker, EventKind::kOpen, "/usr/lib/libgcc.a");
    }
    for (std::size_t i = 0; i < story_.linker_closes; ++i) {
      for (const auto linker : linkers) tell(linker, EventKind::kCloseNowrite, "/usr/lib/libgcc.a");
    }
  }

  format::ProcessId written(std::size_t index, format::TraceWriter& writer) {
    auto& entry = processes_[index];
    if (entry.id != 0) return entry.id;
    if (entry.parent != kNobody) {
      entry.process.parent = written(entry.parent, writer);
      entry.process.ppid = processes_[entry.parent].process.pid;
    }
    entry.process.exe = writer.intern_path(entry.exe);
    return entry.id = writer.add_process(entry.process);
  }

  void write_events(format::TraceWriter& writer) {
    const auto check = [](const Status& status) {
      if (!status) throw std::runtime_error(status.error().message());
    };
    format::ClockSample clock;
    for (const auto& [time_ns, kind, process, path] : events_) {
      format::Event event;
      event.time_ns = clock.monotonic_ns = time_ns;
      clock.realtime_ns = time_ns + 1'700'000'000'000'000'000;
      event.kind = kind;
      event.process = written(process, writer);
      event.path = writer.intern_path(path);
      if (kind == EventKind::kOpen || kind == EventKind::kExec) {
        event.flags = format::kFlagHeld;
        event.reply_ns = 2000 + static_cast<std::uint32_t>(random_() % 4000);
      }
      writer.add_event(event);
      if (writer.block_full()) check(writer.flush(clock));
    }
    if (story_.loss.count) writer.add_loss(story_.loss);
    check(writer.finish(clock, {}));
  }

  struct Entry {
    format::Process process;
    std::size_t parent;
    std::string exe;
    format::ProcessId id;
  };

  const BuildStory& story_;
  std::mt19937 random_;
  std::uint32_t pid_;
  std::uint64_t now_ = 1'000'000'000;
  std::size_t make_ = 0;
  std::vector<Entry> processes_;
  std::vector<Planned> events_;
};

}  // namespace

void write_build(const BuildStory& story, format::TraceWriter& writer) {
  Teller(story).write(writer);
}

}  // namespace rfan::tests
