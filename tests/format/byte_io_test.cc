#include "format/model/byte_io.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "tests/format/trace_fixture.h"
#include "tests/support/scratch_directory.h"

namespace rfan::tests {
namespace {

class ByteIo : public testing::Test {
 protected:
  std::string file_with(const std::string& content) { return scratch_.write("file", content); }

  std::string written_trace() {
    const auto path = scratch_.file("t.fbz");
    const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT_TRUE(write_sample_trace(format::make_fd_sink(UniqueFd(fd), path), fixed_options()).ok());
    return path;
  }

  static std::string open_failure(const std::string& path) {
    auto source = format::open_source(path);
    if (!source) return source.error().message();
    auto reader = format::TraceReader::open(std::move(source).value(), {});
    return reader.ok() ? "" : reader.error().message();
  }

  ScratchDirectory scratch_;
};

TEST_F(ByteIo, WritesAndReadsAFile) {
  auto source = format::open_source(written_trace());
  ASSERT_TRUE(source.ok());
  EXPECT_EQ((*source)->size(), sample_trace().size());
  const auto contents = read_all(std::move(source).value());
  EXPECT_TRUE(contents.sound());
  EXPECT_EQ(contents.events.size(), 36U);
}

TEST_F(ByteIo, WritesAndReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  std::thread writer([&] {
    EXPECT_TRUE(write_sample_trace(format::make_fd_sink(UniqueFd(ends[1]), "pipe"), fixed_options()).ok());
  });
  auto source = format::open_source("/proc/self/fd/" + std::to_string(ends[0]));
  ASSERT_TRUE(source.ok());
  EXPECT_FALSE((*source)->size().has_value());
  const auto contents = read_all(std::move(source).value());
  writer.join();
  ::close(ends[0]);
  EXPECT_TRUE(contents.sound());
  EXPECT_EQ(contents.events.size(), 36U);
}

TEST_F(ByteIo, APipeSkipsForwardButNeverBack) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(::write(ends[1], "0123456789", 10), 10);
  ::close(ends[1]);
  auto source = format::open_source("/proc/self/fd/" + std::to_string(ends[0]));
  ::close(ends[0]);
  ASSERT_TRUE(source.ok());
  std::byte byte{};
  ASSERT_EQ((*source)->read_at(7, {&byte, 1}).value(), 1U);
  EXPECT_EQ(byte, std::byte{'7'});
  EXPECT_FALSE((*source)->read_at(3, {&byte, 1}).ok());
}

TEST_F(ByteIo, AFullDeviceIsReported) {
  const int fd = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  const auto status = write_sample_trace(format::make_fd_sink(UniqueFd(fd), "/dev/full"), fixed_options());
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().message(),
            "cannot write trace '/dev/full': No space left on device; free some space; what was written "
            "before stays "
            "readable");
}

TEST_F(ByteIo, WhatIsNoTraceIsRefusedWithWhatItIs) {
  EXPECT_NE(open_failure("/nonexistent/t.fbz").find("No such file"), std::string::npos);
  EXPECT_NE(open_failure(file_with("")).find("the file is empty"), std::string::npos);
  EXPECT_NE(open_failure(file_with("a text file")).find("this is no rfanrec trace"), std::string::npos);
  EXPECT_NE(open_failure(file_with(std::string(500, 'x'))).find("this is no rfanrec trace"),
            std::string::npos);
  EXPECT_NE(open_failure(file_with("\x28\xB5\x2F\xFD and more")).find("zstd file but no rfanrec trace"),
            std::string::npos);
  EXPECT_NE(open_failure(scratch_.path()).find("give the .fbz file inside the directory"), std::string::npos);
}

TEST_F(ByteIo, ATraceCutInItsHeaderIsRefusedAsThat) {
  const auto path = written_trace();
  std::filesystem::resize_file(path, 40);
  EXPECT_NE(open_failure(path).find("ends inside its header, after 40 of 72 bytes"), std::string::npos)
      << open_failure(path);
}

TEST_F(ByteIo, EveryByteOfATraceBelongsToAZstdStream) {
  if (std::system("command -v zstd >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "the zstd program is not installed: NOT CHECKED that zstd -t accepts a trace";
  }
  const auto path = written_trace();
  EXPECT_EQ(std::system(("zstd -t -q '" + path + "'").c_str()), 0);
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 3);
  EXPECT_NE(std::system(("zstd -t -q '" + path + "' 2>/dev/null").c_str()), 0)
      << "the check must be able to fail";
}

}  // namespace
}  // namespace rfan::tests
