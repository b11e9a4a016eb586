#include <gtest/gtest.h>

#include "format/wire/frame.h"
#include "tests/format/future_trace.h"
#include "tests/format/trace_fixture.h"

namespace rfan::tests {
namespace {

// Returns the sample trace with another header. The checksums of frames depend on the uuid only, which stays.
Bytes with_header(const format::FileHeader& header) {
  auto bytes = sample_trace();
  Bytes encoded;
  format::append_header(header, encoded);
  std::copy(encoded.begin(), encoded.end(), bytes.begin());
  return bytes;
}

format::FileHeader sample_header() {
  return read_all(sample_trace()).header;
}

TEST(Compatibility, ATraceFromBeforeTheFirstReleaseIsRefusedByName) {
  auto header = sample_header();
  header.version_major = 0;
  header.version_minor = 2;
  const auto contents = read_all(with_header(header));
  ASSERT_TRUE(contents.error.has_value());
  EXPECT_EQ(
      contents.error->message(),
      "cannot read trace 'memory'; format version 0.2 is from before the first release and no longer read; "
      "record anew");
}

TEST(Compatibility, WhatALaterMinorVersionAddsIsPassedOverAndCounted) {
  const auto contents = read_all(future_trace());
  EXPECT_TRUE(contents.sound());
  EXPECT_EQ(contents.header.version_minor, 7);
  EXPECT_EQ(contents.events, read_all(sample_trace()).events);
  EXPECT_EQ(contents.clocks, read_all(sample_trace()).clocks);
  EXPECT_EQ(contents.unknown_frames, 2U);
  EXPECT_EQ(contents.unknown_columns, 1U);
}

TEST(Compatibility, AFutureTraceIsRefusedForItsIncompatBitOnly) {
  const auto contents = read_all(incompatible_trace());
  ASSERT_TRUE(contents.error.has_value());
  EXPECT_NE(contents.error->message().find("feature bit 5"), std::string::npos) << contents.error->message();
}

TEST(Compatibility, AnUnknownCompatBitIsIgnored) {
  auto header = sample_header();
  header.compat_flags = 0x80000001;
  header.version_minor = 99;
  const auto contents = read_all(with_header(header));
  EXPECT_TRUE(contents.sound());
  EXPECT_EQ(contents.events.size(), 36U);
  EXPECT_EQ(contents.header.compat_flags, 0x80000001U);
}

TEST(Compatibility, AnUnknownIncompatBitIsRefusedByName) {
  auto header = sample_header();
  header.incompat_flags = 1U << 5;
  const auto contents = read_all(with_header(header));
  ASSERT_TRUE(contents.error.has_value());
  EXPECT_EQ(contents.error->message(),
            "cannot read trace 'memory'; the trace uses feature bit 5 (incompat flags 0x20), which this "
            "program does "
            "not know; use a newer rfanreplay");
}

TEST(Compatibility, AnotherMajorVersionIsRefusedByName) {
  auto header = sample_header();
  header.version_major = 7;
  header.version_minor = 3;
  const auto contents = read_all(with_header(header));
  ASSERT_TRUE(contents.error.has_value());
  EXPECT_NE(contents.error->message().find("format version 7.3 is not supported"), std::string::npos)
      << contents.error->message();
}

// Returns the sample trace with a frame of type `type` at its end in place of FOOTER and TRAILER.
Bytes with_extra_frame(format::FrameType type) {
  auto bytes = sample_trace();
  const format::ChecksumSeed seed(fixed_options().file);
  const auto trailer = std::span(bytes).last<format::kTrailerBytes>();
  const auto footer = format::parse_trailer(trailer, bytes.size() - format::kTrailerBytes, seed);
  EXPECT_TRUE(footer.has_value());
  bytes.resize(*footer);
  const Bytes something(24, std::byte{0x5A});
  format::append_frame(type, 99, bytes.size(), seed, something, {}, bytes);
  return bytes;
}

TEST(Compatibility, AnUnknownFrameTypeIsSkippedAndCounted) {
  const auto contents = read_all(with_extra_frame(static_cast<format::FrameType>(200)));
  EXPECT_EQ(contents.unknown_frames, 1U);
  EXPECT_TRUE(contents.damages.empty());
  EXPECT_EQ(contents.events.size(), 36U);
}

TEST(Compatibility, AKnownFrameTypeWithNonsenseInsideIsDamage) {
  using enum format::FrameType;
  for (const auto type : {kMeta, kDict, kEvents, kClock, kLoss, kFooter, kMounts}) {
    const auto contents = read_all(with_extra_frame(type));
    EXPECT_EQ(contents.damages.size(), 1U) << "type " << static_cast<int>(type);
    EXPECT_EQ(contents.events.size(), 36U);
  }
}

}  // namespace
}  // namespace rfan::tests
