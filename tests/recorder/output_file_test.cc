#include "recorder/output/output_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/support/planted_entries.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

namespace fs = std::filesystem;

class OutputFileTest : public ::testing::Test {
 protected:
  OutputFileTest() {
    ::unsetenv("SUDO_UID");
    ::unsetenv("SUDO_GID");
  }
  ~OutputFileTest() override { ::umask(umask_); }

  UniqueFd open_trace() {
    auto file = OutputFile::open(trace_);
    EXPECT_TRUE(file.ok()) << (file.ok() ? "" : file.error().message());
    if (!file.ok()) return {};
    EXPECT_TRUE(file->take_place().ok());
    return file->take_fd();
  }
  Error refused() {
    const auto file = OutputFile::open(trace_);
    EXPECT_FALSE(file.ok());
    return file.ok() ? Error{} : file.error();
  }
  struct stat status_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(::lstat(path.c_str(), &status), 0) << path;
    return status;
  }

  tests::ScratchDirectory scratch_;
  std::string trace_ = scratch_.file("trace.fbz");
  std::string old_ = scratch_.file("trace.fbz.old");
  mode_t umask_ = ::umask(0);
};

TEST_F(OutputFileTest, NewTraceIsForItsOwnerOnly) {
  const auto fd = open_trace();
  EXPECT_EQ(status_of(trace_).st_mode, mode_t{S_IFREG | 0600});
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(::write(fd.get(), "x", 1), 1);
}

TEST_F(OutputFileTest, WhatDidNotGetItsNameMayStay) {
  scratch_.write("trace.fbz", "first");
  {
    auto file = OutputFile::open(trace_);
    ASSERT_TRUE(file.ok());
    EXPECT_EQ(file->place(), trace_ + ".new");
    fs::create_directory(old_);
    EXPECT_FALSE(file->take_place().ok());
    file->stay();
  }
  EXPECT_TRUE(fs::exists(trace_ + ".new"));
  EXPECT_EQ(scratch_.read("trace.fbz"), "first");
}

TEST_F(OutputFileTest, ADirectoryInThePlaceOfTheOlderTraceIsSaidAtTheStart) {
  scratch_.write("trace.fbz", "first");
  fs::create_directory(old_);
  EXPECT_EQ(refused().path, old_);
  EXPECT_FALSE(fs::exists(trace_ + ".new"));
}

TEST_F(OutputFileTest, ADirectoryInThePlaceOfTheNewTraceIsNamed) {
  fs::create_directory(trace_ + ".new");
  EXPECT_EQ(refused().path, trace_ + ".new");
}

TEST_F(OutputFileTest, ExistingTraceIsKeptAsOld) {
  scratch_.write("trace.fbz", "first");
  open_trace();
  EXPECT_EQ(scratch_.read("trace.fbz.old"), "first");
  EXPECT_EQ(scratch_.read("trace.fbz"), "");
}

TEST_F(OutputFileTest, OldOneOfTheLastTimeIsReplaced) {
  scratch_.write("trace.fbz.old", "first");
  scratch_.write("trace.fbz", "second");
  open_trace();
  EXPECT_EQ(scratch_.read("trace.fbz.old"), "second");
}

TEST_F(OutputFileTest, AStartThatFailsLeavesTheOlderTraceAndNothingElse) {
  scratch_.write("trace.fbz", "first");
  scratch_.write("trace.fbz.old", "oldest");
  { const auto file = OutputFile::open(trace_); }
  EXPECT_EQ(scratch_.read("trace.fbz"), "first");
  EXPECT_EQ(scratch_.read("trace.fbz.old"), "oldest");
  EXPECT_FALSE(fs::exists(trace_ + ".new"));
}

TEST_F(OutputFileTest, ReadableOldTraceDoesNotMakeTheNewOneReadable) {
  scratch_.write("trace.fbz", "first");
  ::chmod(trace_.c_str(), 0666);
  open_trace();
  EXPECT_EQ(status_of(trace_).st_mode & 0777U, 0600U);
}

