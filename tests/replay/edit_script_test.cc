// Tests the shortest edits between two sequences.
#include "replay/diff/names/edit_script.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rfan::replay {
namespace {

using Steps = std::vector<std::uint64_t>;

std::string text(const Steps& from, const Steps& to) {
  const auto edits = edit_script(from, to, 100);
  if (!edits) return "too many";
  std::string out;
  for (const auto& [kind, step] : *edits) {
    out += kind == Edit::Kind::kAdded ? '+' : kind == Edit::Kind::kRemoved ? '-' : '>';
    out += std::to_string(step);
  }
  return out;
}

TEST(EditScript, EqualSequencesNeedNoEdit) {
  EXPECT_EQ(text({}, {}), "");
  EXPECT_EQ(text({1, 2, 3}, {1, 2, 3}), "");
}

TEST(EditScript, StepsAreAddedRemovedAndMoved) {
  EXPECT_EQ(text({1, 2}, {1, 5, 2}), "+5");
  EXPECT_EQ(text({1, 5, 2}, {1, 2}), "-5");
  EXPECT_EQ(text({}, {4, 4}), "+4+4");
  EXPECT_EQ(text({1, 2, 3, 4}, {2, 3, 4, 1}), ">1");
}

TEST(EditScript, TooManyEditsAreNotListed) {
  EXPECT_FALSE(edit_script(Steps{1, 2, 3}, Steps{4, 5, 6}, 5));
  EXPECT_TRUE(edit_script(Steps{1, 2, 3}, Steps{4, 5, 6}, 6));
}

// Returns the length of the longest common subsequence, by the textbook table.
std::size_t common(const Steps& a, const Steps& b) {
  std::vector<std::vector<std::size_t>> best(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t k = 1; k <= b.size(); ++k) {
      best[i][k] = a[i - 1] == b[k - 1] ? best[i - 1][k - 1] + 1 : std::max(best[i - 1][k], best[i][k - 1]);
    }
  }
  return best[a.size()][b.size()];
}

TEST(EditScript, IsAsShortAsTheTextbookSays) {
  std::mt19937 random(20261122);
  for (int round = 0; round < 500; ++round) {
    Steps from(random() % 20);
    Steps to(random() % 20);
    for (auto* steps : {&from, &to})
      std::generate(steps->begin(), steps->end(), [&] { return random() % 4; });
    const auto shortest = from.size() + to.size() - 2 * common(from, to);
    const auto edits = edit_script(from, to, shortest);
    ASSERT_TRUE(edits) << "round " << round;
    std::size_t count = 0;
    for (const auto& edit : *edits) count += edit.kind == Edit::Kind::kMoved ? 2 : 1;
    EXPECT_EQ(count, shortest) << "round " << round;
  }
}

}  // namespace
}  // namespace rfan::replay
