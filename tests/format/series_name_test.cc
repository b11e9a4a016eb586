#include "format/model/series_name.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/scratch_directory.h"

namespace rfan::format {
namespace {

class SeriesNameTest : public ::testing::Test {
 protected:
  void touch(const std::string& name) const { scratch_.write(name, "x"); }
  std::string file(const std::string& name) const { return scratch_.file(name); }

  tests::ScratchDirectory scratch_;
};

TEST(SeriesName, TheNumberStandsBeforeTheExtension) {
  EXPECT_EQ(series_file_name("trace.fbz", 7), "trace.000007.fbz");
  EXPECT_EQ(series_file_name("/var/log/a.b.fbz", 1'234'567), "/var/log/a.b.1234567.fbz");
  EXPECT_EQ(series_file_name("trace", 0), "trace.000000");
}

TEST_F(SeriesNameTest, FilesAreListedInOrderOfNumber) {
  for (const char* name :
       {"t.1000000.fbz", "t.000002.fbz", "t.000010.fbz.part", "t.fbz", "t.2.fbz", "u.000001.fbz"})
    touch(name);
  const std::vector<SeriesFile> expected{{file("t.000002.fbz"), 2, true},
                                         {file("t.000010.fbz.part"), 10, false},
                                         {file("t.1000000.fbz"), 1'000'000, true}};
  auto files = list_series(file("t.fbz"));
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(*files, expected);
}

TEST_F(SeriesNameTest, WhatIsListedIsNamedLikeWhatIsWritten) {
  touch("plain.000003");
  EXPECT_EQ((*list_series(file("plain"))).at(0).path, series_file_name(file("plain"), 3));
}

TEST_F(SeriesNameTest, ANumberThatNoOtherCanFollowBelongsToNoSet) {
  touch("t.18446744073709551614.fbz");
  touch("t.18446744073709551615.fbz");
  touch("t.18446744073709551616.fbz");
  const auto files = list_series(file("t.fbz"));
  ASSERT_EQ(files.value().size(), 1U);
  EXPECT_EQ(files.value()[0].number, kMaxSeriesNumber);
}

TEST_F(SeriesNameTest, NoSuchDirectoryIsAnError) {
  EXPECT_FALSE(list_series(file("missing/t.fbz")).ok());
}

TEST_F(SeriesNameTest, NoFileIsAnEmptyList) {
  EXPECT_TRUE((*list_series(file("t.fbz"))).empty());
}

}  // namespace
}  // namespace rfan::format
