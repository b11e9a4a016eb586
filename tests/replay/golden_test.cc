// Compares the output of rfanreplay for the golden traces of the format with the files in
// tests/replay/golden.
#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/replay/sample_trace.h"

namespace rfan::replay_test {
namespace {

struct Golden {
  const char* name;       // of the test, and of the file with the expected output
  const char* arguments;  // of rfanreplay in the folder of the traces
};

class GoldenOutput : public testing::TestWithParam<Golden> {};

TEST_P(GoldenOutput, IsUnchanged) {
  const tests::ScratchDirectory scratch;
  const std::string command =
      "cd '" RFAN_TRACE_DIR "' && LC_ALL=C.UTF-8 '" RFANREPLAY_PATH "' " + std::string(GetParam().arguments);
  std::system((command + " >'" + scratch.file("out") + "' 2>/dev/null").c_str());
  const auto expected = std::string(RFAN_OUTPUT_DIR) + "/" + GetParam().name + ".txt";
  ASSERT_NE(read_file(expected), "") << expected;
  EXPECT_EQ(read_file(scratch.file("out")), read_file(expected))
      << "if this is meant: (" << command << ") >'" << expected << "'";
}

INSTANTIATE_TEST_SUITE_P(
    Replay, GoldenOutput,
    testing::Values(Golden{"whole_cat", "whole.fbz --utc"}, Golden{"whole_jsonl", "whole.fbz --format jsonl"},
                    Golden{"whole_info", "info whole.fbz --utc"},
                    Golden{"whole_info_json", "info whole.fbz --format json"},
                    Golden{"whole_csv", "whole.fbz --format csv"},
                    Golden{"whole_report", "report whole.fbz --by exe,kind"},
                    Golden{"whole_report_all",
                           "report whole.fbz --by dir -F events,opens,reopens,short,files,"
                           "first,last,rate,wait,p50,p90,p99,max --utc"},
                    Golden{"whole_files", "files whole.fbz --long --utc"},
                    Golden{"whole_tree", "tree whole.fbz --args"},
                    Golden{"whole_hist", "hist whole.fbz --utc --rows 5"}, Golden{"cut_cat", "cut.fbz --utc"},
                    Golden{"cut_info", "info cut.fbz --utc"}),
    [](const auto& golden) { return std::string(golden.param.name); });

}  // namespace
}  // namespace rfan::replay_test
