// The program and the executed file of each event around an exec, in all modes.
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

// Runs `body` in a child, which then executes `program`.
void execute_after(const std::function<void()>& body, const std::vector<std::string>& program) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    std::vector<char*> words;
    for (const auto& word : program) words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    ::execv(words.front(), words.data());
    std::abort();
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
}

class ExecTest : public KernelTest, public ::testing::WithParamInterface<std::string> {
 protected:
  std::unique_ptr<Recording> record_in_this_mode() { return record({"--hold", GetParam()}); }
  // Stops the recording and returns the trace. Its loss ledger may have uncertain programs.
  ReplayedTrace ended(Recording& recording) const {
    const auto outcome = recording.stop();
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return replay(trace());
  }
  // Installs a copy of a program that does nothing and needs no library.
  std::string install(const std::string& path) const {
    std::filesystem::create_directories(std::filesystem::path(file(path)).parent_path());
    std::filesystem::copy_file(DO_NOTHING_PATH, file(path));
    return file(path);
  }
};

TEST_P(ExecTest, WhatWasDoneBeforeAnExecIsOfTheProgramBefore) {
  constexpr int kProcesses = 200;
  std::filesystem::copy_file(std::filesystem::canonical("/bin/touch"), file("tool"));
  const auto recording = record_in_this_mode();
  for (int i = 0; i < kProcesses; ++i) {
    const auto number = std::to_string(i);
    execute_after([&] { create(file("before" + number)); }, {file("tool"), file("after" + number)});
  }
  const auto own = std::filesystem::canonical("/proc/self/exe").string();
  std::size_t uncertain = 0;
  std::size_t created = 0;
  for (const auto& event : ended(*recording).events) {
    const auto name = std::filesystem::path(event.path).filename().string();
    const bool before = name.starts_with("before");
    if (!before && !name.starts_with("after")) continue;
    if (event.kind == "create") ++created;
    if (event.uncertain) ++uncertain;
    if (!event.uncertain) {
      EXPECT_EQ(event.exe, before ? own : file("tool")) << event.kind << " " << name;
    }
  }
  EXPECT_EQ(created, 2U * kProcesses);
  if (GetParam() != "none") {
    EXPECT_EQ(uncertain, 0U) << "an exec that waits leaves no doubt";
  }
  EXPECT_LT(uncertain, created) << "most of them can be told apart";
}

TEST_P(ExecTest, AProgramInAChrootIsNamedAsWeSeeIt) {
  constexpr int kRuns = 40;
  const auto program = install("jail/bin/true");
  const auto recording = record_in_this_mode();
  for (int i = 0; i < kRuns; ++i)
    execute_after(
        [&] {
          if (::chroot(file("jail").c_str()) != 0) std::abort();
        },
        {"/bin/true"});
  std::size_t closes = 0;
  for (const auto& event : ended(*recording).events) {
    EXPECT_NE(event.exe, "/bin/true") << event.kind << " " << event.path;
    if (event.kind == "close_nowrite" && event.exe == program) ++closes;
  }
  EXPECT_GE(closes, kRuns) << "of the executable, when it ends";
}

TEST_P(ExecTest, AProgramMountedOverAnotherIsNotTakenForIt) {
  const auto program = install("disguised");
  const auto recording = record_in_this_mode();
  execute_after(
      [&] {
        const bool done = ::unshare(CLONE_NEWNS) == 0 &&
                          ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                          ::mount(program.c_str(), "/usr/bin/true", nullptr, MS_BIND, nullptr) == 0;
        if (!done) std::abort();
      },
      {"/usr/bin/true"});
  std::size_t closes = 0;
  for (const auto& event : ended(*recording).events) {
    EXPECT_NE(event.exe, "/usr/bin/true") << event.kind << " " << event.path;
    if (event.kind == "close_nowrite" && event.exe == "(unreachable)/usr/bin/true") ++closes;
  }
  EXPECT_GE(closes, 1U);
}

INSTANTIATE_TEST_SUITE_P(Hold, ExecTest, ::testing::Values("open", "exec", "none"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace rfan::kernel_test
