#include "tests/kernel/kernel_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace rfan::kernel_test {
namespace {

void expect(bool condition) {
  if (!condition) std::abort();
}

// Returns an empty string if these tests can run here, otherwise the reason.
std::string reason_to_skip() {
  if (::geteuid() != 0) return "not root: run as root (sudo tools/test)";
  const int group = ::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDONLY);
  if (group < 0) return std::string("fanotify_init(FAN_CLASS_CONTENT) is refused: ") + std::strerror(errno);
  ::close(group);
  return "";
}

// Runs once per program. From here on only this program and its children see its mounts.
std::string enter_mount_namespace() {
  static const std::string error = []() -> std::string {
    if (::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0)
      return "";
    return std::string("no mount namespace of our own: ") + std::strerror(errno);
  }();
  return error;
}

}  // namespace

Recording::Recording(const std::vector<std::string>& arguments, const LaunchOptions& options)
    : process_(
          [&] {
            std::vector<std::string> command{RFANREC_PATH};
            command.insert(command.end(), arguments.begin(), arguments.end());
            return command;
          }(),
          options) {}

Outcome Recording::stop(int signal) {
  process_.send(signal);
  return process_.wait();
}

pid_t Recording::guardian() const {
  const auto number = std::to_string(pid());
  return std::stoi(read_file("/proc/" + number + "/task/" + number + "/children"));
}

void KernelTest::SetUp() {
  auto reason = reason_to_skip();
  if (reason.empty()) reason = enter_mount_namespace();
  if (reason.empty()) {
    scratch_ = std::make_unique<tests::ScratchDirectory>();
    tmpfs_ = std::make_unique<PrivateTmpfs>();
    if (const int error = tmpfs_->mount_errno(); error != 0) {
      reason = std::string("cannot mount a tmpfs: ") + std::strerror(error);
    }
  }
  if (reason.empty()) return;
  if (std::getenv("RFAN_REQUIRE_KERNEL_TESTS") != nullptr)
    FAIL() << "kernel tests must run here, but: " << reason;
  GTEST_SKIP() << "KERNEL TEST SKIPPED: " << reason;
}

void KernelTest::TearDown() {
  tmpfs_.reset();
  scratch_.reset();
}

std::unique_ptr<Recording> KernelTest::record(const std::vector<std::string>& options) {
  std::vector<std::string> arguments{"-o", trace()};
  arguments.insert(arguments.end(), options.begin(), options.end());
  arguments.push_back(root());
  auto recording = std::make_unique<Recording>(arguments);
  EXPECT_TRUE(recording->begun()) << "rfanrec did not begin to record; it said:\n" << recording->err();
  return recording;
}

ReplayedTrace KernelTest::stop_and_replay(Recording& recording) {
  const auto outcome = recording.stop();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  return replayed;
}

void KernelTest::prepare_storm(std::size_t files) const {
  ASSERT_EQ(run({OPEN_STORM_PATH, "prepare", std::to_string(files), root()}).status, 0);
}

void KernelTest::storm(std::vector<std::string> words) const {
  words.insert(words.begin(), OPEN_STORM_PATH);
  words.push_back(root());
  const auto outcome = run(words);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TraceFigures KernelTest::expect_all_accounted_for() const {
  auto figures = figures_of(trace());
  EXPECT_EQ(figures.seen, figures.written + figures.filtered + figures.lost_in_all());
  return figures;
}

Outcome KernelTest::record_command(const std::vector<std::string>& command) {
  std::vector<std::string> arguments{"-o", trace(), root(), "--"};
  arguments.insert(arguments.end(), command.begin(), command.end());
  return Recording(arguments).wait();
}

pid_t KernelTest::in_child(const std::function<void()>& body) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    body();
    ::_exit(HasFailure() ? 1 : 0);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0) << "the child process did not get through (wait status " << status << ")";
  return pid;
}

void open_and_close(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  expect(fd >= 0);
  expect(::close(fd) == 0);
}

void create(const std::string& path, const std::string& content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  expect(fd >= 0);
  expect(::write(fd, content.data(), content.size()) == static_cast<ssize_t>(content.size()));
  expect(::close(fd) == 0);
}

void list_directory(const std::string& path) {
  DIR* directory = ::opendir(path.c_str());
  expect(directory != nullptr);
  while (::readdir(directory) != nullptr) continue;
  expect(::closedir(directory) == 0);
}

}  // namespace rfan::kernel_test
