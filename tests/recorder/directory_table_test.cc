#include "recorder/names/directory_table.h"

#include <sys/fanotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "tests/recorder/tmpfs_test.h"

namespace rfan::recorder {
namespace {

const std::string kNothing = "nothing";

class DirectoryTableTest : public TmpfsTest {
 protected:
  void SetUp() override {
    TmpfsTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) begin(DirectoryTable::kMaxDirectories);
  }
  // Creates a table that knows only the root of the tmpfs.
  void begin(std::size_t max_directories) {
    auto table = DirectoryTable::create(max_directories);
    ASSERT_TRUE(table.ok());
    table_ = std::make_unique<DirectoryTable>(std::move(*table));
    const auto added = table_->add_filesystem(root());
    ASSERT_TRUE(added.ok()) << added.error().message();
  }
  // Creates a table without a filesystem: it knows only what the test reports to it.
  void begin_deaf() {
    auto table = DirectoryTable::create();
    ASSERT_TRUE(table.ok());
    table_ = std::make_unique<DirectoryTable>(std::move(*table));
  }

  // Returns the path relative to the tmpfs, whose root is "".
  std::string path_of(const std::string& handle, std::string_view name = kItself) {
    const auto path = table_->path_of(HandleView{handle}, name);
    if (!path) return kNothing;
    if (!path->starts_with(root())) return std::string(*path);
    return std::string(path->substr(std::min(path->size(), root().size() + 1)));
  }
  // Creates a directory, reports it, and returns its handle.
  std::string create(const std::string& directory, const std::string& name) {
    const auto parent = handle_at(file(directory));
    const auto object = handle_at(make_directory((directory.empty() ? "" : directory + "/") + name));
    table_->created(HandleView{parent}, name, HandleView{object});
    return object;
  }
  // Reports a rename without doing it.
  void notified_renamed(const std::string& new_directory, const std::string& new_name,
                        const std::string& object) {
    table_->renamed(HandleView{new_directory}, new_name, HandleView{object});
  }
  // Removes a directory and reports it.
  void remove_directory(const std::string& name, const std::string& object) {
    remove(name);
    table_->removed(HandleView{object});
  }

  std::string top() const { return handle_at(root()); }

