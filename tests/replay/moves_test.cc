// Tests which places that are gone are paired with new ones.
#include "replay/diff/causes/moves.h"

#include <gtest/gtest.h>

namespace rfan::replay {
namespace {

OneSidedPlace gone(std::string_view path, std::vector<std::string_view> names = {}, double events = 1) {
  return {false, path, std::move(names), "cc1", events};
}
OneSidedPlace fresh(std::string_view path, std::vector<std::string_view> names = {}, double events = 1) {
  return {true, path, std::move(names), "cc1", events};
}

void expect_pair(const OneSidedPlace& before, const OneSidedPlace& after, bool choice = false) {
  const std::vector places{before, after};
  const auto moves = find_moves(places);
  ASSERT_EQ(moves.size(), 1U) << before.path << " and " << after.path;
  EXPECT_EQ(moves.front().choice, choice) << before.path << " and " << after.path;
}

TEST(MovesTest, AFileOfTheSameNameMoved) {
  expect_pair(gone("/usr/lib/libz.so.1"), fresh("/opt/lib/libz.so.1", {}, 7));
}

TEST(MovesTest, AnotherVersionInTheSameDirectoryTookItsPlace) {
  expect_pair(gone("/l/libfoo.so.1.2.0"), fresh("/l/libfoo.so.1.3.0", {}, 7));
}

TEST(MovesTest, ADirectoryWithMostNamesInCommonMoved) {
  expect_pair(gone("/a", {"/x", "/y", "/z"}), fresh("/b", {"/w", "/x", "/y"}, 9));
}

TEST(MovesTest, TheSameUseInOneDirectoryMayBeAChoice) {
  expect_pair(gone("/l/libg.so", {}, 2), fresh("/l/libg.a", {}, 2), true);
}

TEST(MovesTest, PlacesWithNothingInCommonStayApart) {
  const std::vector places{gone("/a/one", {}, 1), gone("/c", {"/x", "/y"}), fresh("/a/two", {}, 5),
                           fresh("/b/other", {"/x", "/p", "/q"})};
  EXPECT_TRUE(find_moves(places).empty());
}

TEST(MovesTest, ANameOutweighsTheUse) {
  const std::vector places{gone("/l/libz.so", {}, 2), fresh("/l/aaa", {}, 2), fresh("/opt/libz.so", {}, 2)};
  const auto moves = find_moves(places);
  ASSERT_EQ(moves.size(), 1U);
  EXPECT_EQ(moves.front().fresh, 2U);
}

TEST(MovesTest, EachPlaceIsPairedOnce) {
  const std::vector places{gone("/a/f"), fresh("/b/f"), fresh("/c/f")};
  EXPECT_EQ(find_moves(places).size(), 1U);
}

TEST(MovesTest, ManyPlacesWithOneNameTakeLittleTime) {
  constexpr std::size_t kPlaces = 20000;
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < 2 * kPlaces; ++i) paths.push_back("/d" + std::to_string(i) + "/same");
  std::vector<OneSidedPlace> places;
  for (std::size_t i = 0; i < paths.size(); ++i)
    places.push_back(i < kPlaces ? gone(paths[i]) : fresh(paths[i]));
  EXPECT_EQ(find_moves(places).size(), kMostCandidates);
}

}  // namespace
}  // namespace rfan::replay
