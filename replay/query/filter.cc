#include "replay/query/filter.h"

#include "format/base/byte_sum.h"
#include "replay/query/filter_node.h"

namespace rfan::replay {

Filter::Filter(ConditionPtr condition)
    : condition_(std::move(condition)), root_(condition_ ? make_filter_node(*condition_) : nullptr) {
  if (root_) root_->find_path_nodes(path_nodes_);
}
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;

void Filter::extend(const format::Dictionary& dictionary) {
  if (root_) root_->extend(dictionary);
}

Share Filter::judge(const format::BlockStatistics& statistics, const Timeline& timeline) const {
  return root_ ? root_->judge(statistics, timeline) : Share::kAll;
}

bool Filter::may_match_time(std::uint64_t first_ns, std::uint64_t last_ns, const Timeline& timeline) const {
  return !root_ || root_->may_match_time(first_ns, last_ns, timeline);
}

std::vector<format::Loss> Filter::losses_in_time(std::span<const format::Loss> losses,
                                                 const Timeline& timeline) const {
  std::vector<format::Loss> in_time;
  for (const auto& loss : losses) {
    if (format::concerns_events(loss.cause) && may_match_time(loss.first_ns, loss.last_ns, timeline))
      in_time.push_back(loss);
  }
  return in_time;
}

std::vector<std::string> Filter::time_doubts(const Timeline& timeline) const {
  std::vector<std::string> doubts;
  if (root_) root_->find_time_doubts(timeline, doubts);
  return doubts;
}

bool Filter::reads_command_lines() const {
  return root_ && root_->reads_command_lines();
}

format::ColumnSet Filter::columns() const {
  return root_ ? root_->columns() : 0;
}

std::optional<format::PathMarks> Filter::path_test() const {
  if (path_nodes_.size() != 1) return {};
  return path_nodes_[0]->path_marks();
}

void Filter::mask(const format::EventColumns& events, const Timeline& timeline, Selection& out) const {
  out.rows.clear();
  out.count = events.count;
  out.all = !root_;
  if (out.all) return;
  if (out.masks.empty()) out.masks.resize(1);
  out.masks[0].resize(events.count);
  root_->mask(events, timeline, out, 1, out.masks[0].data());
  // Fetch the pointer only now: a deeper level may have moved the outer vector.
  const auto* const mask = out.masks[0].data();
  out.count = format::count_ones(events.count, [mask](std::size_t i) { return mask[i]; });
}

void Filter::list_rows(Selection& out) {
  const auto& mask = out.masks[0];
  out.rows.resize(mask.size());
  std::size_t selected = 0;
  for (std::size_t i = 0; i < mask.size(); ++i) {
    out.rows[selected] = static_cast<std::uint32_t>(i);
    selected += mask[i];
  }
  out.rows.resize(selected);
}

}  // namespace rfan::replay
