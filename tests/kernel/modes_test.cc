// The same query has the same answer in every mode.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <set>

#include "tests/kernel/fixture/filesystems.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

namespace fs = std::filesystem;
using Answers = std::set<std::string>;

constexpr std::array kModes{"open", "exec", "none"};

// Returns the facts of each event that every mode knows: kind and path, with a slash after a directory. It is
// a set because events that do not wait may merge.
Answers answers_of(const ReplayedTrace& replayed, const std::string& root) {
  Answers answers;
  for (const auto& event : replayed.events)
    answers.insert(story({event}, root).front() + (event.directory ? "/" : ""));
  return answers;
}

void expect(bool condition) {
  if (!condition) std::abort();
}

// Creates and uses files and directories.
void first_half(const std::string& root) {
  fs::create_directory(root + "/d");
  create(root + "/d/f");
  list_directory(root + "/d");
  open_and_close(root + "/d/f");
}

// Moves and removes them.
void second_half(const std::string& root) {
  fs::rename(root + "/d", root + "/e");
  list_directory(root + "/e");
  fs::remove(root + "/e/f");
  const int directory = ::open((root + "/e").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  expect(directory >= 0);
  fs::remove(root + "/e");
  expect(::close(directory) == 0);
  fs::copy_file("/bin/true", root + "/program");
  expect(::system((root + "/program").c_str()) == 0);
  fs::remove(root + "/program");
}

TEST_F(KernelTest, OneScriptHasTheSameAnswersInAllModes) {
  const Answers expected{"create d/",
                         "create d/f",
                         "open d/f",
                         "close_write d/f",
                         "open d/",
                         "close_nowrite d/",
                         "close_nowrite d/f",
                         "rename d -> e/",
                         "open e/",
                         "close_nowrite e/",
                         "delete e/f",
                         "delete e/",
                         "create program",
                         "open program",
                         "close_write program",
                         "exec program",
                         "close_nowrite program",
                         "delete program"};
  for (const auto* mode : kModes) {
    const auto recording = record({"--hold", mode});
    // Two processes are used: for a single one, the kernel may merge events after the rename into earlier
    // ones.
    in_child([&] { first_half(root()); });
    in_child([&] { second_half(root()); });
    EXPECT_EQ(answers_of(stop_and_replay(*recording), root()), expected) << "--hold " << mode;
    const auto files = run({RFANREPLAY_PATH, "files", trace()});
    EXPECT_EQ(files.out.find(file("e") + "\n"), std::string::npos) << "--hold " << mode << "\n" << files.out;
  }
}

// Returns the directory flags of all events whose path is `path`.
std::set<bool> directory_flags(const ReplayedTrace& replayed, const std::string& path) {
  std::set<bool> flags;
  for (const auto& event : replayed.of_path(path)) flags.insert(event.directory);
  return flags;
}

TEST_F(KernelTest, DirectoriesOpenedThroughABindMountAreDirectoriesInAllModes) {
  fs::create_directories(file("part/sub"));
  create(file("part/a"));
  const BindMount part(file("part"));
  ASSERT_EQ(part.why_not(), "");
  for (const auto* mode : kModes) {
    const auto recording = record({"--hold", mode});
    in_child([&] {
      list_directory(part.file("sub"));
      open_and_close(part.file("a"));
    });
    const auto replayed = stop_and_replay(*recording);
    const auto seen_at = std::string_view(mode) == "open" ? part.path() : file("part");
    EXPECT_EQ(directory_flags(replayed, seen_at + "/sub"), std::set{true}) << "--hold " << mode;
    EXPECT_EQ(directory_flags(replayed, seen_at + "/a"), std::set{false}) << "--hold " << mode;
  }
}

TEST_F(KernelTest, DirectoriesOpenedThroughAnOverlayAreDirectoriesInAllModes) {
  const OverlayFilesystem overlay(root());
  if (!overlay.why_not().empty()) GTEST_SKIP() << overlay.why_not();
  fs::create_directory(file("lower/sub"));
  create(file("lower/a"));
  for (const auto* mode : kModes) {
    const auto recording = record({"--hold", mode});
    in_child([&] {
      list_directory(overlay.file("sub"));
      open_and_close(overlay.file("a"));
    });
    const auto replayed = stop_and_replay(*recording);
    EXPECT_EQ(directory_flags(replayed, file("lower/sub")), std::set{true}) << "--hold " << mode;
    EXPECT_EQ(directory_flags(replayed, file("lower/a")), std::set{false}) << "--hold " << mode;
  }
}

TEST_F(KernelTest, AFileWithoutANameIsNoDirectoryInAnyMode) {
  for (const auto* mode : kModes) {
    const auto recording = record({"--hold", mode});
    const auto pid = in_child([&] { open_and_close(root(), O_TMPFILE | O_WRONLY); });
    const auto events = stop_and_replay(*recording).of_process(pid);
    EXPECT_FALSE(events.empty()) << "--hold " << mode;
    for (const auto& event : events) EXPECT_FALSE(event.directory) << "--hold " << mode << " " << event.path;
  }
}

}  // namespace
}  // namespace rfan::kernel_test
