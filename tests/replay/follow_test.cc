// Tests files that are followed or read while others write, move and replace them.
#include "replay/trace/follow_source.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <vector>

#include "format/base/unique_fd.h"
#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

class FollowTest : public testing::Test {
 protected:
  FollowTest() { replay_test::write_sample_trace(trace_, {.finished = false}); }

  // Returns the number of bytes until the source ends.
  static std::size_t all_of(format::ByteSource& source) {
    std::vector<std::byte> bytes(1 << 20);
    const auto got = source.read_at(0, bytes);
    EXPECT_TRUE(got.ok());
    return got ? got.value() : 0;
  }
  // Returns a descriptor that holds the lock of a recorder.
  UniqueFd locked() const {
    UniqueFd fd(::open(trace_.c_str(), O_RDWR | O_CLOEXEC));
    EXPECT_EQ(::flock(fd.get(), LOCK_EX), 0);
    return fd;
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
};

TEST_F(FollowTest, AFileThatIsRemovedEnds) {
  const auto size = std::filesystem::file_size(trace_);
  auto source = follow_source(trace_).value();
  std::filesystem::remove(trace_);
  EXPECT_EQ(all_of(*source), size);
}

TEST_F(FollowTest, AFileThatIsReplacedEnds) {
  const auto size = std::filesystem::file_size(trace_);
  auto source = follow_source(trace_).value();
  replay_test::write_long_trace(scratch_.file("other"), 1, 10);
  std::filesystem::rename(scratch_.file("other"), trace_);
  EXPECT_EQ(all_of(*source), size);
}

TEST_F(FollowTest, AFifoInItsPlaceKeepsNobodyWaiting) {
  auto source = follow_source(trace_).value();
  std::filesystem::remove(trace_);
  ASSERT_EQ(::mkfifo(trace_.c_str(), 0600), 0);
  EXPECT_GT(all_of(*source), 0U);
  EXPECT_FALSE(follow_source(trace_).ok());
  const auto outcome = replay_test::run({"cat", scratch_.path()});  // a directory with nothing else in it
  EXPECT_EQ(outcome.status, kExitError);
}

TEST_F(FollowTest, TheMiddleOfAFlushIsNoDamage) {
  const auto bytes = replay_test::read_file(trace_);
  const auto says_damaged = [&](const std::vector<std::string>& query) {
    const auto outcome = replay_test::run(query);
    EXPECT_EQ(outcome.status, kExitPartial) << "it is not finished";
    return std::any_of(outcome.notes.begin(), outcome.notes.end(),
                       [](const auto& note) { return note.find("damaged") != std::string::npos; });
  };
  replay_test::write_file(trace_, bytes.substr(0, bytes.size() - 20));
  EXPECT_TRUE(says_damaged({"cat", trace_}));
  const auto writer = locked();
  EXPECT_FALSE(says_damaged({"cat", trace_}));
  EXPECT_FALSE(says_damaged({"report", trace_}));
}

}  // namespace
}  // namespace rfan::replay
