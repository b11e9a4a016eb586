// Folds names that differ between runs but mean the same: temporary names, pids, hashes, build directories.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/base/error.h"
#include "format/base/glob.h"

namespace rfan::replay {

// The rules in the order in which they are listed. fold_rule_infos() describes them.
enum class FoldRule : std::uint8_t { kProc, kUuid, kHash, kTemp, kPid, kTerminal, kTime, kVersion, kDate };
inline constexpr std::size_t kFoldRules = 9;

struct FoldRuleInfo {
  std::string_view name;
  bool by_default;
  std::string_view what;  // one line for people
};
const std::array<FoldRuleInfo, kFoldRules>& fold_rule_infos();

// A --map: the directory to rename.
struct DirectoryMap {
  std::string from;
  std::string to;
};

// A line of --fold-file: all names that match the glob are called by the glob itself.
struct FoldGlob {
  std::string text;
  format::Glob glob;
};

// The values of --fold, --no-fold, --map and --fold-file.
struct FoldingSpec {
  std::array<bool, kFoldRules> enabled = [] {
    std::array<bool, kFoldRules> on{};
    for (std::size_t i = 0; i < kFoldRules; ++i) on[i] = fold_rule_infos()[i].by_default;
    return on;
  }();
  std::vector<DirectoryMap> maps;
  std::vector<FoldGlob> globs;
};

// Switches the rule called `name` ("all": every rule). The error lists the names.
Status switch_fold_rule(std::string_view name, bool on, FoldingSpec& spec);
// Parses "FROM=TO", two absolute directories.
Result<DirectoryMap> parse_directory_map(std::string_view text);
// Parses one glob per line. Skips empty lines and lines that begin with '#'.
Result<std::vector<FoldGlob>> parse_fold_file(std::string_view text);

// The number of names that each rule changed.
struct FoldCounts {
  std::array<std::uint64_t, kFoldRules> rules{};
  std::vector<std::uint64_t> maps, globs;  // by their place in the specification
  void add(const FoldCounts& other);
};

// Gives each name its folded form in a comparison. A rule replaces the changing part of a path component by a
// word in angle brackets ("/tmp/cc<temp>.s"), so that a folded name never equals that of a real file by
// chance.
//
// In doubt the rules leave a name alone. A name wrongly left alone shows up as one line too many, which a
// user can fold; two files wrongly merged hide a difference. Therefore a bare number alone is never folded
// (libfoo.so.6, 0001.txt), but only a pid of a process that created the file, or a number where the kernel
// puts a pid (/proc). Random names need evidence of other runs (random_names.h).
//
// Immutable after construction, apart from the counts, which the caller owns: safe to share between threads.
class NameFolding {
 public:
  explicit NameFolding(FoldingSpec spec) : spec_(std::move(spec)) {}

  // `creators` are the pids of the processes that created the file, and of their parents.
  std::string fold(std::string_view path, std::span<const std::uint32_t> creators, FoldCounts& counts) const;
  // Folds an argument of a command line. --map applies wherever a directory may begin in it, and the rules to
  // the part that looks like a path. Below /tmp, /var/tmp and /dev/shm, parts that look random are folded.
  std::string fold_argument(std::string_view argument, FoldCounts& counts) const;

  const FoldingSpec& spec() const { return spec_; }
  bool enabled(FoldRule rule) const { return spec_.enabled[static_cast<std::size_t>(rule)]; }
  FoldCounts no_counts() const {
    return {
        {}, std::vector<std::uint64_t>(spec_.maps.size()), std::vector<std::uint64_t>(spec_.globs.size())};
  }

 private:
  bool map_prefix(std::string& path, FoldCounts& counts) const;

  FoldingSpec spec_;
};

}  // namespace rfan::replay
