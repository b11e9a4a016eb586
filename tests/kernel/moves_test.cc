// Paths of events while files and directories are created, opened, renamed, exchanged and removed at random:
// a recorded path is the path of the object at the time of its event.
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"
#include "tests/support/test_seed.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;

// A tree of two levels of directories with files, changed by several threads, one operation at a time. It
// records what it did. No name of a file is used twice, so each open has one true path.
class ChangingTree {
 public:
  // `goes_back`: directories may return to an earlier name at once. If none of the renames a -> b, b -> a, a
  // -> b is read in between, the kernel merges the third into the first, and the true path is lost.
  ChangingTree(std::string root, unsigned seed, bool goes_back)
      : root_(std::move(root)), random_(seed), goes_back_(goes_back) {
    for (int i = 0; i < kDirectories; ++i) directories_.push_back(make_directory());
  }

  void change(int operations) {
    for (int i = 0; i < operations; ++i) {
      const std::lock_guard lock(one_at_a_time_);
      switch (pick(8)) {
        case 0:
          open_new_file();
          break;
        case 1:
          rename_file();
          break;
        case 2:
          remove_file();
          break;
        case 3:
          rename_directory();
          break;
        case 4:
          exchange_directories();
          break;
        case 5:
          replace_directory();
          break;
        default:
          open_file();
          break;
      }
    }
  }

  // Lines such as "open a/b", in order.
  Story opened;

 private:
  static constexpr int kDirectories = 6;

  std::size_t pick(std::size_t below) { return random_() % below; }
  std::string& any_directory() { return directories_[pick(directories_.size())]; }
  std::string path(const std::string& name) const { return root_ + "/" + name; }
  std::string new_name(const char* what) { return what + std::to_string(++names_); }

  std::string make_directory() {
    const auto name = new_name("d");
    std::filesystem::create_directories(path(name) + "/sub");
    return name;
  }
  // Returns files as directory, "/sub" or "", and name, because their directories move.
  std::vector<std::string> files_in(const std::string& directory) const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path(directory))) {
      if (entry.is_regular_file()) files.push_back(entry.path().string().substr(root_.size() + 1));
    }
    return files;
  }
  std::string any_file() {
    const auto files = files_in(any_directory());
    return files.empty() ? open_new_file() : files[pick(files.size())];
  }
  std::string open_new_file() {
    const auto name = any_directory() + (pick(2) == 0 ? "/sub/" : "/") + new_name("f");
    touch(name, O_CREAT | O_WRONLY);
    return name;
  }
  void open_file() { touch(any_file(), O_RDONLY); }
  void touch(const std::string& name, int flags) {
    const int fd = ::open(path(name).c_str(), flags | O_CLOEXEC, 0644);
    if (fd < 0) std::abort();
    ::close(fd);
    opened.push_back("open " + name);
  }
  void rename_file() {
    const auto from = any_file();
    std::filesystem::rename(path(from), path(any_directory() + "/" + new_name("f")));
  }
  void remove_file() { std::filesystem::remove(path(any_file())); }
  void rename_directory() { rename_directory(any_directory()); }
  void rename_directory(std::string& directory) {
    const auto to = new_name("d");
    std::filesystem::rename(path(directory), path(to));
    directory = to;
  }
  void exchange_directories() {
    auto& one = any_directory();
    const auto& other = any_directory();
    if (one == other) return;
    if (::syscall(SYS_renameat2, AT_FDCWD, path(one).c_str(), AT_FDCWD, path(other).c_str(),
                  2 /* EXCHANGE */))
      std::abort();
    if (!goes_back_) rename_directory(one);
  }
  // Replaces a directory as a build does: the old one goes, a new one takes its name.
  void replace_directory() {
    const auto& directory = any_directory();
    const auto fresh = make_directory();
    touch(fresh + "/" + new_name("f"), O_CREAT | O_WRONLY);
    std::filesystem::remove_all(path(directory));
    std::filesystem::rename(path(fresh), path(directory));
  }

  std::string root_;
  std::mt19937 random_;
  bool goes_back_;
  std::mutex one_at_a_time_;
  std::vector<std::string> directories_;
  int names_ = 0;
};

std::set<std::string> files_of(const Story& opens) {
  std::set<std::string> files;
  for (const auto& open : opens) files.insert(open.substr(open.rfind('/')));
  return files;
}

class MovesTest : public KernelTest, public ::testing::WithParamInterface<std::string> {};

TEST_P(MovesTest, APathIsWhatTheFileWasCalledAtItsOpen) {
  constexpr int kThreads = 3;
  constexpr int kOperations = 400;
  const auto recording = record({"--hold", GetParam()});
  Story expected;
  const auto pid = ::getpid();
  {
    ChangingTree tree(root(), tests::test_seed(), GetParam() == "open");
    std::vector<std::jthread> threads;
    for (int i = 0; i < kThreads; ++i) threads.emplace_back([&] { tree.change(kOperations); });
    threads.clear();
    expected = std::move(tree.opened);
  }
  Story found;
  for (const auto& event : stop_and_replay(*recording).of_process(pid)) {
    const bool of_file = std::filesystem::path(event.path).filename().string().starts_with("f");
    if (event.kind != "open" || !of_file) continue;
    found.push_back("open " + event.path.substr(root().size() + 1));
  }
  if (GetParam() == "open") {
    ASSERT_EQ(found.size(), expected.size());
    for (std::size_t i = 0; i < found.size(); ++i) ASSERT_EQ(found[i], expected[i]) << "open " << i;
    return;
  }
  // The kernel merges an open that is not held into an earlier one of the same file.
  found.erase(std::unique(found.begin(), found.end()), found.end());
  auto at = expected.begin();
  for (const auto& open : found) {
    at = std::find(at, expected.end(), open);
    ASSERT_NE(at, expected.end()) << open << " is not an open of then";
    ++at;
  }
  EXPECT_EQ(files_of(found), files_of(expected));
}

INSTANTIATE_TEST_SUITE_P(Hold, MovesTest, ::testing::Values("open", "exec", "none"),
                         [](const auto& each) { return each.param; });

}  // namespace
}  // namespace rfan::kernel_test
