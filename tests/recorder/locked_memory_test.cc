#include "recorder/system/locked_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <utility>

namespace rfan::recorder {
namespace {

constexpr std::size_t kBytes = 64 * 1024;

bool is_zero(const LockedMemory& memory) {
  const std::span bytes(memory.data(), memory.size());
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

LockedMemory allocate() {
  auto memory = LockedMemory::allocate(kBytes, "test");
  EXPECT_TRUE(memory.ok());
  return std::move(*memory);
}

TEST(LockedMemory, IsZeroedAndWritable) {
  const auto memory = allocate();
  ASSERT_EQ(memory.size(), kBytes);
  EXPECT_TRUE(is_zero(memory));
  memory.data()[kBytes - 1] = std::byte{1};
  EXPECT_FALSE(is_zero(memory));
}

TEST(LockedMemory, MovesItsMapping) {
  auto memory = allocate();
  std::byte* const data = memory.data();
  const LockedMemory moved(std::move(memory));
  EXPECT_EQ(moved.data(), data);
  EXPECT_EQ(moved.size(), kBytes);
  EXPECT_EQ(memory.data(), nullptr);  // NOLINT(bugprone-use-after-move): the moved-from state is defined
  EXPECT_EQ(memory.size(), 0U);
}

TEST(LockedMemory, AssignmentTakesTheMapping) {
  auto memory = allocate();
  std::byte* const data = memory.data();
  LockedMemory assigned = allocate();
  assigned = std::move(memory);
  EXPECT_EQ(assigned.data(), data);
  assigned.data()[0] = std::byte{1};
}

TEST(LockedMemory, ImpossibleSizeIsAnErrorThatNamesThePurpose) {
  const auto memory = LockedMemory::allocate(std::size_t{1} << 62, "process table");
  ASSERT_FALSE(memory.ok());
  EXPECT_NE(memory.error().message().find("process table"), std::string::npos);
  EXPECT_EQ(memory.error().errno_value, ENOMEM);
}

}  // namespace
}  // namespace rfan::recorder
