#include "replay/trace/civil_time.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace rfan::replay {
namespace {

constexpr std::time_t kDay = 86'400;

std::tm local_date(std::time_t moment) {
  std::tm date{};
  localtime_r(&moment, &date);
  return date;
}

bool same_date(const std::tm& a, const std::tm& b) {
  const auto parts = [](const std::tm& date) {
    return std::tie(date.tm_year, date.tm_mon, date.tm_mday, date.tm_hour, date.tm_min, date.tm_sec);
  };
  return parts(a) == parts(b);
}

}  // namespace

// Does not use mktime(3): it chooses among the moments by itself, and each C library chooses differently.
CivilMoments civil_moments(std::tm date, bool utc) {
  auto asked = date;
  const std::time_t as_utc = timegm(&asked);
  if (utc) return {{as_utc}, as_utc};
  // No zone changes its offset twice within two days.
  CivilMoments moments;
  for (const auto offset : {local_date(as_utc - kDay).tm_gmtoff, local_date(as_utc + kDay).tm_gmtoff}) {
    const auto moment = as_utc - offset;
    const bool known = std::find(moments.at.begin(), moments.at.end(), moment) != moments.at.end();
    if (!known && same_date(local_date(moment), date)) moments.at.push_back(moment);
  }
  std::sort(moments.at.begin(), moments.at.end());
  moments.instead = moments.at.empty() ? as_utc - local_date(as_utc - kDay).tm_gmtoff : moments.at.front();
  return moments;
}

std::string doubt_of(const CivilMoments& moments) {
  if (moments.at.empty()) {
    return fmt::format("the clocks never showed it, they were set forward over it: write @{}",
                       moments.instead);
  }
  if (moments.at.size() == 1) return {};
  return fmt::format(
      "the clocks showed it twice, they were set back: write @{} for the first time, @{} for the second",
      moments.at.front(), moments.at.back());
}

}  // namespace rfan::replay
