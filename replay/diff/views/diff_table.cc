#include "replay/diff/views/diff_table.h"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <tuple>

#include "replay/diff/causes/differences.h"
#include "replay/diff/causes/path_tree.h"

namespace rfan::replay {
namespace {

constexpr std::array<std::pair<std::string_view, DiffKey>, 4> kKeyNames{{{"path", DiffKey::kPath},
                                                                         {"dir", DiffKey::kDirectory},
                                                                         {"exe", DiffKey::kExe},
                                                                         {"kind", DiffKey::kKind}}};

class TableMaker {
 public:
  TableMaker(const Comparison& comparison, std::vector<DiffKey> keys) : comparison_(comparison) {
    table_.keys = std::move(keys);
    assign_rows();
  }

  DiffTable make() {
    sum_up();
    count_files();
    find_percentiles();
    find_significance();
    double all = 0;
    for (const auto& row : table_.rows) all += row.fresh.events;
    for (auto& row : table_.rows) row.share = all == 0 ? 0 : row.fresh.events / all;
    std::stable_sort(table_.rows.begin(), table_.rows.end(), [](const DiffRow& a, const DiffRow& b) {
      return std::abs(a.delta()) > std::abs(b.delta());
    });
    return std::move(table_);
  }

 private:
  std::string key_text(const ComparedCell& cell, DiffKey key) const {
    const auto& path = comparison_.paths()[cell.path];
    switch (key) {
      case DiffKey::kPath:
        return path;
      case DiffKey::kDirectory:
        return std::string(parent_of(path)) + "/";
      case DiffKey::kExe:
        return comparison_.actors()[cell.actor].program().name();
      case DiffKey::kKind:
        return std::string(format::event_kind_name(cell.kind));
    }
    return {};
  }

  void assign_rows() {
    std::map<std::vector<std::string>, std::uint32_t> ids;
    for (const auto& cell : comparison_.cells()) {
      std::vector<std::string> key;
      for (const auto part : table_.keys) key.push_back(key_text(cell, part));
      const auto [entry, added] =
          ids.try_emplace(std::move(key), static_cast<std::uint32_t>(table_.rows.size()));
      if (added) table_.rows.push_back({entry->first, {}, {}});
      row_of_.push_back(entry->second);
    }
  }

  // Return the side of a run, and the weight of the run in a mean of that side.
  Quantities& side(std::uint32_t row, std::size_t run) {
    return run < comparison_.base_runs() ? table_.rows[row].base : table_.rows[row].fresh;
  }
  double part(std::size_t run) const {
    const auto runs = comparison_.runs();
    return 1.0 / static_cast<double>(run < comparison_.base_runs() ? comparison_.base_runs()
                                                                   : runs - comparison_.base_runs());
  }

  void sum_up() {
    std::vector<double> seconds(comparison_.runs());
    for (const auto& one : comparison_.parts())
      seconds[one.run] += static_cast<double>(one.tally->duration_ns()) / 1e9;
    for (std::size_t cell = 0; cell < row_of_.size(); ++cell) {
      const bool opens = comparison_.cells()[cell].kind == format::EventKind::kOpen;
      for (std::size_t run = 0; run < comparison_.runs(); ++run) {
        const auto& sum = comparison_.sum(cell, run);
        auto& to = side(row_of_[cell], run);
        const double events = static_cast<double>(sum.events) * part(run);
        to.events += events;
        if (seconds[run] > 0) to.rate += events / seconds[run];
        if (opens) to.opens += events;
        to.waited_ns += static_cast<double>(sum.waited_ns) * part(run);
      }
    }
  }

  // Counts files. Events of different kinds on one path concern the same files, so the cell with most names
  // counts.
  void count_files() {
    std::vector<std::uint32_t> order(row_of_.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    const auto key = [&](std::uint32_t cell) {
      return std::tuple(row_of_[cell], comparison_.cells()[cell].path);
    };
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return key(a) < key(b); });
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      while (end < order.size() && key(order[end]) == key(order[begin])) ++end;
      for (std::size_t run = 0; run < comparison_.runs(); ++run) {
        add_files(std::span(order).subspan(begin, end - begin), run);
      }
    }
  }

  void add_files(std::span<const std::uint32_t> cells, std::size_t run) {
    std::uint32_t files = 0;
    std::uint32_t opened = 0;
    for (const auto cell : cells) {
      const auto of_cell = comparison_.sum(cell, run).files;
      files = std::max(files, of_cell);
      if (comparison_.cells()[cell].kind == format::EventKind::kOpen) opened = std::max(opened, of_cell);
    }
    auto& to = side(row_of_[cells.front()], run);
    to.files += files * part(run);
    to.reopens -= opened * part(run);
  }

