#include "replay/query/filter.h"

#include <algorithm>
#include <array>

#include "format/base/byte_sum.h"
#include "replay/query/id_set.h"

namespace rfan::replay {

using format::BlockStatistics;
using format::ColumnSet;
using format::Dictionary;
using format::EventColumns;

class Filter::Node {
 public:
  virtual ~Node() = default;
  virtual ColumnSet columns() const = 0;
  virtual void extend(const Dictionary&) {}
  virtual bool reads_command_lines() const { return false; }
  virtual Share judge(const BlockStatistics& statistics, const Timeline& timeline) const = 0;
  // Returns false only if no time between the two (inclusive) passes.
  virtual bool may_match_time(std::uint64_t, std::uint64_t, const Timeline&) const { return true; }
  // Returns true if the time alone passes every event between the two (inclusive). Only NoneOf asks.
  virtual bool must_match_time(std::uint64_t, std::uint64_t, const Timeline&) const { return false; }
  // Returns the marks of a path test.
  virtual format::PathMarks path_marks() const { return {}; }
  // Adds the path tests of this node and below.
  virtual void find_path_nodes(std::vector<const Node*>&) const {}
  // Adds the doubts about times of day of this node and below.
  virtual void find_time_doubts(const Timeline&, std::vector<std::string>&) const {}
  // Writes 1 to `out` for each event that passes and 0 for the others.
  virtual void mask(const EventColumns& events, const Timeline& timeline, Selection& scratch,
                    std::size_t depth, std::uint8_t* out) const = 0;
};

namespace {

using Node = Filter::Node;

std::unique_ptr<Node> make_node(const Condition& condition);

Share share_of(bool any, bool all) {
  return all ? Share::kAll : any ? Share::kSome : Share::kNone;
}

class ProcessNode : public Node {
 public:
  explicit ProcessNode(const ProcessTest& test) : test_(test) {}
  ColumnSet columns() const override { return format::kColumnProcess; }
  bool reads_command_lines() const override { return test_.reads_command_line; }

  void extend(const Dictionary& dictionary) override {
    for (auto id = wanted_.size(); id <= dictionary.process_count(); ++id) {
      wanted_.push_back(test_.accept({dictionary, static_cast<format::ProcessId>(id)}));
    }
  }

  // The list of processes may omit the unknown process although an event has it. An id that the dictionary
  // lacks is decoded as the unknown process.
  Share judge(const BlockStatistics& statistics, const Timeline&) const override {
    if (!statistics.processes) return Share::kSome;
    bool any = wanted_.contains(0);
    bool all = any;
    for (const auto id : *statistics.processes) {
      const bool unknown = id >= wanted_.size();
      any |= unknown || wanted_.contains(id);
      all &= !unknown && wanted_.contains(id);
    }
    return share_of(any, all);
  }

  void mask(const EventColumns& events, const Timeline&, Selection&, std::size_t,
            std::uint8_t* out) const override {
    const auto* process = events.process.data();
    for (std::size_t i = 0; i < events.count; ++i)
      out[i] = static_cast<std::uint8_t>(wanted_.bit(process[i]));
  }

 private:
  const ProcessTest& test_;
  IdSet wanted_;
};

class PathNode : public Node {
 public:
  explicit PathNode(const PathTest& test) : test_(test) {}
  ColumnSet columns() const override {
    return (first() ? format::kColumnPath : 0U) | (second() ? format::kColumnPath2 : 0U);
  }

  void extend(const Dictionary& dictionary) override {
    for (auto id = wanted_.size(); id <= dictionary.path_count(); ++id) {
      const auto path = id == 0 ? std::string_view() : dictionary.path(static_cast<format::PathId>(id));
      wanted_.push_back(test_.accept(path) ? 1 : 0);
    }
  }

  format::PathMarks path_marks() const override { return {wanted_, first(), second()}; }
  void find_path_nodes(std::vector<const Node*>& found) const override { found.push_back(this); }

  Share judge(const BlockStatistics&, const Timeline&) const override { return Share::kSome; }

  void mask(const EventColumns& events, const Timeline&, Selection& scratch, std::size_t,
            std::uint8_t* out) const override {
    if (!scratch.path_marks.empty()) {
      std::copy(scratch.path_marks.begin(), scratch.path_marks.end(), out);
      return;
    }
    const auto* path = (first() ? events.path : events.path2).data();
    for (std::size_t i = 0; i < events.count; ++i) out[i] = wanted_[path[i]];
    if (!first() || !second()) return;
    // Nearly every block has no second path. A test that accepts the unknown path must still count it.
    const auto* path2 = events.path2.data();
    const bool none = std::all_of(path2, path2 + events.count, [](auto id) { return id == 0; });
    if (none && wanted_[0] == 0) return;
    for (std::size_t i = 0; i < events.count; ++i) {
      out[i] |= wanted_[path2[i]];
    }
  }

