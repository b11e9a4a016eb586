#include "replay/query/reorder_buffer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace rfan::replay {
namespace {

struct Number : BlockOutput {
  explicit Number(std::size_t number) : value(number) {}
  std::size_t value;
};

std::size_t value_of(const ReorderBuffer::Taken& taken) {
  return static_cast<const Number&>(*taken.output).value;
}

TEST(ReorderBuffer, OutputsComeInTheOrderOfTheItems) {
  ReorderBuffer buffer(3, 3);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(buffer.next(), i);
  EXPECT_EQ(buffer.next(), std::nullopt);
  for (const std::size_t i : {2U, 0U, 1U}) buffer.put(i, std::make_unique<Number>(i));
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(value_of(*buffer.take()), i);
  EXPECT_FALSE(buffer.take());
}

TEST(ReorderBuffer, AnItemNeedsNoOutput) {
  ReorderBuffer buffer(1, 1);
  buffer.put(*buffer.next(), nullptr);
  const auto taken = buffer.take();
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->item, 0U);
  EXPECT_EQ(taken->output, nullptr);
}

TEST(ReorderBuffer, WorkersStayWithinTheWindow) {
  constexpr std::size_t kItems = 2'000, kWindow = 3;
  ReorderBuffer buffer(kItems, kWindow);
  std::atomic<std::size_t> begun = 0;
  std::size_t taken = 0;
  {
    std::vector<std::jthread> workers;
    for (int i = 0; i < 3; ++i) {
      workers.emplace_back([&] {
        while (const auto item = buffer.next()) {
          ++begun;
          buffer.put(*item, std::make_unique<Number>(*item));
        }
      });
    }
    while (const auto output = buffer.take()) {
      EXPECT_EQ(value_of(*output), taken++);
      EXPECT_LE(begun, taken + kWindow);
    }
  }
  EXPECT_EQ(taken, kItems);
}

TEST(ReorderBuffer, StopEndsAllWaiting) {
  ReorderBuffer buffer(5, 1);
  EXPECT_EQ(buffer.next(), 0U);
  std::jthread worker([&] { EXPECT_EQ(buffer.next(), std::nullopt); });
  std::jthread consumer([&] { EXPECT_FALSE(buffer.take()); });
  buffer.stop();
}

}  // namespace
}  // namespace rfan::replay
