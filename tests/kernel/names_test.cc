// Files whose names change, vanish or are not text.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;

// Compares long stories and says which lines differ.
void expect_same_lines(const Story& lines, const Story& expected) {
  ASSERT_EQ(lines.size(), expected.size());
  for (std::size_t i = 0; i < lines.size(); ++i) EXPECT_EQ(lines[i], expected[i]) << "line " << i;
}

TEST_F(KernelTest, AFileDeletedWhileOpenKeepsItsName) {
  create(file("gone"));
  const auto recording = record();
  in_child([&] {
    const int fd = ::open(file("gone").c_str(), O_RDONLY);
    ::unlink(file("gone").c_str());
    ::close(fd);
  });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()),
            (Story{"open gone", "delete gone", "close_nowrite gone"}));
}

TEST_F(KernelTest, AFileThatIsNamedDeletedIsNotDeleted) {
  create(file("x (deleted)"));
  const auto recording = record();
  in_child([&] { open_and_close(file("x (deleted)")); });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()),
            (Story{"open x (deleted)", "close_nowrite x (deleted)"}));
}

TEST_F(KernelTest, AFileRenamedWhileOpenIsClosedUnderItsNewName) {
  create(file("old"));
  const auto recording = record();
  in_child([&] {
    const int fd = ::open(file("old").c_str(), O_RDONLY);
    std::filesystem::rename(file("old"), file("new"));
    ::close(fd);
  });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()),
            (Story{"open old", "rename old -> new", "close_nowrite new"}));
}

// Names are looked up milliseconds later, long after the rename.
TEST_F(KernelTest, AFileRenamedAtOnceWasOpenedUnderItsOldName) {
  constexpr int kFiles = 3000;
  const auto recording = record();
  const auto pid = in_child([&] {
    for (int i = 0; i < kFiles; ++i) {
      const auto name = std::to_string(i);
      const int fd = ::open(file("tmp" + name).c_str(), O_CREAT | O_WRONLY, 0644);
      std::filesystem::rename(file("tmp" + name), file("done" + name));
      ::close(fd);
    }
  });
  const auto replayed = stop_and_replay(*recording);
  const auto events = replayed.of_process(pid);
  Story opened, closed, expected_open, expected_close;
  for (const auto& line : story(events, root())) {
    if (line.starts_with("open")) opened.push_back(line);
    if (line.starts_with("close")) closed.push_back(line);
  }
  for (int i = 0; i < kFiles; ++i) {
    expected_open.push_back("open tmp" + std::to_string(i));
    expected_close.push_back("close_write done" + std::to_string(i));
  }
  expect_same_lines(opened, expected_open);
  expect_same_lines(closed, expected_close);
}

TEST_F(KernelTest, AFileReplacedAtOnceWasOpenedUnderItsName) {
  constexpr int kRounds = 300;
  create(file("x"));
  const auto recording = record();
  const auto pid = in_child([&] {
    for (int i = 0; i < kRounds; ++i) {
      const int old = ::open(file("x").c_str(), O_RDONLY);
      ::close(::open(file("x.tmp").c_str(), O_CREAT | O_WRONLY, 0644));
      std::filesystem::rename(file("x.tmp"), file("x"));
      ::close(old);
    }
  });
  Story expected;
  for (int i = 0; i < kRounds; ++i) {
    expected.push_back("open x");
    expected.push_back("open x.tmp");
  }
  Story opened;
  for (const auto& line : story(stop_and_replay(*recording).of_process(pid), root()))
    if (line.starts_with("open")) opened.push_back(line);
  expect_same_lines(opened, expected);
}

TEST_F(KernelTest, AFileInADirectoryRenamedAtOnceWasOpenedUnderTheOldPath) {
  constexpr int kRounds = 300;
  const auto recording = record();
  const auto pid = in_child([&] {
    for (int i = 0; i < kRounds; ++i) {
      const auto name = std::to_string(i);
      std::filesystem::create_directory(file("d" + name));
      open_and_close(file("d" + name + "/f"), O_CREAT | O_WRONLY);
      std::filesystem::rename(file("d" + name), file("moved" + name));
    }
  });
  Story expected;
  for (int i = 0; i < kRounds; ++i) expected.push_back("open d" + std::to_string(i) + "/f");
  Story opened;
  for (const auto& line : story(stop_and_replay(*recording).of_process(pid), root()))
    if (line.starts_with("open")) opened.push_back(line);
  expect_same_lines(opened, expected);
}

TEST_F(KernelTest, FilesUnderARenamedDirectoryHaveTheNewPath) {
  std::filesystem::create_directory(file("before"));
  create(file("before/a"));
  const auto recording = record();
  in_child([&] { open_and_close(file("before/a")); });
  std::filesystem::rename(file("before"), file("after"));
  const auto pid = in_child([&] { open_and_close(file("after/a")); });
  const auto replayed = stop_and_replay(*recording);
  EXPECT_EQ(story(replayed.of_process(pid), root()), (Story{"open after/a", "close_nowrite after/a"}));
  EXPECT_EQ(story(replayed.of_kind("rename"), root()), Story{"rename before -> after"});
}