 private:
  bool first() const { return test_.which != PathTest::Which::kSecond; }
  bool second() const { return test_.which != PathTest::Which::kFirst; }

  const PathTest& test_;
  std::vector<std::uint8_t> wanted_;  // 1 or 0, by id: reading a byte is faster than reading a bit
};

class KindNode : public Node {
 public:
  explicit KindNode(const KindTest& test) {
    for (std::size_t kind = 0; kind < 32; ++kind) wanted_[kind] = test.kinds >> kind & 1U;
  }
  ColumnSet columns() const override { return format::kColumnKind; }

  Share judge(const BlockStatistics& statistics, const Timeline&) const override {
    bool any = false;
    bool all = true;
    for (std::size_t kind = 0; kind < format::kEventKindLimit; ++kind) {
      if (statistics.totals.by_kind[kind] == 0) continue;
      any |= wanted_[kind] != 0;
      all &= wanted_[kind] != 0;
    }
    return share_of(any, any && all);
  }

  void mask(const EventColumns& events, const Timeline&, Selection&, std::size_t,
            std::uint8_t* out) const override {
    for (std::size_t i = 0; i < events.count; ++i)
      out[i] = wanted_[static_cast<std::uint8_t>(events.kind[i])];
  }

 private:
  std::array<std::uint8_t, 256> wanted_{};
};

class FlagNode : public Node {
 public:
  explicit FlagNode(const FlagTest& test) : test_(test) {}
  ColumnSet columns() const override { return format::kColumnFlags; }
  Share judge(const BlockStatistics&, const Timeline&) const override { return Share::kSome; }
  void mask(const EventColumns& events, const Timeline&, Selection&, std::size_t,
            std::uint8_t* out) const override {
    for (std::size_t i = 0; i < events.count; ++i) out[i] = (events.flags[i] & test_.mask) == test_.value;
  }

 private:
  const FlagTest test_;
};

class LatencyNode : public Node {
 public:
  explicit LatencyNode(const LatencyTest& test) : test_(test) {}
  ColumnSet columns() const override { return format::kColumnReply | format::kColumnFlags; }

  Share judge(const BlockStatistics& statistics, const Timeline&) const override {
    using format::LatencyHistogram;
    if (test_.least_ns > UINT32_MAX || test_.least_ns > test_.most_ns) return Share::kNone;
    if (statistics.totals.reply_latency.total() == 0)
      return Share::kSome;  // some versions do not write latencies
    const auto least = LatencyHistogram::bucket_of(static_cast<std::uint32_t>(test_.least_ns));
    const auto most = LatencyHistogram::bucket_of(
        static_cast<std::uint32_t>(std::min<std::uint64_t>(test_.most_ns, UINT32_MAX)));
    for (auto bucket = least; bucket <= most; ++bucket) {
      if (statistics.totals.reply_latency.count_in(bucket) != 0) return Share::kSome;
    }
    return Share::kNone;
  }

  void mask(const EventColumns& events, const Timeline&, Selection&, std::size_t,
            std::uint8_t* out) const override {
    for (std::size_t i = 0; i < events.count; ++i) {
      out[i] = (events.flags[i] & format::kFlagHeld) != 0 && events.reply_ns[i] >= test_.least_ns &&
               events.reply_ns[i] <= test_.most_ns;
    }
  }

 private:
  const LatencyTest test_;
};

class TimeNode : public Node {
 public:
  explicit TimeNode(const TimeTest& test) : filter_(test.filter) {}
  ColumnSet columns() const override { return format::kColumnTime; }

  Share judge(const BlockStatistics& statistics, const Timeline& timeline) const override {
    const auto& totals = statistics.totals;
    return share_of(may_match_time(totals.first_ns, totals.last_ns, timeline),
                    must_match_time(totals.first_ns, totals.last_ns, timeline));
  }
  bool may_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                      const Timeline& timeline) const override {
    return filter_.may_match(first_ns, last_ns, timeline);
  }
  void find_time_doubts(const Timeline& timeline, std::vector<std::string>& found) const override {
    for (auto& doubt : filter_.doubts(timeline)) found.push_back(std::move(doubt));
  }
  bool must_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                       const Timeline& timeline) const override {
    const auto span = timeline.span_at(first_ns);
    const auto range = filter_.range_in(span, timeline);
    return last_ns <= span.last_ns && range.first_ns <= first_ns && last_ns < range.end_ns;
  }

