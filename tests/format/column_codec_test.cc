#include "format/columns/column_codec.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <bit>
#include <map>
#include <random>

#include "format/columns/path_column.h"
#include "format/model/latency_histogram.h"
#include "tests/support/test_seed.h"

namespace rfan::format {
namespace {

ColumnInput input_of(const EncodedColumn& column) {
  return {column.encoding, column.width, column.base, column.bytes};
}

class ColumnCodec : public testing::Test {
 protected:
  std::mt19937_64 random_{tests::test_seed()};
  EncodedColumn column_;
  ExplicitValues scratch_;

  std::byte random_byte() { return static_cast<std::byte>(random_()); }

  std::vector<std::uint32_t> random_ids(std::size_t count, std::uint64_t limit) {
    std::vector<std::uint32_t> ids(count);
    for (auto& id : ids) id = static_cast<std::uint32_t>(random_() % limit);
    return ids;
  }
};

TEST_F(ColumnCodec, PlanesKeepValuesOfEveryWidth) {
  for (unsigned bits = 0; bits <= 32; ++bits) {
    const auto values = random_ids(1 + random_() % 300, std::uint64_t{1} << bits);
    encode_planes(values, column_);
    std::vector<std::uint32_t> decoded(values.size());
    ASSERT_TRUE(decode_planes(input_of(column_), decoded)) << bits << " bits";
    ASSERT_EQ(decoded, values) << bits << " bits";
  }
}

TEST_F(ColumnCodec, EqualValuesNeedNoBody) {
  encode_planes(std::vector<std::uint32_t>(1000, 77), column_);
  EXPECT_EQ(column_.encoding, Encoding::kConstant);
  EXPECT_EQ(column_.base, 77U);
  EXPECT_TRUE(column_.bytes.empty());
}

TEST_F(ColumnCodec, NibblesKeepSmallValues) {
  for (std::size_t count = 1; count < 70; ++count) {
    std::vector<std::uint8_t> values(count), decoded(count);
    for (auto& value : values) value = static_cast<std::uint8_t>(random_() % 16);
    encode_nibbles(values, column_);
    if (column_.encoding == Encoding::kConstant) continue;
    ASSERT_TRUE(decode_nibbles(input_of(column_), decoded));
    ASSERT_EQ(decoded, values);
  }
}

TEST_F(ColumnCodec, RunsKeepValuesThatSeldomChange) {
  std::vector<std::uint32_t> values(5003, 77);
  for (std::size_t i = 1; i < values.size(); ++i) {
    values[i] = random_() % 3 == 0 ? static_cast<std::uint32_t>(random_()) : values[i - 1];
  }
  encode_runs(values, column_);
  ASSERT_EQ(column_.encoding, Encoding::kRuns);
  std::vector<std::uint32_t> decoded(values.size());
  ASSERT_TRUE(decode_runs(input_of(column_), scratch_, decoded));
  EXPECT_EQ(decoded, values);
}

TEST_F(ColumnCodec, DeltaKeepsTimesOfEveryGap) {
  for (unsigned bits = 0; bits < 54; ++bits) {
    std::vector<std::uint64_t> values{random_() >> 20};
    for (int i = 0; i < 200; ++i) values.push_back(values.back() + random_() % (std::uint64_t{1} << bits));
    encode_delta(values, column_);
    std::vector<std::uint64_t> decoded(values.size());
    if (column_.encoding == Encoding::kConstant) continue;
    ASSERT_TRUE(decode_delta(input_of(column_), values.front(), 1, decoded));
    ASSERT_EQ(decoded, values) << bits << " bits";
  }
}

TEST_F(ColumnCodec, AColumnComesBackFromItsHead) {
  encode_planes(std::vector<std::uint32_t>{1'000'000, 1'000'001, 1'000'300}, column_);
  std::vector<std::byte> bytes;
  append_column(column_, bytes);
  append_column(column_, bytes);
  std::span<const std::byte> rest(bytes);
  ColumnInput first, second;
  ASSERT_TRUE(take_column(rest, first) && take_column(rest, second));
  EXPECT_TRUE(rest.empty());
  EXPECT_EQ(second.base, 1'000'000U);
  EXPECT_TRUE(
      std::equal(second.bytes.begin(), second.bytes.end(), column_.bytes.begin(), column_.bytes.end()));
  EXPECT_FALSE(take_column(rest, first)) << "nothing is left";
}

TEST_F(ColumnCodec, SparseByProcessKeepsPathsAndFollowsNewIds) {
  for (const std::uint32_t limit : {2U, 100U, 100'000U}) {
    const auto processes = random_ids(5000, limit);
    const auto paths = random_ids(5000, limit);
    std::uint32_t next_new = 10;
    encode_sparse_by_process(processes, paths, next_new, column_);
    EXPECT_EQ(next_new, std::max(10U, *std::max_element(paths.begin(), paths.end()) + 1));
    std::vector<std::uint32_t> decoded(paths.size());
    PathStretches stretches;
    ASSERT_TRUE(stretches.open(processes, input_of(column_)));
    stretches.decode(decoded);
    ASSERT_EQ(decoded, paths);
  }
}

TEST_F(ColumnCodec, StretchesOfPathsAreTheDecodedPaths) {
  for (const std::size_t count : {1, 63, 64, 65, 5000}) {
    auto processes = random_ids(count, 9000);  // more ids than slots
    for (std::size_t i = 1; i < count; ++i)
      if (random_() % 3 != 0) processes[i] = processes[i - 1];
    if (count == 1) processes = {7};
    auto paths = random_ids(count, 1200);
    for (std::size_t i = 1; i < count; ++i)
      if (random_() % 2 != 0) paths[i] = paths[i - 1];
    EncodedColumn process_column;
    encode_runs(processes, process_column);
    std::uint32_t next_new = 700;
    encode_sparse_by_process(processes, paths, next_new, column_);
    PathStretches stretches;
    const bool runs = process_column.encoding == Encoding::kRuns;
    ASSERT_EQ(stretches.open(input_of(process_column), input_of(column_), count), runs) << count;
    if (!runs) continue;
    // The largest ids lie beyond the end of counts and marks.
    std::vector<std::uint32_t> counts(1000), expected_counts(1000);
    std::vector<std::uint8_t> marks, marked(count + PathStretches::kMarkSlack);
    for (std::size_t i = 0; i < 1000; ++i) marks.push_back(static_cast<std::uint8_t>(random_() % 2));
    bool known = true;
    for (const auto path : paths) {
      known = known && path < 1000;
      ++expected_counts[path < 1000 ? path : 0];
    }
    EXPECT_EQ(stretches.count(counts), known);
    EXPECT_EQ(counts, expected_counts);
    EXPECT_EQ(stretches.mark(marks, marked), known);
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_EQ(marked[i], marks[paths[i] < 1000 ? paths[i] : 0]) << "event " << i << " of " << count;
    }
  }
}

TEST_F(ColumnCodec, PathsInOrderOfFirstUseAreAllZeros) {
  std::vector<std::uint32_t> processes(1000, 1);
  std::vector<std::uint32_t> paths;
  for (std::uint32_t i = 0; i < 1000; ++i) paths.push_back(1 + i / 2);  // open and close of a new path
  std::uint32_t next_new = 1;
  encode_sparse_by_process(processes, paths, next_new, column_);
  EXPECT_EQ(column_.bytes.size(), 125U + 500U);
  EXPECT_EQ(std::count(column_.bytes.begin() + 125, column_.bytes.end(), std::byte{0}), 500) << "all alike";
}

TEST_F(ColumnCodec, SparseByKindKeepsFlags) {
  std::vector<std::uint8_t> kinds;
  std::vector<std::uint8_t> flags;
  for (int i = 0; i < 3001; ++i) {
    kinds.push_back(static_cast<std::uint8_t>(1 + random_() % 10));
    flags.push_back(static_cast<std::uint8_t>(random_() % 4));
  }
  encode_sparse_by_kind(kinds, flags, column_);
  std::vector<EventKind> typed;
  for (const auto kind : kinds) typed.push_back(static_cast<EventKind>(kind));
  std::vector<std::uint8_t> decoded(flags.size());
  ASSERT_TRUE(decode_sparse_by_kind(input_of(column_), typed, scratch_, decoded));
  EXPECT_EQ(decoded, flags);
}

TEST_F(ColumnCodec, HeldKeepsTheBucketsOfHeldEvents) {
  std::vector<std::uint8_t> flags;
  std::vector<std::uint8_t> buckets;
  std::vector<std::uint32_t> expected;
  for (int i = 0; i < 3001; ++i) {
    flags.push_back(static_cast<std::uint8_t>(random_() % 4));
    const auto bucket = static_cast<std::uint8_t>(random_() % LatencyHistogram::kBuckets);
    const bool held = (flags.back() & kFlagHeld) != 0;
    if (held) buckets.push_back(bucket);
    expected.push_back(held ? LatencyHistogram::bucket_middle_ns(bucket) : 0);
  }
  encode_held(buckets, column_);
  std::vector<std::uint32_t> decoded(flags.size());
  ASSERT_TRUE(decode_held(input_of(column_), flags, scratch_, decoded));
  EXPECT_EQ(decoded, expected);
}

// Decodes SparseByProcess event by event, as TRACE_FORMAT.md says; reads values of 255 and more from four
// planes.
std::vector<std::uint32_t> paths_by_the_text(const ColumnInput& in,
                                             std::span<const std::uint32_t> processes) {
  const auto byte_at = [&](std::size_t i) { return static_cast<std::uint32_t>(in.bytes[i]); };
  const auto bitmap = (processes.size() + 7) / 8;
  std::size_t steps = 0;
  for (std::size_t i = 0; i < bitmap; ++i) steps += static_cast<std::size_t>(std::popcount(byte_at(i)));
  const auto larges = (in.bytes.size() - bitmap - steps) / 4;
  std::map<std::uint32_t, std::uint32_t> last;
  auto next_new = static_cast<std::uint32_t>(in.base);
  std::vector<std::uint32_t> paths;
  for (std::size_t i = 0, step = 0, large = 0; i < processes.size(); ++i) {
    auto& path = last[processes[i] % 4096];
    if ((byte_at(i / 8) >> (i % 8) & 1U) != 0) {
      std::uint32_t value = byte_at(bitmap + step++);
      const bool is_new = value == 0;
      if (value == 255) {
        const auto at = bitmap + steps + large++;
        for (unsigned plane = 0; plane < 4; ++plane) value += byte_at(at + plane * larges) << (8 * plane);
      }
      const auto folded = value - 1;
      path = is_new ? next_new : path + 1 + (folded % 2 == 0 ? folded / 2 : ~(folded / 2));
      next_new = std::max(next_new, path + 1);
    }
    paths.push_back(path);
  }
  return paths;
}

// Hostile input: columns that open are walked as the text says, whatever their bits are. That includes bits
// after the last event, and numbers that come close to an overflow.
TEST_F(ColumnCodec, StretchesOfGarbageAreWhatTheTextSays) {
  constexpr std::size_t kCount = 100;
  for (int round = 0; round < 2000; ++round) {
    std::vector<std::byte> runs((kCount + 7) / 8), paths((kCount + 7) / 8);
    std::size_t run_count = 0, step_count = 0, large_count = 0;
    for (auto& bits : runs) run_count += std::popcount(static_cast<unsigned>(bits = random_byte()));
    for (auto& bits : paths) step_count += std::popcount(static_cast<unsigned>(bits = random_byte()));
    for (std::size_t i = 0; i < 4 * run_count; ++i) runs.push_back(random_byte());
    for (std::size_t i = 0; i < step_count; ++i) {
      paths.push_back(std::array{std::byte{0}, std::byte{255}, random_byte(), random_byte()}[random_() % 4]);
      large_count += paths.back() == std::byte{255} ? 1 : 0;
    }
    for (std::size_t i = 0; i < 4 * large_count; ++i) paths.push_back(random_byte());
    const ColumnInput process_column{Encoding::kRuns, 4, random_() % 9, runs};
    const std::uint64_t base =
        std::array{random_() % 9, INT32_MAX - 9 + random_() % 20, UINT32_MAX - random_() % 9}[random_() % 3];
    const ColumnInput path_column{Encoding::kSparseByProcess, 4, base, paths};
    PathStretches stretches;
    ASSERT_TRUE(stretches.open(process_column, path_column, kCount));
    std::vector<std::uint32_t> processes(kCount), ids(kCount), counts(300), expected(300);
    ASSERT_TRUE(decode_runs(process_column, scratch_, processes));
    const auto by_the_text = paths_by_the_text(path_column, processes);
    stretches.decode(ids);
    ASSERT_EQ(ids, by_the_text);
    std::fill(ids.begin(), ids.end(), 0);
    PathStretches by_events;
    ASSERT_TRUE(by_events.open(processes, path_column));
    by_events.decode(ids);
    ASSERT_EQ(ids, by_the_text);
    for (const auto id : ids) ++expected[id < 300 ? id : 0];
    stretches.count(counts);
    ASSERT_EQ(counts, expected);
    runs.pop_back();
    EXPECT_FALSE(stretches.open({Encoding::kRuns, 4, 0, runs}, path_column, kCount)) << "a cut column";
  }
}

// Hostile input: bytes of any length and content decode to something or are refused, and stay within bounds.
TEST_F(ColumnCodec, GarbageStaysWithinBounds) {
  const std::vector<std::uint32_t> processes(100, 5);
  const std::vector<EventKind> kinds(100, EventKind::kOpen);
  const std::vector<std::uint8_t> flags(100, kFlagHeld);
  std::vector<std::uint32_t> ids(100);
  std::vector<std::uint8_t> small(100);
  std::vector<std::uint64_t> times(100);
  std::vector<std::uint32_t> times_as_ids(100);
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::byte> bytes(random_() % 900);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random_());
    ColumnInput garbage{Encoding::kPlanes, static_cast<std::uint8_t>(random_() % 12), random_(), bytes};
    const auto expect_size = bytes.size() == std::size_t{garbage.width} * 100;
    ASSERT_EQ(decode_planes(garbage, times_as_ids),
              expect_size && garbage.width <= 4 && garbage.base <= UINT32_MAX);
    decode_delta(garbage, random_(), 1000, times);
    decode_planes(garbage, ids);
    decode_planes(garbage, small);
    garbage.encoding = Encoding::kSparseByProcess;
    if (PathStretches stretches; stretches.open(processes, garbage)) stretches.decode(ids);
    decode_sparse_by_kind(garbage, kinds, scratch_, small);
    decode_held(garbage, flags, scratch_, ids);
    decode_runs(garbage, scratch_, ids);
    decode_nibbles(garbage, small);
    ColumnInput column;
    for (std::span<const std::byte> rest(bytes); take_column(rest, column);)
      ASSERT_LE(column.bytes.size(), 900U);
  }
}

}  // namespace
}  // namespace rfan::format
