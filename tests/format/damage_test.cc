#include <gtest/gtest.h>

#include "bench/event_stream.h"
#include "format/wire/block_statistics.h"
#include "tests/format/frame_walk.h"

namespace rfan::tests {
namespace {

std::unique_ptr<format::TraceWriter> open_writer(const SharedBytes& bytes) {
  auto created =
      format::TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta());
  EXPECT_TRUE(created.ok());
  return std::move(created).value();
}

void flip(Bytes& bytes, std::size_t position, unsigned bits = 0xFF) {
  bytes[position] ^= static_cast<std::byte>(bits);
}

TEST(Damage, AFileCutAtAnyByteGivesWhatCameBeforeAndSaysThatItIsCut) {
  const auto bytes = sample_trace();
  const auto whole = read_all(bytes);
  std::size_t most_events = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    SCOPED_TRACE("cut at byte " + std::to_string(length));
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    const auto contents = read_all(cut);
    ASSERT_FALSE(contents.sound());
    ASSERT_LE(contents.damages.size(), 1U);
    ASSERT_GE(contents.events.size(), most_events) << "a longer file gives no less";
    most_events = contents.events.size();
    ASSERT_TRUE(std::equal(contents.events.begin(), contents.events.end(), whole.events.begin()));
    if (!contents.damages.empty()) {
      ASSERT_EQ(contents.damages[0].offset + contents.damages[0].bytes, length);
      ASSERT_NE(contents.damages[0].description.find("file ends inside"), std::string::npos)
          << contents.damages[0].description;
    }
  }
  EXPECT_EQ(most_events, whole.events.size());
}

TEST(Damage, ACutPipeGivesTheSameAsACutFile) {
  const auto bytes = sample_trace();
  for (std::size_t length = 0; length < bytes.size(); length += 7) {
    const Bytes cut(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length));
    const auto file = read_all(cut);
    const auto pipe = read_all(std::make_unique<MemoryPipe>(cut));
    ASSERT_EQ(pipe.events, file.events) << "cut at byte " << length;
    ASSERT_EQ(pipe.damages.size(), file.damages.size()) << "cut at byte " << length;
  }
}

class FlippedByte : public testing::TestWithParam<unsigned> {};

