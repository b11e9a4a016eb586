#include "recorder/coverage.h"

#include <gtest/gtest.h>
#include <sys/fanotify.h>

#include <filesystem>
#include <set>

#include "tests/recorder/private_mounts.h"
#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

class CoverageTest : public ::testing::Test {
 protected:
  void mounted(const std::string& path, const std::string& fs_type, const std::string& device) {
    mounts_.push_back({path, fs_type, device, mounts_.size() + 1});
  }
  void report() {
    const auto attempt = [&](const MarkTarget& target) {
      attempts_.push_back(target.path);
      const bool covered = !refused_.contains(target.fs_type);
      return format::MountCoverage{target.path, target.fs_type, covered, covered ? "marked" : "refused"};
    };
    const auto visible = [&](const Mount& mount) { return !hidden_.contains(mount.id); };
    report_ = report_coverage(mounts_, holds_, attempt, visible);
  }
  MountState state_of(std::size_t index) { return report_.at(index).state; }

  bool holds_ = true;
  std::set<std::string> refused_;
  std::set<std::uint64_t> hidden_;
  std::vector<Mount> mounts_;
  std::vector<std::string> attempts_;
  std::vector<MountReport> report_;
};

TEST_F(CoverageTest, MountsAreHeldToldOrNotCovered) {
  mounted("/", "ext4", "8:1");
  mounted("/o", "overlay", "0:30");
  mounted("/f", "fuse", "0:31");
  refused_ = {"fuse"};
  report();
  EXPECT_EQ(state_of(0), MountState::kPermission);
  EXPECT_EQ(state_of(1), MountState::kNotificationOnly);
  EXPECT_EQ(state_of(2), MountState::kNotCovered);
  EXPECT_EQ(coverage_exit_status(report_), 3);
}

TEST_F(CoverageTest, NothingIsHeldByARecordingThatHoldsNothing) {
  holds_ = false;
  mounted("/", "ext4", "8:1");
  report();
  EXPECT_EQ(state_of(0), MountState::kNotificationOnly);
  EXPECT_EQ(coverage_exit_status(report_), 0);
}

TEST_F(CoverageTest, KernelInterfacesAreNeitherTriedNorAGap) {
  mounted("/proc", "proc", "0:4");
  report();
  EXPECT_TRUE(attempts_.empty());
  EXPECT_EQ(state_of(0), MountState::kKernelInterface);
  EXPECT_EQ(coverage_exit_status(report_), 0);
}

TEST_F(CoverageTest, FilesystemIsTriedOnceForAllItsMounts) {
  mounted("/a", "ext4", "8:1");
  mounted("/b", "ext4", "8:1");
  report();
  EXPECT_EQ(attempts_, std::vector<std::string>{"/a"});
  EXPECT_EQ(state_of(1), MountState::kPermission);
  EXPECT_EQ(report_[1].coverage.path, "/b");
}

TEST_F(CoverageTest, HiddenMountIsNotTriedSinceItsPathLeadsElsewhere) {
  mounted("/a", "tmpfs", "0:5");
  mounted("/a", "tmpfs", "0:6");
  hidden_ = {1};
  report();
  EXPECT_EQ(state_of(0), MountState::kNotCovered);
  EXPECT_NE(report_[0].coverage.how.find("another mount lies over it"), std::string::npos);
  EXPECT_EQ(state_of(1), MountState::kPermission);
  EXPECT_EQ(attempts_.size(), 1U);
}

TEST_F(CoverageTest, HiddenMountIsCoveredThroughAnotherOneOfItsFilesystem) {
  mounted("/a", "tmpfs", "0:5");
  mounted("/b", "tmpfs", "0:5");
  hidden_ = {1};
  report();
  EXPECT_EQ(attempts_, std::vector<std::string>{"/b"});
  EXPECT_EQ(state_of(0), MountState::kPermission);
}

