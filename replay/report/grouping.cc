#include "replay/report/grouping.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/base/limits.h"
#include "format/base/pattern.h"
#include "replay/text/comma_list.h"
#include "replay/trace/process_view.h"

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

std::string_view or_unknown(std::string_view text) {
  return text.empty() ? kUnknown : text;
}

// Adds the class of each entry from classes.size() up to `last`. Entries belong to one class if
// append_labels(id, text) appends the same text for them.
template <typename Map, typename AppendLabels>
void classify(std::uint32_t last, Map& known, std::vector<std::uint32_t>& examples,
              std::vector<std::uint32_t>& classes, AppendLabels append_labels) {
  std::string text;
  for (auto id = static_cast<std::uint32_t>(classes.size()); id <= last; ++id) {
    text.clear();
    append_labels(id, text);
    const auto found = known.find(text);
    if (found != known.end()) {
      classes.push_back(found->second);
      continue;
    }
    const auto added = static_cast<std::uint32_t>(examples.size());
    known.emplace(text, added);
    examples.push_back(id);
    classes.push_back(added);
  }
}

}  // namespace

std::string_view key_name(Key key) {
  return kKeyNames[static_cast<std::size_t>(key)];
}

Result<std::vector<Key>> parse_keys(std::string_view comma_list) {
  std::vector<Key> keys;
  for (const auto name : names_in(comma_list)) {
    const auto* found = std::find(kKeyNames.begin(), kKeyNames.end(), name);
    if (found == kKeyNames.end()) {
      return Error{"unknown key", std::string(name), 0,
                   "the keys are exe comm process user cgroup path dir ext kind source"};
    }
    const auto key = static_cast<Key>(found - kKeyNames.begin());
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      return Error{"a key twice", std::string(name), 0, {}};
    keys.push_back(key);
  }
  return keys;
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
    every_path_ |= key == Key::kPath;
  }
  extend();
}

void Grouping::append_process_label(Key key, format::ProcessId id, std::string& out) const {
  const auto& process = file_.dictionary.process(id);
  const auto exe = ProcessView{file_.dictionary, id}.exe();
  if (id == 0) {
    out += kUnknown;
  } else if (key == Key::kExe) {
    out += or_unknown(exe);
  } else if (key == Key::kComm) {
    out += or_unknown(process.comm);
  } else if (key == Key::kUser) {
    out += std::to_string(process.uid);
  } else if (key == Key::kCgroup) {
    out += or_unknown(process.cgroup);
  } else {
    out += process_label({file_.dictionary, id});
  }
  out += '\0';
}

void Grouping::append_path_label(Key key, format::PathId id, std::string& out) const {
  const auto path = id == 0 ? std::string_view() : file_.dictionary.path(id);
  if (path.empty()) {
    out += kUnknown;
  } else {
    out += key == Key::kDir   ? or_unknown(directory_of(path, spec_.depth))
           : key == Key::kExt ? extension_of(path)
                              : path;
  }
  out += '\0';
}

void Grouping::extend() {
  const auto& dictionary = file_.dictionary;
  if (by_process_ && process_classes_.size() <= dictionary.process_count()) {
    classify(dictionary.process_count(), known_processes_, process_examples_, process_classes_,
             [&](format::ProcessId id, std::string& text) {
               for (const auto key : spec_.keys) {
                 if (process_like(key)) append_process_label(key, id, text);
               }
             });
  }
  if (every_path_) {
    for (auto id = path_classes_.size(); id <= dictionary.path_count(); ++id) {
      path_classes_.push_back(static_cast<std::uint32_t>(id));
      path_examples_.push_back(static_cast<std::uint32_t>(id));
    }
  } else if (by_path_ && path_classes_.size() <= dictionary.path_count()) {
    classify(dictionary.path_count(), known_paths_, path_examples_, path_classes_,
             [&](format::PathId id, std::string& text) {
               for (const auto key : spec_.keys) {
                 if (path_like(key)) append_path_label(key, id, text);
               }
             });
  }
}

void Grouping::append_labels(GroupCode code, std::string& out) const {
  for (const auto key : spec_.keys) {
    if (key == Key::kSource) {
      out.append(file_.name).push_back('\0');
    } else if (key == Key::kKind) {
      out.append(format::event_kind_name(static_cast<format::EventKind>(code & 15U))).push_back('\0');
    } else if (process_like(key)) {
      append_process_label(key, process_examples_[(code >> kProcessShift) & 0xFFFFFFU], out);
    } else {
      append_path_label(key, path_examples_[code >> kPathShift], out);
    }
  }
}

std::vector<std::string_view> split_labels(std::string_view labels) {
  std::vector<std::string_view> parts;
  while (!labels.empty()) {
    parts.push_back(labels.substr(0, labels.find('\0')));
    labels.remove_prefix(parts.back().size() + 1);
  }
  return parts;
}

}  // namespace rfan::replay
