// The recorded filesystems, through different mounts, and the messages about filesystems that are not
// recorded.
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "tests/kernel/fixture/canary.h"
#include "tests/kernel/fixture/filesystems.h"
#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;
namespace fs = std::filesystem;

// Every filesystem that can be held must report all kinds and all names of this session.
void prepare_session(const std::string& directory) {
  fs::create_directory(directory + "/sub");
  create(directory + "/old");
}
void session(const std::string& directory) {
  create(directory + "/new");
  open_and_close(directory + "/new");
  fs::rename(directory + "/old", directory + "/sub/moved");
  fs::remove(directory + "/sub/moved");
}
// Opens and closes come from one kernel queue, names from another. Each queue is in order.
void expect_session(const ReplayedTrace& replayed, const std::string& directory) {
  Story opened;
  Story named;
  for (const auto& line : story(replayed.events, directory))
    (line.starts_with("open") || line.starts_with("close") ? opened : named).push_back(line);
  EXPECT_EQ(opened, (Story{"open new", "close_write new", "open new", "close_nowrite new"}));
  EXPECT_EQ(named, (Story{"create new", "rename old -> sub/moved", "delete sub/moved"}));
}

class DiskFilesystemTest : public KernelTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(DiskFilesystemTest, IsRecordedWithAllNames) {
  const LoopFilesystem disk(GetParam());
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  prepare_session(disk.path());
  const auto recording = record({disk.path()});
  in_child([&] { session(disk.path()); });
  expect_session(stop_and_replay(*recording), disk.path());
}

INSTANTIATE_TEST_SUITE_P(Types, DiskFilesystemTest, ::testing::Values("ext4", "btrfs", "xfs"),
                         [](const auto& type) { return std::string(type.param); });

TEST_F(KernelTest, ABtrfsSubvolumeIsRecordedWithItsFilesystem) {
  const LoopFilesystem btrfs("btrfs");
  if (!btrfs.why_not().empty()) GTEST_SKIP() << btrfs.why_not();
  ASSERT_EQ(run({"btrfs", "-q", "subvolume", "create", btrfs.file("volume")}).status, 0);
  prepare_session(btrfs.file("volume"));
  const auto recording = record({btrfs.path()});
  in_child([&] { session(btrfs.file("volume")); });
  expect_session(stop_and_replay(*recording), btrfs.file("volume"));
}

TEST_F(KernelTest, ASubvolumeIsEnoughToNameItsFilesystem) {
  const LoopFilesystem btrfs("btrfs");
  if (!btrfs.why_not().empty()) GTEST_SKIP() << btrfs.why_not();
  ASSERT_EQ(run({"btrfs", "-q", "subvolume", "create", btrfs.file("volume")}).status, 0);
  prepare_session(btrfs.file("volume"));
  const auto recording = record({btrfs.file("volume")});
  in_child([&] { session(btrfs.file("volume")); });
  expect_session(stop_and_replay(*recording), btrfs.file("volume"));
}

