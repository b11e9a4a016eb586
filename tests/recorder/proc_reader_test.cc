#include "recorder/processes/proc_reader.h"

#include <gtest/gtest.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>

#include "recorder/system/clock.h"
#include "tests/recorder/child_process.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

// Returns a /proc/PID/stat line, fields 1 to 24, with the parent 42, the given flags and the start at tick
// 987654.
std::string stat_line(const std::string& comm, const std::string& flags = "4194304") {
  return "1234 (" + comm + ") S 42 1234 1234 0 -1 " + flags +
         " 7 0 0 0 1 2 0 0 20 0 1 0 987654 4640768 237\n";
}

TEST(ParseStat, FindsTheFields) {
  const auto text = stat_line("vim");
  StatFields fields;
  ASSERT_TRUE(parse_stat(text, fields));
  EXPECT_EQ(fields.comm, "vim");
  EXPECT_EQ(fields.ppid, 42U);
  EXPECT_EQ(fields.start_ticks, 987654U);
  EXPECT_FALSE(fields.kernel_thread);
}

TEST(ParseStat, CommMayHoldAnyByte) {
  for (const std::string comm :
       {"a b", "tmux: server", ")", "((", ") S 1 2 3", "a\nb", "", "\xff\xfe", "((sd-pam)"}) {
    const auto text = stat_line(comm);
    StatFields fields;
    ASSERT_TRUE(parse_stat(text, fields)) << comm;
    EXPECT_EQ(fields.comm, comm);
    EXPECT_EQ(fields.ppid, 42U) << comm;
    EXPECT_EQ(fields.start_ticks, 987654U) << comm;
  }
}

TEST(ParseStat, KernelThreadIsAFlag) {
  const auto text = stat_line("kworker/0:0", "69238880");  // PF_KTHREAD among others
  StatFields fields;
  ASSERT_TRUE(parse_stat(text, fields));
  EXPECT_TRUE(fields.kernel_thread);
}

TEST(ParseStat, CutLineIsRefused) {
  const auto whole = stat_line("vim");
  const auto field_22 = whole.find("987654");
  for (std::size_t size = 0; size <= field_22; ++size) {
    StatFields fields;
    EXPECT_FALSE(parse_stat(std::string_view(whole).substr(0, size), fields)) << size;
  }
}

TEST(ParseStatusIds, TakesTheRealUserAndGroup) {
  std::uint32_t uid = 9;
  std::uint32_t gid = 9;
  ASSERT_TRUE(
      parse_status_ids("Name:\tUid:\nState:\tS\nUid:\t1000\t0\t0\t0\nGid:\t1001\t5\t5\t5\n", uid, gid));
  EXPECT_EQ(uid, 1000U);
  EXPECT_EQ(gid, 1001U);
}

TEST(ParseStatusIds, NobodyOfAnotherNamespaceIsANumberToo) {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  ASSERT_TRUE(parse_status_ids("Name:\tx\nUid:\t4294967295\t0\t0\t0\nGid:\t65534\t0\t0\t0\n", uid, gid));
  EXPECT_EQ(uid, 4294967295U);
  EXPECT_EQ(gid, 65534U);
}

TEST(ParseStatusIds, MissingLineIsRefused) {
  std::uint32_t uid = 0;
  std::uint32_t gid = 0;
  EXPECT_FALSE(parse_status_ids("Name:\tx\nUid:\t1\t1\t1\t1\n", uid, gid));
  EXPECT_FALSE(parse_status_ids("", uid, gid));
}

TEST(ParseCgroup, UnifiedHierarchyComesFirst) {
  EXPECT_EQ(parse_cgroup("4:memory:/m\n1:name=systemd:/s\n0::/system.slice/ssh.service\n"),
            "/system.slice/ssh.service");
}

TEST(ParseCgroup, RootOfTheUnifiedHierarchyGivesWayToANamedOne) {
  EXPECT_EQ(parse_cgroup("4:memory:/m\n1:name=systemd:/user.slice\n0::/\n"), "/user.slice");
}

TEST(ParseCgroup, ControllersCountWhenNothingElseTellsMore) {
  EXPECT_EQ(parse_cgroup("9:name=systemd:/\n8:pids:/\n4:cpu,memory:/job/7\n3:cpuset:/other\n0::/\n"),
            "/job/7");
}

TEST(ParseCgroup, RootOfEveryHierarchyIsTheRoot) {
  EXPECT_EQ(parse_cgroup("0::/\n"), "/");
  EXPECT_EQ(parse_cgroup("1:cpu:/\n0::/\n"), "/");
}