  // Keeps buckets sparse, since a full histogram for each key of a large trace would not fit into memory.
  void find_percentiles() {
    absl::flat_hash_map<std::uint64_t, std::uint64_t> buckets;  // row, side, bucket
    for (std::size_t i = 0; i < comparison_.parts().size(); ++i) {
      const auto& one = comparison_.parts()[i];
      const std::uint64_t is_new = one.run < comparison_.base_runs() ? 0 : 1;
      for (const auto& [key, count] : one.tally->replies()) {
        const auto cell = comparison_.cell_of(i, key >> 8U);
        if (cell == Comparison::kNoCell) continue;
        const std::uint64_t row = row_of_[cell];
        buckets[row << 9U | is_new << 8U | (key & 255U)] += count;
      }
    }
    std::vector<std::pair<std::uint64_t, std::uint64_t>> order(buckets.begin(), buckets.end());
    std::sort(order.begin(), order.end());
    for (std::size_t begin = 0, end = 0; begin < order.size(); begin = end) {
      format::LatencyHistogram histogram;
      while (end < order.size() && order[end].first >> 8U == order[begin].first >> 8U) {
        histogram.add_bucket(order[end].first & 255U, order[end].second);
        ++end;
      }
      auto& row = table_.rows[order[begin].first >> 9U];
      auto& to = order[begin].first >> 8U & 1U ? row.fresh : row.base;
      to.reply_p50_ns = histogram.quantile_ns(0.5);
      to.reply_p99_ns = histogram.quantile_ns(0.99);
    }
  }

  void find_significance() {
    auto samples = comparison_.samples();
    samples.values.resize(table_.rows.size() * comparison_.runs());
    std::vector<double> even(samples.values.size());
    for (std::size_t cell = 0; cell < row_of_.size(); ++cell) {
      for (std::size_t run = 0; run < comparison_.runs(); ++run) {
        const auto at = row_of_[cell] * comparison_.runs() + run;
        samples.values[at] += comparison_.sum(cell, run).telling_events();
        even[at] += static_cast<double>(comparison_.sum(cell, run).even_events);
      }
    }
    const NoiseFloor noise(samples, count_floors(samples, even));
    std::vector<double> p_values(table_.rows.size());
    for (std::size_t i = 0; i < p_values.size(); ++i) p_values[i] = noise.p_value(i);
    const auto q_values = benjamini_hochberg(p_values);
    for (std::size_t i = 0; i < p_values.size(); ++i) {
      table_.rows[i].p_value = p_values[i];
      table_.rows[i].q_value = q_values[i];
      // `reopens` has held only the opens to subtract so far.
      table_.rows[i].base.reopens += table_.rows[i].base.opens;
      table_.rows[i].fresh.reopens += table_.rows[i].fresh.opens;
    }
  }

  const Comparison& comparison_;
  DiffTable table_;
  std::vector<std::uint32_t> row_of_;  // by cell
};

}  // namespace

std::string_view diff_key_name(DiffKey key) {
  return std::find_if(kKeyNames.begin(), kKeyNames.end(),
                      [&](const auto& entry) { return entry.second == key; })
      ->first;
}

Result<std::vector<DiffKey>> parse_diff_keys(std::string_view text) {
  std::vector<DiffKey> keys;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto name = text.substr(begin, end - begin);
    const auto found = std::find_if(kKeyNames.begin(), kKeyNames.end(),
                                    [&](const auto& entry) { return entry.first == name; });
    if (found == kKeyNames.end()) {
      return Error{"unknown key", std::string(name), 0,
                   "--by takes path, dir, exe and kind, several with a comma"};
    }
    if (std::find(keys.begin(), keys.end(), found->second) == keys.end()) keys.push_back(found->second);
    begin = end + 1;
  }
  return keys;
}

bool DiffRow::significant() const {
  return q_value <= kFalseDiscoveryRate && base.events != fresh.events;
}

std::span<const Quantity> all_quantities() {
  using Unit = Quantity::Unit;
  static constexpr Quantity kQuantities[] = {
      {"count", [](const Quantities& q) { return q.events; }, Unit::kCount},
      {"files", [](const Quantities& q) { return q.files; }, Unit::kCount},
      {"opens", [](const Quantities& q) { return q.opens; }, Unit::kCount},
      {"reopens", [](const Quantities& q) { return q.reopens; }, Unit::kCount},
      {"rate", [](const Quantities& q) { return q.rate; }, Unit::kPerSecond},
      {"time", [](const Quantities& q) { return q.waited_ns; }, Unit::kNs},
      {"p50", [](const Quantities& q) { return static_cast<double>(q.reply_p50_ns); }, Unit::kLatencyNs},
      {"p99", [](const Quantities& q) { return static_cast<double>(q.reply_p99_ns); }, Unit::kLatencyNs},
  };
  return kQuantities;
}

DiffTable make_diff_table(const Comparison& comparison, std::vector<DiffKey> keys) {
  return TableMaker(comparison, std::move(keys)).make();
}

}  // namespace rfan::replay