TEST_F(CoverageTest, TextHasALinePerMountAndOneForAllKernelInterfaces) {
  mounted("/", "ext4", "8:1");
  mounted("/proc", "proc", "0:4");
  mounted("/sys", "sysfs", "0:5");
  mounted("/bad\nname\x9b", "fuse.\x9b", "0:31");
  mounted("/dev/pts", "devpts", "0:6");
  mounted("/sys/fs/bpf", "bpf", "0:7");
  refused_ = {"fuse.\x9b"};
  report();
  EXPECT_EQ(coverage_text(report_),
            "/               ext4       held         marked\n"
            "/bad\\nname\\x9b  fuse.\\x9b  not covered  refused\n"
            "4 kernel interfaces (proc, sysfs, devpts, ...): no files of users\n");
}

TEST_F(CoverageTest, TraceGetsEveryMountWithItsReason) {
  mounted("/", "ext4", "8:1");
  mounted("/proc", "proc", "0:4");
  report();
  const auto mounts = mount_coverage(report_);
  ASSERT_EQ(mounts.size(), 2U);
  EXPECT_TRUE(mounts[0].covered);
  EXPECT_FALSE(mounts[1].covered);
  EXPECT_NE(mounts[1].how.find("kernel"), std::string::npos);
}

class ProbeCoverageTest : public PrivateMountsTest {
 protected:
  void SetUp() override {
    PrivateMountsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    if (!FanotifyGroup::create(GroupKind::kPermission).ok())
      GTEST_SKIP() << "MOUNT TEST SKIPPED: no fanotify here";
  }
  std::string directory(const std::string& name) {
    std::filesystem::create_directories(scratch_.file(name));
    return scratch_.file(name);
  }
  static std::vector<MountReport> probe(const std::vector<std::string>& paths) {
    auto report = probe_coverage(plan_, paths);
    EXPECT_TRUE(report.ok()) << (report.ok() ? "" : report.error().message());
    return report.ok() ? *report : std::vector<MountReport>{};
  }
  inline static const EventPlan plan_ =
      plan_events(format::HoldMode::kOpen, 1U << static_cast<unsigned>(format::EventKind::kOpen) |
                                               1U << static_cast<unsigned>(format::EventKind::kCreate));
  tests::ScratchDirectory scratch_;
};

TEST_F(ProbeCoverageTest, TmpfsIsHeldAndProcIsAKernelInterface) {
  const TestMount mount("tmpfs", directory("a"));
  const auto report = probe({scratch_.file("a"), "/proc"});
  ASSERT_EQ(report.size(), 2U);
  EXPECT_EQ(report[0].state, MountState::kPermission) << report[0].coverage.how;
  EXPECT_EQ(report[1].state, MountState::kKernelInterface);
}

TEST_F(ProbeCoverageTest, TwoPathsOnOneMountAreOneLine) {
  const TestMount mount("tmpfs", directory("a"));
  EXPECT_EQ(probe({scratch_.file("a"), directory("a/b")}).size(), 1U);
}

TEST_F(ProbeCoverageTest, FilesystemBeneathAnotherMountIsNotCovered) {
  const TestMount beneath("tmpfs", directory("a"));
  const TestMount above("tmpfs", scratch_.file("a"));
  int covered = 0, gaps = 0;
  for (const auto& entry : probe({})) {
    if (entry.coverage.path != scratch_.file("a")) continue;
    ++(entry.state == MountState::kPermission ? covered : gaps);
  }
  EXPECT_EQ(covered, 1);
  EXPECT_EQ(gaps, 1);
}

// Nothing answers here, so a remaining permission mark, or any at all, would hang this test.
TEST_F(ProbeCoverageTest, NobodyWaitsForTheProbe) {
  const TestMount mount("tmpfs", directory("a"));
  probe({scratch_.file("a")});
  scratch_.write("a/file", "x");
  EXPECT_EQ(scratch_.read("a/file"), "x");
}

TEST_F(ProbeCoverageTest, PathThatDoesNotExistIsAnError) {
  const auto report = probe_coverage(plan_, {scratch_.file("nothing")});
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.error().message().find(scratch_.file("nothing")), std::string::npos);
}

}  // namespace
}  // namespace rfan::recorder
