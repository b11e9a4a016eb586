#include "replay/text/json_writer.h"

#include <gtest/gtest.h>

namespace rfan::replay {
namespace {

TEST(Base64, PadsLikeRfc4648) {
  const std::pair<std::string_view, std::string_view> rows[] = {
      {"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
      {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xff\xfe\xfd", "//79"}};
  for (const auto& [bytes, expected] : rows) EXPECT_EQ(base64(bytes), expected);
}

}  // namespace
}  // namespace rfan::replay
