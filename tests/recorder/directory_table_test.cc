#include "tests/recorder/directory_table_test.h"

#include <sys/mount.h>

#include <vector>

namespace rfan::recorder {
namespace {

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

TEST_F(DirectoryTableTest, EventWithoutANameHasNoPath) {
  const auto f = handle_at(make_file("f"));
  EXPECT_FALSE(table_->object_path({.object = {f}}));
  EXPECT_FALSE(table_->object_path({}));
}

}  // namespace
}  // namespace rfan::recorder