  void mask(const EventColumns& events, const Timeline& timeline, Selection&, std::size_t,
            std::uint8_t* out) const override {
    Timeline::Span span;
    TimeFilter::Range range;
    for (std::size_t i = 0; i < events.count; ++i) {
      const auto time = events.time_ns[i];
      if (time < span.begin_ns || time > span.last_ns) {
        span = timeline.span_at(time);
        range = filter_.range_in(span, timeline);
      }
      out[i] = time >= range.first_ns && time < range.end_ns;
    }
  }

 private:
  const TimeFilter& filter_;
};

// Combines the parts of an AllOf or AnyOf.
class ListNode : public Node {
 public:
  ListNode(const std::vector<ConditionPtr>& parts, bool all) : all_(all) {
    for (const auto& part : parts) parts_.push_back(make_node(*part));
  }

  ColumnSet columns() const override {
    ColumnSet columns = 0;
    for (const auto& part : parts_) columns |= part->columns();
    return columns;
  }
  void extend(const Dictionary& dictionary) override {
    for (auto& part : parts_) part->extend(dictionary);
  }
  void find_path_nodes(std::vector<const Node*>& found) const override {
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
    return combine([&](const Node& part) { return part.may_match_time(first_ns, last_ns, timeline); });
  }
  bool must_match_time(std::uint64_t first_ns, std::uint64_t last_ns,
                       const Timeline& timeline) const override {
    return combine([&](const Node& part) { return part.must_match_time(first_ns, last_ns, timeline); });
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

  std::vector<std::unique_ptr<Node>> parts_;
  bool all_;
};

class NotNode : public Node {
 public:
  explicit NotNode(const Condition& part) : part_(make_node(part)) {}
  ColumnSet columns() const override { return part_->columns(); }
  void extend(const Dictionary& dictionary) override { part_->extend(dictionary); }
  void find_path_nodes(std::vector<const Node*>& found) const override { part_->find_path_nodes(found); }
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
  std::unique_ptr<Node> part_;
};

struct NodeMaker {
  std::unique_ptr<Node> operator()(const ProcessTest& test) const {
    return std::make_unique<ProcessNode>(test);
  }
  std::unique_ptr<Node> operator()(const PathTest& test) const { return std::make_unique<PathNode>(test); }
  std::unique_ptr<Node> operator()(const KindTest& test) const { return std::make_unique<KindNode>(test); }
  std::unique_ptr<Node> operator()(const FlagTest& test) const { return std::make_unique<FlagNode>(test); }
  std::unique_ptr<Node> operator()(const LatencyTest& test) const {
    return std::make_unique<LatencyNode>(test);
  }
  std::unique_ptr<Node> operator()(const TimeTest& test) const { return std::make_unique<TimeNode>(test); }
  std::unique_ptr<Node> operator()(const AllOf& list) const {
    return std::make_unique<ListNode>(list.parts, true);
  }
  std::unique_ptr<Node> operator()(const AnyOf& list) const {
    return std::make_unique<ListNode>(list.parts, false);
  }
  std::unique_ptr<Node> operator()(const NoneOf& negated) const {
    return std::make_unique<NotNode>(*negated.part);
  }
};

std::unique_ptr<Node> make_node(const Condition& condition) {
  return std::visit(NodeMaker{}, condition.test);
}

}  // namespace

Filter::Filter(ConditionPtr condition)
    : condition_(std::move(condition)), root_(condition_ ? make_node(*condition_) : nullptr) {
  if (root_) root_->find_path_nodes(path_nodes_);
}
Filter::~Filter() = default;
Filter::Filter(Filter&&) noexcept = default;

void Filter::extend(const Dictionary& dictionary) {
  if (root_) root_->extend(dictionary);
}

Share Filter::judge(const BlockStatistics& statistics, const Timeline& timeline) const {
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

ColumnSet Filter::columns() const {
  return root_ ? root_->columns() : 0;
}

std::optional<format::PathMarks> Filter::path_test() const {
  if (path_nodes_.size() != 1) return {};
  return path_nodes_[0]->path_marks();
}

void Filter::mark(const EventColumns& events, const Timeline& timeline, Selection& out) const {
  out.rows.clear();
  out.count = events.count;
  out.all = !root_;
  if (out.all) return;
  if (out.masks.empty()) out.masks.resize(1);
  out.masks[0].resize(events.count);
  root_->mask(events, timeline, out, 1, out.masks[0].data());
  const auto* const marks =
      out.masks[0].data();  // after mask(): a deeper level may have moved the outer vector
  out.count = format::count_ones(events.count, [marks](std::size_t i) { return marks[i]; });
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
