// The terminal belongs to the command.
#include <gtest/gtest.h>

#include "tests/kernel/fixture/kernel_fixture.h"
#include "tests/kernel/fixture/terminal.h"

namespace rfan::kernel_test {
namespace {

using std::chrono::milliseconds;

constexpr auto kStatus = "events/s";

class TerminalTest : public KernelTest {
 protected:
  // Returns the shell command `rfanrec -o TRACE OPTIONS TMPFS`.
  std::string recorder(const std::string& options = "") const {
    return std::string(RFANREC_PATH) + " -o " + trace() + " " + options + " " + root();
  }
  // Returns the same with a command that prints "ready" and ends with status 7 once flag() exists.
  std::string recorder_of_waiter(const std::string& options = "") const {
    return recorder(options) + " -- sh -c 'echo ready; until test -e " + flag() +
           "; do sleep 0.05; done; exit 7'";
  }
  std::string flag() const { return scratch().file("flag"); }
};

TEST_F(TerminalTest, NoStatusLineIsDrawnOverACommand) {
  Terminal terminal({"sh", "-c", recorder_of_waiter()});
  ASSERT_TRUE(terminal.shows("ready"));
  EXPECT_EQ(terminal.screen_after(milliseconds(1500)).find(kStatus), std::string::npos);
  create(flag());
  EXPECT_EQ(terminal.wait(), 7);
  EXPECT_TRUE(terminal.shows("nothing lost")) << "the summary follows the command";
}

TEST_F(TerminalTest, WhoAsksForItHasTheStatusLineBesideACommand) {
  Terminal terminal({"sh", "-c", recorder_of_waiter("--status")});
  EXPECT_TRUE(terminal.shows(kStatus));
  create(flag());
  EXPECT_EQ(terminal.wait(), 7);
}

TEST_F(TerminalTest, WithoutACommandTheStatusLineIsShown) {
  Terminal terminal({"sh", "-c", "exec " + recorder()});
  EXPECT_TRUE(terminal.shows(kStatus));
  terminal.type("\x03");
  EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(TerminalTest, InTheBackgroundNoStatusLineIsDrawn) {
  Terminal terminal({"sh", "-m", "-c", recorder() + " & read line; kill -TERM %1; wait %1"});
  ASSERT_TRUE(terminal.shows("rfanrec: recording"));
  EXPECT_EQ(terminal.screen_after(milliseconds(1500)).find(kStatus), std::string::npos);
  terminal.type("\n");
  EXPECT_EQ(terminal.wait(), 0);
}

TEST_F(TerminalTest, WhoStopsTheCommandIsToldHowToGoOn) {
  // Use job control: without it there would be nobody to return to, and the kernel would not stop the
  // program.
  Terminal terminal({"sh", "-m", "-c", recorder() + " -- sh -c 'echo ready; read line; exit 7'; exit $?"});
  ASSERT_TRUE(terminal.shows("ready"));
  terminal.type("\x1a");
  const std::string advice = "kill -s CONT -- -";
  ASSERT_TRUE(terminal.shows(advice)) << terminal.screen_after({});
  const auto& screen = terminal.screen_after(milliseconds(300));
  const auto group = std::stoi(screen.substr(screen.find(advice) + advice.size()));
  EXPECT_EQ(run({"sh", "-c", advice + std::to_string(group)}).status, 0);
  terminal.type("\n");
  EXPECT_EQ(terminal.wait(), 7);
}

}  // namespace
}  // namespace rfan::kernel_test
