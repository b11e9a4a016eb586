// The keys by which `report` counts, and the group of an event.
#pragma once

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/model/event_block.h"
#include "replay/query/query.h"

namespace rfan::replay {

enum class Key : std::uint8_t { kSource, kExe, kComm, kProcess, kUser, kCgroup, kPath, kDir, kExt, kKind };

std::string_view key_name(Key key);
Result<std::vector<Key>> parse_keys(std::string_view comma_list);

struct GroupingSpec {
  std::vector<Key> keys;
  std::size_t depth = 0;  // for Key::kDir: number of components kept; 0: all

  format::ColumnSet columns() const;
};

// The number of a group of one file: it combines the classes of its process-like, path-like and kind-like
// keys. Stays below 2^52.
using GroupCode = std::uint64_t;

// The groups of one file. Gives every dictionary entry a class once; all keys are equal for entries of one
// class. Call extend() on one thread after the dictionary grew; all other functions are safe from any thread.
class Grouping {
 public:
  Grouping(const GroupingSpec& spec, const ScanFile& file);
  void extend();

  bool by_process() const { return by_process_; }
  bool by_path() const { return by_path_; }
  bool by_kind() const { return by_kind_; }

  // The class of each entry; all 0 if no key needs it.
  const std::vector<std::uint32_t>& process_classes() const { return process_classes_; }
  const std::vector<std::uint32_t>& path_classes() const { return path_classes_; }
  std::size_t process_class_count() const { return process_examples_.size(); }
  std::size_t path_class_count() const { return path_examples_.size(); }

  GroupCode code_of(const format::EventColumns& events, std::uint32_t row) const {
    GroupCode code = by_kind_ ? static_cast<GroupCode>(events.kind[row]) : 0;
    if (by_process_) code |= GroupCode{process_classes_[events.process[row]]} << kProcessShift;
    if (by_path_) code |= GroupCode{path_classes_[events.path[row]]} << kPathShift;
    return code;
  }
  static GroupCode process_code(std::uint32_t process_class) {
    return GroupCode{process_class} << kProcessShift;
  }
  static GroupCode path_code(std::uint32_t path_class) { return GroupCode{path_class} << kPathShift; }

  // Returns true if the keys are all process-like, all path-like or at most the kind. Codes are then dense:
  // code >> shift is below the count.
  bool dense() const { return by_process_ + by_path_ + by_kind_ <= 1; }
  unsigned dense_shift() const { return by_path_ ? kPathShift : by_process_ ? kProcessShift : 0; }
  std::size_t dense_index(GroupCode code) const { return code >> dense_shift(); }
  GroupCode dense_code(std::size_t index) const { return GroupCode{index} << dense_shift(); }
  std::size_t dense_count() const {
    return by_path_ ? path_class_count() : by_process_ ? process_class_count() : format::kEventKindLimit;
  }

  // Appends one text for each key, each ended by NUL; "?" for an unknown value.
  void append_labels(GroupCode code, std::string& out) const;

 private:
  static constexpr unsigned kProcessShift = 4;
  static constexpr unsigned kPathShift = 28;
  // Classes by their texts, needed only to find classes. Labels are made again from an example.
  using Classes = absl::flat_hash_map<std::string, std::uint32_t>;

  void append_process_label(Key key, format::ProcessId id, std::string& out) const;
  void append_path_label(Key key, format::PathId id, std::string& out) const;

  const GroupingSpec& spec_;
  const ScanFile& file_;
  bool by_process_ = false;
  bool by_path_ = false;
  bool by_kind_ = false;
  bool every_path_ = false;                      // each path is a class of its own
  std::vector<std::uint32_t> process_classes_;   // by ProcessId
  std::vector<std::uint32_t> path_classes_;      // by PathId
  std::vector<std::uint32_t> process_examples_;  // by class: its first entry
  std::vector<std::uint32_t> path_examples_;
  Classes known_processes_;
  Classes known_paths_;
};

// Returns the directory of a path without its last slash, at most `depth` components of it (0: all):
// "/usr/include".
std::string_view directory_of(std::string_view path, std::size_t depth);
// Splits the texts that Grouping::append_labels() wrote.
std::vector<std::string_view> split_labels(std::string_view labels);

// Returns ".h", or "(none)" for a name without an extension.
std::string_view extension_of(std::string_view path);

}  // namespace rfan::replay
