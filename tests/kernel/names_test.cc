// Files whose names change, vanish or are no text.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/kernel/kernel_fixture.h"

namespace rfan::kernel_test {
namespace {

using Story = std::vector<std::string>;

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
    // Names are looked up within the flush interval (250 ms); the open is to be looked up before the rename.
    std::this_thread::sleep_for(std::chrono::milliseconds(700));
    std::filesystem::rename(file("old"), file("new"));
    ::close(fd);
  });
  EXPECT_EQ(story(stop_and_replay(*recording).events, root()),
            (Story{"open old", "rename old -> new", "close_nowrite new"}));
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
