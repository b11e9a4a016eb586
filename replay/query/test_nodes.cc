#include "replay/query/test_nodes.h"

#include <algorithm>
#include <array>

#include "replay/query/id_set.h"

namespace rfan::replay {

using format::BlockStatistics;
using format::ColumnSet;
using format::Dictionary;
using format::EventColumns;

namespace {

Share share_of(bool any, bool all) {
  return all ? Share::kAll : any ? Share::kSome : Share::kNone;
}

class ProcessNode : public FilterNode {
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

class PathNode : public FilterNode {
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
  void find_path_nodes(std::vector<const FilterNode*>& found) const override { found.push_back(this); }

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

class KindNode : public FilterNode {
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

class FlagNode : public FilterNode {
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

class LatencyNode : public FilterNode {
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

class TimeNode : public FilterNode {
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

}  // namespace

std::unique_ptr<FilterNode> make_test_node(const ProcessTest& test) {
  return std::make_unique<ProcessNode>(test);
}
std::unique_ptr<FilterNode> make_test_node(const PathTest& test) {
  return std::make_unique<PathNode>(test);
}
std::unique_ptr<FilterNode> make_test_node(const KindTest& test) {
  return std::make_unique<KindNode>(test);
}
std::unique_ptr<FilterNode> make_test_node(const FlagTest& test) {
  return std::make_unique<FlagNode>(test);
}
std::unique_ptr<FilterNode> make_test_node(const LatencyTest& test) {
  return std::make_unique<LatencyNode>(test);
}
std::unique_ptr<FilterNode> make_test_node(const TimeTest& test) {
  return std::make_unique<TimeNode>(test);
}

}  // namespace rfan::replay
