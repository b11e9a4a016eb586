// A recording in one file after another.
#include <algorithm>
#include <filesystem>
#include <thread>

#include "tests/kernel/fixture/kernel_fixture.h"
#include "tests/support/planted_entries.h"

namespace rfan::kernel_test {
namespace {

// Returns the files of the recording, in order.
std::vector<std::string> series(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::size_t opens_in(const std::vector<std::string>& files) {
  std::size_t opens = 0;
  for (const auto& file : files) {
    const auto replayed = replay(file, {"--kind", "open"});
    EXPECT_EQ(replayed.status, 0) << file << ": " << replayed.messages;
    opens += replayed.events.size();
  }
  return opens;
}

class RotationTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    std::filesystem::create_directory(directory());
    create(file("a"));
  }
  std::string directory() const { return scratch().file("traces"); }
  std::unique_ptr<Recording> record_series(std::vector<std::string> options) {
    options.insert(options.end(), {"-o", directory() + "/t.fbz", root()});
    auto recording = std::make_unique<Recording>(options);
    EXPECT_TRUE(recording->begun()) << recording->err();
    return recording;
  }
  void open_often(int count) {
    in_child([&] {
      for (int i = 0; i < count; ++i) open_and_close(file("a"));
    });
  }
};

TEST_F(RotationTest, NoEventFallsBetweenTwoFiles) {
  const auto recording = record_series({"--rotate-time", "100ms"});
  constexpr int kOpens = 50'000;
  open_often(kOpens);
  const auto outcome = recording->stop();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const auto files = series(directory());
  EXPECT_GE(files.size(), 3U) << "it was not rotated";
  EXPECT_EQ(opens_in(files), static_cast<std::size_t>(kOpens));
}

TEST_F(RotationTest, EachFileNamesItsProcessesByItself) {
  const auto recording = record_series({"--rotate-size", "8K"});
  open_often(30'000);
  recording->stop();
  const auto files = series(directory());
  ASSERT_GE(files.size(), 2U);
  for (const auto& event : replay(files.back()).events) EXPECT_FALSE(event.exe.empty());
}

TEST_F(RotationTest, ASignalBeginsTheNextFile) {
  const auto recording = record_series({"--rotate-time", "1h"});
  open_often(10);
  // Wait for the first events: a file without any is not rotated.
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  recording->send(SIGUSR2);
  for (int i = 0; i < 100 && series(directory()).size() < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  open_often(10);
  EXPECT_EQ(recording->stop().status, 0);
  const auto files = series(directory());
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(opens_in(files), 20U);
}

TEST_F(RotationTest, TheTraceMayLieOnTheRecordedFilesystem) {
  Recording recording({"--rotate-size", "8K", "--keep-files", "3", "-o", file("t.fbz"), root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  constexpr int kOpens = 30'000;
  open_often(kOpens);
  const auto outcome = recording.stop();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  std::vector<std::string> files = series(root());
  std::erase(files, file("a"));
  EXPECT_LE(files.size(), 3U);
  for (const auto& name : files) {
    for (const auto& event : replay(name).events) EXPECT_EQ(event.path, file("a"));
  }
}

// The writer opens the next file while the reader may wait for the writer.
TEST_F(RotationTest, BeginningTheNextFileWaitsForNobody) {
  prepare_storm(1000);
  Recording recording({"--rotate-size", "64K", "-o", file("t.fbz"), root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  storm({"processes", "16", "100000", "1000"});
  const auto outcome = recording.stop();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_NE(outcome.err.find("nothing lost"), std::string::npos) << outcome.err;
}

// Each of these names once ended the recording, switched retention off, or made it drop the newest files.
TEST_F(RotationTest, NamesThatOthersPlantedDisturbNothing) {
  tests::make_sticky(directory());
  const auto name = [&](const std::string& number) { return directory() + "/t." + number + ".fbz"; };
  const std::vector<std::string> planted{
      tests::plant_directory(name("000000")),           tests::plant_fifo(name("000001")),
      tests::plant_link(name("000002"), "/etc/passwd"), tests::plant_file(name("000003")),
      tests::plant_file(name("000004") + ".part"),      tests::plant_directory(name("000006")),
      tests::plant_file(name("18446744073709551613")),
  };
  const auto recording = record_series({"--rotate-size", "8K", "--keep-files", "3"});
  open_often(30'000);
  const auto outcome = recording->stop();
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  auto files = series(directory());
  for (const auto& entry : planted) {
    EXPECT_TRUE(tests::is_there(entry)) << entry;
    EXPECT_NE(outcome.err.find(entry + "'; it "), std::string::npos) << outcome.err;
    std::erase(files, entry);
  }
  EXPECT_LE(files.size(), 3U);
  ASSERT_GE(files.size(), 2U);
  EXPECT_GT(opens_in(files), 0U);
  const auto replayed = replay(directory() + "/t.fbz", {"--kind", "open"});
  EXPECT_EQ(replayed.status, 0) << replayed.messages;
  EXPECT_EQ(replayed.events.size(), opens_in(files));
}

// A user who can fill the disk must not be able to erase the record of his actions.
TEST_F(RotationTest, AFullDiskLeavesTheNewestFinishedFileAndEndsTheRecording) {
  const PrivateTmpfs small;
  ASSERT_EQ(small.mount_errno(), 0);
  ASSERT_EQ(run({"mount", "-o", "remount,size=512k", small.path()}).status, 0);
  const auto set = small.file("t.fbz");
  Recording recording({"--rotate-size", "16K", "--when-full", "drop-oldest", "-o", set, root()});
  ASSERT_TRUE(recording.begun()) << recording.err();
  const auto is_finished = [](const std::string& file) { return file.ends_with(".fbz"); };
  const auto finished = [&] {
    const auto files = series(small.path());
    return std::count_if(files.begin(), files.end(), is_finished);
  };
  for (int i = 0; i < 1000 && finished() < 4; ++i) open_often(2000);
  ASSERT_GE(finished(), 4);
  // The recording ends although the filler takes every page that a dropped file frees.
  ChildProcess filler(
      {"sh", "-c", "while sleep 0.01; do head -c 65536 /dev/zero; done 2>&- >> " + small.file("filler")});
  for (int i = 0; i < 1000 && recording.err().find("No space left") == std::string::npos; ++i)
    open_often(2000);
  const auto outcome = recording.wait();
  filler.send(SIGKILL);
  filler.wait();
  EXPECT_EQ(outcome.status, 1);
  EXPECT_NE(outcome.err.find("No space left on device; free some space; older files were dropped"),
            std::string::npos)
      << outcome.err;
  EXPECT_GE(finished(), 1);
  for (const auto& file : series(small.path())) {
    if (!is_finished(file)) continue;
    EXPECT_GT(opens_in({file}), 0U);
  }
  EXPECT_FALSE(replay(set, {"--kind", "open"}).events.empty());
}

TEST_F(RotationTest, AKilledRecorderLeavesAReadableFile) {
  const auto recording = record_series({"--rotate-size", "1G"});
  open_often(1000);
  std::this_thread::sleep_for(std::chrono::milliseconds(600));
  recording->stop(SIGKILL);
  const auto files = series(directory());
  ASSERT_EQ(files.size(), 1U);
  EXPECT_TRUE(files[0].ends_with(".part"));
  EXPECT_EQ(replay(files[0], {"--kind", "open"}).events.size(), 1000U);
}

}  // namespace
}  // namespace rfan::kernel_test
