#include "format/trace/trace_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <numeric>
#include <random>
#include <thread>

#include "tests/format/frame_walk.h"
#include "tests/format/future_trace.h"
#include "tests/format/trace_fixture.h"
#include "tests/support/hand_made_dictionary.h"

namespace rfan::tests {
namespace {

using format::BlockDecoder;
using format::TraceFile;

// A trace opened for random access, and the damage that it reported.
struct Opened {
  explicit Opened(Bytes content) : bytes(std::move(content)) {
    auto opened = TraceFile::open(std::make_unique<MemorySource>(bytes),
                                  [this](const format::Damage& damage) { damages.push_back(damage); });
    EXPECT_TRUE(opened.ok());
    file = std::move(opened).value();
  }

  std::vector<std::uint64_t> times_of(std::size_t block) const {
    return columns_of(block, format::kColumnTime).time_ns;
  }
  std::vector<format::PathId> paths_of(std::size_t block) const {
    return columns_of(block, format::kColumnPath).path;
  }
  format::EventColumns columns_of(std::size_t block, format::ColumnSet wanted) const {
    BlockDecoder decoder;
    format::EventColumns columns;
    auto encoded = file->read_block(block);
    if (encoded) [[maybe_unused]]
      const auto status = file->decode(*encoded, wanted, decoder, columns);
    return columns;
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

TEST(TraceFile, ReadsNoMoreOfTheDictionaryThanABlockNeeds) {
  const auto whole = read_all(sample_trace());
  Opened opened(sample_trace());
  const auto& early = opened.file->dictionary_until(0);
  EXPECT_LT(early.path_count(), whole.paths.size());
  EXPECT_FALSE(opened.times_of(0).empty());
  EXPECT_EQ(opened.file->dictionary().path_count(), whole.paths.size());
  EXPECT_FALSE(opened.times_of(2).empty());
  EXPECT_TRUE(opened.damages.empty());
}

TEST(TraceFile, PassesOverCommandLinesAndKeepsAllOtherNames) {
  const auto whole = read_all(sample_trace());
  const Opened opened(sample_trace());
  opened.file->set_dictionary_loading({.processes = format::ProcessDetail::kWithoutCommandLine});
  const auto& names = opened.file->dictionary();
  ASSERT_EQ(names.process_count(), whole.processes.size());
  std::uint64_t cmdline_bytes = 0;
  for (format::ProcessId id = 1; id <= names.process_count(); ++id) {
    auto expected = whole.processes[id - 1];
    cmdline_bytes += expected.cmdline.size();
    EXPECT_EQ(names.process(id).cmdline_bytes, expected.cmdline.size());
    expected.cmdline.clear();
    EXPECT_EQ(names.process(id).copy(), expected);
  }
  EXPECT_NE(cmdline_bytes, 0U);
  EXPECT_TRUE(opened.damages.empty());
}

TEST(TraceFile, DecodesPathsWithoutTheNamesOfProcesses) {
  const auto whole = read_all(sample_trace());
  const Opened opened(sample_trace());
  opened.file->set_dictionary_loading({.processes = format::ProcessDetail::kNone});
  const auto& names = opened.file->dictionary();
  EXPECT_EQ(names.process_count(), whole.processes.size());
  EXPECT_EQ(names.process(1).pid, 0U);
  std::vector<std::string> paths;
  BlockDecoder decoder;
  format::EventColumns columns;
  for (std::size_t i = 0; i < opened.file->blocks().size(); ++i) {
    ASSERT_TRUE(opened.file->decode(*opened.file->read_block(i), format::kColumnPath, decoder, columns).ok());
    for (const auto id : columns.path) paths.emplace_back(names.path(id));
  }
  std::vector<std::string> expected;
  for (const auto& event : whole.events) expected.push_back(event.path);
  EXPECT_EQ(paths, expected);
}

// Returns a trace with names for many chunks of ids, in 150 DICT frames with an INDEX after each 64.
// Processes are like each other, with executables and parents from long before.
Bytes trace_of_many_names() {
  auto bytes = std::make_shared<Bytes>();
  auto writer =
      format::TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta())
          .value();
  std::mt19937 random(7);
  for (std::uint32_t block = 0; block < 150; ++block) {
    for (std::uint32_t i = 0; i < 40; ++i) {
      const auto path = writer->intern_path(fmt::format("/some/directory/{}/file{}", block, i * i));
      format::Process process{.pid = 100 + i, .comm = fmt::format("cc{}", i % 5), .cmdline = {}};
      process.exe = 1 + random() % path;
      process.parent = block == 0 ? 0 : 1 + random() % (block * 40);
      process.cmdline = fmt::format("cc -c {}.c -o {}.o", i, block);
      const auto id = writer->add_process(process);
      writer->add_event({block * 1'000'000, format::EventKind::kOpen, 0, id, path, 0, 0});
    }
    EXPECT_TRUE(writer->flush({}).ok());
  }
  EXPECT_TRUE(writer->finish({}, {}).ok());
  return *bytes;
}

// Return the facts about an id in a form that can be compared. They must not depend on when lost names were
// found to be lost.
std::string told_path(const format::Dictionary& names, format::PathId id) {
  EXPECT_EQ(names.knows_path(id), id == 0 || !names.path(id).empty());
  return std::string(names.path(id));
}
format::Process told_process(const format::Dictionary& names, format::ProcessId id, std::string& exe) {
  auto process = names.process(id).copy();
  exe = told_path(names, process.exe);
  if (exe.empty()) process.exe = 0;
  if (!names.knows_process(process.parent)) process.parent = 0;
  return process;
}

// Compares all names that two ways of reading give, in random order.
void expect_same_names(const format::Dictionary& whole, const format::Dictionary& on_demand) {
  ASSERT_EQ(on_demand.path_count(), whole.path_count());
  ASSERT_EQ(on_demand.process_count(), whole.process_count());
  std::vector<std::uint32_t> ids(std::max(whole.path_count(), whole.process_count()) + 1);
  std::iota(ids.begin(), ids.end(), 0U);
  std::shuffle(ids.begin(), ids.end(), std::mt19937(11));
  for (const auto id : ids) {
    if (id <= whole.path_count()) {
      EXPECT_EQ(told_path(on_demand, id), told_path(whole, id)) << id;
    }
    if (id > whole.process_count()) continue;
    std::string exe, expected_exe;
    EXPECT_EQ(told_process(on_demand, id, exe), told_process(whole, id, expected_exe)) << id;
    EXPECT_EQ(exe, expected_exe) << id;
    EXPECT_EQ(on_demand.knows_process(id), whole.knows_process(id)) << id;
  }
}

TEST(TraceFile, NamesOnDemandAreThoseOfTheWholeDictionary) {
  const auto bytes = trace_of_many_names();
  const Opened whole(bytes);
  const Opened on_demand(bytes);
  on_demand.file->set_dictionary_loading({.on_demand = true});
  EXPECT_FALSE(on_demand.columns_of(130, format::kAllColumns).missing.any());
  expect_same_names(whole.file->dictionary(), on_demand.file->dictionary());
  EXPECT_TRUE(on_demand.damages.empty());
}

TEST(TraceFile, ALostFrameOfNamesIsMissedByWhoAsksForThem) {
  const auto sound = trace_of_many_names();
  const auto frame = find_frame(sound, format::FrameType::kDict, 75);
  for (const bool body : {true, false}) {
    auto bytes = sound;
    bytes[frame.offset + (body ? frame.head.frame_length() : format::kFrameHeadBytes + 8) - 1] ^=
        std::byte{1};
    const Opened whole(bytes);
    const Opened on_demand(bytes);
    on_demand.file->set_dictionary_loading({.on_demand = true});
    EXPECT_EQ(on_demand.columns_of(10, format::kAllColumns).count, 40U);
    EXPECT_EQ(on_demand.file->damage_count(), body ? 0U : 1U) << "metadata says who has which ids";
    EXPECT_TRUE(on_demand.columns_of(75, format::kAllColumns).missing.any());
    EXPECT_EQ(on_demand.file->damage_count(), 2U) << "the frame, and the block that misses its names";
    expect_same_names(whole.file->dictionary(), on_demand.file->dictionary());
    EXPECT_EQ(on_demand.file->damage_count(), 2U);
    EXPECT_EQ(on_demand.damages[0].description, whole.damages[0].description);
  }
}

// A fault of the writer, which no checksum shows.
TEST(TraceFile, AFrameWhoseNamesAreMalformedIsToldOnce) {
  auto bytes = trace_of_many_names();
  const auto frame = find_frame(bytes, format::FrameType::kDict, 75);
  Bytes malformed;
  format::append_frame(format::FrameType::kDict, frame.head.number, frame.offset,
                       format::ChecksumSeed(fixed_options().file), frame.meta(bytes),
                       Bytes(frame.head.body_length), malformed);
  std::copy(malformed.begin(), malformed.end(), bytes.begin() + static_cast<std::ptrdiff_t>(frame.offset));
  const Opened whole(bytes);
  const Opened on_demand(bytes);
  on_demand.file->set_dictionary_loading({.on_demand = true});
  expect_same_names(whole.file->dictionary(), on_demand.file->dictionary());
  ASSERT_EQ(whole.damages.size(), 1U);
  ASSERT_EQ(on_demand.damages.size(), 1U);
  EXPECT_EQ(on_demand.damages[0].description, whole.damages[0].description);
}

TEST(TraceFile, ManyThreadsAskForNames) {
  auto bytes = trace_of_many_names();
  const auto frame = find_frame(bytes, format::FrameType::kDict, 75);
  bytes[frame.offset + frame.head.frame_length() - 1] ^= std::byte{1};
  const Opened whole(bytes);
  const Opened on_demand(bytes);
  on_demand.file->set_dictionary_loading({.on_demand = true});
  whole.file->dictionary();
  on_demand.file->dictionary();
  std::vector<std::jthread> threads;
  for (std::size_t first = 0; first < 4; ++first) {
    threads.emplace_back([&, first] {
      for (std::size_t i = 0; i < 150; ++i) {
        const auto block = (first * 40 + i) % 150;
        const auto columns = on_demand.columns_of(block, format::kAllColumns);
        ASSERT_EQ(columns.path, whole.columns_of(block, format::kAllColumns).path);
        for (const auto id : columns.path) {
          ASSERT_EQ(on_demand.file->dictionary().path(id), whole.file->dictionary().path(id));
        }
      }
    });
  }
  threads.clear();
  expect_same_names(whole.file->dictionary(), on_demand.file->dictionary());
}

TEST(Dictionary, WhatIsForgottenOrLeftOutCountsAndIsNotKnown) {
  HandMadeDictionary names;
  names.add_path("/first");
  EXPECT_FALSE(names.has_gaps());
  names.expect({{4, 2}, {1, 1}});
  EXPECT_TRUE(names.has_gaps());
  names.put_path(4, "/fou", "rth");
  names.put_path(5, "/fifth", {});
  names.forget_paths({5, 1});
  names.forget_processes({1, 1});
  EXPECT_EQ(names.add_path("/sixth"), 6U);
  std::vector<std::string_view> paths;
  std::vector<bool> known;
  for (format::PathId id = 0; id <= names.path_count(); ++id) {
    paths.push_back(names.path(id));
    known.push_back(names.knows_path(id));
  }
  EXPECT_EQ(paths, (std::vector<std::string_view>{"", "/first", "", "", "/fourth", "", "/sixth"}));
  EXPECT_EQ(known, (std::vector<bool>{true, true, false, false, true, false, true}));
  EXPECT_EQ(names.process_count(), 1U);
  EXPECT_FALSE(names.knows_process(1));
  EXPECT_FALSE(names.knows_path(7));
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

TEST(TraceFile, ALostDictionaryCostsNamesAndNoEvents) {
  auto bytes = sample_trace();
  const auto dictionary = find_frame(bytes, format::FrameType::kDict, 1);
  bytes[dictionary.offset + dictionary.head.frame_length() - 1] ^= std::byte{1};
  const Opened opened(bytes);
  for (std::size_t block = 0; block < 3; ++block) EXPECT_EQ(opened.times_of(block).size(), 12U);
  ASSERT_EQ(opened.damages.size(), 1U) << "of the block nothing was asked that is missing";
  EXPECT_EQ(opened.damages[0].events, 0U) << "a frame of names holds no events";
  const auto paths = opened.paths_of(1);
  ASSERT_EQ(paths.size(), 12U);
  EXPECT_EQ(paths[0], 0U) << "its first path is new in the lost frame";
  EXPECT_NE(paths[2], 0U);
  EXPECT_EQ(opened.paths_of(1), paths);
  ASSERT_EQ(opened.damages.size(), 2U) << "a block is reported once";
  EXPECT_EQ(opened.damages[1].events, 0U);
  EXPECT_NE(opened.damages[1].description.find("of 12 events the path of 4 and the process of 11 are not"),
            std::string::npos)
      << opened.damages[1].description;
}

TEST(TraceFile, StatisticsOutliveTheBodyOfTheirBlock) {
  auto bytes = sample_trace();
  const auto at = Opened(bytes).file->blocks()[1];
  bytes[at.offset + at.length - 1] ^= std::byte{1};
  const Opened opened(bytes);
  format::EncodedBlock block;
  ASSERT_TRUE(opened.file->read_statistics(1, block).ok());
  EXPECT_EQ(block.statistics.totals.events, 12U);
  EXPECT_TRUE(opened.damages.empty());
  EXPECT_FALSE(opened.file->read_body(block).ok());
  EXPECT_EQ(opened.damages.size(), 1U);
  ASSERT_TRUE(opened.file->read_statistics(2, block).ok());  // reuses the memory for the next block
  ASSERT_TRUE(opened.file->read_body(block).ok());
  BlockDecoder decoder;
  format::EventColumns columns;
  EXPECT_TRUE(opened.file->decode(block, format::kAllColumns, decoder, columns).ok());
  EXPECT_EQ(columns.count, 12U);
}

TEST(TraceFile, AFileCutAtAnyByteGivesTheSameAsReadingForward) {
  const auto bytes = sample_trace();
  for (std::size_t missing = 1; missing < bytes.size(); ++missing) {
    const auto cut = without_end(bytes, missing);
    ASSERT_EQ(events_by_block(cut), read_all(cut).events) << missing << " bytes missing";
  }
}

TEST(TraceFile, AFlippedByteCostsNoMoreThanWhenReadingForward) {
  const auto bytes = sample_trace();
  for (std::size_t position = 0; position < bytes.size(); ++position) {
    auto flipped = bytes;
    flipped[position] ^= std::byte{0x55};
    ASSERT_EQ(events_by_block(flipped), read_all(flipped).events) << "byte " << position;
  }
}

TEST(TraceFile, SaysWhatWasKnownWhenALaterVersionHasMore) {
  const Opened opened(future_trace());
  EXPECT_TRUE(opened.file->complete());
  EXPECT_EQ(opened.file->blocks().size(), 3U);
  EXPECT_EQ(opened.file->unknown_frames(), 2U);
  EXPECT_TRUE(opened.damages.empty());
}

TEST(TraceFile, FindsTheBlocksOfManyIndexFrames) {
  auto bytes = std::make_shared<Bytes>();
  auto created =
      format::TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta());
  ASSERT_TRUE(created.ok());
  auto& writer = **created;
  for (std::uint64_t i = 0; i < 200; ++i) {
    writer.add_event(
        {i * 1'000'000, format::EventKind::kOpen, 0, 0, writer.intern_path("/p" + std::to_string(i)), 0, 0});
    ASSERT_TRUE(writer.flush({}).ok());
  }
  ASSERT_TRUE(writer.finish({}, {}).ok());
  const Opened opened(*bytes);
  ASSERT_EQ(opened.file->blocks().size(), 200U);
  EXPECT_EQ(opened.file->dictionary().path_count(), 200U);
  EXPECT_EQ(opened.times_of(130), std::vector<std::uint64_t>{130'000'000U});
  EXPECT_EQ(Opened(without_end(*bytes, 1)).file->blocks().size(), 200U) << "by their heads";
}

TEST(TraceFile, NeedsASeekableSource) {
  const auto bytes = sample_trace();
  const auto opened = TraceFile::open(std::make_unique<MemoryPipe>(bytes), {});
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().hint, "this needs a file, not a pipe");
}

}  // namespace
}  // namespace rfan::tests
