#include "recorder/names/path_resolver.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>

#include "tests/support/scratch_directory.h"

namespace rfan::recorder {
namespace {

namespace fs = std::filesystem;

class PathResolverTest : public ::testing::Test {
 protected:
  struct Answer {
    std::string path;
    bool deleted = false;
    bool operator==(const Answer&) const = default;
  };

  static PathResolver open_resolver() {
    auto resolver = PathResolver::open();
    EXPECT_TRUE(resolver.ok());
    return std::move(*resolver);
  }
  static UniqueFd open_file(const std::string& path) {
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(fd) << path;
    return fd;
  }
  Answer resolve(const UniqueFd& fd) {
    const auto resolved = resolver_.resolve(fd.get());
    if (!resolved) return {"nothing", false};
    return {std::string(resolved->path), resolved->deleted};
  }
  std::string create(const std::string& name) { return scratch_.write(name, name); }

  tests::ScratchDirectory scratch_;
  PathResolver resolver_ = open_resolver();
};

TEST_F(PathResolverTest, FileHasItsAbsolutePath) {
  const auto path = create("notes");
  EXPECT_EQ(resolve(open_file(path)), (Answer{path, false}));
}

TEST_F(PathResolverTest, DirectoryHasItsPath) {
  EXPECT_EQ(resolve(open_file(scratch_.path())), (Answer{scratch_.path(), false}));
}

TEST_F(PathResolverTest, UnlinkedFileKeepsItsNameAndIsDeleted) {
  const auto path = create("notes");
  const auto fd = open_file(path);
  fs::remove(path);
  EXPECT_EQ(resolve(fd), (Answer{path, true}));
}

TEST_F(PathResolverTest, RemovedDirectoryIsDeleted) {
  const auto path = scratch_.file("directory");
  fs::create_directory(path);
  const auto fd = open_file(path);
  fs::remove(path);
  EXPECT_EQ(resolve(fd), (Answer{path, true}));
}

TEST_F(PathResolverTest, FileCalledDeletedIsNot) {
  const auto path = create("x (deleted)");
  EXPECT_EQ(resolve(open_file(path)), (Answer{path, false}));
}

TEST_F(PathResolverTest, DeletedFileBesideOneCalledDeletedIsDeleted) {
  const auto path = create("x");
  create("x (deleted)");
  const auto fd = open_file(path);
  fs::remove(path);
  EXPECT_EQ(resolve(fd), (Answer{path, true}));
}

TEST_F(PathResolverTest, DeletedFileCalledDeletedLosesOneSuffixOnly) {
  const auto path = create("x (deleted)");
  const auto fd = open_file(path);
  fs::remove(path);
  EXPECT_EQ(resolve(fd), (Answer{path, true}));
}

TEST_F(PathResolverTest, RenamedFileHasItsNewName) {
  const auto path = create("before");
  const auto fd = open_file(path);
  fs::rename(path, scratch_.file("after"));
  EXPECT_EQ(resolve(fd), (Answer{scratch_.file("after"), false}));
}

TEST_F(PathResolverTest, NameCreatedAgainIsStillDeletedForTheOldFile) {
  const auto path = create("notes");
  const auto old = open_file(path);
  fs::remove(path);
  create("notes");
  EXPECT_EQ(resolve(old), (Answer{path, true}));
  EXPECT_EQ(resolve(open_file(path)), (Answer{path, false}));
}

TEST_F(PathResolverTest, NamesAreBytes) {
  const auto path = create("\xff\xfe\n\t\x1b[1m");
  EXPECT_EQ(resolve(open_file(path)), (Answer{path, false}));
}

TEST_F(PathResolverTest, ShorterPathAfterALongerOneIsWhole) {
  const auto long_path = create(std::string(200, 'l'));
  const auto short_path = create("s");
  EXPECT_EQ(resolve(open_file(long_path)).path, long_path);
  EXPECT_EQ(resolve(open_file(short_path)).path, short_path);
}

TEST_F(PathResolverTest, ClosedDescriptorHasNoPath) {
  const int fd = open_file(scratch_.path()).get();
  EXPECT_FALSE(resolver_.resolve(fd));
}

TEST_F(PathResolverTest, PathLongerThanAPageHasNoName) {
  UniqueFd directory = open_file(scratch_.path());
  const std::string name(200, 'd');
  for (int depth = 0; depth < 25; ++depth) {
    ASSERT_EQ(::mkdirat(directory.get(), name.c_str(), 0700), 0);
    directory.reset(::openat(directory.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(directory);
  }
  EXPECT_FALSE(resolver_.resolve(directory.get()));
}

}  // namespace
}  // namespace rfan::recorder
