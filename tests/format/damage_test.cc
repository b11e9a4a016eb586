#include <gtest/gtest.h>

#include "format/frame.h"
#include "tests/format/trace_fixture.h"

namespace rfan::tests {
namespace {

// Frames of an undamaged trace, by a walk along their heads.
struct FrameSpan {
  std::size_t offset;
  format::FrameHead head;
};

std::vector<FrameSpan> frames_of(const Bytes& bytes) {
  const format::ChecksumSeed seed(fixed_options().file);
  std::vector<FrameSpan> frames;
  for (std::size_t at = format::kHeaderBytes; at + format::kFrameHeadBytes <= bytes.size();) {
    const auto head =
        format::parse_frame_head(std::span(bytes).subspan(at).first<format::kFrameHeadBytes>(), at, seed);
    if (!head) break;
    frames.push_back({at, *head});
    at += head->frame_length();
  }
  return frames;
}

FrameSpan find_frame(const Bytes& bytes, format::FrameType type, std::size_t index) {
  for (const auto& frame : frames_of(bytes)) {
    if (frame.head.type == static_cast<std::uint16_t>(type) && index-- == 0) return frame;
  }
  ADD_FAILURE() << "no such frame";
  return {};
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

TEST(Damage, BlocksThatNeedALostDictionaryAreReportedNotMisread) {
  auto bytes = sample_trace();
  const auto whole = read_all(bytes);
  const auto frame = find_frame(bytes, format::FrameType::kDict, 1);
  flip(bytes, frame.offset + frame.head.frame_length() - 1);
  const auto contents = read_all(bytes);
  EXPECT_EQ(contents.events.size(), 24U);
  EXPECT_TRUE(is_subsequence(contents.events, whole.events));
  ASSERT_EQ(contents.damages.size(), 2U);
  EXPECT_EQ(contents.damages[1].events, 12U);
  EXPECT_NE(contents.damages[1].description.find("not in the dictionary"), std::string::npos);
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
  ASSERT_EQ(contents.events.size(), 3U);
  EXPECT_EQ(contents.events[0].path, "/first");
  EXPECT_EQ(contents.events[1].path, "/third");
  EXPECT_EQ(contents.events[2].path, "/first");
  ASSERT_EQ(contents.damages.size(), 3U);
  EXPECT_EQ(contents.damages[1].events, 1U);
  EXPECT_EQ(contents.damages[2].events, 2U);
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
    bytes[i] = static_cast<std::byte>(format::kSyncMark[i % 8]);
  const auto contents = read_all(bytes);
  EXPECT_TRUE(is_subsequence(contents.events, whole.events));
  ASSERT_GE(contents.damages.size(), 1U);
  EXPECT_EQ(contents.damages[0].offset, first.offset);
  EXPECT_EQ(contents.damages[0].bytes, last.offset - first.offset);
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
