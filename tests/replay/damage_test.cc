// Every byte of a trace flipped, and the trace cut at every byte: nothing invented, nothing missing without a
// word.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    replay_test::write_sample_trace(trace_);
    bytes_ = replay_test::read_file(trace_);
    const auto [text, whole] = cat(bytes_);
    EXPECT_TRUE(whole);
    lines_ = lines_of(text);
  }

  static std::multiset<std::string> lines_of(const std::string& text) {
    std::multiset<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.insert(line);
    return lines;
  }

  // What is printed of a file with these bytes, and whether all is said to be well.
  std::pair<std::string, bool> cat(const std::string& bytes) const {
    replay_test::write_file(trace_, bytes);
    auto outcome = replay_test::run({trace_, "--format", "jsonl", "--threads", "1"});
    return {std::move(outcome.out), outcome.status == kExitClean};
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
  std::string bytes_;
  std::multiset<std::string> lines_;
};

TEST_F(DamageTest, AFlippedByteIsNoticedAndInventsNothing) {
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    auto damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    const auto [text, whole] = cat(damaged);
    EXPECT_FALSE(whole) << "byte " << at;
    const auto lines = lines_of(text);
    // Times may shift when the clock frame is lost; all else must be as it was written.
    if (text.find("\"time_ns\":1795343462") != text.npos) {
      EXPECT_TRUE(std::includes(lines_.begin(), lines_.end(), lines.begin(), lines.end())) << "byte " << at;
    } else {
      EXPECT_LE(lines.size(), lines_.size());
    }
  }
}

TEST_F(DamageTest, ACutIsNoticedAndInventsNothing) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    const auto [text, whole] = cat(bytes_.substr(0, size));
    EXPECT_FALSE(whole) << "cut after " << size;
    const auto lines = lines_of(text);
    EXPECT_TRUE(std::includes(lines_.begin(), lines_.end(), lines.begin(), lines.end()))
        << "cut after " << size;
  }
}

// No verb may fall over a damaged file: it answers with what is left, or says that it is no trace.
TEST_F(DamageTest, EveryVerbEndsOrderlyOnDamage) {
  for (std::size_t at = 0; at < bytes_.size(); at += 3) {
    auto damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    replay_test::write_file(trace_, damaged);
    for (const auto* verb : {"report", "files", "tree", "hist", "info"}) {
      const auto status = replay_test::run({verb, trace_}).status;
      EXPECT_TRUE(status == kExitPartial || status == kExitError || std::string(verb) == "info")
          << verb << ", byte " << at << ", status " << status;
    }
  }
}

}  // namespace
}  // namespace rfan::replay
