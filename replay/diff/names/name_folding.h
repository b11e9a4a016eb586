// What two runs call the same although its name differs: temporary names, pids, hashes, build directories.
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

// In the order in which they are listed; the rules themselves are described by fold_rule_infos().
enum class FoldRule : std::uint8_t { kProc, kUuid, kHash, kTemp, kPid, kTerminal, kVersion, kDate };
inline constexpr std::size_t kFoldRules = 8;

struct FoldRuleInfo {
  std::string_view name;
  bool by_default;
  std::string_view what;  // one line for people
};
const std::array<FoldRuleInfo, kFoldRules>& fold_rule_infos();

// --map: a directory that is to be called otherwise.
struct DirectoryMap {
  std::string from;
  std::string to;
};

// --fold-file: whatever the glob matches is called by the glob itself.
struct FoldGlob {
  std::string text;
  format::Glob glob;
};

// What was asked for: --fold, --no-fold, --map, --fold-file.
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
// "FROM=TO", both absolute.
Result<DirectoryMap> parse_directory_map(std::string_view text);
// One glob per line; empty lines and lines that begin with '#' are skipped.
Result<std::vector<FoldGlob>> parse_fold_file(std::string_view text);

// What is known of a file beyond its name.
struct NameEvidence {
  bool temporary = false;                 // the run created it, and deleted or renamed it
  std::span<const std::uint32_t> pids{};  // of the processes that created it
};

// How many names each rule changed.
struct FoldCounts {
  std::array<std::uint64_t, kFoldRules> rules{};
  std::vector<std::uint64_t> maps, globs;  // by their place in the specification
  void add(const FoldCounts& other);
};

// Decides what a name is called in a comparison. A rule replaces the changing part of a path component by a
// word in angle brackets ("/tmp/cc<temp>.s"), so that a folded name is never that of a real file by chance.
//
// The rules err on the side of leaving a name alone: a name wrongly left alone shows up as one line too many,
// which a user can fold; two files wrongly merged hide a difference. A bare number is therefore never folded
// because it is one (libfoo.so.6, 0001.txt): only a pid of the process that created the file, or inside a
// temporary name, or at a place where the kernel puts one (/proc).
//
// Immutable after construction, apart from the counts, which the caller owns: safe to share between threads.
class NameFolding {
 public:
  explicit NameFolding(FoldingSpec spec) : spec_(std::move(spec)) {}

  std::string fold(std::string_view path, const NameEvidence& evidence, FoldCounts& counts) const;
  // An argument of a command line: --map applies wherever a directory may begin in it, and the rules to what
  // looks like a path.
  std::string fold_argument(std::string_view argument, FoldCounts& counts) const;

  const FoldingSpec& spec() const { return spec_; }
  FoldCounts no_counts() const {
    return {
        {}, std::vector<std::uint64_t>(spec_.maps.size()), std::vector<std::uint64_t>(spec_.globs.size())};
  }

 private:
  bool enabled(FoldRule rule) const { return spec_.enabled[static_cast<std::size_t>(rule)]; }
  bool map_prefix(std::string& path, FoldCounts& counts) const;

  FoldingSpec spec_;
};

}  // namespace rfan::replay
