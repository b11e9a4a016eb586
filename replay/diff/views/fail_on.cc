#include "replay/diff/views/fail_on.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

namespace rfan::replay {
namespace {

const Quantity* find_quantity(std::string_view name) {
  for (const auto& quantity : all_quantities()) {
    if (quantity.name == name) return &quantity;
  }
  return nullptr;
}

Error not_a_limit(std::string_view text) {
  std::string names;
  for (const auto& quantity : all_quantities())
    names += fmt::format("{}{}", names.empty() ? "" : ", ", quantity.name);
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
  if (colon == std::string_view::npos || !find_quantity(text.substr(0, colon))) return not_a_limit(text);
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

std::vector<std::string> broken_limits(const std::vector<Limit>& limits, const DiffRow& all) {
  std::vector<std::string> broken;
  for (const auto& limit : limits) {
    const auto& quantity = *find_quantity(limit.metric);
    // Limits of a time are in seconds.
    const double unit = quantity.unit == Quantity::Unit::kNs ? 1e9 : 1;
    const double base = quantity.of(all.base) / unit;
    const double fresh = quantity.of(all.fresh) / unit;
    if (!limit.broken_by(base, fresh)) continue;
    const auto percent = base == 0 ? std::string() : fmt::format(" ({:+.1f} %)", 100 * (fresh / base - 1));
    broken.push_back(fmt::format("{}: {:.6g} -> {:.6g}{}", limit.text, base, fresh, percent));
  }
  return broken;
}

}  // namespace rfan::replay
