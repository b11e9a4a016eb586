// Makes the leaves of the tree by which Filter evaluates a Condition: one node for each kind of test.
#pragma once

#include <memory>

#include "replay/query/condition.h"
#include "replay/query/filter_node.h"

namespace rfan::replay {

// The nodes of processes, paths and times refer to the test, which must outlive them.
std::unique_ptr<FilterNode> make_test_node(const ProcessTest& test);
std::unique_ptr<FilterNode> make_test_node(const PathTest& test);
std::unique_ptr<FilterNode> make_test_node(const KindTest& test);
std::unique_ptr<FilterNode> make_test_node(const FlagTest& test);
std::unique_ptr<FilterNode> make_test_node(const LatencyTest& test);
std::unique_ptr<FilterNode> make_test_node(const TimeTest& test);

}  // namespace rfan::replay
