// Feeds records of a real notification group to parse_named_event() and DirectoryTable.
#include <sys/fanotify.h>
#include <sys/stat.h>

#include <array>
#include <cstring>
#include <span>
#include <vector>

#include "recorder/kernel/named_events.h"
#include "recorder/names/event_names.h"
#include "tests/recorder/tmpfs_test.h"

namespace rfan::recorder {
namespace {

struct Told {
  std::uint64_t mask = 0;
  std::string path;
  std::string new_path;
  bool operator==(const Told&) const = default;
};
using Story = std::vector<Told>;

void PrintTo(const Told& told, std::ostream* out) {
  *out << std::hex << told.mask << ' ' << told.path << ' ' << told.new_path;
}

constexpr std::uint64_t kMakeDirectory = FAN_CREATE | FAN_ONDIR;
constexpr std::uint64_t kRenameDirectory = FAN_RENAME | FAN_ONDIR;
constexpr std::uint64_t kRemoveDirectory = FAN_DELETE | FAN_ONDIR;

class NamedEventsKernelTest : public TmpfsTest {
 protected:
  void SetUp() override {
    TmpfsTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    names_ = std::make_unique<EventNames>(std::move(*PathResolver::open()), std::move(*OwnMounts::open()),
                                          std::move(*DirectoryTable::create()));
    ASSERT_TRUE(table().add_filesystem(root()).ok());
  }
  void watch(std::uint64_t mask = FAN_CREATE | FAN_DELETE | FAN_RENAME) {
    group_.reset(::fanotify_init(
        FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK | FAN_UNLIMITED_QUEUE | FAN_REPORT_DFID_NAME_TARGET,
        O_RDONLY));
    ASSERT_TRUE(group_) << std::strerror(errno);
    ASSERT_EQ(::fanotify_mark(group_.get(), FAN_MARK_ADD | FAN_MARK_FILESYSTEM, mask | FAN_ONDIR, AT_FDCWD,
                              root().c_str()),
              0)
        << std::strerror(errno);
  }
  // Returns all queued events in order, with paths relative to the tmpfs ("." is its root, "?" is unknown).
  Story told() {
    std::array<std::byte, 64 * 1024> buffer{};
    const ssize_t bytes = ::read(group_.get(), buffer.data(), buffer.size());
    if (bytes < 0) return {};
    const std::span batch(buffer.data(), static_cast<std::size_t>(bytes));
    Story story;
    for_each_event(batch, [&](std::uint64_t mask, const NamedEvent& event) { table().foresee(mask, event); });
    for_each_event(batch, [&](std::uint64_t mask, const NamedEvent& event) {
      Told told{mask, relative(table().object_path(event)), ""};
      if ((mask & FAN_RENAME) != 0) told.new_path = relative(table().new_path(event));
      names_->follow(mask, event, {++events_, reads_, reads_ + 1}, false);
      story.push_back(told);
    });
    ++reads_;
    return story;
  }
  void make_tree() const {
    for (const auto* name : {"a", "a/b", "a/b/c"}) make_directory(name);
    make_file("a/b/c/f");
  }

  DirectoryTable& table() { return names_->directories(); }

  std::unique_ptr<EventNames> names_;
  std::uint64_t events_ = 0;
  std::uint64_t reads_ = 0;  // used as the time
  UniqueFd group_;

