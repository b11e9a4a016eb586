#include "format/column_codec.h"

#include <gtest/gtest.h>

#include <random>

namespace rfan::format {
namespace {

ColumnInput input_of(const EncodedColumn& column) {
  return {column.width, column.base, column.bytes};
}

class ColumnCodec : public testing::Test {
 protected:
  std::uint32_t seed_ = std::random_device{}();
  std::mt19937_64 random_{seed_};
  testing::ScopedTrace trace_{__FILE__, __LINE__, "seed " + std::to_string(seed_)};
  EncodedColumn column_;
  ExplicitValues scratch_;

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

TEST_F(ColumnCodec, DeltaPlanesKeepTimesOfEveryGap) {
  for (unsigned bits = 0; bits < 54; ++bits) {
    std::vector<std::uint64_t> values{random_() >> 20};
    for (int i = 0; i < 200; ++i) values.push_back(values.back() + random_() % (std::uint64_t{1} << bits));
    encode_delta_planes(values, column_);
    std::vector<std::uint64_t> decoded(values.size());
    ASSERT_TRUE(decode_delta_planes(input_of(column_), 1, decoded));
    ASSERT_EQ(decoded, values) << bits << " bits";
  }
}

TEST_F(ColumnCodec, SparseByProcessKeepsPathsAndFollowsNewIds) {
  for (const std::uint32_t limit : {2U, 100U, 100'000U}) {
    const auto processes = random_ids(5000, limit);
    const auto paths = random_ids(5000, limit);
    std::uint32_t next_new = 10;
    encode_sparse_by_process(processes, paths, next_new, column_);
    EXPECT_EQ(next_new, std::max(10U, *std::max_element(paths.begin(), paths.end()) + 1));
    std::vector<std::uint32_t> decoded(paths.size());
    ASSERT_TRUE(decode_sparse_by_process(input_of(column_), processes, scratch_, decoded));
    ASSERT_EQ(decoded, paths);
  }
}

TEST_F(ColumnCodec, PathsInOrderOfFirstUseTakeOneBitAnEvent) {
  std::vector<std::uint32_t> processes(1000, 1);
  std::vector<std::uint32_t> paths;
  for (std::uint32_t i = 0; i < 1000; ++i) paths.push_back(1 + i / 2);  // open and close of a new path
  std::uint32_t next_new = 1;
  encode_sparse_by_process(processes, paths, next_new, column_);
  EXPECT_EQ(column_.width, 0U);
  EXPECT_EQ(column_.bytes.size(), 125U);
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

TEST_F(ColumnCodec, SparseHeldKeepsLatenciesOfHeldEventsAndSaturates) {
  std::vector<std::uint8_t> flags;
  std::vector<std::uint32_t> values;
  for (int i = 0; i < 3001; ++i) {
    flags.push_back(static_cast<std::uint8_t>(random_() % 4));
    values.push_back((flags.back() & kFlagHeld) != 0 ? static_cast<std::uint32_t>(random_() % 5) : 0);
  }
  flags.push_back(kFlagHeld);
  values.push_back(UINT32_MAX / 100 + 1);
  encode_sparse_held(flags, values, column_);
  std::vector<std::uint32_t> decoded(values.size());
  ASSERT_TRUE(decode_sparse_held(input_of(column_), 100, flags, scratch_, decoded));
  for (std::size_t i = 0; i + 1 < values.size(); ++i) ASSERT_EQ(decoded[i], values[i] * 100);
  EXPECT_EQ(decoded.back(), UINT32_MAX);
}

// Hostile input: bytes of any length and content decode to something or are refused, but stay within bounds.
TEST_F(ColumnCodec, GarbageStaysWithinBounds) {
  const std::vector<std::uint32_t> processes(100, 5);
  const std::vector<EventKind> kinds(100, EventKind::kOpen);
  const std::vector<std::uint8_t> flags(100, kFlagHeld);
  std::vector<std::uint32_t> ids(100);
  std::vector<std::uint8_t> small(100);
  std::vector<std::uint64_t> times(100);
  for (int round = 0; round < 5000; ++round) {
    std::vector<std::byte> bytes(random_() % 900);
    for (auto& byte : bytes) byte = static_cast<std::byte>(random_());
    const ColumnInput garbage{static_cast<std::uint8_t>(random_() % 12), random_(), bytes};
    const auto expect_size = bytes.size() == std::size_t{garbage.width} * 100;
    ASSERT_EQ(decode_delta_planes(garbage, 1000, times), expect_size && garbage.width <= 8);
    decode_planes(garbage, ids);
    decode_planes(garbage, small);
    decode_sparse_by_process(garbage, processes, scratch_, ids);
    decode_sparse_by_kind(garbage, kinds, scratch_, small);
    decode_sparse_held(garbage, 100, flags, scratch_, ids);
  }
}

}  // namespace
}  // namespace rfan::format