  std::unique_ptr<DirectoryTable> table_;
};

TEST_F(DirectoryTableTest, RootOfTheFilesystemIsItsMountPoint) {
  EXPECT_EQ(table_->path_of(HandleView{top()}), root());
  EXPECT_EQ(table_->path_of(HandleView{top()}, "f"), root() + "/f");
}

TEST_F(DirectoryTableTest, RootDirectoryGivesOneSlash) {
  begin_deaf();
  ASSERT_TRUE(table_->add_filesystem("/").ok());
  const auto slash = handle_at("/");
  EXPECT_EQ(table_->path_of(HandleView{slash}), "/");
  EXPECT_EQ(table_->path_of(HandleView{slash}, "etc"), "/etc");
}

TEST_F(DirectoryTableTest, AnyDirectoryOfTheFilesystemWillDo) {
  make_directory("a");
  make_directory("a/b");
  begin_deaf();
  ASSERT_TRUE(table_->add_filesystem(file("a/b")).ok());
  EXPECT_EQ(path_of(top(), "x"), "x");
  EXPECT_EQ(path_of(handle_at(file("a")), "x"), "a/x");
}

TEST_F(DirectoryTableTest, WhatIsNoDirectoryOrMissingCannotBeAdded) {
  EXPECT_EQ(table_->add_filesystem(make_file("f")).error().errno_value, ENOTDIR);
  const auto missing = table_->add_filesystem(file("missing"));
  EXPECT_EQ(missing.error().errno_value, ENOENT);
  EXPECT_NE(missing.error().message().find(file("missing")), std::string::npos);
}

TEST_F(DirectoryTableTest, UnknownDirectoryIsAskedOfTheKernelOnce) {
  make_directory("a");
  make_directory("a/b");
  make_directory("a/b/c");
  const auto c = handle_at(file("a/b/c"));
  EXPECT_EQ(path_of(c), "a/b/c");
  EXPECT_EQ(path_of(c, "f"), "a/b/c/f");
  EXPECT_EQ(table_->size(), 4U) << "those above it are known now too";
  rename("a", "z");
  EXPECT_EQ(path_of(c), "a/b/c") << "the place in the stream counts, not now";
}

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

TEST_F(DirectoryTableTest, DirectoryThatIsCalledDeletedKeepsItsName) {
  EXPECT_EQ(path_of(handle_at(make_directory("x (deleted)")), "f"), "x (deleted)/f");
}

TEST_F(DirectoryTableTest, NamesAreBytes) {
  for (const std::string name : {"caf\xe9", "\xff\xfe\x80", "line\nbreak", " ", "...", "a\\b"}) {
    EXPECT_EQ(path_of(handle_at(make_directory(name)), name), name + "/" + name) << "asked";
    table_->forget_all();
    remove(name);
    EXPECT_EQ(path_of(create("", name), name), name + "/" + name) << "told";
    remove(name);
  }
}

TEST_F(DirectoryTableTest, LongestPathIsWholeAndALongerOneIsNone) {
  auto directory = top();
  std::string path;
  while (root().size() + 1 + path.size() + 201 < format::kMaxPathBytes) {
    const auto object = "fsid-123" + std::to_string(path.size());  // invented: the stream reports everything
    table_->created(HandleView{directory}, std::string(200, 'd'), HandleView{object});
    path += (path.empty() ? "" : "/") + std::string(200, 'd');
    directory = object;
  }
  const auto room = format::kMaxPathBytes - root().size() - path.size() - 2;
  EXPECT_EQ(path_of(directory, std::string(room, 'f')), path + "/" + std::string(room, 'f'));
  EXPECT_EQ(path_of(directory, std::string(room + 1, 'f')), kNothing);
}

TEST_F(DirectoryTableTest, ForgetsAllButTheRootAfterAnOverflow) {
  const auto a = create("", "a");
  rename("a", "z");  // the event was lost
  table_->forget_all();
  EXPECT_EQ(table_->size(), 1U);
  EXPECT_EQ(path_of(a), "z");
  EXPECT_EQ(path_of(top(), "f"), "f");
}

TEST_F(DirectoryTableTest, HandlesOfOtherFilesystemsAreUnknown) {
  const kernel_test::PrivateTmpfs other;
  ASSERT_EQ(other.mount_errno(), 0);
  const auto elsewhere = handle_at(other.path());
  EXPECT_EQ(path_of(elsewhere), kNothing);
  const auto here = handle_at(make_directory("a"));
  EXPECT_EQ(path_of("fsid-123" + here.substr(kFsidBytes)), kNothing) << "alike, but of another filesystem";
  ASSERT_TRUE(table_->add_filesystem(other.path()).ok());
  EXPECT_EQ(path_of(elsewhere), other.path());
}

TEST_F(DirectoryTableTest, NoHandleAndNoNameAreNoPath) {
  EXPECT_EQ(path_of(""), kNothing);
  EXPECT_EQ(path_of("", "f"), kNothing);
  EXPECT_EQ(path_of(top(), ""), kNothing);
}

TEST_F(DirectoryTableTest, DirectoryWithoutANameOrAHandleIsNotEntered) {
  const auto above = top();
  const auto a = handle_at(make_directory("a"));
  for (const std::string name : {"", "."}) {
    table_->created(HandleView{above}, name, HandleView{a});
    notified_renamed(above, name, a);
  }
  table_->created(HandleView{above}, "a", HandleView{});
  EXPECT_EQ(table_->size(), 1U);
}

TEST_F(DirectoryTableTest, BindMountShowsOnlyItsOwnSubTree) {
  const auto inside = handle_at((make_directory("shown"), make_directory("shown/inside")));
  const auto outside = handle_at(make_directory("outside"));
  const tests::ScratchDirectory at;
  ASSERT_EQ(::mount(file("shown").c_str(), at.path().c_str(), nullptr, MS_BIND, nullptr), 0);
  begin_deaf();
  ASSERT_TRUE(table_->add_filesystem(at.path()).ok());
  EXPECT_EQ(path_of(inside, "f"), at.path() + "/inside/f");
  EXPECT_EQ(path_of(outside), kNothing) << "not a path as if the mount were the whole filesystem";
  notified_renamed(top(), "renamed", handle_at(file("shown")));
  EXPECT_EQ(path_of(inside, "f"), at.path() + "/inside/f") << "the mount stays where it is";
  ASSERT_TRUE(table_->add_filesystem(root()).ok());
  EXPECT_EQ(path_of(outside, "f"), "outside/f") << "another mount shows it";
  table_.reset();  // it keeps the mount busy
  EXPECT_EQ(::umount2(at.path().c_str(), MNT_DETACH), 0);
}

TEST_F(DirectoryTableTest, AnObjectHasThePathBelowTheMountThatIsKnown) {
  make_directory("shown");
  const auto path = make_file("shown/file");
  const tests::ScratchDirectory at;
  ASSERT_EQ(::mount(file("shown").c_str(), at.path().c_str(), nullptr, MS_BIND, nullptr), 0);
  const UniqueFd elsewhere(::open(at.file("file").c_str(), O_RDONLY | O_CLOEXEC));
  const auto found = table_->path_of_object(elsewhere.get());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->path, path);
  EXPECT_EQ(::umount2(at.path().c_str(), MNT_DETACH), 0);
}