TEST_F(OutputFileTest, DirectoryIsRefusedAndStays) {
  fs::create_directory(trace_);
  const auto error = refused();
  EXPECT_EQ(error.errno_value, EISDIR);
  EXPECT_FALSE(error.hint.empty());
  EXPECT_TRUE(fs::is_directory(trace_));
  EXPECT_FALSE(fs::exists(old_));
}

TEST_F(OutputFileTest, MissingDirectoryIsAnErrorThatNamesThePath) {
  trace_ = scratch_.file("nowhere/trace.fbz");
  const auto error = refused();
  EXPECT_EQ(error.errno_value, ENOENT);
  EXPECT_EQ(error.path, trace_);
}

TEST_F(OutputFileTest, DanglingLinkIsNotFollowed) {
  const auto target = scratch_.file("target");
  fs::create_symlink(target, trace_);
  open_trace();
  EXPECT_FALSE(fs::exists(target));
  EXPECT_TRUE(S_ISREG(status_of(trace_).st_mode));
  EXPECT_EQ(fs::read_symlink(old_), target);
}

TEST_F(OutputFileTest, TargetOfALinkIsLeftAlone) {
  const auto target = scratch_.write("target", "precious");
  fs::create_symlink(target, trace_);
  const auto fd = open_trace();
  EXPECT_EQ(::write(fd.get(), "x", 1), 1);
  EXPECT_EQ(scratch_.read("target"), "precious");
}

TEST_F(OutputFileTest, LinkInPlaceOfTheOldOneIsReplacedNotFollowed) {
  const auto target = scratch_.write("target", "precious");
  fs::create_symlink(target, old_);
  scratch_.write("trace.fbz", "first");
  open_trace();
  EXPECT_EQ(scratch_.read("target"), "precious");
  EXPECT_EQ(scratch_.read("trace.fbz.old"), "first");
}