TEST_P(FlippedByte, IsNoticedAndNeverInventsAnEvent) {
  const auto bytes = sample_trace();
  const auto whole = read_all(bytes);
  for (std::size_t position = 0; position < bytes.size(); ++position) {
    SCOPED_TRACE("flipped byte " + std::to_string(position));
    auto flipped = bytes;
    flip(flipped, position, GetParam());
    const auto contents = read_all(flipped);
    ASSERT_FALSE(contents.sound());
    ASSERT_TRUE(is_subsequence(contents.events, whole.events));
    if (contents.error) {
      ASSERT_LT(position, format::kHeaderBytes) << contents.error->message();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, FlippedByte, testing::Values(0x01, 0x80, 0xFF));

TEST(Damage, ADamagedBodyCostsItsBlockOnlyAndItsEventsAreCounted) {
  auto bytes = sample_trace();
  const auto frame = find_frame(bytes, format::FrameType::kEvents, 1);
  flip(bytes, frame.offset + frame.head.frame_length() - 1);
  const auto contents = read_all(bytes);
  EXPECT_EQ(contents.events.size(), 24U);
  ASSERT_EQ(contents.damages.size(), 1U);
  EXPECT_EQ(contents.damages[0].offset, frame.offset);
  EXPECT_EQ(contents.damages[0].bytes, frame.head.frame_length());
  EXPECT_EQ(contents.damages[0].events, 12U);
  EXPECT_NE(contents.damages[0].description.find("(EVENTS): body checksum differs"), std::string::npos)
      << contents.damages[0].description;
  EXPECT_TRUE(contents.complete) << "the end of the file is sound";
}

TEST(Damage, ADamagedHeadIsPassedOverUpToTheNextSyncMark) {
  auto bytes = sample_trace();
  const auto frame = find_frame(bytes, format::FrameType::kEvents, 1);
  flip(bytes, frame.offset + 20);
  const auto contents = read_all(bytes);
  EXPECT_EQ(contents.events.size(), 24U);
  ASSERT_EQ(contents.damages.size(), 1U);
  EXPECT_EQ(contents.damages[0].offset, frame.offset);
  EXPECT_EQ(contents.damages[0].bytes, frame.head.frame_length());
  EXPECT_FALSE(contents.damages[0].events.has_value());
}

TEST(Damage, ALostDictionaryCostsNamesAndNoEvents) {
  auto bytes = sample_trace();
  const auto whole = read_all(bytes);
  const auto frame = find_frame(bytes, format::FrameType::kDict, 1);
  flip(bytes, frame.offset + frame.head.frame_length() - 1);
  const auto contents = read_all(bytes);
  ASSERT_EQ(contents.events.size(), whole.events.size());
  EXPECT_TRUE(
      std::equal(contents.events.begin(), contents.events.end(), whole.events.begin(), same_or_unknown));
  for (std::size_t i = 0; i < contents.events.size(); ++i) {
    if (i / 12 == 1) continue;
    EXPECT_EQ(contents.events[i], whole.events[i]) << "its names were written elsewhere";
  }
  EXPECT_EQ(contents.events[12].path, "") << "its first path is new in the lost frame";
  EXPECT_EQ(contents.events[14].path, "/usr/include/stdio.h");
  EXPECT_EQ(contents.events[14].pid, 0U);
  ASSERT_EQ(contents.damages.size(), 2U);
  EXPECT_EQ(contents.damages[0].events, 0U);
  EXPECT_EQ(contents.damages[1].events, 0U);
  EXPECT_NE(contents.damages[1].description.find(
                ": of 12 events the path of 4 and the process of 11 are not in the dictionary"),
            std::string::npos)
      << contents.damages[1].description;
  EXPECT_EQ(contents.processes.at(2).parent, 0U) << "the parent's entry is lost: unknown";
}

TEST(Damage, LostIdsStayUnknownAfterLaterDictionariesWereRead) {
  auto bytes = std::make_shared<Bytes>();
  auto created =
      format::TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta());
  ASSERT_TRUE(created.ok());
  auto& writer = **created;
  const auto flush_open_of = [&](std::initializer_list<const char*> paths) {
    for (const auto* path : paths) {
      writer.add_event({1'000, format::EventKind::kOpen, 0, 0, writer.intern_path(path), 0, 0});
    }
    EXPECT_TRUE(writer.flush({}).ok());
  };
  flush_open_of({"/first"});
  flush_open_of({"/lost"});
  flush_open_of({"/third", "/lost"});
  flush_open_of({"/third", "/first"});
  ASSERT_TRUE(writer.finish({}, {}).ok());
  const auto frame = find_frame(*bytes, format::FrameType::kDict, 1);
  flip(*bytes, frame.offset + frame.head.frame_length() - 1);
  const auto contents = read_all(*bytes);
  std::vector<std::string> paths;
  for (const auto& event : contents.events) paths.push_back(event.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"/first", "", "/third", "", "/third", "/first"}));
  EXPECT_EQ(contents.damages.size(), 3U) << "the frame, and each block that uses its names";
}

TEST(Damage, AFrameOfAnotherFileOrAnotherPlaceIsNotAccepted) {
  const auto bytes = sample_trace();
  const auto frame = find_frame(bytes, format::FrameType::kEvents, 2);
  const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(frame.offset);
  Bytes repeated(bytes.begin(), first + static_cast<std::ptrdiff_t>(frame.head.frame_length()));
  repeated.insert(repeated.end(), first, first + static_cast<std::ptrdiff_t>(frame.head.frame_length()));
  const auto contents = read_all(repeated);
  EXPECT_EQ(contents.events.size(), 36U);
  EXPECT_EQ(contents.damages.size(), 1U);

  auto other_options = fixed_options();
  other_options.file[0] ^= 1U;
  auto other = std::make_shared<Bytes>();
  ASSERT_TRUE(write_sample_trace(std::make_unique<MemorySink>(other), other_options).ok());
  std::copy(first, first + static_cast<std::ptrdiff_t>(frame.head.frame_length()),
            other->begin() + static_cast<std::ptrdiff_t>(frame.offset));
  EXPECT_EQ(read_all(*other).events.size(), 24U);
}

TEST(Damage, BytesBehindTheTrailerAreReported) {
  auto bytes = sample_trace();
  bytes.insert(bytes.end(), 100'000, std::byte{0});
  const auto contents = read_all(bytes);
  EXPECT_EQ(contents.events.size(), 36U);
  ASSERT_EQ(contents.damages.size(), 1U);
  EXPECT_EQ(contents.damages[0].bytes, 100'000U);
}

TEST(Damage, AGarbledMiddleIsCrossedHoweverLongItIs) {
  auto bytes = sample_trace();
  const auto whole = read_all(bytes);
  const auto first = find_frame(bytes, format::FrameType::kEvents, 0);
  const auto last = find_frame(bytes, format::FrameType::kEvents, 2);
  for (auto i = first.offset; i < last.offset; ++i)
    bytes[i] = static_cast<std::byte>(format::kSyncMark[i % format::kSyncMark.size()]);
  const auto contents = read_all(bytes);
  EXPECT_TRUE(is_subsequence(contents.events, whole.events));
  ASSERT_GE(contents.damages.size(), 1U);
  EXPECT_EQ(contents.damages[0].offset, first.offset);
  EXPECT_EQ(contents.damages[0].bytes, last.offset - first.offset);
}

// Returns true if the frame has a byte in [begin, end).
bool overlaps(const FrameSpan& frame, std::size_t begin, std::size_t end) {
  return frame.offset < end && frame.offset + frame.head.frame_length() > begin;
}

TEST(Damage, AZeroedPageCostsTheBlocksOnItAndNoOther) {
  constexpr std::size_t kPageBytes = 4096;
  constexpr std::size_t kFlushEvents = 400;
  const auto bytes = std::make_shared<Bytes>();
  ASSERT_TRUE(
      bench::write_stream(bench::make_compile_stream(7, 20'000), *open_writer(bytes), kFlushEvents).ok());
  const auto whole = read_all(*bytes);
  const auto frames = frames_of(*bytes);
  ASSERT_GT(bytes->size(), 8 * kPageBytes);
  for (std::size_t page = kPageBytes; page < bytes->size(); page += kPageBytes) {
    SCOPED_TRACE("page at " + std::to_string(page));
    auto zeroed = *bytes;
    const auto end = std::min(page + kPageBytes, zeroed.size());
    std::fill(zeroed.begin() + static_cast<std::ptrdiff_t>(page),
              zeroed.begin() + static_cast<std::ptrdiff_t>(end), std::byte{0});
    const auto contents = read_all(zeroed);
    ASSERT_FALSE(contents.sound());
    ASSERT_TRUE(is_subsequence(contents.events, whole.events));
    std::size_t hit_events = 0;
    for (const auto& frame : frames) {
      if (!overlaps(frame, page, end) || !frame.head.is(format::FrameType::kEvents)) continue;
      const auto meta = frame.meta(*bytes);
      hit_events += *format::block_event_count(Bytes(meta.begin(), meta.end()));  // a table must be aligned
    }
    ASSERT_EQ(contents.events.size(), whole.events.size() - hit_events);
    ASSERT_EQ(events_by_block(zeroed), contents.events);
  }
}

TEST(Damage, AMissingMetaLeavesTheEventsReadable) {
  auto bytes = sample_trace();
  flip(bytes, format::kHeaderBytes + format::kFrameHeadBytes + 10);
  const auto contents = read_all(bytes);
  EXPECT_FALSE(contents.error.has_value());
  EXPECT_EQ(contents.events.size(), 36U);
  EXPECT_EQ(contents.damages.size(), 1U);
}

TEST(FullDisk, AtAnyByteIsReportedAndWhatWasWrittenBeforeStaysReadable) {
  const auto complete = sample_trace();
  const auto whole = read_all(complete);
  for (std::size_t capacity = 0; capacity < complete.size(); ++capacity) {
    SCOPED_TRACE("disk of " + std::to_string(capacity) + " bytes");
    auto bytes = std::make_shared<Bytes>();
    const auto status = write_sample_trace(std::make_unique<FullDiskSink>(bytes, capacity), fixed_options());
    ASSERT_FALSE(status.ok());
    ASSERT_EQ(status.error().errno_value, ENOSPC);
    ASSERT_TRUE(std::equal(bytes->begin(), bytes->end(), complete.begin()));
    ASSERT_EQ(bytes->size(), capacity);
    const auto contents = read_all(*bytes);
    ASSERT_FALSE(contents.sound()) << "the end is missing";
    ASSERT_TRUE(std::equal(contents.events.begin(), contents.events.end(), whole.events.begin()));
    ASSERT_EQ(events_by_block(*bytes), contents.events);
  }
}

TEST(FullDisk, MakesEveryLaterCallFailTheSameWay) {
  auto bytes = std::make_shared<Bytes>();
  auto created = format::TraceWriter::create(std::make_unique<FullDiskSink>(bytes, 2000), fixed_options(),
                                             sample_meta());
  ASSERT_TRUE(created.ok());
  auto& writer = **created;
  for (int i = 0; i < 100; ++i) writer.intern_path("/some/path/" + std::to_string(i * 7919));
  Status status = writer.flush({});
  for (int i = 0; i < 100 && status.ok(); ++i) {
    writer.intern_path("/another/path/" + std::to_string(i * 7919));
    status = writer.flush({});
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(writer.flush({}).error().message(), status.error().message());
  EXPECT_EQ(writer.finish({}, {}).error().message(), status.error().message());
  EXPECT_EQ(bytes->size(), 2000U) << "nothing is written after the failure";
}

}  // namespace
}  // namespace rfan::tests
