// Makes a storm of opens for record_storms and the kernel tests. It is seeded, so that two runs open the same
// files.
//
//   open_storm prepare COUNT DIR             creates the files that the others open: DIR/0/0 ... DIR/99/99999
//   open_storm threads N OPENS FILES DIR     N threads together open and close OPENS times one of the first
//                                            FILES
//   open_storm processes N OPENS FILES DIR   N processes do the same
//   open_storm files COUNT DIR               opens every file once, in order
//   open_storm spawn N COUNT [PIDS] DIR      COUNT processes, N at a time: each executes this program and
//                                            opens the file of its number; after each PIDS of them, pids
//                                            start again from the first (needs root)
//
// Prints its seconds. Exits with 1 if an open was refused, which a recorder must never cause. Linked
// statically, so that a process of `spawn` opens nothing else.
#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

namespace {

std::atomic<unsigned long> g_refused = 0;

std::string path_of(const std::string& directory, unsigned long number) {
  constexpr unsigned long kFilesPerDirectory = 1000;
  return directory + "/" + std::to_string(number / kFilesPerDirectory) + "/" + std::to_string(number);
}

void open_and_close(const char* path, int flags = 0) {
  const int fd = ::open(path, flags | O_CLOEXEC, 0644);
  if (fd < 0) {
    if (g_refused++ == 0)
      std::fprintf(stderr, "open_storm: cannot open %s: %s\n", path, std::strerror(errno));
    return;
  }
  ::close(fd);
}

void prepare(unsigned long count, const std::string& directory) {
  for (unsigned long number = 0; number < count; ++number) {
    const auto path = path_of(directory, number);
    ::mkdir(path.substr(0, path.rfind('/')).c_str(), 0755);
    open_and_close(path.c_str(), O_WRONLY | O_CREAT);
  }
}

void open_randomly(unsigned long seed, unsigned long opens, const std::vector<std::string>& paths) {
  std::uint64_t state = seed;
  for (unsigned long i = 0; i < opens; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;  // Knuth's MMIX generator
    open_and_close(paths[(state >> 33) % paths.size()].c_str());
  }
}

void storm(bool as_processes, unsigned long workers, unsigned long opens,
           const std::vector<std::string>& paths) {
  std::vector<std::thread> threads;
  for (unsigned long worker = 0; worker < workers; ++worker) {
    const auto share = opens / workers + (worker < opens % workers ? 1 : 0);
    if (!as_processes) {
      threads.emplace_back([&paths, worker, share] { open_randomly(worker, share, paths); });
    } else if (::fork() == 0) {
      open_randomly(worker, share, paths);
      std::_Exit(g_refused == 0 ? 0 : 1);
    }
  }
  for (auto& thread : threads) thread.join();
  int status = 0;
  while (::wait(&status) > 0) g_refused += status == 0 ? 0 : 1;
}

void reap() {
  int status = 0;
  if (::wait(&status) > 0 && status != 0) ++g_refused;
}

// Makes the next process get the first free pid after ours (proc_sys_kernel(5), ns_last_pid).
void start_pids_again() {
  std::FILE* last = std::fopen("/proc/sys/kernel/ns_last_pid", "we");
  const bool written = last != nullptr && std::fprintf(last, "%d", ::getpid()) > 0;
  if (last == nullptr || std::fclose(last) != 0 || !written) {
    std::perror("open_storm: ns_last_pid");
    std::exit(2);
  }
}

// Uses posix_spawn(), which does not copy the page tables.
void spawn(unsigned long parallel, unsigned long count, unsigned long pids, const std::string& directory) {
  std::string program = "/proc/self/exe";
  std::string verb = "one";
  for (unsigned long number = 0; number < count; ++number) {
    auto path = path_of(directory, number);
    std::array<char*, 4> arguments{program.data(), verb.data(), path.data(), nullptr};
    if (number >= parallel) reap();
    if (pids != 0 && number % pids == 0) start_pids_again();
    pid_t pid = 0;
    if (::posix_spawn(&pid, program.c_str(), nullptr, nullptr, arguments.data(), environ) != 0) ++g_refused;
  }
  for (unsigned long i = 0; i < std::min(parallel, count); ++i) reap();
}

int usage() {
  std::fprintf(stderr,
               "usage: open_storm prepare|files COUNT DIR\n"
               "       open_storm threads|processes N OPENS FILES DIR\n"
               "       open_storm spawn N COUNT [PIDS] DIR\n");
  return 2;
}

bool run(const std::vector<std::string>& words) {
  const std::string& verb = words[0];
  const auto number = [&](std::size_t i) { return std::strtoul(words[i].c_str(), nullptr, 10); };
  const std::string& directory = words.back();
  if (verb == "prepare" && words.size() == 3) {
    prepare(number(1), directory);
  } else if (verb == "files" && words.size() == 3) {
    for (unsigned long i = 0; i < number(1); ++i) open_and_close(path_of(directory, i).c_str());
  } else if ((verb == "threads" || verb == "processes") && words.size() == 5) {
    std::vector<std::string> paths;
    for (unsigned long i = 0; i < number(3); ++i) paths.push_back(path_of(directory, i));
    if (paths.empty() || number(1) == 0) return false;
    storm(verb == "processes", number(1), number(2), paths);
  } else if (verb == "spawn" && (words.size() == 4 || words.size() == 5)) {
    spawn(number(1), number(2), words.size() == 5 ? number(3) : 0, directory);
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  if (words.size() == 2 && words[0] == "one") {
    open_and_close(words[1].c_str());
    return g_refused == 0 ? 0 : 1;
  }
  const auto begin = std::chrono::steady_clock::now();
  if (words.size() < 3 || !run(words)) return usage();
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  std::printf("%.3f\n", seconds.count());
  if (g_refused != 0) std::fprintf(stderr, "open_storm: %lu opens or processes refused\n", g_refused.load());
  return g_refused == 0 ? 0 : 1;
}
