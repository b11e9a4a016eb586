#include <gtest/gtest.h>
#include <zstd.h>

#include <fstream>
#include <iterator>

#include "tests/format/golden_traces.h"
#include "tests/format/trace_text.h"

namespace rfan::tests {
namespace {

// Compressed bytes depend on the zstd version; the golden files were written with this one.
constexpr unsigned kGoldenZstdVersion = 10504;

std::string golden_file(const std::string& name) {
  std::ifstream file(RFAN_GOLDEN_DIR "/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << "missing tests/golden/" << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

Bytes as_bytes(const std::string& text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

TEST(Golden, TracesReadAsTheirTwinsSay) {
  for (const std::string name : {"whole", "cut", "future", "future_incompatible", "unmarked"}) {
    const auto bytes = as_bytes(golden_file(name + ".fbz"));
    EXPECT_EQ(trace_text(read_all(bytes)), golden_file(name + ".txt")) << name;
  }
}

TEST(Golden, TracesOfVersion1_0StayReadable) {
  EXPECT_EQ(trace_text(read_all(as_bytes(golden_file("whole_1_0.fbz")))), golden_file("whole_1_0.txt"));
}

TEST(Golden, TheWriterStillWritesTheSameBytes) {
  if (ZSTD_versionNumber() != kGoldenZstdVersion) {
    GTEST_SKIP()
        << "zstd is not the version of the golden files: NOT CHECKED that the writer gives the same bytes";
  }
  for (const auto& [name, bytes] : golden_traces()) {
    EXPECT_TRUE(bytes == as_bytes(golden_file(name + ".fbz")))
        << name << " differs; if the format was meant to change, see tests/golden/README.md";
  }
}

}  // namespace
}  // namespace rfan::tests
