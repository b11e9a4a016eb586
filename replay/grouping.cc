#include "replay/grouping.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/limits.h"
#include "format/pattern.h"

namespace rfan::replay {
namespace {

static_assert(format::kMaxProcesses <= 1U << 24 && format::kMaxPaths <= 1U << 24 &&
                  format::kEventKindLimit <= 16,
              "the parts of a GroupCode do not overlap");

constexpr std::array<std::string_view, 10> kKeyNames = {"source", "exe",  "comm", "process", "user",
                                                        "cgroup", "path", "dir",  "ext",     "kind"};
constexpr std::string_view kUnknown = "?";

bool process_like(Key key) {
  return key >= Key::kExe && key <= Key::kCgroup;
}
bool path_like(Key key) {
  return key >= Key::kPath && key <= Key::kExt;
}

std::string or_unknown(std::string_view text) {
  return std::string(text.empty() ? kUnknown : text);
}

}  // namespace

std::string_view key_name(Key key) {
  return kKeyNames[static_cast<std::size_t>(key)];
}

Result<std::vector<Key>> parse_keys(std::string_view comma_list) {
  std::vector<Key> keys;
  while (true) {
    const auto comma = comma_list.find(',');
    const auto name = comma_list.substr(0, comma);
    const auto* found = std::find(kKeyNames.begin(), kKeyNames.end(), name);
    if (found == kKeyNames.end()) {
      return Error{"unknown key", std::string(name), 0,
                   "the keys are exe comm process user cgroup path dir ext kind source"};
    }
    const auto key = static_cast<Key>(found - kKeyNames.begin());
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      return Error{"a key twice", std::string(name), 0, {}};
    keys.push_back(key);
    if (comma == comma_list.npos) return keys;
    comma_list.remove_prefix(comma + 1);
  }
}

format::ColumnSet GroupingSpec::columns() const {
  format::ColumnSet columns = 0;
  for (const auto key : keys) {
    if (process_like(key)) columns |= format::kColumnProcess;
    if (path_like(key)) columns |= format::kColumnPath;
    if (key == Key::kKind) columns |= format::kColumnKind;
  }
  return columns;
}

std::string_view directory_of(std::string_view path, std::size_t depth) {
  const auto slash = path.rfind('/');
  if (slash == path.npos) return {};
  auto directory = path.substr(0, std::max<std::size_t>(slash, 1));
  for (std::size_t at = 0; depth != 0 && at != directory.npos; --depth) {
    at = directory.find('/', at + 1);
    if (depth == 1) return directory.substr(0, at);
  }
  return directory;
}

std::string_view extension_of(std::string_view path) {
  const auto name = format::base_name(path);
  const auto dot = name.rfind('.');
  return dot == name.npos || dot == 0 || dot + 1 == name.size() ? "(none)" : name.substr(dot);
}

Grouping::Grouping(const GroupingSpec& spec, const ScanFile& file) : spec_(spec), file_(file) {
  for (const auto key : spec.keys) {
    by_process_ |= process_like(key);
    by_path_ |= path_like(key);
    by_kind_ |= key == Key::kKind;
  }
  extend();
}

std::string Grouping::process_label(Key key, format::ProcessId id) const {
  if (id == 0) return std::string(kUnknown);
  const auto& process = file_.dictionary.process(id);
  const auto exe = ProcessView{file_.dictionary, id}.exe();
  switch (key) {
    case Key::kExe:
      return or_unknown(exe);
    case Key::kComm:
      return or_unknown(process.comm);
    case Key::kUser:
      return std::to_string(process.uid);
    case Key::kCgroup:
      return or_unknown(process.cgroup);
    default: {
      const auto name = format::base_name(exe);
      return fmt::format("{}[{}]", name.empty() ? or_unknown(process.comm) : name, process.pid);
    }
  }
}

std::string Grouping::path_label(Key key, format::PathId id) const {
  const auto path = id == 0 ? std::string_view() : file_.dictionary.path(id);
  if (path.empty()) return std::string(kUnknown);
  if (key == Key::kDir) return or_unknown(directory_of(path, spec_.depth));
  return std::string(key == Key::kExt ? extension_of(path) : path);
}

void Grouping::classify(Labels labels, Classes& known, std::vector<Labels>& table,
                        std::vector<std::uint32_t>& classes) {
  std::string joined;
  for (const auto& label : labels) joined.append(label).push_back('\0');
  const auto [entry, added] = known.try_emplace(std::move(joined), static_cast<std::uint32_t>(table.size()));
  if (added) table.push_back(std::move(labels));
  classes.push_back(entry->second);
}

void Grouping::extend() {
  const auto& dictionary = file_.dictionary;
  for (auto id = process_classes_.size(); by_process_ && id <= dictionary.process_count(); ++id) {
    Labels labels;
    for (const auto key : spec_.keys) {
      if (process_like(key)) labels.push_back(process_label(key, static_cast<format::ProcessId>(id)));
    }
    classify(std::move(labels), known_processes_, process_labels_, process_classes_);
  }
  for (auto id = path_classes_.size(); by_path_ && id <= dictionary.path_count(); ++id) {
    Labels labels;
    for (const auto key : spec_.keys) {
      if (path_like(key)) labels.push_back(path_label(key, static_cast<format::PathId>(id)));
    }
    classify(std::move(labels), known_paths_, path_labels_, path_classes_);
  }
}

std::vector<std::string> Grouping::labels(GroupCode code) const {
  std::vector<std::string> labels;
  std::size_t of_process = 0;
  std::size_t of_path = 0;
  const auto process_class = (code >> kProcessShift) & 0xFFFFFFU;
  const auto path_class = code >> kPathShift;
  for (const auto key : spec_.keys) {
    if (key == Key::kSource) {
      labels.emplace_back(file_.name);
    } else if (key == Key::kKind) {
      labels.emplace_back(format::event_kind_name(static_cast<format::EventKind>(code & 15U)));
    } else if (process_like(key)) {
      labels.push_back(process_labels_[process_class][of_process++]);
    } else {
      labels.push_back(path_labels_[path_class][of_path++]);
    }
  }
  return labels;
}

}  // namespace rfan::replay