TEST_F(DirectoryTableTest, AnObjectThatNoKnownMountShowsHasNoPath) {
  make_directory("shown");
  const UniqueFd hidden(::open(make_file("hidden").c_str(), O_RDONLY | O_CLOEXEC));
  const tests::ScratchDirectory at;
  ASSERT_EQ(::mount(file("shown").c_str(), at.path().c_str(), nullptr, MS_BIND, nullptr), 0);
  begin_deaf();
  ASSERT_TRUE(table_->add_filesystem(at.path()).ok());
  EXPECT_FALSE(table_->path_of_object(hidden.get())) << "not as if the mount were the whole filesystem";
  table_.reset();
  EXPECT_EQ(::umount2(at.path().c_str(), MNT_DETACH), 0);
}

TEST_F(DirectoryTableTest, SecondMountOfWhatIsKnownChangesNothing) {
  make_directory("shown");
  const auto inside = handle_at(make_directory("shown/inside"));
  const tests::ScratchDirectory at;
  ASSERT_EQ(::mount(file("shown").c_str(), at.path().c_str(), nullptr, MS_BIND, nullptr), 0);
  ASSERT_TRUE(table_->add_filesystem(at.path()).ok());
  EXPECT_EQ(path_of(inside), "shown/inside");
  EXPECT_EQ(::umount(at.path().c_str()), 0) << "it is not kept open for nothing";
}

TEST_F(DirectoryTableTest, DirectoryHiddenByAMountIsNamedAllTheSame) {
  const auto hidden = handle_at((make_directory("over"), make_directory("over/hidden")));
  ASSERT_EQ(::mount("rfan-kernel-test", file("over").c_str(), "tmpfs", 0, nullptr), 0);
  EXPECT_EQ(path_of(hidden), "over/hidden");
  EXPECT_EQ(::umount(file("over").c_str()), 0);
}

TEST_F(DirectoryTableTest, NumberOfDirectoriesIsBounded) {
  constexpr std::size_t kMost = 64;
  begin(kMost);
  for (int i = 0; i < 1000; ++i) {
    const auto name = std::to_string(i);
    EXPECT_EQ(path_of(create("", name)), name);
    EXPECT_LE(table_->size(), kMost + 1) << "and one level below the root";
  }
  EXPECT_EQ(path_of(handle_at(file("0")), "f"), "0/f") << "what had to go is asked for again";
}

TEST_F(DirectoryTableTest, NumberOfDirectoriesIsBoundedThoughAllAreInUse) {
  constexpr std::size_t kMost = 64;
  begin(kMost);
  std::vector<std::string> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(create("", std::to_string(i)));
    for (std::size_t j = 0; j < all.size(); ++j) EXPECT_EQ(path_of(all[j]), std::to_string(j));
    EXPECT_LE(table_->size(), kMost + 1);
  }
}

TEST_F(DirectoryTableTest, WhatIsAboveAUsedDirectoryStaysThoughItselfNotUsed) {
  begin(64);
  create("", "a");
  const auto b = create("a", "b");
  remove("a/b");
  remove("a");
  for (int i = 0; i < 1000; ++i) {
    const auto child = "fsid-123" + std::to_string(i);
    table_->created(HandleView{b}, std::to_string(i), HandleView{child});  // uses b, not a
  }
  EXPECT_EQ(path_of(b), "a/b");
}

TEST_F(DirectoryTableTest, WhatIsUsedAndWhatIsAboveItStaysWhenRoomIsMade) {
  begin(64);
  const auto a = create("", "a");
  const auto b = create("a", "b");
  remove("a/b");
  remove("a");  // now only the table knows them
  for (int i = 0; i < 1000; ++i) {
    create("", std::to_string(i));
    EXPECT_EQ(path_of(b), "a/b") << i;
    table_->removed(HandleView{handle_at(file(std::to_string(i)))});
  }
  EXPECT_EQ(path_of(a), "a");
}

TEST_F(DirectoryTableTest, LatestDirectoriesStayWhenRoomIsMadeButNotThoseRemoved) {
  begin(64);
  // All are gone by now, so only the table can name them. It gets the removal of the even ones.
  std::vector<std::string> all;
  for (int i = 0; i < 63; ++i) {
    all.push_back(create("", std::to_string(i)));
    remove(std::to_string(i));
    if (i % 2 == 0) table_->removed(HandleView{all.back()});
  }
  ASSERT_EQ(table_->size(), 64U) << "full";
  EXPECT_EQ(path_of(all[61]), "61");
  EXPECT_EQ(path_of(all[49]), "49");
  EXPECT_EQ(path_of(all[60]), kNothing) << "removed";
  EXPECT_EQ(path_of(all[1]), kNothing) << "not used for long";
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

TEST_F(DirectoryTableTest, EventWithoutANameHasNoPath) {
  const auto f = handle_at(make_file("f"));
  EXPECT_FALSE(table_->object_path({.object = {f}}));
  EXPECT_FALSE(table_->object_path({}));
}

}  // namespace
}  // namespace rfan::recorder
