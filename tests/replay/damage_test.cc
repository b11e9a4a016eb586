// Every byte of a trace flipped, and the trace cut at every byte: nothing invented, nothing missing without a
// word.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sstream>

#include "replay/cat.h"
#include "tests/replay/sample_trace.h"
#include "tests/support/memory_io.h"

namespace rfan::replay {
namespace {

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    const replay_test::ScratchDirectory scratch;
    replay_test::write_sample_trace(scratch.file("t.fbz"));
    for (char c : replay_test::read_file(scratch.file("t.fbz"))) bytes_.push_back(static_cast<std::byte>(c));
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

  // What is printed, and whether all is said to be well.
  static std::pair<std::string, bool> cat(const std::vector<std::byte>& bytes) {
    static const auto kOptions = parse_options({"t.fbz", "--format", "jsonl"}).value();
    bool whole = false;
    auto text = replay_test::captured([&](Output& out) {
      const auto coverage =
          run_cat(kOptions, std::make_unique<tests::MemorySource>(bytes), out, [](std::string_view) {});
      whole = coverage.ok() && coverage.value() == Coverage::kWhole;
    });
    return {std::move(text), whole};
  }

  std::vector<std::byte> bytes_;
  std::multiset<std::string> lines_;
};

TEST_F(DamageTest, AFlippedByteIsNoticedAndInventsNothing) {
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    auto damaged = bytes_;
    damaged[at] ^= std::byte{0x41};
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
    const auto [text, whole] = cat({bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_FALSE(whole) << "cut after " << size;
    const auto lines = lines_of(text);
    EXPECT_TRUE(std::includes(lines_.begin(), lines_.end(), lines.begin(), lines.end()))
        << "cut after " << size;
  }
}

}  // namespace
}  // namespace rfan::replay