TEST(ParseCgroup, PathMayHoldColons) {
  EXPECT_EQ(parse_cgroup("0::/a:b/c\n"), "/a:b/c");
}

TEST(ParseCgroup, WhatIsNotAWholeLineIsPassedOver) {
  EXPECT_EQ(parse_cgroup(""), "");
  EXPECT_EQ(parse_cgroup("0::/cut"), "");
  EXPECT_EQ(parse_cgroup("no colon\n0:one\n0::\n"), "");
  EXPECT_EQ(parse_cgroup("0::/" + std::string(format::kMaxCgroupBytes, 'x') + "\n"), "");
}

class ProcReaderTest : public ::testing::Test {
 protected:
  static ProcReader open_reader(std::int64_t extra_offset_ns = 0) {
    const auto clocks = sample_clocks();
    const auto offset_ns = static_cast<std::int64_t>(clocks.boottime_ns - clocks.monotonic_ns);
    auto reader = ProcReader::open(offset_ns + extra_offset_ns);
    EXPECT_TRUE(reader.ok());
    return std::move(*reader);
  }

  tests::ScratchDirectory scratch_;
  ProcReader reader_ = open_reader();
  ProcessRecord record_;
};

TEST_F(ProcReaderTest, KnowsOurselves) {
  ASSERT_TRUE(reader_.read(static_cast<std::uint32_t>(::getpid()), record_));
  EXPECT_EQ(record_.fact, ProcessFact::kDetails);
  EXPECT_EQ(record_.pid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(record_.ppid, static_cast<std::uint32_t>(::getppid()));
  EXPECT_EQ(record_.uid, ::getuid());
  EXPECT_EQ(record_.gid, ::getgid());
  EXPECT_EQ(record_.exe, std::filesystem::canonical("/proc/self/exe").string());
  char name[16] = {};
  ::prctl(PR_GET_NAME, name);
  EXPECT_EQ(record_.comm, name);
  std::ifstream file("/proc/self/cgroup");
  const std::string cgroups{std::istreambuf_iterator<char>(file), {}};
  EXPECT_EQ(record_.cgroup, parse_cgroup(cgroups));
  EXPECT_EQ(record_.flags, 0);
}

TEST_F(ProcReaderTest, ForkHasTheIdsOfItsParent) {
  ASSERT_TRUE(reader_.read(static_cast<std::uint32_t>(::getpid()), record_));
  EXPECT_TRUE(reader_.ids().known());
  const ChildProcess child([] {});
  EXPECT_EQ(reader_.read_ids(child.pid()), reader_.ids());
}

TEST_F(ProcReaderTest, OtherUserOrGroupIsAnotherId) {
  if (::geteuid() != 0) GTEST_SKIP() << "SKIPPED: only root can become another user";
  ASSERT_TRUE(reader_.read(static_cast<std::uint32_t>(::getpid()), record_));
  const ChildProcess user([] { (void)!::setresuid(65534, 65534, 65534); });
  EXPECT_NE(reader_.read_ids(user.pid()), reader_.ids());
  const ChildProcess group([] { (void)!::setresgid(65534, 65534, 65534); });
  EXPECT_NE(reader_.read_ids(group.pid()), reader_.ids());
}

TEST_F(ProcReaderTest, NobodyHasNoIds) {
  EXPECT_FALSE(reader_.read_ids(pid_of_nobody()).known());
}

TEST_F(ProcReaderTest, KnowsTheProgramOfAChild) {
  const ChildProcess child({"/bin/sleep", "100", "0.5", "1e1"});
  ASSERT_TRUE(reader_.read(child.pid(), record_));
  EXPECT_EQ(record_.exe, std::filesystem::canonical("/bin/sleep").string());
  EXPECT_EQ(record_.cmdline, std::string_view("/bin/sleep\000100\0000.5\0001e1\0", 23));
  EXPECT_EQ(record_.comm, "sleep");
  EXPECT_EQ(record_.ppid, static_cast<std::uint32_t>(::getpid()));
}

TEST_F(ProcReaderTest, ProgramOfAProcessWhoseFirstThreadEndedIsThatOfTheOthers) {
  const ChildProcess child([] {
    std::thread([] {
      ::close_range(3, ~0U, 0);  // lets the test continue
      for (;;) ::pause();
    }).detach();
    ::syscall(SYS_exit, 0);  // ends this thread only
  });
  std::array<char, 4096> exe;
  const auto link = "/proc/" + std::to_string(child.pid()) + "/exe";
  while (::readlink(link.c_str(), exe.data(), exe.size()) > 0) ::usleep(1000);
  ASSERT_TRUE(reader_.read(child.pid(), record_));
  EXPECT_EQ(record_.exe, std::filesystem::canonical("/proc/self/exe").string());
  EXPECT_FALSE(record_.cmdline.empty());
  EXPECT_EQ(record_.pid, child.pid());
  EXPECT_EQ(record_.ppid, static_cast<std::uint32_t>(::getpid()));
  EXPECT_EQ(reader_.read_ids(child.pid()), reader_.ids());
}

TEST(PidNamespace, IsTheReadersOwnWhenItsNumberThereIsTheOnlyOne) {
  EXPECT_TRUE(is_of_own_pid_namespace("Name:\tx\nNSpid:\t42\nNSpgid:\t42\n", 42));
  EXPECT_FALSE(is_of_own_pid_namespace("Name:\tx\nNSpid:\t42\t1\nNSpgid:\t42\t1\n", 1));
  EXPECT_FALSE(is_of_own_pid_namespace("Name:\tx\nNSpid:\t1\t1\nNSpgid:\t1\t1\n", 1)) << "by chance";
  EXPECT_FALSE(is_of_own_pid_namespace("", 42)) << "a namespace in which the reader is not";
}

TEST_F(ProcReaderTest, StartTimeIsOnTheMonotonicClock) {
  constexpr std::uint64_t kTickNs = 10'000'000;  // the resolution of /proc
  const auto before_ns = monotonic_ns();
  const ChildProcess child({"/bin/sleep", "100"});
  ASSERT_TRUE(reader_.read(child.pid(), record_));
  EXPECT_GE(record_.time_ns + 2 * kTickNs, before_ns);
  EXPECT_LE(record_.time_ns, monotonic_ns());
}

// The machine was suspended after this process began, so its start on the monotonic clock is below zero.
TEST_F(ProcReaderTest, StartBeforeASuspendIsNotInTheFuture) {
  constexpr std::int64_t kTenYearsNs = 10LL * 365 * 86'400 * 1'000'000'000;
  auto reader = open_reader(kTenYearsNs);
  ASSERT_TRUE(reader.read(static_cast<std::uint32_t>(::getpid()), record_));
  EXPECT_LE(record_.time_ns, monotonic_ns());
}

TEST_F(ProcReaderTest, ExecutableIsNamedAsTheKernelNamesIt) {
  const auto program = scratch_.file("sleeper");
  std::filesystem::copy_file("/bin/sleep", program);
  const ChildProcess child({program, "100"});
  std::filesystem::remove(program);
  ASSERT_TRUE(reader_.read(child.pid(), record_));
  EXPECT_EQ(record_.exe, program + " (deleted)");
}

TEST_F(ProcReaderTest, LongCommandLineIsCutAndFlagged) {
  const ChildProcess child({"/bin/sleep", "100", std::string(format::kMaxCmdlineBytes, '0')});
  ASSERT_TRUE(reader_.read(child.pid(), record_));
  EXPECT_EQ(record_.cmdline.size(), format::kMaxCmdlineBytes);
  EXPECT_EQ(record_.flags, format::kProcessCmdlineTruncated);
}

TEST_F(ProcReaderTest, NextReadForgetsTheFlagsOfTheOneBefore) {
  const ChildProcess long_line({"/bin/sleep", "100", std::string(format::kMaxCmdlineBytes, '0')});
  ASSERT_TRUE(reader_.read(long_line.pid(), record_));
  ASSERT_TRUE(reader_.read(static_cast<std::uint32_t>(::getpid()), record_));
  EXPECT_EQ(record_.flags, 0);
}

TEST_F(ProcReaderTest, ProcessThatDoesNotExistIsUnknown) {
  EXPECT_FALSE(reader_.read(pid_of_nobody(), record_));
}

TEST_F(ProcReaderTest, LeavesNoDescriptorOpen) {
  const auto next_descriptor = [] {
    const int fd = ::dup(0);
    ::close(fd);
    return fd;
  };
  const int before = next_descriptor();
  for (int i = 0; i < 10; ++i) ASSERT_TRUE(reader_.read(static_cast<std::uint32_t>(::getpid()), record_));
  EXPECT_FALSE(reader_.read(pid_of_nobody(), record_));
  EXPECT_EQ(next_descriptor(), before);
}

}  // namespace
}  // namespace rfan::recorder
