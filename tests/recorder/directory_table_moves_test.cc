#include "tests/recorder/directory_table_test.h"

#include <fcntl.h>
#include <sys/fanotify.h>

namespace rfan::recorder {
namespace {

TEST_F(DirectoryTableTest, CreatedDirectoryNeedsNoKernel) {
  const auto a = create("", "a");
  const auto b = create("a", "b");
  remove("a/b");
  remove("a");
  EXPECT_EQ(path_of(b, "f"), "a/b/f") << "only the events can have told";
  EXPECT_EQ(path_of(a), "a");
}

TEST_F(DirectoryTableTest, CreatedBelowADirectoryThatWasNotYetKnown) {
  make_directory("old");
  const auto a = create("old", "a");
  remove("old/a");
  EXPECT_EQ(path_of(a, "f"), "old/a/f");
}

TEST_F(DirectoryTableTest, CreatedBelowADirectoryThatCannotBeKnownHasNoPath) {
  const auto gone = handle_at(make_directory("gone"));
  const auto child = handle_at(make_directory("gone/child"));
  remove("gone/child");
  remove("gone");
  table_->created(HandleView{gone}, "child", HandleView{child});
  EXPECT_EQ(path_of(child), kNothing);
  EXPECT_EQ(path_of(gone, "child"), kNothing);
}

TEST_F(DirectoryTableTest, RenameMovesEverythingBelow) {
  const auto a = create("", "a");
  const auto b = create("a", "b");
  const auto c = create("a/b", "c");
  const auto other = create("", "ab");
  notified_renamed(top(), "z", a);
  EXPECT_EQ(path_of(a), "z");
  EXPECT_EQ(path_of(b), "z/b");
  EXPECT_EQ(path_of(c, "f"), "z/b/c/f");
  EXPECT_EQ(path_of(other), "ab") << "only its name begins alike";
}

TEST_F(DirectoryTableTest, NestedRenamesAddUp) {
  const auto a = create("", "a");
  const auto b = create("a", "b");
  const auto c = create("a/b", "c");
  notified_renamed(a, "B", b);
  notified_renamed(b, "C", c);
  notified_renamed(top(), "A", a);
  EXPECT_EQ(path_of(c, "f"), "A/B/C/f");
}

TEST_F(DirectoryTableTest, RenameIntoAnotherDirectoryTakesWhatIsBelowAlong) {
  const auto a = create("", "a");
  const auto b = create("a", "b");
  const auto target = create("", "target");
  notified_renamed(target, "moved", a);
  EXPECT_EQ(path_of(b, "f"), "target/moved/b/f");
  EXPECT_EQ(path_of(target), "target");
}

TEST_F(DirectoryTableTest, RenameOfAnUnknownDirectoryMakesItKnown) {
  const auto a = handle_at(make_directory("a"));
  remove("a");
  notified_renamed(top(), "z", a);
  EXPECT_EQ(path_of(a, "f"), "z/f");
}

TEST_F(DirectoryTableTest, ExchangedDirectoriesSwapWhatIsBelow) {
  const auto a = create("", "a");
  const auto a_child = create("a", "x");
  const auto b = create("", "b");
  const auto b_child = create("b", "y");
  notified_renamed(top(), "b", a);
  notified_renamed(top(), "a", b);
  EXPECT_EQ(path_of(a_child), "b/x");
  EXPECT_EQ(path_of(b_child), "a/y");
}

// Whole paths would be wrong in the end: b/x, looked up late, would be taken for a part of b when b -> a
// arrives.
TEST_F(DirectoryTableTest, SwappedDirectoriesAreRightThoughAskedBeforeTheirRenamesArrive) {
  const auto a = create("", "a");
  const auto b = create("", "b");
  const auto x = handle_at(make_directory("a/x"));
  rename("a", "spare");
  rename("b", "a");
  rename("spare", "b");
  EXPECT_EQ(path_of(x), "a/x") << "a is still a in the stream";
  notified_renamed(top(), "spare", a);
  EXPECT_EQ(path_of(x), "spare/x");
  notified_renamed(top(), "a", b);
  notified_renamed(top(), "b", a);
  EXPECT_EQ(path_of(x), "b/x");
  EXPECT_EQ(path_of(a), "b");
  EXPECT_EQ(path_of(b), "a");
}

TEST_F(DirectoryTableTest, RenameThatTheKernelMergedAwayCanBeFoundOut) {
  const auto a = create("", "a");
  rename("a", "b");
  rename("b", "a");
  rename("a", "b");  // not reported: merged into the first
  notified_renamed(top(), "b", a);
  notified_renamed(top(), "a", a);
  EXPECT_EQ(path_of(a, "f"), "a/f") << "the stream is believed";
  const auto now = table_->link_now(HandleView{a});
  ASSERT_TRUE(now);
  EXPECT_EQ(now->directory.bytes, top());
  EXPECT_EQ(now->name, "b");
}

TEST_F(DirectoryTableTest, DirectoryRenamedAgainAndAgainIsWhereTheStreamSays) {
  const auto a = create("", "a");
  rename("a", "d");  // its events are still to come
  notified_renamed(top(), "b", a);
  notified_renamed(top(), "c", a);
  EXPECT_EQ(path_of(a, "f"), "c/f");
}

TEST_F(DirectoryTableTest, EarlierPlacesGoByTheLinksOfThen) {
  const auto a = create("", "a");
  const auto b = create("a", "b");
  const auto above = top();
  notified_renamed(above, "z", b);
  const auto path = table_->path_then({HandleView{b}, "f"}, [&](HandleView directory) {
    return directory.bytes == b ? std::optional(Link{HandleView{a}, "b"}) : std::nullopt;
  });
  EXPECT_EQ(path, file("a/b/f"));
  EXPECT_EQ(path_of(b, "f"), "z/f");
}

TEST_F(DirectoryTableTest, DirectoryRenamedTwiceAndGoneKeepsTheNameItWasToldLast) {
  const auto a = create("", "a");
  notified_renamed(top(), "b", a);
  notified_renamed(top(), "c", a);
  remove("a");
  EXPECT_EQ(path_of(a, "f"), "c/f");
}

TEST_F(DirectoryTableTest, CircleOfLinksEndsAndHealsWhenTheStreamCatchesUp) {
  const auto a = create("", "a");
  const auto b = handle_at(make_directory("a/b"));  // not reported
  rename("a/b", "b");
  rename("a", "b/a");
  notified_renamed(b, "a", a);  // the first rename's event is still to come
  table_->created(HandleView{a}, "b", HandleView{b});
  EXPECT_EQ(path_of(a), kNothing);
  EXPECT_EQ(path_of(b, "f"), kNothing);
  notified_renamed(top(), "b", b);
  EXPECT_EQ(path_of(a, "f"), "b/a/f");
}

TEST_F(DirectoryTableTest, RemovedDirectoryKeepsItsName) {
  const auto a = create("", "a");
  remove_directory("a", a);
  EXPECT_EQ(path_of(a), "a");
  EXPECT_EQ(path_of(a, "f"), "a/f");
}

TEST_F(DirectoryTableTest, RemovedDirectoryThatNobodyNamedHasNoPath) {
  const auto a = handle_at(make_directory("a"));
  remove("a");
  EXPECT_EQ(path_of(a), kNothing);
  EXPECT_EQ(path_of(a, "f"), kNothing);
}

TEST_F(DirectoryTableTest, NameUsedAgainIsAnotherDirectory) {
  const auto old = create("", "a");
  remove_directory("a", old);
  const auto fresh = create("", "a");
  EXPECT_NE(old, fresh);
  notified_renamed(top(), "z", fresh);
  EXPECT_EQ(path_of(old), "a");
  EXPECT_EQ(path_of(fresh), "z");
}

TEST_F(DirectoryTableTest, RemovedDirectoryThatIsHeldOpenLosesTheKernelsSuffix) {
  const auto a = handle_at(make_directory("a"));
  const UniqueFd held(::open(file("a").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  remove("a");
  EXPECT_EQ(path_of(a), "a") << "a tmpfs still finds it";
}

TEST_F(DirectoryTableTest, FollowsEventsOnDirectoriesOnly) {
  const auto above = top();
  const auto a = handle_at(make_directory("a"));
  const auto f = handle_at(make_file("f"));
  NamedEvent event{
      .directory = {above}, .name = "a", .new_directory = {above}, .new_name = "z", .object = {a}};
  table_->follow(FAN_CREATE | FAN_ONDIR, event);
  remove("a");
  EXPECT_EQ(path_of(a), "a");
  table_->follow(FAN_RENAME | FAN_ONDIR, event);
  table_->follow(FAN_DELETE | FAN_ONDIR, event);
  EXPECT_EQ(path_of(a), "z");
  event.object = {f};
  const auto before = table_->size();
  table_->follow(FAN_CREATE, event);
  table_->follow(FAN_RENAME, event);
  EXPECT_EQ(table_->size(), before);
}

TEST_F(DirectoryTableTest, ForeseenRemovalNamesWhatIsGone) {
  const auto above = top();
  const auto a = handle_at(make_directory("a"));
  const auto b = handle_at(make_directory("a/b"));
  remove("a/b");
  remove("a");
  table_->foresee(FAN_DELETE | FAN_ONDIR, {.directory = {a}, .name = "b", .object = {b}});
  EXPECT_EQ(path_of(b), kNothing) << "what is above it is not known yet";
  table_->foresee(FAN_DELETE | FAN_ONDIR, {.directory = {above}, .name = "a", .object = {a}});
  EXPECT_EQ(path_of(b, "f"), "a/b/f");
}

TEST_F(DirectoryTableTest, ForeseenRenameNamesThePlaceThatIsLeft) {
  const auto above = top();
  const auto a = handle_at(make_directory("a"));
  rename("a", "y");
  rename("y", "z");
  const NamedEvent first{
      .directory = {above}, .name = "a", .new_directory = {above}, .new_name = "y", .object = {a}};
  const NamedEvent second{
      .directory = {above}, .name = "y", .new_directory = {above}, .new_name = "z", .object = {a}};
  table_->foresee(FAN_RENAME | FAN_ONDIR, first);
  table_->foresee(FAN_RENAME | FAN_ONDIR, second);
  EXPECT_EQ(path_of(a), "a") << "the first departure counts";
  table_->follow(FAN_RENAME | FAN_ONDIR, first);
  EXPECT_EQ(path_of(a), "y");
  table_->follow(FAN_RENAME | FAN_ONDIR, second);
  EXPECT_EQ(path_of(a), "z");
}

TEST_F(DirectoryTableTest, ForesightChangesNothingThatIsKnown) {
  const auto above = top();
  const auto a = create("", "a");
  const auto f = handle_at(make_file("f"));
  const auto d = handle_at(make_directory("d"));
  table_->foresee(FAN_DELETE | FAN_ONDIR, {.directory = {above}, .name = "x", .object = {a}});
  EXPECT_EQ(path_of(a), "a");
  table_->foresee(FAN_DELETE | FAN_ONDIR, {.directory = {a}, .name = "x", .object = {above}});
  EXPECT_EQ(path_of(above, "f"), "f");
  const auto before = table_->size();
  table_->foresee(FAN_DELETE, {.directory = {above}, .name = "f", .object = {f}});
  table_->foresee(FAN_ATTRIB | FAN_ONDIR, {.directory = {d}, .name = "."});
  table_->foresee(FAN_CREATE | FAN_DELETE | FAN_ONDIR, {.directory = {above}, .name = "d", .object = {d}});
  EXPECT_EQ(table_->size(), before) << "a creation is not a departure";
}

TEST_F(DirectoryTableTest, DirectoryMadeAndRemovedWithinOneEventHasItsName) {
  const auto above = top();
  const auto a = handle_at(make_directory("a"));
  remove("a");
  const NamedEvent event{.directory = {above}, .name = "a", .object = {a}};
  table_->follow(FAN_CREATE | FAN_DELETE | FAN_ONDIR, event);
  EXPECT_EQ(table_->object_path(event), file("a"));
  EXPECT_EQ(path_of(a, "f"), "a/f");
}

}  // namespace
}  // namespace rfan::recorder