 private:
  template <typename Visit>
  static void for_each_event(std::span<const std::byte> rest, Visit&& visit) {
    while (!rest.empty()) {
      fanotify_event_metadata metadata;  // copied: an event with records may end off a multiple of 8
      std::memcpy(&metadata, rest.data(), sizeof metadata);
      const auto event = parse_named_event(rest.first(metadata.event_len).subspan(metadata.metadata_len));
      ASSERT_TRUE(event);
      visit(metadata.mask, *event);
      rest = rest.subspan(metadata.event_len);
    }
  }
  std::string relative(std::optional<std::string_view> path) const {
    if (!path) return "?";
    if (*path == root()) return ".";
    EXPECT_TRUE(path->starts_with(root() + "/")) << *path;
    return std::string(path->substr(root().size() + 1));
  }
};

TEST_F(NamedEventsKernelTest, NamesEverythingThatHappensInANewTree) {
  watch();
  make_tree();
  rename("a/b/c/f", "a/g");
  rename("a/b", "z");
  make_file("z/c/h");
  make_directory("z/d");
  const Story made{{kMakeDirectory, "a", ""},      {kMakeDirectory, "a/b", ""},
                   {kMakeDirectory, "a/b/c", ""},  {FAN_CREATE, "a/b/c/f", ""},
                   {FAN_RENAME, "a/b/c/f", "a/g"}, {kRenameDirectory, "a/b", "z"},
                   {FAN_CREATE, "z/c/h", ""},      {kMakeDirectory, "z/d", ""}};
  EXPECT_EQ(told(), made);
  remove("z/c/h");
  remove("z/c");
  remove("z/d");
  remove("z");
  const Story removed{{FAN_DELETE, "z/c/h", ""},
                      {kRemoveDirectory, "z/c", ""},
                      {kRemoveDirectory, "z/d", ""},
                      {kRemoveDirectory, "z", ""}};
  EXPECT_EQ(told(), removed);
}

// A merged event keeps the place of the first in the queue, and so its path.
TEST_F(NamedEventsKernelTest, RemovalMergedIntoTheCreationHasThePathFromBeforeTheRename) {
  watch();
  make_directory("a");
  make_file("a/f");
  rename("a", "z");
  remove("z/f");
  EXPECT_EQ(
      told(),
      (Story{{kMakeDirectory, "a", ""}, {FAN_CREATE | FAN_DELETE, "a/f", ""}, {kRenameDirectory, "a", "z"}}));
}

TEST_F(NamedEventsKernelTest, NamesWhatWasThereBefore) {
  make_tree();
  watch();
  make_file("a/b/c/new");
  EXPECT_EQ(told(), (Story{{FAN_CREATE, "a/b/c/new", ""}}));
  rename("a", "z");
  remove("z/b/c/new");
  remove("z/b/c/f");
  remove("z/b/c");
  EXPECT_EQ(told(), (Story{{kRenameDirectory, "a", "z"},
                           {FAN_DELETE, "z/b/c/new", ""},
                           {FAN_DELETE, "z/b/c/f", ""},
                           {kRemoveDirectory, "z/b/c", ""}}));
}

TEST_F(NamedEventsKernelTest, TreeThatIsGoneWhenItIsReadStillHasItsNames) {
  watch();
  make_tree();
  std::filesystem::remove_all(file("a"));
  const auto story = told();
  ASSERT_EQ(story.size(), 4U);
  for (const auto& event : story) {
    EXPECT_EQ(event.mask & (FAN_CREATE | FAN_DELETE), FAN_CREATE | FAN_DELETE) << "merged";
  }
  EXPECT_EQ(story[3].path, "a/b/c/f");
}

TEST_F(NamedEventsKernelTest, DirectoryRenamedToAndFroIsFoundWhereItIs) {
  watch();
  make_directory("a");
  rename("a", "b");
  rename("b", "a");
  rename("a", "b");
  EXPECT_EQ(told(),
            (Story{{kMakeDirectory, "a", ""}, {kRenameDirectory, "a", "b"}, {kRenameDirectory, "b", "a"}}))
      << "the kernel has merged the third into the first";
  make_file("b/f");
  EXPECT_EQ(told(), (Story{{FAN_CREATE, "b/f", ""}}));
}

TEST_F(NamedEventsKernelTest, ExchangedDirectoriesAreTwoRenames) {
  watch();
  for (const auto* name : {"a", "b", "a/x"}) make_directory(name);
  told();
  make_file("a/x/1");
  exchange("a", "b");
  make_file("b/x/2");
  EXPECT_EQ(told(), (Story{{FAN_CREATE, "a/x/1", ""},
                           {kRenameDirectory, "a", "b"},
                           {kRenameDirectory, "b", "a"},
                           {FAN_CREATE, "b/x/2", ""}}));
}

TEST_F(NamedEventsKernelTest, DirectoryFirstMetAfterItsRenameHasItsOldNameUntilThen) {
  make_tree();
  watch();
  make_file("a/b/c/new");
  rename("a/b", "z");
  make_file("z/c/newer");
  EXPECT_EQ(
      told(),
      (Story{{FAN_CREATE, "a/b/c/new", ""}, {kRenameDirectory, "a/b", "z"}, {FAN_CREATE, "z/c/newer", ""}}));
}

TEST_F(NamedEventsKernelTest, TreeThatWasThereBeforeAndIsGoneWhenItIsReadHasItsNames) {
  make_tree();
  watch();
  std::filesystem::remove_all(file("a"));
  EXPECT_EQ(told(), (Story{{FAN_DELETE, "a/b/c/f", ""},
                           {kRemoveDirectory, "a/b/c", ""},
                           {kRemoveDirectory, "a/b", ""},
                           {kRemoveDirectory, "a", ""}}));
}

TEST_F(NamedEventsKernelTest, RenameAcrossDirectoriesHasBothPlaces) {
  watch();
  make_tree();
  make_directory("to");
  told();
  rename("a/b/c/f", "to/g");
  rename("a/b", "to/b");
  EXPECT_EQ(told(), (Story{{FAN_RENAME, "a/b/c/f", "to/g"}, {kRenameDirectory, "a/b", "to/b"}}));
}

TEST_F(NamedEventsKernelTest, EventsOnADirectoryItselfNameIt) {
  make_tree();
  watch(FAN_ATTRIB | FAN_RENAME);
  for (const auto& path : {root(), file("a/b"), file("a/b/c/f")}) EXPECT_EQ(::chmod(path.c_str(), 0700), 0);
  EXPECT_EQ(told(), (Story{{FAN_ATTRIB | FAN_ONDIR, ".", ""},
                           {FAN_ATTRIB | FAN_ONDIR, "a/b", ""},
                           {FAN_ATTRIB, "a/b/c/f", ""}}));
}

TEST_F(NamedEventsKernelTest, ChangedLinkCountHasNoNameButTheRemovalHas) {
  make_file("f");
  watch(FAN_ATTRIB | FAN_DELETE | FAN_CREATE | FAN_RENAME);
  EXPECT_EQ(::link(file("f").c_str(), file("second").c_str()), 0);
  remove("f");
  make_file("over");
  rename("over", "second");
  EXPECT_EQ(told(), (Story{{FAN_ATTRIB, "?", ""},
                           {FAN_CREATE, "second", ""},
                           {FAN_DELETE, "f", ""},
                           {FAN_CREATE, "over", ""},
                           {FAN_RENAME, "over", "second"}}))
      << "the file that was replaced has no event of its own but ATTRIB, here merged into the first";
}

TEST_F(NamedEventsKernelTest, OpenFilesKeepTheirNameWhenRemoved) {
  make_directory("a");
  watch(FAN_CREATE | FAN_DELETE | FAN_RENAME | FAN_MODIFY | FAN_CLOSE_WRITE);
  UniqueFd fd(::open(file("a/f").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
  ASSERT_TRUE(fd);
  remove("a/f");
  remove("a");
  EXPECT_EQ(told(), (Story{{FAN_CREATE | FAN_DELETE, "a/f", ""}, {kRemoveDirectory, "a", ""}}));
  EXPECT_EQ(::write(fd.get(), "x", 1), 1);
  fd.reset();
  EXPECT_EQ(told(), (Story{{FAN_MODIFY | FAN_CLOSE_WRITE, "a/f", ""}}));
}

TEST_F(NamedEventsKernelTest, NamesAreBytes) {
  watch();
  const std::string name = "\xff\n\x1b" + std::string(252, 'n');
  make_directory(name);
  make_file(name + "/" + name);
  EXPECT_EQ(told(), (Story{{kMakeDirectory, name, ""}, {FAN_CREATE, name + "/" + name, ""}}));
}

TEST_F(NamedEventsKernelTest, LookingUpNamesRaisesNoEvents) {
  make_tree();
  watch(FAN_OPEN | FAN_ACCESS | FAN_CLOSE | FAN_CREATE | FAN_RENAME);
  for (const auto* name : {"a", "a/b", "a/b/c"}) {
    EXPECT_TRUE(table().path_of(HandleView{handle_at(file(name))}));
  }
  // An open would wait for the reader thread, which may be waiting for us.
  EXPECT_EQ(told(), Story{});
}

}  // namespace
}  // namespace rfan::recorder
