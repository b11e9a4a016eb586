#include "recorder/recent_renames.h"

#include <gtest/gtest.h>

#include <string>

namespace rfan::recorder {
namespace {

class RecentRenamesTest : public ::testing::Test {
 protected:
  void renamed(std::uint64_t position, const std::string& from, const std::string& to,
               const std::string& object = "object") {
    renames_.add(position, from, to, HandleView{object});
  }
  // What `path`, where `object` is found now, was called at `position`.
  std::string path_at(std::uint64_t position, const std::string& path,
                      const std::string& object = "object") const {
    const auto is_it = [&](HandleView handle) { return handle.bytes == object; };
    return renames_.path_at(position, path, is_it).value_or(path);
  }

  RecentRenames renames_;
};

TEST_F(RecentRenamesTest, WithoutRenamesAPathStays) {
  EXPECT_EQ(path_at(1, "/a"), "/a");
}

TEST_F(RecentRenamesTest, AnEventBeforeTheRenameHasTheOldName) {
  renamed(5, "/old", "/new");
  EXPECT_EQ(path_at(4, "/new"), "/old");
}

TEST_F(RecentRenamesTest, AnEventAfterTheRenameHasTheNewName) {
  renamed(5, "/old", "/new");
  EXPECT_EQ(path_at(6, "/new"), "/new");
}

TEST_F(RecentRenamesTest, SeveralRenamesAreUndoneBackToTheEvent) {
  renamed(1, "/a", "/b");
  renamed(3, "/b", "/c");
  renamed(5, "/c", "/d");
  EXPECT_EQ(path_at(0, "/d"), "/a");
  EXPECT_EQ(path_at(2, "/d"), "/b");
  EXPECT_EQ(path_at(4, "/d"), "/c");
}

TEST_F(RecentRenamesTest, AFileBelowARenamedDirectoryWasBelowTheOldName) {
  renamed(5, "/old", "/new", "directory");
  EXPECT_EQ(path_at(4, "/new/a/b"), "/old/a/b");
}

TEST_F(RecentRenamesTest, ANameThatOnlyBeginsAlikeIsAnother) {
  renamed(5, "/old", "/new");
  EXPECT_EQ(path_at(4, "/newer"), "/newer");
}

// An editor writes x.tmp and renames it to x while others have the former x open.
TEST_F(RecentRenamesTest, AFileThatWasReplacedKeepsItsName) {
  renamed(5, "/x.tmp", "/x", "new file");
  EXPECT_EQ(path_at(4, "/x", "old file"), "/x");
  EXPECT_EQ(path_at(4, "/x", "new file"), "/x.tmp");
}

TEST_F(RecentRenamesTest, ExchangedFilesHaveEachItsOwnFormerName) {
  renamed(5, "/a", "/b", "first");
  renamed(6, "/b", "/a", "second");
  EXPECT_EQ(path_at(4, "/b", "first"), "/a");
  EXPECT_EQ(path_at(4, "/a", "second"), "/b");
}

TEST_F(RecentRenamesTest, OldRenamesAreForgotten) {
  renamed(5, "/a", "/b");
  renamed(9, "/b", "/c");
  renames_.forget_before(6);
  EXPECT_EQ(path_at(4, "/c"), "/b");
}

}  // namespace
}  // namespace rfan::recorder
