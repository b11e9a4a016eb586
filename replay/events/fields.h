// The fields of an event, by name: the values of -F.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/model/event_block.h"

namespace rfan::replay {

enum class Field : std::uint8_t {
  kSource,
  kTime,    // as text
  kTimeNs,  // nanoseconds since the epoch
  kKind,
  kProcess,  // name[pid]
  kPid,
  kPpid,
  kUid,
  kExe,
  kComm,
  kCmdline,
  kCgroup,
  kPath,
  kPath2,
  kLatency,    // as text, "8.3us"
  kLatencyNs,  // a number
  kVerdict,    // allow, deny, or none for an event that was not held
  kFlags,      // dir, deleted, uncertain
};
inline constexpr std::size_t kFieldCount = 18;

std::string_view field_name(Field field);
std::string field_names();

// Parses "time,exe,path". The error lists the valid names.
Result<std::vector<Field>> parse_fields(std::string_view comma_list);

class FieldSet {
 public:
  FieldSet() = default;
  explicit FieldSet(const std::vector<Field>& fields) {
    for (const auto field : fields) add(field);
  }
  static FieldSet all() {
    FieldSet set;
    set.bits_ = (1U << kFieldCount) - 1;
    return set;
  }
  void add(Field field) { bits_ |= bit(field); }
  void remove(Field field) { bits_ &= ~bit(field); }
  bool contains(Field field) const { return (bits_ & bit(field)) != 0; }

 private:
  static std::uint32_t bit(Field field) { return 1U << static_cast<unsigned>(field); }
  std::uint32_t bits_ = 0;
};

// Returns the columns that these fields need.
format::ColumnSet columns_of(const FieldSet& fields);

}  // namespace rfan::replay
