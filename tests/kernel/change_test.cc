// A process changes while it is recorded: each event has the user, name and control group of its time.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

constexpr uid_t kUser = 1234;

void become_user() {
  if (::setresgid(kUser, kUser, kUser) != 0 || ::setresuid(kUser, kUser, kUser) != 0) std::abort();
}

// The parameter is the value of --hold. An event that nobody waits for may be uncertain close to a change.
class ChangeTest : public KernelTest, public ::testing::WithParamInterface<std::string> {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    for (const auto* name : {"before", "after", "other"}) create(file(name));
  }
  bool holds_opens() const { return GetParam() == "open"; }
  std::vector<std::string> mode() const { return {"--hold", GetParam()}; }
  ReplayedTrace stop_and_replay_with_doubts(Recording& recording) {
    EXPECT_EQ(recording.stop().status, 0);
    return replay(trace());
  }
  // Repeats the open if nobody waits: an event after a quiet moment is certain.
  void open_after() const {
    for (int i = 0; i < (holds_opens() ? 1 : 50); ++i) {
      open_and_close(file("after"));
      if (!holds_opens()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  // Removes events that are marked uncertain.
  static std::vector<ReplayedEvent> certain(std::vector<ReplayedEvent> events) {
    std::erase_if(events, [](const auto& event) { return event.uncertain; });
    return events;
  }
  void expect_users(const ReplayedTrace& replayed, uid_t after) {
    const auto afterwards = certain(replayed.of_path(file("after")));
    EXPECT_FALSE(afterwards.empty());
    for (const auto& event : afterwards) EXPECT_EQ(event.uid, after) << event.kind;
    for (const auto& event : certain(replayed.of_path(file("before")))) EXPECT_EQ(event.uid, 0) << event.kind;
  }
};

INSTANTIATE_TEST_SUITE_P(Hold, ChangeTest, ::testing::Values("open", "exec", "none"),
                         [](const auto& instance) { return instance.param; });

TEST_P(ChangeTest, AnOpenRightAfterItBecameAnotherUserIsThatUsers) {
  const auto recording = record(mode());
  in_child([&] {
    open_and_close(file("before"));
    become_user();
    open_after();
  });
  expect_users(stop_and_replay_with_doubts(*recording), kUser);
}

TEST_P(ChangeTest, AnExecRightAfterItBecameAnotherUserIsThatUsers) {
  const auto recording = record(mode());
  const auto command = "read x < " + file("after");
  in_child([&] {
    open_and_close(file("before"));
    become_user();
    ::execl("/bin/sh", "sh", "-c", command.c_str(), nullptr);
  });
  expect_users(stop_and_replay_with_doubts(*recording), kUser);
}

TEST_P(ChangeTest, AForkThatBecomesAnotherUserLeavesItsParentTheOneItWas) {
  const auto recording = record(mode());
  in_child([&] {
    open_and_close(file("before"));
    if (::fork() == 0) {
      become_user();
      open_and_close(file("other"));
      ::_exit(0);
    }
    ::wait(nullptr);
    open_and_close(file("after"));
  });
  const auto replayed = stop_and_replay_with_doubts(*recording);
  expect_users(replayed, 0);
  for (const auto& event : certain(replayed.of_path(file("other"))))
    EXPECT_EQ(event.uid, kUser) << event.kind;
}

TEST_P(ChangeTest, AForkOfAProcessThatBecameAnotherUserIsThatUsers) {
  const auto recording = record(mode());
  in_child([&] {
    open_and_close(file("before"));
    become_user();
    if (::fork() == 0) {
      open_and_close(file("after"));
      ::_exit(0);
    }
    ::wait(nullptr);
  });
  expect_users(stop_and_replay_with_doubts(*recording), kUser);
}

TEST_P(ChangeTest, AFilterByUserDecidesAnewWhenTheUserChanges) {
  auto options = mode();
  options.insert(options.end(), {"--user", std::to_string(kUser)});
  const auto recording = record(options);
  in_child([&] {
    open_and_close(file("before"));
    become_user();
    open_after();
  });
  const auto replayed = stop_and_replay_with_doubts(*recording);
  expect_users(replayed, kUser);
  if (holds_opens()) {
    for (const auto& event : replayed.of_path(file("before"))) EXPECT_NE(event.kind, "open");
  }
}

TEST_P(ChangeTest, AProcessThatTakesAnotherNameHasItFromThenOn) {
  const auto recording = record(mode());
  in_child([&] {
    ::prctl(PR_SET_NAME, "first");
    open_and_close(file("before"));
    ::prctl(PR_SET_NAME, "second");
    open_and_close(file("after"));
    std::thread([&] {
      ::prctl(PR_SET_NAME, "a thread");
      open_and_close(file("other"));
    }).join();
  });
  const auto replayed = stop_and_replay(*recording);
  for (const auto& event : replayed.events) {
    if (event.path != file("before")) {
      EXPECT_EQ(event.comm, "second") << event.path;
    } else if (event.held) {
      EXPECT_EQ(event.comm, "first");
    }
  }
}

// Uses a private control group in the unified hierarchy.
class CgroupTest : public ChangeTest {
 protected:
  void SetUp() override {
    ChangeTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    mount_point_ = scratch().file("cgroup");
    ::mkdir(mount_point_.c_str(), 0755);
    if (::mount("cgroup2", mount_point_.c_str(), "cgroup2", 0, nullptr) != 0)
      GTEST_SKIP() << "SKIPPED: no cgroup2: " << std::strerror(errno);
    name_ = "rfan-test-" + std::to_string(::getpid());
    group_ = mount_point_ + "/" + name_;
    if (::mkdir(group_.c_str(), 0755) != 0)
      GTEST_SKIP() << "SKIPPED: cannot make a control group: " << std::strerror(errno);
  }
  void TearDown() override {
    // All processes of the group have been waited for.
    if (!group_.empty()) ::rmdir(group_.c_str());
    if (!mount_point_.empty()) ::umount2(mount_point_.c_str(), MNT_DETACH);
    ChangeTest::TearDown();
  }
  void enter_group() const {
    const int fd = ::open((group_ + "/cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0 || ::write(fd, "0", 1) != 1) std::abort();
    ::close(fd);
  }
  bool is_in_group(const ReplayedEvent& event) const { return event.cgroup.ends_with("/" + name_); }

  std::string mount_point_, name_, group_;
};

INSTANTIATE_TEST_SUITE_P(Hold, CgroupTest, ::testing::Values("open", "exec", "none"),
                         [](const auto& instance) { return instance.param; });

TEST_P(CgroupTest, AMoveToAnotherControlGroupIsSeenWithinATenthOfASecond) {
  const auto recording = record(mode());
  in_child([&] {
    open_and_close(file("before"));
    enter_group();
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
    open_and_close(file("after"));
    // The look after an event that nobody waits for comes in time for later events, if it gets the time.
    for (int i = 0; i < 100 && !holds_opens(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      open_and_close(file("after"));
    }
  });
  const auto replayed = stop_and_replay(*recording);
  for (const auto& event : replayed.of_path(file("before"))) EXPECT_FALSE(is_in_group(event));
  const auto after = replayed.of_path(file("after"));
  ASSERT_FALSE(after.empty());
  EXPECT_TRUE(is_in_group(after.back()));
  if (holds_opens()) {
    EXPECT_TRUE(is_in_group(after.front()));
  }
}

// Events since the last look are recorded with the earlier group and may belong to either.
TEST_P(CgroupTest, AFilterByControlGroupSaysThatItMayHaveMissedSomething) {
  auto options = mode();
  options.insert(options.end(), {"--cgroup", name_});
  const auto recording = record(options);
  in_child([&] {
    open_and_close(file("before"));
    enter_group();
    for (int i = 0; i < 100; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      open_and_close(file("after"));
    }
  });
  EXPECT_EQ(recording->stop().status, 0);
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 3);
  EXPECT_FALSE(replayed.of_path(file("after")).empty());
  for (const auto& event : replayed.events) EXPECT_TRUE(is_in_group(event)) << event.path;
}

}  // namespace
}  // namespace rfan::kernel_test
