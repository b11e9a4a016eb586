#include "replay/query/filter_node.h"

#include <algorithm>
#include <variant>

#include "replay/query/test_nodes.h"

namespace rfan::replay {

using format::BlockStatistics;
using format::ColumnSet;
using format::Dictionary;
using format::EventColumns;

namespace {

// Combines the parts of an AllOf or AnyOf.
class ListNode : public FilterNode {
 public:
  ListNode(const std::vector<ConditionPtr>& parts, bool all) : all_(all) {
    for (const auto& part : parts) parts_.push_back(make_filter_node(*part));
  }

  ColumnSet columns() const override {
    ColumnSet columns = 0;
    for (const auto& part : parts_) columns |= part->columns();
    return columns;
  }
  void extend(const Dictionary& dictionary) override {
    for (auto& part : parts_) part->extend(dictionary);
  }
  void find_path_nodes(std::vector<const FilterNode*>& found) const override {
    for (const auto& part : parts_) part->find_path_nodes(found);
  }
  void find_time_doubts(const Timeline& timeline, std::vector<std::string>& found) const override {
    for (const auto& part : parts_) part->find_time_doubts(timeline, found);
  }
  bool reads_command_lines() const override {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const auto& part) { return part->reads_command_lines(); });
  }

  // AllOf: kNone if one part has kNone, kAll if all parts have kAll. AnyOf: kAll if one part has kAll, kNone
  // if all parts have kNone.
  Share judge(const BlockStatistics& statistics, const Timeline& timeline) const override {
    const auto decisive = all_ ? Share::kNone : Share::kAll;
    auto share = all_ ? Share::kAll : Share::kNone;
    for (const auto& part : parts_) {
      const auto of_part = part->judge(statistics, timeline);
      if (of_part == decisive) return decisive;
      if (of_part == Share::kSome) share = Share::kSome;
    }
    return share;
  }

  bool may_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                      const Timeline& timeline) const override {
    return combine([&](const FilterNode& part) { return part.may_match_time(first_ns, last_ns, timeline); });
  }
  bool must_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                       const Timeline& timeline) const override {
    return combine([&](const FilterNode& part) { return part.must_match_time(first_ns, last_ns, timeline); });
  }

  void mask(const EventColumns& events, const Timeline& timeline, Selection& scratch, std::size_t depth,
            std::uint8_t* out) const override {
    if (scratch.masks.size() <= depth) scratch.masks.resize(depth + 1);
    std::fill_n(out, events.count, static_cast<std::uint8_t>(all_));
    for (const auto& part : parts_) {
      // Fetch the pointer again: a deeper level may have moved the outer vector, though not the masks in it.
      scratch.masks[depth].resize(events.count);
      auto* of_part = scratch.masks[depth].data();
      part->mask(events, timeline, scratch, depth + 1, of_part);
      for (std::size_t i = 0; i < events.count; ++i) {
        out[i] = static_cast<std::uint8_t>(all_ ? out[i] & of_part[i] : out[i] | of_part[i]);
      }
    }
  }

 private:
  template <typename Test>
  bool combine(Test test) const {
    const auto holds = [&](const auto& part) { return test(*part); };
    return all_ ? std::all_of(parts_.begin(), parts_.end(), holds)
                : std::any_of(parts_.begin(), parts_.end(), holds);
  }

  std::vector<std::unique_ptr<FilterNode>> parts_;
  bool all_;
};

class NotNode : public FilterNode {
 public:
  explicit NotNode(const Condition& part) : part_(make_filter_node(part)) {}
  ColumnSet columns() const override { return part_->columns(); }
  void extend(const Dictionary& dictionary) override { part_->extend(dictionary); }
  void find_path_nodes(std::vector<const FilterNode*>& found) const override {
    part_->find_path_nodes(found);
  }
  void find_time_doubts(const Timeline& timeline, std::vector<std::string>& found) const override {
    part_->find_time_doubts(timeline, found);
  }
  bool reads_command_lines() const override { return part_->reads_command_lines(); }
  Share judge(const BlockStatistics& statistics, const Timeline& timeline) const override {
    const auto share = part_->judge(statistics, timeline);
    return share == Share::kSome ? share : share == Share::kAll ? Share::kNone : Share::kAll;
  }
  bool may_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                      const Timeline& timeline) const override {
    return !part_->must_match_time(first_ns, last_ns, timeline);
  }
  bool must_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                       const Timeline& timeline) const override {
    return !part_->may_match_time(first_ns, last_ns, timeline);
  }
  void mask(const EventColumns& events, const Timeline& timeline, Selection& scratch, std::size_t depth,
            std::uint8_t* out) const override {
    part_->mask(events, timeline, scratch, depth, out);
    for (std::size_t i = 0; i < events.count; ++i) out[i] ^= 1U;
  }

 private:
  std::unique_ptr<FilterNode> part_;
};

struct NodeMaker {
  template <typename Test>
  std::unique_ptr<FilterNode> operator()(const Test& test) const {
    return make_test_node(test);
  }
  std::unique_ptr<FilterNode> operator()(const AllOf& list) const {
    return std::make_unique<ListNode>(list.parts, true);
  }
  std::unique_ptr<FilterNode> operator()(const AnyOf& list) const {
    return std::make_unique<ListNode>(list.parts, false);
  }
  std::unique_ptr<FilterNode> operator()(const NoneOf& negated) const {
    return std::make_unique<NotNode>(*negated.part);
  }
};

}  // namespace

std::unique_ptr<FilterNode> make_filter_node(const Condition& condition) {
  return std::visit(NodeMaker{}, condition.test);
}

}  // namespace rfan::replay
