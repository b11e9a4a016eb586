#include "format/trace_file.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "tests/format/trace_fixture.h"

namespace rfan::tests {
namespace {

using format::BlockDecoder;
using format::TraceFile;

// A trace opened for random access, and the damage it told of.
struct Opened {
  explicit Opened(Bytes content) : bytes(std::move(content)) {
    auto opened = TraceFile::open(std::make_unique<MemorySource>(bytes),
                                  [this](const format::Damage& damage) { damages.push_back(damage); });
    EXPECT_TRUE(opened.ok());
    file = std::move(opened).value();
  }

  std::vector<std::uint64_t> times_of(std::size_t block) const {
    BlockDecoder decoder;
    format::EventColumns columns;
    auto encoded = file->read_block(block);
    if (encoded) [[maybe_unused]]
      const auto status = file->decode(*encoded, format::kColumnTime, decoder, columns);
    return columns.time_ns;
  }

  Bytes bytes;
  std::vector<format::Damage> damages;
  std::unique_ptr<TraceFile> file;
};

Bytes without_end(Bytes bytes, std::size_t missing) {
  bytes.resize(bytes.size() - missing);
  return bytes;
}

TEST(TraceFile, GivesTheSameAsReadingForward) {
  const Opened opened(sample_trace());
  const auto forward = read_all(sample_trace());
  const auto& file = *opened.file;
  EXPECT_TRUE(file.complete());
  EXPECT_EQ(file.meta().hostname, forward.meta.hostname);
  EXPECT_EQ(file.losses(), forward.losses);
  EXPECT_EQ(file.clocks(), forward.clocks);
  EXPECT_EQ(file.dictionary().path_count(), forward.paths.size());
  ASSERT_EQ(file.blocks().size(), 3U);
  EXPECT_EQ(file.footer()->totals.events, 36U);
  for (const auto& block : file.blocks()) EXPECT_EQ(block.events, 12U);
}

TEST(TraceFile, ReadsBlocksInAnyOrder) {
  const Opened opened(sample_trace());
  for (const std::size_t block : {2U, 0U, 1U, 2U}) {
    const auto times = opened.times_of(block);
    ASSERT_EQ(times.size(), 12U);
    EXPECT_EQ(times.front(), opened.file->blocks()[block].first_ns);
    EXPECT_EQ(times.back(), opened.file->blocks()[block].last_ns);
  }
}

TEST(TraceFile, ManyThreadsReadAtTheSameTime) {
  const Opened opened(sample_trace());
  std::atomic<std::size_t> events{0};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (std::size_t round = 0; round < 300; ++round) events += opened.times_of(round % 3).size();
    });
  }
  threads.clear();
  EXPECT_EQ(events, 4U * 300U * 12U);
}

TEST(TraceFile, AFileWithoutItsEndIsOpenedByItsFrameHeads) {
  const Opened opened(without_end(sample_trace(), 10));
  EXPECT_FALSE(opened.file->complete());
  EXPECT_EQ(opened.file->blocks().size(), 3U);
  EXPECT_EQ(opened.times_of(1).size(), 12U);
  EXPECT_EQ(opened.damages.size(), 1U) << "the file ends inside its trailer";
}

TEST(TraceFile, ADamagedBlockIsReportedOnceAndTheOthersAreRead) {
  auto bytes = sample_trace();
  const auto at = Opened(bytes).file->blocks()[1];
  bytes[at.offset + at.length - 1] ^= std::byte{1};
  const Opened opened(bytes);
  EXPECT_TRUE(opened.times_of(1).empty());
  EXPECT_TRUE(opened.times_of(1).empty());
  EXPECT_EQ(opened.times_of(2).size(), 12U);
  ASSERT_EQ(opened.damages.size(), 1U);
  EXPECT_EQ(opened.damages[0].events, 12U);
  EXPECT_EQ(opened.file->damage_count(), 1U);
}

TEST(TraceFile, NeedsASeekableSource) {
  const auto bytes = sample_trace();
  const auto opened = TraceFile::open(std::make_unique<MemoryPipe>(bytes), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().hint, "this needs a file, not a pipe");
}

}  // namespace
}  // namespace rfan::tests
