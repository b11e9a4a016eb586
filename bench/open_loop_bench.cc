// Measures what recording costs the program that opens files. Runs an open/close loop on a private tmpfs:
// unrecorded, under a bare loop that reads and answers events (the minimum: the same marks, nothing kept),
// and under rfanrec. The three are interleaved in one run, since only ratios of one run mean something on a
// shared machine.
//
//   open_loop_bench RFANREC [--opens N] [--rounds N]        (root)
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstring>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "bench/bare_answer_loop.h"
#include "recorder/system/clock.h"

namespace {

using rfan::recorder::monotonic_ns;

constexpr int kFiles = 1000;

struct Settings {
  std::string rfanrec;
  int opens = 50'000;
  int rounds = 5;
};

// A private tmpfs that is unmounted with the object.
class PrivateTmpfs {
 public:
  PrivateTmpfs() {
    if (::mkdtemp(path_.data()) == nullptr || ::mount("none", path_.data(), "tmpfs", 0, "size=64m") != 0) {
      std::perror("open_loop_bench: cannot mount a tmpfs");
      std::exit(1);
    }
    for (int i = 0; i < kFiles; ++i) ::close(::open(file(i).c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  }
  ~PrivateTmpfs() {
    ::umount2(path_.data(), MNT_DETACH);
    ::rmdir(path_.data());
  }
  PrivateTmpfs(const PrivateTmpfs&) = delete;
  PrivateTmpfs& operator=(const PrivateTmpfs&) = delete;

  std::string path() const { return path_.data(); }
  std::string file(int i) const { return path() + "/file" + std::to_string(i); }

 private:
  std::array<char, 32> path_ = std::to_array("/tmp/open_loop_bench.XXXXXX\0\0\0\0");
};

// A child process that watches the tmpfs. SIGTERM ends it; it is killed if it does not end.
class Watcher {
 public:
  // Runs `watch` in the child. The constructor returns when `watch` has written a byte to the descriptor that
  // it gets.
  explicit Watcher(const std::function<void(int ready)>& watch) {
    std::array<int, 2> ready{};
    if (::pipe2(ready.data(), 0) != 0) std::exit(1);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::close(ready[0]);
      watch(ready[1]);
      ::_exit(127);
    }
    ::close(ready[1]);
    char text[256];
    if (::read(ready[0], text, sizeof text) <= 0) {
      std::fputs("open_loop_bench: the watching process did not start\n", stderr);
      std::exit(1);
    }
    ready_ = ready[0];
  }
  ~Watcher() {
    ::kill(pid_, SIGTERM);
    for (int i = 0; i < 1000; ++i) {
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) break;
      ::usleep(10'000);
      if (i == 999) ::kill(pid_, SIGKILL);
    }
    ::close(ready_);
  }
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

 private:
  pid_t pid_ = -1;
  int ready_ = -1;
};

[[noreturn]] void run_rfanrec(const Settings& settings, const std::string& path, int ready) {
  ::dup2(ready, STDERR_FILENO);  // its first line says that the marks are in place
  ::execl(settings.rfanrec.c_str(), "rfanrec", "-o", "/dev/null", path.c_str(), nullptr);
  ::_exit(127);
}

struct Round {
  double ns_per_open = 0;
  double p50_ns = 0;
  double p99_ns = 0;
};

Round open_loop(const PrivateTmpfs& tmpfs, int opens) {
  std::vector<std::string> names;
  for (int i = 0; i < kFiles; ++i) names.push_back(tmpfs.file(i));
  std::vector<std::uint32_t> latencies;
  latencies.reserve(static_cast<std::size_t>(opens));
  const auto begin = monotonic_ns();
  for (int i = 0; i < opens; ++i) {
    const auto before = monotonic_ns();
    const int fd = ::open(names[static_cast<std::size_t>(i % kFiles)].c_str(), O_RDONLY | O_CLOEXEC);
    latencies.push_back(static_cast<std::uint32_t>(monotonic_ns() - before));
    ::close(fd);
  }
  const double total = static_cast<double>(monotonic_ns() - begin);
  std::sort(latencies.begin(), latencies.end());
  return {total / opens, static_cast<double>(latencies[latencies.size() / 2]),
          static_cast<double>(latencies[latencies.size() * 99 / 100])};
}

double median(std::vector<Round> rounds, double Round::*figure) {
  std::sort(rounds.begin(), rounds.end(),
            [&](const Round& a, const Round& b) { return a.*figure < b.*figure; });
  return rounds[rounds.size() / 2].*figure;
}

void print(const char* name, const std::vector<Round>& rounds, const std::vector<Round>& floor) {
  const double open = median(rounds, &Round::ns_per_open);
  std::printf(
      "%-12s %8.0f ns/open+close  open p50 %8.0f ns  p99 %8.0f ns   %.2f x floor (p50 %.2f, p99 %.2f)\n",
      name, open, median(rounds, &Round::p50_ns), median(rounds, &Round::p99_ns),
      open / median(floor, &Round::ns_per_open),
      median(rounds, &Round::p50_ns) / median(floor, &Round::p50_ns),
      median(rounds, &Round::p99_ns) / median(floor, &Round::p99_ns));
}

Settings parse(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    if (word == "--opens" && i + 1 < argc) {
      settings.opens = std::atoi(argv[++i]);
    } else if (word == "--rounds" && i + 1 < argc) {
      settings.rounds = std::atoi(argv[++i]);
    } else {
      settings.rfanrec = word;
    }
  }
  if (settings.rfanrec.empty() || settings.opens < 1 || settings.rounds < 1) {
    std::fputs("usage: open_loop_bench RFANREC [--opens N] [--rounds N]\n", stderr);
    std::exit(2);
  }
  return settings;
}

}  // namespace

int main(int argc, char** argv) {
  const auto settings = parse(argc, argv);
  if (::geteuid() != 0) {
    std::fputs("open_loop_bench: SKIPPED: fanotify permission events need root\n", stderr);
    return 0;
  }
  const PrivateTmpfs tmpfs;
  std::vector<Round> bare;
  std::vector<Round> floor;
  std::vector<Round> recorded;
  for (int round = 0; round < settings.rounds; ++round) {
    bare.push_back(open_loop(tmpfs, settings.opens));
    {
      const Watcher watcher([&](int ready) {
        rfan::bench::answer_and_forget({tmpfs.path()}, rfan::bench::Held::kOpens, ready);
      });
      floor.push_back(open_loop(tmpfs, settings.opens));
    }
    const Watcher watcher([&](int ready) { run_rfanrec(settings, tmpfs.path(), ready); });
    recorded.push_back(open_loop(tmpfs, settings.opens));
  }
  print("unrecorded", bare, floor);
  print("floor", floor, floor);
  print("rfanrec", recorded, floor);
  return 0;
}
