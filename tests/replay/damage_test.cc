// Flips every byte of a trace, and cuts it at every byte: the answer must invent nothing and must report all
// that is missing.
#include <gtest/gtest.h>
#include <rapidjson/document.h>

#include <algorithm>
#include <cstring>
#include <sstream>
#include <vector>

#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using Lines = std::vector<std::string>;

rapidjson::Document parsed(const std::string& line) {
  rapidjson::Document json;
  json.Parse(line.data(), line.size());
  return json;
}

// Returns true if `found` agrees with `written`, except for names that may be unknown.
bool says_no_more(const std::string& found, const std::string& written) {
  if (found == written) return true;
  const auto part = parsed(found);
  const auto whole = parsed(written);
  for (const auto* name : {"time_ns", "kind", "held"}) {
    if (!part.HasMember(name)) return false;
  }
  return std::all_of(part.MemberBegin(), part.MemberEnd(), [&](const auto& member) {
    const auto same = whole.FindMember(member.name);
    return same != whole.MemberEnd() && same->value == member.value;
  });
}

// Returns true if `found` is a part of `written`, in the same order.
bool is_left_of(const Lines& found, const Lines& written) {
  auto at = written.begin();
  for (const auto& line : found) {
    at = std::find_if(at, written.end(), [&](const auto& whole) { return says_no_more(line, whole); });
    if (at == written.end()) return false;
    ++at;
  }
  return true;
}

std::uint32_t number_at(const std::string& bytes, std::size_t at) {
  std::uint32_t number = 0;
  std::memcpy(&number, bytes.data() + at, sizeof number);
  return number;
}

// Returns the offset of the body of DICT frame `index`, or npos if there are fewer.
std::size_t body_of_names(const std::string& bytes, std::size_t index, std::size_t* length = nullptr) {
  std::size_t mark = 0;
  do {
    mark = bytes.find("\xA7\x72\x66\xF5\x02", mark + 1);
    if (mark == bytes.npos) return mark;
  } while (index-- > 0);
  const auto meta_length = number_at(bytes, mark - 4) - 32;
  if (length != nullptr) *length = number_at(bytes, mark + 12);
  return mark + 32 + meta_length;
}

bool is_of_names(const std::string& bytes, std::size_t at) {
  std::size_t length = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; (begin = body_of_names(bytes, i, &length)) != bytes.npos; ++i) {
    if (at >= begin && at < begin + length) return true;
  }
  return false;
}

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    replay_test::write_sample_trace(trace_);
    bytes_ = replay_test::read_file(trace_);
    const auto [text, whole] = cat(bytes_);
    EXPECT_TRUE(whole);
    lines_ = lines_of(text);
  }

  static Lines lines_of(const std::string& text) {
    Lines lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

  // Returns the output for a file with these bytes, and whether it ended without a complaint.
  std::pair<std::string, bool> cat(const std::string& bytes) const {
    replay_test::write_file(trace_, bytes);
    auto outcome = replay_test::run({trace_, "--format", "jsonl", "--threads", "1"});
    return {std::move(outcome.out), outcome.status == kExitClean};
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
  std::string bytes_;
  Lines lines_;
};

TEST_F(DamageTest, AFlippedByteIsNoticedAndInventsNothing) {
  for (std::size_t at = 0; at < bytes_.size(); ++at) {
    auto damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    const auto [text, whole] = cat(damaged);
    EXPECT_FALSE(whole) << "byte " << at;
    const auto lines = lines_of(text);
    // Times may shift if the clock frame is lost; everything else must be as written.
    if (text.find("\"time_ns\":1795343462") != text.npos) {
      EXPECT_TRUE(is_left_of(lines, lines_)) << "byte " << at;
    } else {
      EXPECT_LE(lines.size(), lines_.size());
    }
  }
}

TEST_F(DamageTest, ALostDictionaryCostsNamesAndNoEvent) {
  auto damaged = bytes_;
  const auto sync_mark = damaged.find("\xA7\x72\x66\xF5\x02");
  ASSERT_NE(sync_mark, std::string::npos);
  constexpr std::size_t kToMetadata = 32;
  damaged[sync_mark + kToMetadata] ^= 0x41;
  const auto [text, whole] = cat(damaged);
  EXPECT_FALSE(whole);
  EXPECT_EQ(lines_of(text).size(), lines_.size());
}

TEST_F(DamageTest, ACutIsNoticedAndInventsNothing) {
  for (std::size_t size = 0; size < bytes_.size(); ++size) {
    const auto [text, whole] = cat(bytes_.substr(0, size));
    EXPECT_FALSE(whole) << "cut after " << size;
    EXPECT_TRUE(is_left_of(lines_of(text), lines_)) << "cut after " << size;
  }
}

TEST_F(DamageTest, LostNamesAreNoticedByWhoAsksForThem) {
  replay_test::write_long_trace(trace_, 80, 50);
  const auto sound = replay_test::read_file(trace_);
  const auto slice = [&] { return replay_test::run({trace_, "--since", "90%"}); };
  const auto before = slice();
  auto damaged = sound;
  damaged[body_of_names(sound, 40)] ^= 0x41;
  replay_test::write_file(trace_, damaged);
  const auto after = slice();
  EXPECT_EQ(after.out, before.out);
  EXPECT_EQ(after.status, kExitClean);
  EXPECT_TRUE(after.notes.empty());
  const auto needed = replay_test::run({trace_, "--since", "45%", "--until", "55%"});
  EXPECT_EQ(needed.status, kExitPartial);
  EXPECT_FALSE(needed.notes.empty());
  for (const auto* verb : {"cat", "report", "verify"})
    EXPECT_EQ(replay_test::run({verb, trace_}).status, kExitPartial) << verb;
}

// No verb may crash on a damaged file: it answers with what is left, or reports that the file is not a trace.
TEST_F(DamageTest, EveryVerbEndsOrderlyOnDamage) {
  for (std::size_t at = 0; at < bytes_.size(); at += 3) {
    auto damaged = bytes_;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x41);
    replay_test::write_file(trace_, damaged);
    for (const auto* verb : {"report", "files", "tree", "hist", "info"}) {
      const auto status = replay_test::run({verb, trace_}).status;
      const bool may_overlook =
          std::string(verb) == "info" || (std::string(verb) == "hist" && is_of_names(bytes_, at));
      EXPECT_TRUE(status == kExitPartial || status == kExitError || may_overlook)
          << verb << ", byte " << at << ", status " << status;
    }
  }
}

}  // namespace
}  // namespace rfan::replay
