// Tests slice: it writes the matching events and no others, no foreign name, and no readable word after
// --redact.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using replay_test::kSecond;
using replay_test::run;

class SliceTest : public testing::Test {
 protected:
  replay_test::Outcome slice(std::vector<std::string> options) const {
    std::filesystem::remove(out_);
    options.insert(options.begin(), {"slice", trace_, "-o", out_});
    return run(options);
  }
  static std::string events(const std::string& trace, std::vector<std::string> filters = {}) {
    filters.insert(filters.begin(), {"cat", trace, "--format", "jsonl"});
    return run(filters).out;
  }
  // Returns everything in a trace that a reader could see: its bytes, and their content inflated by zstd.
  std::string all_bytes(const std::string& trace) const {
    const auto inflated = scratch_.file("inflated");
    EXPECT_EQ(std::system(("zstd -qdcf '" + trace + "' >'" + inflated + "'").c_str()), 0);
    return replay_test::read_file(trace) + replay_test::read_file(inflated);
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
  const std::string out_ = scratch_.file("out.fbz");
};

TEST_F(SliceTest, WithoutFiltersEverythingComesAlong) {
  replay_test::write_sample_trace(trace_,
                                  {.losses = {{format::LossCause::kNoArena, 42, kSecond, 2 * kSecond}}});
  EXPECT_EQ(slice({}).status, kExitPartial);  // the recorder lost events
  EXPECT_EQ(events(out_), events(trace_));
  EXPECT_NE(run({"verify", out_}).out.find("lost 42 events"), std::string::npos);
  EXPECT_NE(run({"info", out_}).out.find("buildbox"), std::string::npos);
}

TEST_F(SliceTest, ACutByTimeHasTheEventsOfThatTime) {
  replay_test::write_long_trace(trace_, 20, 100);
  const std::vector<std::string> times{"--since", "+0.35ms", "--until", "+1.55ms"};
  EXPECT_EQ(slice(times).status, kExitClean);
  EXPECT_EQ(events(out_), events(trace_, times));
  // Relative times still count from the start of the recording.
  EXPECT_EQ(events(out_, times), events(trace_, times));
}

// Columns and fields of a later version could hold names.
TEST_F(SliceTest, RedactionLeavesOutWhatItDoesNotKnow) {
  std::filesystem::copy_file(RFAN_TRACE_DIR "/future.fbz", trace_);
  const std::string unknown_column("\x09\x03\x01\x02\x03", 5);  // base, length and bytes
  slice({});
  EXPECT_NE(all_bytes(out_).find(unknown_column), std::string::npos);
  const auto redacted = slice({"--redact"});
  EXPECT_EQ(all_bytes(out_).find(unknown_column), std::string::npos);
  EXPECT_TRUE(std::any_of(redacted.notes.begin(), redacted.notes.end(), [](const auto& note) {
    return note.find("left out 1 column of a later version") != note.npos;
  }));
}

TEST_F(SliceTest, BlocksInsideACutByTimeAreCopied) {
  replay_test::write_long_trace(trace_, 20, 100);
  EXPECT_EQ(slice({"--since", "+0.35ms"}).status, kExitClean);
  EXPECT_NE(run({"verify", out_}).out.find("in 17 blocks"), std::string::npos) << run({"verify", out_}).out;
}

TEST_F(SliceTest, ALevelMakesLargeBlocksOfTheSameEvents) {
  replay_test::write_long_trace(trace_, 20, 100);
  EXPECT_EQ(slice({"--level", "19"}).status, kExitClean);
  EXPECT_EQ(events(out_), events(trace_));
  EXPECT_NE(run({"verify", out_}).out.find("in 1 block"), std::string::npos);
  EXPECT_LT(std::filesystem::file_size(out_), std::filesystem::file_size(trace_));
}

TEST_F(SliceTest, AFilteredTraceHasNoForeignName) {
  replay_test::write_sample_trace(trace_);
  const std::vector<std::string> filter{"--pid", "78"};
  EXPECT_EQ(slice(filter).status, kExitClean);
  EXPECT_EQ(events(out_), events(trace_, filter));
  const auto bytes = all_bytes(out_);
  ASSERT_NE(all_bytes(trace_).find("vim.basic"), std::string::npos);
  for (const auto* name : {"vim.basic", "shadow", "Web Content", "new name", "/tmp/old"}) {
    EXPECT_EQ(bytes.find(name), std::string::npos) << name;
  }
}

TEST_F(SliceTest, ARedactedTraceHasNoReadableWord) {
  replay_test::write_sample_trace(trace_);
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{"--redact"}, {"--redact", "--pid", "1234"}, {"--redact", "--level", "5"}}) {
    const auto outcome = slice(options);
    EXPECT_EQ(outcome.status, kExitClean);
    EXPECT_NE(outcome.out.find("compares with no other"), std::string::npos) << outcome.out;
    const auto bytes = all_bytes(out_);
    // No word is so short that a name of random letters may contain it.
    for (const auto* word : {"vim.basic", "shadow", "Content", "new name", "buildbox", "it's", "0123-4567"}) {
      EXPECT_EQ(bytes.find(word), std::string::npos) << word;
    }
    EXPECT_EQ(run({out_, "--comm", "vim"}).out, "");
  }
}

