// Tests which names pass for random because of what the other runs have, and which do not.
#include "replay/diff/names/random_names.h"

#include <gtest/gtest.h>

#include <map>

namespace rfan::replay {
namespace {

constexpr std::uint32_t kGood = 1;
constexpr std::uint32_t kBad = 2;

class RandomNamesTest : public testing::Test {
 protected:
  void temporary(std::uint32_t runs, std::initializer_list<std::string_view> names) {
    add(runs, names, true);
  }
  void lasting(std::uint32_t runs, std::initializer_list<std::string_view> names) { add(runs, names, false); }

  // Returns the names that were folded, with their new ones.
  std::map<std::string, std::string> folded() const {
    std::map<std::string, std::string> changed;
    const auto names = fold_random_names(uses_);
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!names[i].empty()) changed.emplace(uses_[i].name, names[i]);
    }
    return changed;
  }
  void expect_all(const std::string& name) const {
    const auto changed = folded();
    EXPECT_EQ(changed.size(), uses_.size());
    for (const auto& [from, to] : changed) EXPECT_EQ(to, name) << from;
  }

 private:
  void add(std::uint32_t runs, std::initializer_list<std::string_view> names, bool temporary) {
    for (const auto name : names) uses_.push_back({name, runs, temporary});
  }
  std::vector<NameUse> uses_;
};

TEST_F(RandomNamesTest, CamelCaseIsNotRandomWhereverItLies) {
  lasting(kGood,
          {"/tmp/src/OrderService.java", "/tmp/CMakeFiles/CMakeScratch", "/s/tmp_storage", "/s/cctables.h"});
  lasting(kBad,
          {"/tmp/src/UserService.java", "/tmp/CMakeFiles/CMakeTmpFiles", "/s/tmp_network", "/s/ccvector.h"});
  EXPECT_TRUE(folded().empty());
}

TEST_F(RandomNamesTest, TemporaryNamesThatDifferInOneTokenAreOne) {
  temporary(kGood, {"/tmp/ggftcklv"});
  temporary(kBad, {"/tmp/xkcdqwer"});
  expect_all("/tmp/<temp>");
}

TEST_F(RandomNamesTest, TheCommonBeginningOfATokenStays) {
  temporary(kGood, {"/spill/sortsxj5oz"});
  temporary(kBad, {"/spill/sortab77kq"});
  expect_all("/spill/sort<temp>");
}

TEST_F(RandomNamesTest, NamesOfCompilersNeedNoCounterpart) {
  temporary(kGood, {"/tmp/ccabcdef.s", "/tmp/cc1FJKPs.s"});
  expect_all("/tmp/cc<temp>.s");
}

TEST_F(RandomNamesTest, ATemporaryNameOfAnotherLengthIsAnother) {
  temporary(kGood, {"/tmp/ggftcklv"});
  temporary(kBad, {"/tmp/journal"});
  EXPECT_TRUE(folded().empty());
}

TEST_F(RandomNamesTest, ANameThatComesAgainIsNotRandom) {
  temporary(kGood | kBad, {"/tmp/part1.tmp"});
  temporary(kBad, {"/tmp/part2.tmp"});
  EXPECT_TRUE(folded().empty());
}

TEST_F(RandomNamesTest, ADirectoryCarriesItsFilesAlong) {
  temporary(kGood, {"/b/TryCompile-xuNomf", "/b/TryCompile-xuNomf/cmTC_9e018"});
  temporary(kBad, {"/b/TryCompile-Qwerty", "/b/TryCompile-Qwerty/cmTC_77fe0"});
  lasting(kGood, {"/b/TryCompile-xuNomf/CMakeLists.txt"});
  lasting(kBad, {"/b/TryCompile-Qwerty/CMakeLists.txt"});
  const auto names = folded();
  EXPECT_EQ(names.size(), 6U);
  EXPECT_EQ(names.at("/b/TryCompile-Qwerty/cmTC_77fe0"), "/b/TryCompile-<temp>/cmTC_<temp>");
  EXPECT_EQ(names.at("/b/TryCompile-xuNomf/CMakeLists.txt"), "/b/TryCompile-<temp>/CMakeLists.txt");
}

TEST_F(RandomNamesTest, AWorkDirectoryThatStaysNeedsALookOfChance) {
  lasting(kGood, {"/tmp/work-aB3dEf/a.c", "/data/2023.csv"});
  lasting(kBad, {"/tmp/work-Zx81Qp/a.c", "/data/2024.csv"});
  const auto names = folded();
  EXPECT_EQ(names.size(), 2U);
  EXPECT_EQ(names.at("/tmp/work-aB3dEf/a.c"), "/tmp/work-<temp>/a.c");
}

TEST_F(RandomNamesTest, SeveralTokensOfOneNameMayBeRandom) {
  temporary(kGood, {"/h/.#lk0x000055ae2cc5e300.vm.22345x"});
  temporary(kBad, {"/h/.#lk0x00005625469f1300.vm.22461x"});
  expect_all("/h/.#<temp>.vm.<temp>");
}

TEST_F(RandomNamesTest, DirectoriesThatFanOutHashesAreOne) {
  lasting(kGood | kBad, {"/o/<hh>/<hash>"});
  lasting(kGood, {"/o/f9", "/o/info", "/o/us"});
  lasting(kBad, {"/o/3e"});
  const auto names = folded();
  EXPECT_EQ(names.size(), 2U);
  EXPECT_EQ(names.at("/o/f9"), "/o/<hh>");
}

TEST_F(RandomNamesTest, AThousandComponentsTakeNoStack) {
  std::string deep;
  for (int i = 0; i < 1000; ++i) deep += "/d";
  const auto good = deep + "/tmpabcdefgh";
  const auto bad = deep + "/tmp12345678";
  temporary(kGood, {good});
  temporary(kBad, {bad});
  expect_all(deep + "/tmp<temp>");
}

}  // namespace
}  // namespace rfan::replay
