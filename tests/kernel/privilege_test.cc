// Messages of rfanrec when it must not, or cannot, record.
#include <filesystem>
#include <regex>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

class PrivilegeTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    // Use a copy, because the build directory may be closed to other users, and a place that they may write
    // to.
    std::filesystem::permissions(scratch().path(), std::filesystem::perms::all);
    std::filesystem::copy_file(RFANREC_PATH, program());
  }
  std::string program() const { return scratch().file("rfanrec"); }
  LaunchOptions nobody() const {
    LaunchOptions options;
    options.as_nobody = true;
    options.directory = scratch().path();
    return options;
  }
  // Returns the command that rfanrec proposes, without a leading "sudo", or an empty string.
  std::string proposed_setcap() {
    const auto err = run({program(), "-o", trace(), root()}, nobody()).err;
    std::smatch match;
    return std::regex_search(err, match, std::regex("setcap [^\n]*")) ? match.str() : "";
  }
};

TEST_F(PrivilegeTest, WithoutPrivilegeTheRemediesAreNamed) {
  const auto outcome = run({program(), "-o", trace(), root()}, nobody());
  EXPECT_EQ(outcome.status, 1);
  for (const auto* word : {"CAP_SYS_ADMIN", "sudo", "setcap cap_"}) {
    EXPECT_NE(outcome.err.find(word), std::string::npos) << "no " << word << " in: " << outcome.err;
  }
  EXPECT_FALSE(std::filesystem::exists(trace())) << "a failed start left a file behind";
}

TEST_F(PrivilegeTest, WithoutPrivilegeAnEarlierTraceStaysInPlace) {
  write_file(trace(), "the one before");
  run({program(), "-o", trace(), root()}, nobody());
  EXPECT_EQ(read_file(trace()), "the one before");
}

TEST_F(PrivilegeTest, TheProposedSetcapLineIsEnoughToRecord) {
  const auto setcap = proposed_setcap();
  ASSERT_NE(setcap, "");
  const auto granted = run({"sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; " + setcap});
  ASSERT_EQ(granted.status, 0) << setcap << "\n" << granted.err;
  create(file("a"));
  // The duration ends it even if this test is killed: capabilities clear the death signal.
  ChildProcess recording({program(), "-o", trace(), "--duration", "20s", root()}, nobody());
  ASSERT_TRUE(recording.wait_for_stderr_line("rfanrec: recording")) << recording.err();
  in_child([&] { open_and_close(file("a")); });
  recording.send(SIGINT);
  const auto outcome = recording.wait();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto events = replay(trace()).events;
  EXPECT_EQ(story(events, root()), (std::vector<std::string>{"open a", "close_nowrite a"}));
  // The process belongs to root, and rfanrec to nobody: this needs the capability to look at other users'
  // processes.
  for (const auto& event : events)
    EXPECT_EQ(event.exe, std::filesystem::canonical("/proc/self/exe").string());
}

TEST_F(PrivilegeTest, WhoBorrowsTheProgramsCapabilitiesMayNotStopOthers) {
  ASSERT_EQ(run({"sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; " + proposed_setcap()}).status, 0);
  for (const auto* option : {"--deny=/etc/**", "--max-stall=60s"}) {
    const auto outcome =
        run({program(), "-o", trace(), option, "--user", "0", "--duration", "5s", root()}, nobody());
    EXPECT_EQ(outcome.status, 1) << option;
    EXPECT_NE(outcome.err.find("run it as root"), std::string::npos) << outcome.err;
  }
}

TEST_F(PrivilegeTest, AFilesystemThatCannotBeHeldIsNamed) {
  const auto outcome = run({RFANREC_PATH, "-o", trace(), "/proc"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("/proc"), std::string::npos) << outcome.err;
}

TEST_F(PrivilegeTest, APathThatDoesNotExistIsNamed) {
  const auto outcome = run({RFANREC_PATH, "-o", trace(), file("missing")});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find(file("missing")), std::string::npos) << outcome.err;
}

TEST_F(PrivilegeTest, AnUnknownOptionIsAUsageError) {
  const auto outcome = run({RFANREC_PATH, "--no-such-option"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_NE(outcome.err.find("--no-such-option"), std::string::npos) << outcome.err;
}

}  // namespace
}  // namespace rfan::kernel_test
