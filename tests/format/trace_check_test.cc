// Tests what check_trace() finds in a trace whose checksums are right, but whose writer contradicts itself.
#include "format/trace/trace_check.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "format/trace/trace_file.h"
#include "tests/format/frame_walk.h"

namespace rfan::tests {
namespace {

using format::TraceFile;
using format::TraceWriter;

struct Checked {
  format::TraceCheck check;
  std::vector<std::string> damages;
};

Checked check(const Bytes& bytes) {
  Checked result;
  auto checked = format::check_trace(
      std::make_unique<MemorySource>(bytes),
      [&](const format::Damage& damage) { result.damages.push_back(damage.description); });
  EXPECT_TRUE(checked.ok());
  result.check = std::move(checked).value();
  return result;
}

std::unique_ptr<TraceWriter> make_writer(const SharedBytes& bytes, std::size_t processes) {
  auto writer = TraceWriter::create(std::make_unique<MemorySink>(bytes), fixed_options(), sample_meta());
  EXPECT_TRUE(writer.ok());
  for (std::uint32_t pid = 1; pid <= processes; ++pid) {
    format::Process process;
    process.pid = pid;
    (*writer)->add_process(process);
  }
  return std::move(writer).value();
}

// Returns a trace of one block of opens: counts[i] of process i + 1.
Bytes trace_with_events(const std::vector<std::size_t>& counts) {
  auto bytes = std::make_shared<Bytes>();
  auto writer = make_writer(bytes, counts.size());
  for (std::size_t i = 0; i < counts.size(); ++i) {
    for (std::size_t event = 0; event < counts[i]; ++event) {
      writer->add_event(
          {1'000'000, format::EventKind::kOpen, 0, static_cast<format::ProcessId>(i + 1), 0, 0, 0});
    }
  }
  EXPECT_TRUE(writer->finish({}, {}).ok());
  return *bytes;
}

// Returns a trace of one block with other metadata: `from` replaced by `to`, which has the same length.
Bytes with_block_meta(const Bytes& bytes, std::size_t processes, std::vector<std::uint8_t> from,
                      std::vector<std::uint8_t> to) {
  auto file = TraceFile::open(std::make_unique<MemorySource>(bytes), {});
  auto block = (*file)->read_block(0);
  const auto meta_offset = block->meta.data() - block->bytes.data();
  const auto pattern = std::as_bytes(std::span(from));
  const auto at =
      std::search(block->bytes.begin() + meta_offset, block->bytes.end(), pattern.begin(), pattern.end());
  EXPECT_NE(at, block->bytes.end());
  std::copy_n(std::as_bytes(std::span(to)).begin(), to.size(), at);
  auto changed = std::make_shared<Bytes>();
  auto writer = make_writer(changed, processes);
  EXPECT_TRUE(writer->append_block(*block, {}).ok());
  EXPECT_TRUE(writer->finish({}, {}).ok());
  return *changed;
}

TEST(TraceCheck, FindsNothingInASoundTrace) {
  const auto result = check(sample_trace());
  EXPECT_TRUE(result.damages.empty());
  EXPECT_TRUE(result.check.complete);
  EXPECT_EQ(result.check.totals.events, 36U);
}

TEST(TraceCheck, ComparesTheEventsByProcessWithTheColumn) {
  const auto bytes = trace_with_events({1500, 1100});
  EXPECT_TRUE(check(bytes).damages.empty());
  // The varints of each count less one, as 1500 + 1100 and the other way round.
  const auto swapped = with_block_meta(bytes, 2, {0xDB, 0x0B, 0xCB, 0x08}, {0xCB, 0x08, 0xDB, 0x0B});
  const auto result = check(swapped);
  ASSERT_EQ(result.damages.size(), 1U);
  EXPECT_NE(result.damages[0].find("(EVENTS): its statistics give process 1 1100 events, and it has 1500"),
            std::string::npos)
      << result.damages[0];
  EXPECT_EQ(result.check.blocks, 0U) << "a block that contradicts itself is not counted";
}

TEST(TraceCheck, CountsTheEventsWhoseNamesAreLost) {
  auto bytes = trace_with_events({1500, 1100});
  const auto dictionary = find_frame(bytes, format::FrameType::kDict, 0);
  bytes[dictionary.offset + dictionary.head.frame_length() - 1] ^= std::byte{1};
  const auto result = check(bytes);
  ASSERT_EQ(result.damages.size(), 2U);
  EXPECT_NE(result.damages[1].find("of 2600 events the path of 0 and the process of 2600 are not"),
            std::string::npos)
      << result.damages[1];
  EXPECT_EQ(result.check.totals.events, 2600U) << "they are there";
}

}  // namespace
}  // namespace rfan::tests