TEST_F(SliceTest, TracesRedactedWithOneKeyCompare) {
  replay_test::write_sample_trace(trace_);
  replay_test::write_file(scratch_.file("key"), "0123456789abcdef");
  slice({"--redact", "--redact-key", scratch_.file("key"), "--redact-keep", "/etc/"});
  const auto first = events(out_);
  slice({"--redact", "--redact-key", scratch_.file("key"), "--redact-keep", "/etc/", "--level", "3"});
  EXPECT_EQ(events(out_), first);
  EXPECT_NE(first.find("/etc/shadow"), std::string::npos);
  EXPECT_EQ(run({"report", out_, "--by", "kind"}).out, run({"report", trace_, "--by", "kind"}).out);
}

TEST_F(SliceTest, DamageOfTheSourceIsInTheLedger) {
  replay_test::write_long_trace(trace_, 10, 1000);
  auto bytes = replay_test::read_file(trace_);
  bytes[bytes.size() / 2] = static_cast<char>(~bytes[bytes.size() / 2]);
  replay_test::write_file(trace_, bytes);
  EXPECT_EQ(slice({}).status, kExitPartial);
  EXPECT_EQ(events(out_), events(trace_));
  EXPECT_EQ(run({"verify", out_}).status, kExitPartial);
}

TEST_F(SliceTest, MistakesAreNamed) {
  replay_test::write_sample_trace(trace_);
  EXPECT_EQ(run({"slice", trace_}).status, kExitUsage);
  EXPECT_EQ(slice({"--level", "0"}).status, kExitUsage);
  EXPECT_EQ(slice({"--redact-key", "x"}).status, kExitUsage);
  replay_test::write_file(scratch_.file("key"), "short");
  EXPECT_EQ(slice({"--redact", "--redact-key", scratch_.file("key")}).status, kExitUsage);
  EXPECT_EQ(run({"slice", trace_, "-o", trace_}).status, kExitError);
  const auto other = scratch_.file("other.fbz");
  replay_test::check(replay_test::create_trace(other, {}, {format::random_uuid(), format::random_uuid()})
                         ->finish(replay_test::kSampleClock, {}));
  EXPECT_EQ(slice({other}).status, kExitError);
  EXPECT_FALSE(std::filesystem::exists(out_));
  EXPECT_FALSE(std::filesystem::exists(out_ + ".part"));
}

TEST_F(SliceTest, ARotatedSetBecomesOneTrace) {
  const auto session = format::random_uuid();
  for (const std::uint32_t number : {0, 1, 2}) {
    const auto name = scratch_.file("r.00000" + std::to_string(number) + ".fbz");
    auto writer = replay_test::create_trace(name, {}, {session, format::random_uuid(), number});
    const auto path = writer->intern_path("/f" + std::to_string(number));
    writer->add_event({kSecond + number * kSecond, format::EventKind::kOpen, 0, 0, path, 0, 0});
    replay_test::check(writer->finish(replay_test::kSampleClock, {}));
  }
  EXPECT_EQ(run({"slice", scratch_.file("r.fbz"), "-o", out_}).status, kExitClean);
  EXPECT_EQ(events(out_), events(scratch_.file("r.fbz")));
}

}  // namespace
}  // namespace rfan::replay
