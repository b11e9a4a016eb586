#include "replay/fail_on.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace rfan::replay {
namespace {

struct Metric {
  std::string_view name;
  double (*of)(const Quantities&);
};

constexpr std::array<Metric, 8> kMetrics{{
    {"count", [](const Quantities& q) { return q.events; }},
    {"rate", [](const Quantities& q) { return q.rate; }},
    {"files", [](const Quantities& q) { return q.files; }},
    {"opens", [](const Quantities& q) { return q.opens; }},
    {"reopens", [](const Quantities& q) { return q.reopens; }},
    {"time", [](const Quantities& q) { return q.waited_ns / 1e9; }},
    {"p50", [](const Quantities& q) { return static_cast<double>(q.reply_p50_ns); }},
    {"p99", [](const Quantities& q) { return static_cast<double>(q.reply_p99_ns); }},
}};

const Metric* find_metric(std::string_view name) {
  for (const auto& metric : kMetrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

Error not_a_limit(std::string_view text) {
  std::string names;
  for (const auto& metric : kMetrics) names += fmt::format("{}{}", names.empty() ? "" : ", ", metric.name);
  return {"not a limit", std::string(text), 0,
          "write METRIC:+N%, METRIC:-N%, METRIC:+N or METRIC:-N; the metrics are " + names};
}

}  // namespace

bool Limit::broken_by(double base, double fresh) const {
  const double bound = base + (relative ? base * change / 100 : change);
  return std::signbit(change) ? fresh < bound : fresh > bound;
}

Result<Limit> parse_limit(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || !find_metric(text.substr(0, colon))) return not_a_limit(text);
  Limit limit{std::string(text), std::string(text.substr(0, colon))};
  auto number = text.substr(colon + 1);
  const bool negative = number.starts_with('-');
  if (!negative && !number.starts_with('+')) return not_a_limit(text);
  number.remove_prefix(1);
  limit.relative = number.ends_with('%');
  if (limit.relative) number.remove_suffix(1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), limit.change);
  if (error != std::errc() || end != number.data() + number.size() || limit.change < 0)
    return not_a_limit(text);
  if (negative) limit.change = -limit.change;
  return limit;
}

double quantity(const Quantities& quantities, std::string_view metric) {
  return find_metric(metric)->of(quantities);
}

std::vector<std::string> broken_limits(const std::vector<Limit>& limits, const DiffRow& all) {
  std::vector<std::string> broken;
  for (const auto& limit : limits) {
    const double base = quantity(all.base, limit.metric);
    const double fresh = quantity(all.fresh, limit.metric);
    if (!limit.broken_by(base, fresh)) continue;
    const auto percent = base == 0 ? std::string() : fmt::format(" ({:+.1f} %)", 100 * (fresh / base - 1));
    broken.push_back(fmt::format("{}: {:.6g} -> {:.6g}{}", limit.text, base, fresh, percent));
  }
  return broken;
}

}  // namespace rfan::replay
