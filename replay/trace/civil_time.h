// Converts dates as people write them to moments.
#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace rfan::replay {

// The moments at which clocks showed a date, in seconds since the epoch. Usually there is one. There is none
// if clocks were set forward over the date (daylight saving begins), and two if they were set back (it ends).
struct CivilMoments {
  std::vector<std::time_t> at;  // ascending
  // The first moment. For a date that clocks never showed: as long after the clocks were set forward as the
  // date seems to be.
  std::time_t instead = 0;
};

// Returns the moments of `date`, in local time unless `utc`. Precondition: year, month, day, hour, minute and
// second are set and form a date of the calendar. No other thread may change the time zone meanwhile.
CivilMoments civil_moments(std::tm date, bool utc);

// Returns a sentence about a date that was no moment or two, with what to write instead; otherwise an empty
// text.
std::string doubt_of(const CivilMoments& moments);

}  // namespace rfan::replay
