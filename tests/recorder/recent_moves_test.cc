#include "recorder/names/recent_moves.h"

#include <gtest/gtest.h>

#include <string>

namespace rfan::recorder {
namespace {

// Handles are words here, and links have the form "directory/name".
class RecentMovesTest : public ::testing::Test {
 protected:
  void renamed(std::uint64_t position, const std::string& object, const std::string& from,
               const std::string& to, bool of_directory = false) {
    NamedEvent event = removal(object, from);
    event.new_directory = HandleView{std::string_view(to).substr(0, to.find('/'))};
    event.new_name = std::string_view(to).substr(to.find('/') + 1);
    moves_.add(position, position * 10, of_directory, event);
  }
  void removed(std::uint64_t position, const std::string& object, const std::string& from) {
    moves_.add(position, position * 10, false, removal(object, from));
  }
  std::string file_at(std::uint64_t position, const std::string& object, const std::string& name) const {
    return text(moves_.link_at(position, HandleView{object}, name));
  }
  std::string directory_at(std::uint64_t position, const std::string& object) const {
    return text(moves_.link_at(position, HandleView{object}));
  }
  static std::string text(const std::optional<Link>& link) {
    return link ? std::string(link->directory.bytes) + "/" + std::string(link->name) : "unmoved";
  }
  // The event refers to the arguments.
  static NamedEvent removal(std::string_view object, std::string_view from) {
    NamedEvent event;
    event.object = HandleView{object};
    event.directory = HandleView{from.substr(0, from.find('/'))};
    event.name = from.substr(from.find('/') + 1);
    return event;
  }

  RecentMoves moves_;
};

TEST_F(RecentMovesTest, WithoutMovesNothingIsElsewhere) {
  EXPECT_FALSE(moves_.may_concern(0, "a"));
  EXPECT_EQ(file_at(1, "file", "a"), "unmoved");
}

TEST_F(RecentMovesTest, AnEventBeforeTheRenameHasTheOldLink) {
  renamed(5, "file", "d/old", "e/new");
  EXPECT_TRUE(moves_.may_concern(4, "new"));
  EXPECT_EQ(file_at(4, "file", "new"), "d/old");
  EXPECT_EQ(file_at(5, "file", "new"), "unmoved");
  EXPECT_FALSE(moves_.may_concern(6, "new"));
}

TEST_F(RecentMovesTest, SeveralRenamesAreUndoneBackToTheEvent) {
  renamed(1, "file", "d/a", "d/b");
  renamed(3, "file", "d/b", "d/c");
  renamed(5, "file", "d/c", "d/d");
  EXPECT_EQ(file_at(0, "file", "d"), "d/a");
  EXPECT_EQ(file_at(2, "file", "d"), "d/b");
  EXPECT_EQ(file_at(4, "file", "d"), "d/c");
}

TEST_F(RecentMovesTest, TheLookUpMayHaveComeBeforeARename) {
  renamed(3, "file", "d/a", "d/b");
  renamed(5, "file", "d/b", "d/c");
  EXPECT_EQ(file_at(2, "file", "b"), "d/a") << "found before the second rename";
  EXPECT_EQ(file_at(2, "file", "a"), "d/a") << "found before both";
}

TEST_F(RecentMovesTest, AnotherLinkOfTheFileHasMovesOfItsOwn) {
  renamed(5, "file", "d/other", "d/another");
  removed(6, "file", "d/third");
  EXPECT_EQ(file_at(4, "file", "mine"), "unmoved");
  EXPECT_EQ(file_at(4, "file", "third"), "d/third");
}

TEST_F(RecentMovesTest, ARemovedFileHadTheLinkItWasRemovedBy) {
  renamed(4, "file", "d/f.tmp", "d/f");
  removed(5, "file", "d/f");
  EXPECT_EQ(file_at(3, "file", "f"), "d/f.tmp");
  EXPECT_EQ(file_at(4, "file", "f"), "d/f");
}

TEST_F(RecentMovesTest, ADirectoryHasTheLinkOfItsNextMove) {
  renamed(3, "directory", "d/a", "d/b", true);
  renamed(5, "directory", "d/b", "e/c", true);
  EXPECT_TRUE(moves_.may_concern(2, "any name below"));
  EXPECT_EQ(directory_at(2, "directory"), "d/a");
  EXPECT_EQ(directory_at(3, "directory"), "d/b");
  EXPECT_EQ(directory_at(5, "directory"), "unmoved");
}

// An editor writes x.tmp and renames it to x while other programs have the former x open.
TEST_F(RecentMovesTest, AReplacedFileWasWhereTheNewOneCameFirst) {
  renamed(5, "second", "d/x.tmp", "d/x");
  renamed(7, "third", "d/x.tmp", "d/x");
  renamed(9, "elsewhere", "e/x.tmp", "e/x");
  const auto in_d = [](const Link& link) { return link.directory.bytes == "d"; };
  EXPECT_EQ(text(moves_.replaced_since(4, HandleView{"first"}, "x", in_d)), "d/x");
  EXPECT_EQ(text(moves_.replaced_since(8, HandleView{"first"}, "x", in_d)), "unmoved");
  EXPECT_EQ(text(moves_.replaced_since(4, HandleView{"first"}, "y", in_d)), "unmoved");
}

TEST_F(RecentMovesTest, ADirectoryThatComesBackAtOnceMayHaveGoneAgain) {
  renamed(5, "directory", "d/a", "d/b", true);
  NamedEvent back = removal("directory", "d/b");
  back.new_directory = HandleView{"d"};
  back.new_name = "a";
  EXPECT_TRUE(moves_.may_hide_a_rename(back, 49)) << "the first rename may still have been queued";
  EXPECT_FALSE(moves_.may_hide_a_rename(back, 50)) << "it had been read";
  EXPECT_TRUE(moves_.may_hide_a_rename_to({HandleView{"d"}, "b"}, back, 49));
  EXPECT_FALSE(moves_.may_hide_a_rename_to({HandleView{"d"}, "c"}, back, 49)) << "a rename still to come";
  back.new_name = "c";
  EXPECT_FALSE(moves_.may_hide_a_rename(back, 49));
}

TEST_F(RecentMovesTest, OldMovesAreForgotten) {
  renamed(5, "file", "d/a", "d/b");
  renamed(9, "file", "d/b", "d/c");
  moves_.forget_before(6, 100);
  EXPECT_EQ(file_at(4, "file", "c"), "d/b");
  moves_.forget_before(10, 80);
  EXPECT_TRUE(moves_.may_concern(4, "c")) << "a later rename may have been merged with it";
  moves_.forget_before(10, 91);
  EXPECT_FALSE(moves_.may_concern(4, "c"));
}

}  // namespace
}  // namespace rfan::recorder
