// Tests what verify names, and what it calls whole or in progress.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>

#include "format/base/unique_fd.h"
#include "replay/program.h"
#include "tests/replay/sample_trace.h"

namespace rfan::replay {
namespace {

using replay_test::kSecond;
using replay_test::run;

class VerifyTest : public testing::Test {
 protected:
  replay_test::Outcome verify() const { return run({"verify", trace_}); }
  void flip(std::size_t at) const {
    auto bytes = replay_test::read_file(trace_);
    bytes[at] = static_cast<char>(bytes[at] ^ 0x41);
    replay_test::write_file(trace_, bytes);
  }

  const tests::ScratchDirectory scratch_;
  const std::string trace_ = scratch_.file("t.fbz");
};

TEST_F(VerifyTest, AWholeTraceIsCalledWhole) {
  replay_test::write_long_trace(trace_, 130, 100);
  const auto outcome = verify();
  EXPECT_EQ(outcome.status, kExitClean);
  EXPECT_EQ(outcome.out, trace_ + ": whole: 13,000 events in 130 blocks\n");
  EXPECT_TRUE(outcome.notes.empty());
}

TEST_F(VerifyTest, EveryFlippedByteIsFound) {
  replay_test::write_sample_trace(trace_);
  const auto bytes = replay_test::read_file(trace_);
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    replay_test::write_file(trace_, bytes);
    flip(at);
    EXPECT_NE(verify().status, kExitClean) << "byte " << at;
  }
}

TEST_F(VerifyTest, EveryCutIsFound) {
  replay_test::write_sample_trace(trace_);
  const auto bytes = replay_test::read_file(trace_);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    replay_test::write_file(trace_, bytes.substr(0, size));
    EXPECT_NE(verify().status, kExitClean) << "cut after " << size;
  }
}

TEST_F(VerifyTest, DamageIsNamedWithItsPlaceAndCount) {
  replay_test::write_long_trace(trace_, 10, 100);
  flip(replay_test::read_file(trace_).size() / 2);
  const auto outcome = verify();
  EXPECT_EQ(outcome.status, kExitPartial);
  EXPECT_NE(outcome.out.find("damaged at byte "), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("damaged in "), std::string::npos) << outcome.out;
  const auto json = run({"verify", trace_, "--format", "json"});
  EXPECT_NE(json.out.find("\"state\":\"damaged\""), std::string::npos) << json.out;
}

TEST_F(VerifyTest, LossesOfTheRecorderAreNamed) {
  replay_test::write_sample_trace(trace_,
                                  {.losses = {{format::LossCause::kNoArena, 42, kSecond, 2 * kSecond}}});
  const auto outcome = verify();
  EXPECT_EQ(outcome.status, kExitPartial);
  EXPECT_NE(outcome.out.find("lost 42 events (no_arena"), std::string::npos) << outcome.out;
}

TEST_F(VerifyTest, AnUnfinishedTraceIsInProgressWhileItsWriterHoldsTheLock) {
  replay_test::write_sample_trace(trace_, {.finished = false});
  EXPECT_EQ(verify().status, kExitPartial);
  EXPECT_NE(verify().out.find("not finished: 8 events"), std::string::npos);
  const UniqueFd writer(::open(trace_.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  ASSERT_EQ(::flock(writer.get(), LOCK_EX), 0);
  EXPECT_EQ(verify().status, kExitClean);
  EXPECT_EQ(verify().out, trace_ + ": in progress: 8 events in 1 block so far\n");
  const auto bytes = replay_test::read_file(trace_);
  replay_test::write_file(trace_, bytes.substr(0, bytes.size() - 10));  // half an append
  EXPECT_EQ(verify().status, kExitClean);
  flip(bytes.size() / 2);
  EXPECT_EQ(verify().status, kExitPartial);
}

TEST_F(VerifyTest, AllFilesOfADirectoryAreRead) {
  replay_test::write_sample_trace(scratch_.file("a.fbz"));
  const format::TraceWriterOptions other{format::random_uuid(), format::random_uuid()};
  replay_test::check(
      replay_test::create_trace(scratch_.file("b.fbz"), {}, other)->flush(replay_test::kSampleClock));
  const auto outcome = run({"verify", scratch_.file("")});
  EXPECT_EQ(outcome.status, kExitPartial);
  EXPECT_NE(outcome.out.find("a.fbz: whole"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("b.fbz: not finished"), std::string::npos) << outcome.out;
}

}  // namespace
}  // namespace rfan::replay
