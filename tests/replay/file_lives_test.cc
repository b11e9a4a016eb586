#include "replay/verbs/file_lives.h"

#include <gtest/gtest.h>

#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

constexpr Moment at(std::uint64_t second) {
  return {second, second};
}

// Returns the name at creation of the file that ends with the deletion of `path`; empty if not seen.
std::string created_as(FileLives& lives, std::string_view path) {
  const auto life = lives.remove(path);
  return life ? life->name : "";
}

TEST(FileLives, AFileIsFollowedThroughItsRenames) {
  FileLives lives;
  lives.create("/d/a", at(1));
  lives.rename("/d/a", "/d/b");
  lives.rename("/d/b", "/e/c");
  EXPECT_EQ(created_as(lives, "/d/a"), "") << "another file, of old";
  EXPECT_EQ(created_as(lives, "/e/c"), "/d/a");
  EXPECT_EQ(created_as(lives, "/e/c"), "") << "only once";
}

TEST(FileLives, ARenamedDirectoryTakesItsFilesAlong) {
  FileLives lives;
  lives.create("/d/new", at(1));
  lives.create("/d/new/x/f", at(2));
  lives.create("/d/new/g", at(3));
  lives.rename("/d/new", "/d/final");
  lives.create("/d/new/g", at(4));
  EXPECT_EQ(created_as(lives, "/d/final/x/f"), "/d/new/x/f");
  EXPECT_EQ(created_as(lives, "/d/final/g"), "/d/new/g");
  EXPECT_EQ(created_as(lives, "/d/final"), "/d/new");
}

TEST(FileLives, AReplacedFileIsGone) {
  FileLives lives;
  lives.create("/a", at(1));
  lives.create("/b", at(2));
  lives.rename("/a", "/b");
  EXPECT_EQ(created_as(lives, "/b"), "/a");
  lives.create("/b", at(3));
  lives.rename("/of-old", "/b");
  EXPECT_EQ(created_as(lives, "/b"), "");
}

TEST(FileLives, OddNamesDoNoHarm) {
  FileLives lives;
  for (const auto* name : {"", "/", "//", "a", "/a//b", "/a/"}) {
    lives.create(name, at(1));
    lives.rename(name, "/x/y");
    lives.rename("/x/y", name);
    lives.remove(name);
    lives.rename(name, name);
    lives.rename("/a", "/a/b/c");
  }
}

TEST(FileLives, DirectoriesNestedWithoutEndNeedNoStack) {
  FileLives lives;
  lives.create("/a", at(1));
  std::string long_name;
  for (int i = 0; i < 1000; ++i) long_name += "/d";
  for (int i = 0; i < 300; ++i) {
    lives.rename("/a", "/b" + long_name + "/a");
    lives.rename("/b", "/a");
  }
}

TEST(Files, ChurnFollowsRenames) {
  const tests::ScratchDirectory scratch;
  const auto trace = scratch.file("t.fbz");
  const auto writer = replay_test::create_trace(trace);
  std::uint64_t time_ns = replay_test::kSecond;
  const auto event = [&](format::EventKind kind, const char* path, const char* path2 = nullptr) {
    const auto second = path2 == nullptr ? 0 : writer->intern_path(path2);
    writer->add_event({time_ns += replay_test::kSecond, kind, 0, 0, writer->intern_path(path), second, 0});
    if (kind == format::EventKind::kRename) replay_test::check(writer->flush(replay_test::kSampleClock));
  };
  using format::EventKind;
  event(EventKind::kCreate, "/w/tmp");
  event(EventKind::kCreate, "/w/dir/f");
  event(EventKind::kCreate, "/w/stays");
  event(EventKind::kRename, "/w/tmp", "/w/name");
  event(EventKind::kRename, "/w/dir", "/w/moved");
  event(EventKind::kDelete, "/w/name");
  event(EventKind::kDelete, "/w/moved/f");
  event(EventKind::kRename, "/w/stays", "/w/here");
  event(EventKind::kDelete, "/w/stays");
  replay_test::check(writer->finish(replay_test::kSampleClock, {}));
  EXPECT_EQ(replay_test::run({"files", "--churn", trace}).out, "/w/tmp\n/w/dir/f\n");
  const auto json = replay_test::run({"files", "--churn", trace, "--format", "jsonl"}).out;
  EXPECT_NE(json.find("\"lived_ns\":5000000000"), std::string::npos) << json;
}

}  // namespace
}  // namespace rfan::replay