TEST_F(OutputFileTest, PipeIsUsedAsItIs) {
  ASSERT_EQ(::mkfifo(trace_.c_str(), 0600), 0);
  const UniqueFd reader(::open(trace_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto writer = open_trace();
  EXPECT_EQ(::write(writer.get(), "x", 1), 1);
  EXPECT_EQ(::fcntl(writer.get(), F_GETFL) & O_NONBLOCK, 0) << "a full pipe would end the recording";
  EXPECT_TRUE(S_ISFIFO(status_of(trace_).st_mode));
  EXPECT_FALSE(fs::exists(old_));
}

// Standard error is a pipe here, so the reader can come after the message.
TEST_F(OutputFileTest, APipeWithoutReaderIsWaitedForAndSaid) {
  ASSERT_EQ(::mkfifo(trace_.c_str(), 0600), 0);
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  const UniqueFd messages(ends[0]);
  const UniqueFd saved(::dup(STDERR_FILENO));
  ::dup2(ends[1], STDERR_FILENO);
  ::close(ends[1]);
  std::string said(200, '\0');
  UniqueFd reader;
  std::jthread late([&] {
    pollfd message{messages.get(), POLLIN, 0};
    if (::poll(&message, 1, 100'000) == 1) ::read(messages.get(), said.data(), said.size());
    reader.reset(::open(trace_.c_str(), O_RDONLY | O_CLOEXEC));
  });
  const auto writer = open_trace();
  late.join();
  ::dup2(saved.get(), STDERR_FILENO);
  EXPECT_NE(said.find("waiting until somebody reads from the pipe '" + trace_), std::string::npos) << said;
  EXPECT_EQ(::write(writer.get(), "x", 1), 1);
}

class StickyDirectoryTest : public OutputFileTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
    tests::make_sticky(scratch_.path());
  }
};

TEST_F(StickyDirectoryTest, APipeOfSomebodyElseDoesNotGetTheTrace) {
  tests::plant_fifo(trace_);
  const UniqueFd reader(::open(trace_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto error = refused();
  EXPECT_EQ(error.path, trace_);
  EXPECT_NE(error.hint.find("pipe of user 65534"), std::string::npos) << error.hint;
  EXPECT_NE(error.hint.find("-o - >"), std::string::npos) << error.hint;
  EXPECT_TRUE(S_ISFIFO(status_of(trace_).st_mode));
}

TEST_F(StickyDirectoryTest, APipeOfTheOwnerOfTheDirectoryDoesNotEither) {
  tests::give_to_stranger(scratch_.path());
  tests::plant_fifo(trace_);
  const UniqueFd reader(::open(trace_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_NE(refused().hint.find("pipe of user 65534"), std::string::npos);
}

TEST_F(StickyDirectoryTest, APipeOfWhoCalledSudoIsUsed) {
  ::setenv("SUDO_UID", "65534", 1);
  ::setenv("SUDO_GID", "65534", 1);
  tests::plant_fifo(trace_);
  const UniqueFd reader(::open(trace_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  EXPECT_TRUE(open_trace());
}

TEST_F(StickyDirectoryTest, WhatIsSomebodyElsesIsNamedAndStays) {
  for (const auto& name : {trace_, trace_ + ".new", old_}) {
    scratch_.write("trace.fbz", "first");
    tests::plant_file(name);
    const auto error = refused();
    EXPECT_EQ(error.path, name);
    EXPECT_NE(error.hint.find("belongs to user 65534"), std::string::npos) << error.hint;
    EXPECT_EQ(scratch_.read(fs::path(name).filename()), "planted");
    fs::remove(name);
  }
  EXPECT_FALSE(fs::exists(old_));
}

TEST_F(StickyDirectoryTest, ALinkOfSomebodyElseIsNamedAndStays) {
  tests::plant_link(trace_, scratch_.write("target", "precious"));
  EXPECT_EQ(refused().path, trace_);
  EXPECT_TRUE(S_ISLNK(status_of(trace_).st_mode));
}

TEST_F(StickyDirectoryTest, AnOlderTraceOfWhoOwnsTheDirectoryIsKeptAsOld) {
  tests::give_to_stranger(scratch_.path());
  tests::plant_file(trace_);
  open_trace();
  EXPECT_EQ(scratch_.read("trace.fbz.old"), "planted");
}

TEST_F(OutputFileTest, DeviceIsUsedAsItIs) {
  trace_ = "/dev/null";
  EXPECT_TRUE(open_trace());
  EXPECT_TRUE(S_ISCHR(status_of("/dev/null").st_mode));
}

TEST_F(OutputFileTest, TraceBelongsToWhoCalledSudo) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  ::setenv("SUDO_UID", "12345", 1);
  ::setenv("SUDO_GID", "23456", 1);
  open_trace();
  EXPECT_EQ(status_of(trace_).st_uid, 12345U);
  EXPECT_EQ(status_of(trace_).st_gid, 23456U);
}

TEST_F(OutputFileTest, WhatIsNoIdGivesNothingAway) {
  for (const auto* id : {"99999999999", "4294967295", "-5", "12x", ""}) {
    ::setenv("SUDO_UID", id, 1);
    ::setenv("SUDO_GID", id, 1);
    open_trace();
    EXPECT_EQ(status_of(trace_).st_uid, ::geteuid()) << id;
    EXPECT_EQ(status_of(trace_).st_gid, ::getegid()) << id;
  }
}

// Restores the standard output of the test in every case.
TEST_F(OutputFileTest, DashIsACopyOfStandardOutput) {
  const auto target = scratch_.write("stdout", "");
  const UniqueFd file(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
  const UniqueFd saved(::dup(STDOUT_FILENO));
  ::dup2(file.get(), STDOUT_FILENO);
  trace_ = "-";
  const auto fd = open_trace();
  ::dup2(saved.get(), STDOUT_FILENO);
  EXPECT_GT(fd.get(), STDERR_FILENO);
  EXPECT_EQ(::write(fd.get(), "trace", 5), 5);
  EXPECT_EQ(scratch_.read("stdout"), "trace");
}

TEST_F(OutputFileTest, TerminalIsRefused) {
  const UniqueFd terminal(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!terminal) GTEST_SKIP() << "no pseudo-terminals here";
  const UniqueFd saved(::dup(STDOUT_FILENO));
  ::dup2(terminal.get(), STDOUT_FILENO);
  trace_ = "-";
  const auto error = refused();
  ::dup2(saved.get(), STDOUT_FILENO);
  EXPECT_NE(error.message().find("terminal"), std::string::npos) << error.message();
  EXPECT_FALSE(error.hint.empty());
}

}  // namespace
}  // namespace rfan::recorder