TEST_F(KernelTest, OfASubvolumeMountedAloneItIsSaidWhatIsMissing) {
  const LoopFilesystem btrfs("btrfs");
  if (!btrfs.why_not().empty()) GTEST_SKIP() << btrfs.why_not();
  ASSERT_EQ(run({"btrfs", "-q", "subvolume", "create", btrfs.file("volume")}).status, 0);
  TestMount volume;
  volume.mount({"-o", "loop,subvol=volume", btrfs.image()});
  ASSERT_EQ(volume.why_not(), "");
  const auto coverage = run({RFANREC_PATH, "--coverage", volume.path()});
  EXPECT_NE(coverage.out.find("no names of created, deleted and renamed files"), std::string::npos)
      << coverage.out;
  Recording recording({"-o", trace(), volume.path()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  in_child([&] { create(volume.file("a")); });
  EXPECT_EQ(recording.stop().status, 0) << recording.err();
  EXPECT_EQ(story(replay(trace()).events, volume.path()), (Story{"open a", "close_write a"}));
}

TEST_F(KernelTest, AnOverlayIsRecordedThroughTheFilesystemBelowIt) {
  const OverlayFilesystem overlay(root());
  if (!overlay.why_not().empty()) GTEST_SKIP() << overlay.why_not();
  create(file("lower/below"));
  const auto recording = record();
  in_child([&] {
    open_and_close(overlay.file("below"));
    create(overlay.file("above"));
  });
  // The layers are mounted privately, so the kernel's path of a file starts at the layer. The expected path
  // is ours, which can be opened.
  const auto replayed = stop_and_replay(*recording);
  EXPECT_EQ(story(replayed.of_kind("open"), root()), (Story{"open lower/below", "open upper/above"}));
  EXPECT_EQ(story(replayed.of_kind("close_write"), root()), Story{"close_write upper/above"});
  EXPECT_EQ(story(replayed.of_kind("create"), root()), Story{"create upper/above"});
}

TEST_F(KernelTest, AStormThroughAnOverlayIsNamedAndAccountedFor) {
  const OverlayFilesystem overlay(root());
  if (!overlay.why_not().empty()) GTEST_SKIP() << overlay.why_not();
  ASSERT_EQ(run({OPEN_STORM_PATH, "prepare", "100", file("lower")}).status, 0);
  const auto recording = record();
  EXPECT_EQ(run({OPEN_STORM_PATH, "processes", "4", "40000", "100", overlay.path()}).status, 0);
  EXPECT_EQ(recording->stop().status, 0) << recording->err();
  // Naming such a file takes the writer 14 us. On a busy machine that is too slow for a storm; the loss is
  // then counted.
  expect_all_accounted_for();
  for (const auto& event : replay(trace()).of_kind("open"))
    ASSERT_TRUE(event.path.starts_with(file("lower/"))) << event.path;
}

TEST_F(KernelTest, AnOverlayIsNotHeldAndCoverageSaysWhy) {
  const OverlayFilesystem overlay(root());
  if (!overlay.why_not().empty()) GTEST_SKIP() << overlay.why_not();
  const auto coverage = run({RFANREC_PATH, "--coverage", overlay.path()});
  EXPECT_EQ(coverage.status, 3);
  EXPECT_EQ(coverage.out.find(" held "), std::string::npos) << coverage.out;
  EXPECT_NE(coverage.out.find("can deadlock"), std::string::npos) << coverage.out;
}

TEST_F(KernelTest, AStartOnAnOverlayAloneSaysWhatToDo) {
  const OverlayFilesystem overlay(root());
  if (!overlay.why_not().empty()) GTEST_SKIP() << overlay.why_not();
  const auto start = run({RFANREC_PATH, "-o", trace(), overlay.path()});
  EXPECT_EQ(start.status, 1);
  for (const auto& part :
       {overlay.path(), std::string("can deadlock"), std::string("record the filesystem of its layers")})
    EXPECT_NE(start.err.find(part), std::string::npos) << start.err;
}

TEST_F(KernelTest, OpensThroughAnOverlayGoOnWhileBothAreRecorded) {
  const OverlayFilesystem overlay(root());
  if (!overlay.why_not().empty()) GTEST_SKIP() << overlay.why_not();
  create(file("lower/canary"));
  const auto recording = record({overlay.path()});
  const Canary canary(overlay.file("canary"), scratch().file("count"));
  EXPECT_TRUE(canary.alive());
  EXPECT_EQ(recording->stop().status, 0) << recording->err();
  EXPECT_TRUE(canary.alive());
}

TEST_F(KernelTest, OpensThroughFuseGoOnWhileBothAreRecorded) {
  const FuseFilesystem fuse(root());
  if (!fuse.why_not().empty()) GTEST_SKIP() << fuse.why_not();
  create(file("canary"));
  const auto coverage = run({RFANREC_PATH, "--coverage", fuse.path()});
  EXPECT_EQ(coverage.out.find(" held "), std::string::npos) << coverage.out;
  EXPECT_NE(coverage.out.find("FUSE"), std::string::npos) << coverage.out;
  const auto recording = record({fuse.path()});
  {
    const Canary canary(fuse.file("canary"), scratch().file("count"));
    EXPECT_TRUE(canary.alive());
    EXPECT_EQ(recording->stop().status, 0) << recording->err();
    EXPECT_TRUE(canary.alive());
  }
  EXPECT_FALSE(replay(trace()).of_path(file("canary")).empty()) << "what the daemon opens below is recorded";
}

TEST_F(KernelTest, OpensThroughABindMountAreRecorded) {
  fs::create_directory(file("part"));
  create(file("part/a"));
  const BindMount part(file("part"));
  ASSERT_EQ(part.why_not(), "");
  const auto recording = record();
  const auto pid = in_child([&] { open_and_close(part.file("a")); });
  EXPECT_EQ(story(stop_and_replay(*recording).of_process(pid), part.path()),
            (Story{"open a", "close_nowrite a"}));
}

TEST_F(KernelTest, ABindMountStandsForItsWholeFilesystem) {
  fs::create_directory(file("part"));
  create(file("beside"));
  const BindMount part(file("part"));
  ASSERT_EQ(part.why_not(), "");
  Recording recording({"-o", trace(), part.path()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  in_child([&] { open_and_close(file("beside")); });
  EXPECT_EQ(recording.stop().status, 0) << recording.err();
  EXPECT_EQ(story(replay(trace()).events, root()), (Story{"open beside", "close_nowrite beside"}));
}

TEST_F(KernelTest, AnotherMountNamespaceIsRecorded) {
  create(file("a"));
  const auto recording = record();
  EXPECT_EQ(run({"unshare", "-m", "cat", file("a")}).status, 0);
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()), (Story{"open a", "close_nowrite a"}));
}

TEST_F(KernelTest, WhatOnlyAnotherNamespaceMountsHasThePathThatWeCanOpen) {
  fs::create_directory(file("part"));
  create(file("part/a"));
  fs::create_directory(scratch().file("elsewhere"));
  const auto recording = record();
  const auto script = "mount --bind " + file("part") + " " + scratch().file("elsewhere") + "; cat " +
                      scratch().file("elsewhere/a");
  EXPECT_EQ(run({"unshare", "-m", "sh", "-c", script}).status, 0);
  // The namespace is gone by now, and with it every path through its mounts.
  EXPECT_EQ(story(stop_and_replay(*recording).of_path(file("part/a")), root()),
            (Story{"open part/a", "close_nowrite part/a"}));
}

TEST_F(KernelTest, ARecordedFilesystemCanBeUnmounted) {
  LoopFilesystem disk("ext4");
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  const auto recording = record({disk.path()});
  in_child([&] {
    for (int i = 0; i < 1000; ++i) create(disk.file("f" + std::to_string(i)));
  });
  // Queued events and their descriptors keep it busy until the writer has named them.
  int status = -1;
  for (int tries = 0; tries < 100 && status != 0; ++tries) {
    status = disk.unmount().status;
    if (status != 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(status, 0) << "busy for 5 s";
  EXPECT_EQ(stop_and_replay(*recording).of_kind("close_write").size(), 1000U);
}

TEST_F(KernelTest, AMountThatAppearsWhileRecordingIsInTheTrace) {
  Recording recording({"--all", "-o", trace()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  const PrivateTmpfs later;
  ASSERT_EQ(later.mount_errno(), 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  EXPECT_EQ(recording.stop().status, 0);
  const auto info = run({RFANREPLAY_PATH, "info", trace()});
  const auto line = info.out.find(later.path());
  ASSERT_NE(line, std::string::npos) << info.out;
  EXPECT_NE(info.out.substr(line, info.out.find('\n', line) - line).find("filesystem mark"),
            std::string::npos)
      << info.out;
}

TEST_F(KernelTest, AFilesystemThatIsMountedAgainIsRecordedAgain) {
  LoopFilesystem disk("ext4");
  if (!disk.why_not().empty()) GTEST_SKIP() << disk.why_not();
  create(disk.file("a"));
  Recording recording({"-o", trace(), "--all", "--path", disk.file("**"), "--duration", "30s"});
  ASSERT_TRUE(recording.begun()) << recording.err();
  for (int round = 0; round < 2; ++round) {
    in_child([&] { open_and_close(disk.file("a")); });
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // until nothing keeps it busy
    ASSERT_EQ(disk.unmount().status, 0);
    disk.mount({"-o", "loop", disk.image()});
    std::this_thread::sleep_for(std::chrono::milliseconds(500));  // until the recorder has marked it
  }
  EXPECT_EQ(recording.stop().status, 0) << recording.err();
  EXPECT_EQ(story(replay(trace()).of_kind("open"), disk.path()), (Story{"open a", "open a"}));
}

}  // namespace
}  // namespace rfan::kernel_test