// Waits until the recorder trusts that a file has one name (RepeatedFiles).
void let_files_settle() {
  std::this_thread::sleep_for(std::chrono::milliseconds(1200));
}

TEST_F(KernelTest, AFileOpenedAgainAndAgainHasItsNameEachTime) {
  constexpr int kRounds = 300;
  for (const auto* name : {"a", "b", "c"}) create(file(name));
  std::filesystem::create_hard_link(file("b"), file("b2"));
  let_files_settle();
  const auto recording = record();
  const auto pid = in_child([&] {
    for (int i = 0; i < kRounds; ++i)
      for (const auto* name : {"a", "b", "c", "b2"}) open_and_close(file(name));
  });
  Story expected;
  for (int i = 0; i < kRounds; ++i)
    for (const auto* name : {"a", "b", "c", "b2"})
      for (const auto* kind : {"open ", "close_nowrite "}) expected.push_back(kind + std::string(name));
  expect_same_lines(story(stop_and_replay(*recording).of_process(pid), root()), expected);
}

// Links and unlinks as git and mail servers do.
TEST_F(KernelTest, AFileLinkedAndUnlinkedAtOnceHasTheNameItWasOpenedBy) {
  constexpr int kFiles = 300;
  const auto recording = record();
  const auto pid = in_child([&] {
    for (int i = 0; i < kFiles; ++i) {
      const auto name = std::to_string(i);
      const int fd = ::open(file("tmp" + name).c_str(), O_CREAT | O_WRONLY, 0644);
      ::link(file("tmp" + name).c_str(), file("done" + name).c_str());
      ::unlink(file("tmp" + name).c_str());
      open_and_close(file("done" + name));
      ::close(fd);
    }
  });
  Story expected, found;
  for (int i = 0; i < kFiles; ++i) {
    const auto name = std::to_string(i);
    for (const auto& line :
         {"open tmp" + name, "open done" + name, "close_nowrite done" + name, "close_write tmp" + name})
      expected.push_back(line);
  }
  for (const auto& line : story(stop_and_replay(*recording).of_process(pid), root()))
    if (line.starts_with("open") || line.starts_with("close")) found.push_back(line);
  expect_same_lines(found, expected);
}

TEST_F(KernelTest, AFileOpenedByANameThatIsGoneIsClosedByIt) {
  create(file("old"));
  const int fd = ::open(file("old").c_str(), O_RDONLY | O_CLOEXEC);
  std::filesystem::create_hard_link(file("old"), file("new"));
  std::filesystem::remove(file("old"));
  let_files_settle();
  const auto recording = record();
  in_child([&] { open_and_close(file("new")); });
  ::close(fd);
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()),
            (Story{"open new", "close_nowrite new", "close_nowrite old"}));
}

TEST_F(KernelTest, NamesAreBytes) {
  const Story names{"caf\xe9", "\xff\xfe\x80", "line\nbreak", "tab\tand\x1b[31mescape", "quote\"back\\slash",
                    "ünï"};
  for (const auto& name : names) create(file(name));
  const auto recording = record();
  in_child([&] {
    for (const auto& name : names) open_and_close(file(name));
  });
  Story expected;
  for (const auto& name : names) expected.push_back("open " + name);
  EXPECT_EQ(story(stop_and_replay(*recording).of_kind("open"), root()), expected);
}

TEST_F(KernelTest, TextOutputHasOneLinePerEventWhateverTheName) {
  create(file("line\nbreak\x1b[31m"));
  const auto recording = record();
  in_child([&] { open_and_close(file("line\nbreak\x1b[31m")); });
  stop_and_replay(*recording);
  const auto text = run({RFANREPLAY_PATH, trace(), "--kind", "open"}).out;
  EXPECT_NE(text.find("line\\nbreak\\x1b[31m"), std::string::npos) << text;
  EXPECT_EQ(text.find('\x1b'), std::string::npos);
}

TEST_F(KernelTest, TheLongestPathIsWhole) {
  std::string path = root();
  constexpr std::size_t kLongest = 4095;  // PATH_MAX less the NUL
  while (kLongest - path.size() > 256) path += "/" + std::string(200, 'd');
  std::filesystem::create_directories(path);
  path += "/" + std::string(kLongest - path.size() - 1, 'f');
  create(path);
  const auto recording = record();
  in_child([&] { open_and_close(path); });
  EXPECT_EQ(stop_and_replay(*recording).of_path(path).size(), 2U);
}

}  // namespace
}  // namespace rfan::kernel_test
