// From dates as people write them to moments.
#pragma once

#include <ctime>
#include <string>
#include <vector>

namespace rfan::replay {

// The moments, in seconds since the epoch, at which clocks showed a date. One, but none where they were set
// forward over it (daylight saving begins), and two where they were set back (it ends).
struct CivilMoments {
  std::vector<std::time_t> at;  // ascending
  // The first of them; of a date that never was, as long after the clocks were set forward as it seems to be.
  std::time_t instead = 0;
};

// `date` needs year, month, day, hour, minute and second, which make a date of the calendar. Local time
// unless `utc`. Not while another thread changes the time zone.
CivilMoments civil_moments(std::tm date, bool utc);

// Returns the doubt about a date that was no moment, or two, and what to write for it; else an empty text.
std::string doubt_of(const CivilMoments& moments);

}  // namespace rfan::replay
