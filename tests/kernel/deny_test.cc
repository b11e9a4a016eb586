// Fault injection: denied opens fail with the requested error, are in the trace, and hit no other process.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

namespace fs = std::filesystem;

// Returns Perl that exits with 0 if opening fails with `error` (0: if it succeeds), otherwise with the errno.
std::string open_expecting(const std::string& path, int error) {
  return "my $e = open(my $f, '<', '" + path + "') ? 0 : $!+0; exit($e == " + std::to_string(error) +
         " ? 0 : $e || 99)";
}

class DenyTest : public KernelTest {
 protected:
  Outcome record_perl(std::vector<std::string> options, const std::string& program) {
    std::vector<std::string> arguments{"-o", trace()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    for (const auto* word : {root().c_str(), "--", "perl", "-e", program.c_str()}) arguments.push_back(word);
    return Recording(arguments).wait();
  }
  std::vector<std::string> denied(const ReplayedTrace& replayed) {
    std::vector<ReplayedEvent> events;
    for (const auto& event : replayed.events) {
      if (event.verdict == "deny") events.push_back(event);
    }
    return story(events, root());
  }
};

TEST_F(DenyTest, ADeniedOpenFailsAndIsInTheTraceWithItsPath) {
  create(file("a.db"));
  const auto outcome = record_perl({"--deny", "*.db"}, open_expecting(file("a.db"), EPERM));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("1 were denied"), std::string::npos) << outcome.err;
  const auto replayed = replay(trace());
  EXPECT_EQ(replayed.status, 0) << "a denial that was asked for is no loss: " << replayed.messages;
  EXPECT_EQ(denied(replayed), std::vector<std::string>{"open a.db"});
}

TEST_F(DenyTest, WhatNoRuleMatchesIsAllowed) {
  create(file("a.db"));
  create(file("b.db"));
  const auto outcome = record_perl({"--deny", "*.db", "--deny", "!b.db"}, open_expecting(file("b.db"), 0));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_TRUE(denied(replay(trace())).empty());
}

TEST_F(DenyTest, TheOpenerGetsTheErrorAskedFor) {
  create(file("a.db"));
  for (const auto& [name, number] : {std::pair{"EPERM", EPERM},
                                     {"EIO", EIO},
                                     {"EBUSY", EBUSY},
                                     {"ETXTBSY", ETXTBSY},
                                     {"EAGAIN", EAGAIN},
                                     {"ENOSPC", ENOSPC},
                                     {"EDQUOT", EDQUOT}}) {
    const auto outcome =
        record_perl({"--deny", "*.db", "--deny-errno", name}, open_expecting(file("a.db"), number));
    if (outcome.err.find("EPERM only") != std::string::npos) GTEST_SKIP() << outcome.err;
    EXPECT_EQ(outcome.status, 0) << name << ": " << outcome.err;
  }
}

TEST_F(DenyTest, NobodyOutsideOfTheCommandIsDenied) {
  create(file("a.db"));
  const auto marker = scratch().file("marker");
  Recording recording({"-o", trace(), "--deny", "*.db", root(), "--", "sh", "-c",
                       "cat " + file("a.db") + "; touch " + marker + "; sleep 60"});
  ASSERT_TRUE(recording.begun());
  while (!fs::exists(marker)) ::usleep(10'000);
  in_child([&] { open_and_close(file("a.db")); });  // aborts if the open fails
  recording.stop(SIGTERM);
  EXPECT_EQ(denied(replay(trace())), std::vector<std::string>{"open a.db"}) << "that of cat";
}

TEST_F(DenyTest, DescendantsOfTheCommandAreDeniedToo) {
  create(file("a.db"));
  const auto outcome = record_perl(
      {"--deny", "*.db"}, "exit(system('sh', '-c', '(cat " + file("a.db") + ") && exit 1; exit 0') >> 8)");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(denied(replay(trace())), std::vector<std::string>{"open a.db"});
}

TEST_F(DenyTest, OnlyTheExecutableThatWasNamedIsDenied) {
  create(file("a.db"));
  const auto recording = record({"--exe", "cat", "--deny", "*.db"});
  EXPECT_EQ(run({"cat", file("a.db")}).status, 1);
  EXPECT_EQ(run({"head", file("a.db")}).status, 0);
  EXPECT_EQ(denied(stop_and_replay(*recording)), std::vector<std::string>{"open a.db"});
}

TEST_F(DenyTest, AProgramThatIsDeniedCannotBeRun) {
  fs::copy_file("/bin/true", file("tool"));
  const auto outcome = record_perl({"--deny", "tool"}, "exit(system('" + file("tool") + "') == 0)");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(denied(replay(trace())), std::vector<std::string>{"exec tool"});
}

TEST_F(DenyTest, HeldExecsAloneCanBeDenied) {
  fs::copy_file("/bin/true", file("tool"));
  const auto outcome =
      record_perl({"--hold", "exec", "--deny", "tool"}, "exit(system('" + file("tool") + "') == 0)");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

}  // namespace
}  // namespace rfan::kernel_test
