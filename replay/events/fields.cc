#include "replay/events/fields.h"

#include <algorithm>
#include <array>

#include "replay/text/comma_list.h"

namespace rfan::replay {
namespace {

struct FieldSpec {
  std::string_view name;
  format::ColumnSet columns;
};

// By Field.
constexpr std::array<FieldSpec, kFieldCount> kFields = {{
    {"source", 0},
    {"time", format::kColumnTime},
    {"time_ns", format::kColumnTime},
    {"kind", format::kColumnKind},
    {"process", format::kColumnProcess},
    {"pid", format::kColumnProcess},
    {"ppid", format::kColumnProcess},
    {"uid", format::kColumnProcess},
    {"exe", format::kColumnProcess},
    {"comm", format::kColumnProcess},
    {"cmdline", format::kColumnProcess},
    {"cgroup", format::kColumnProcess},
    {"path", format::kColumnPath | format::kColumnFlags},
    {"path2", format::kColumnPath2 | format::kColumnFlags},
    {"latency", format::kColumnReply | format::kColumnFlags},
    {"latency_ns", format::kColumnReply | format::kColumnFlags},
    {"verdict", format::kColumnFlags},
    {"flags", format::kColumnFlags},
}};

}  // namespace

std::string_view field_name(Field field) {
  return kFields[static_cast<std::size_t>(field)].name;
}

std::string field_names() {
  std::string names;
  for (const auto& field : kFields) {
    if (!names.empty()) names += ' ';
    names += field.name;
  }
  return names;
}

Result<std::vector<Field>> parse_fields(std::string_view comma_list) {
  std::vector<Field> fields;
  for (const auto name : names_in(comma_list)) {
    const auto found = std::find_if(kFields.begin(), kFields.end(),
                                    [&](const FieldSpec& spec) { return spec.name == name; });
    if (found == kFields.end())
      return Error{"unknown field", std::string(name), 0, "the fields are " + field_names()};
    fields.push_back(static_cast<Field>(found - kFields.begin()));
  }
  return fields;
}

format::ColumnSet columns_of(const FieldSet& fields) {
  format::ColumnSet columns = 0;
  for (std::size_t i = 0; i < kFieldCount; ++i) {
    if (fields.contains(static_cast<Field>(i))) columns |= kFields[i].columns;
  }
  return columns;
}

}  // namespace rfan::replay
