#include "replay/diff/names/name_folding.h"

#include <fmt/format.h>

#include <algorithm>

#include "replay/diff/names/fold_tokens.h"

namespace rfan::replay {
namespace {

constexpr std::array<FoldRuleInfo, kFoldRules> kRules{{
    {"proc", true, "/proc/N, /proc/N/task/N, /proc/N/fd/N and fdinfo: pid, thread and descriptor"},
    {"uuid", true, "8-4-4-4-12 hexadecimal digits"},
    {"hash", true,
     "16 or more hexadecimal digits with both digits and letters, 26 in base 32, and directories of one or "
     "two of them above; /nix/store"},
    {"temp", true,
     "random parts of names that one run has: of files that it created and deleted or renamed, and "
     "of names that are equal otherwise to one that another run has; #N of files without a name"},
    {"pid", true, "the pid of the process that created the file"},
    {"pts", true, "/dev/pts/N"},
    {"time", true, "a date with a time of day"},
    {"version", false, "numbers joined by dots, and what follows .so."},
    {"date", false, "20YY-MM-DD and 20YYMMDD"},
}};

std::vector<std::string> split(std::string_view path) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    parts.emplace_back(path.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string join(const std::vector<std::string>& parts) {
  std::string path;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != 0) path += '/';
    path += parts[i];
  }
  return path;
}

// The components of an absolute path. The first one is empty.
using Parts = std::vector<std::string>;

bool starts_with(const Parts& parts, std::initializer_list<std::string_view> prefix) {
  return parts.size() > prefix.size() && std::equal(prefix.begin(), prefix.end(), parts.begin());
}

// Returns how many leading parts name a directory of temporary entries; 0 if it is none.
std::size_t temporary_depth(const Parts& parts) {
  if (starts_with(parts, {"", "tmp"})) return 2;
  if (starts_with(parts, {"", "var", "tmp"}) || starts_with(parts, {"", "dev", "shm"})) return 3;
  return 0;
}

bool replace_digits(Parts& parts, std::size_t at, std::string_view word) {
  if (at >= parts.size() || !all_digits(parts[at])) return false;
  parts[at] = word;
  return true;
}

bool fold_proc(Parts& parts) {
  if (!starts_with(parts, {"", "proc"}) || !replace_digits(parts, 2, "<pid>")) return false;
  if (parts.size() > 4 && parts[3] == "task") replace_digits(parts, 4, "<tid>");
  const std::size_t fd = parts.size() > 4 && parts[3] == "task" ? 5 : 3;
  if (parts.size() > fd && (parts[fd] == "fd" || parts[fd] == "fdinfo"))
    replace_digits(parts, fd + 1, "<fd>");
  return true;
}

bool fold_terminal(Parts& parts) {
  return starts_with(parts, {"", "dev", "pts"}) && replace_digits(parts, 3, "<n>");
}

// Folds hashes, and the directories of one or two characters above them, which hold the beginning of the
// hash.
bool fold_hash_parts(Parts& parts) {
  bool folded = false;
  const bool nix = starts_with(parts, {"", "nix", "store"}) && parts[3].size() > 33 && parts[3][32] == '-';
  if (nix) parts[3].replace(0, 32, "<hash>");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const bool hex = parts[i].find_first_not_of("0123456789abcdefABCDEF") >= kLeastHash;
    if (!fold_hashes(parts[i])) continue;
    folded = true;
    if (!parts[i].starts_with("<hash>")) continue;
    const auto is_fan_out = hex ? is_hex_fan_out : is_base32_fan_out;
    for (std::size_t above = i; above-- > 1 && is_fan_out(parts[above]);) parts[above] = "<hh>";
  }
  return folded || nix;
}

bool fold_below_temporary(Parts& parts) {
  const auto depth = temporary_depth(parts);
  bool folded = false;
  for (std::size_t i = depth; depth != 0 && i < parts.size(); ++i) folded |= fold_temporary(parts[i]);
  return folded;
}

template <typename Fold>
bool fold_each(Parts& parts, Fold fold) {
  bool folded = false;
  for (auto& part : parts) folded |= fold(part);
  return folded;
}

bool ends_component(std::string_view text, std::size_t at) {
  return at == text.size() || text[at] == '/';
}

}  // namespace

const std::array<FoldRuleInfo, kFoldRules>& fold_rule_infos() {
  return kRules;
}

Status switch_fold_rule(std::string_view name, bool on, FoldingSpec& spec) {
  if (name == "all") {
    spec.enabled.fill(on);
    return {};
  }
  std::string names = "all";
  for (std::size_t i = 0; i < kFoldRules; ++i) {
    names += fmt::format(", {}", kRules[i].name);
    if (kRules[i].name != name) continue;
    spec.enabled[i] = on;
    return {};
  }
  return Error{"unknown rule", std::string(name), 0, "the rules are " + names};
}

Result<DirectoryMap> parse_directory_map(std::string_view text) {
  const auto equals = text.find('=');
  DirectoryMap map{std::string(text.substr(0, equals)),
                   equals == std::string_view::npos ? "" : std::string(text.substr(equals + 1))};
  for (auto* side : {&map.from, &map.to}) {
    while (side->size() > 1 && side->ends_with('/')) side->pop_back();
  }
  if (map.from.size() < 2 || !map.from.starts_with('/') || !map.to.starts_with('/')) {
    return Error{"not a map", std::string(text), 0, "write --map /FROM=/TO, two absolute directories"};
  }
  return map;
}

Result<std::vector<FoldGlob>> parse_fold_file(std::string_view text) {
  std::vector<FoldGlob> globs;
  std::size_t number = 0;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    ++number;
    if (line.empty() || line.starts_with('#')) continue;
    auto glob = format::Glob::compile(line, format::Glob::Subject::kPath);
    if (!glob) return Error{fmt::format("line {}: {}", number, glob.error().what), std::string(line), 0, {}};
    globs.push_back({std::string(line), std::move(glob).value()});
  }
  return globs;
}

void FoldCounts::add(const FoldCounts& other) {
  for (std::size_t i = 0; i < rules.size(); ++i) rules[i] += other.rules[i];
  for (std::size_t i = 0; i < maps.size(); ++i) maps[i] += other.maps[i];
  for (std::size_t i = 0; i < globs.size(); ++i) globs[i] += other.globs[i];
}

bool NameFolding::map_prefix(std::string& path, FoldCounts& counts) const {
  for (std::size_t i = 0; i < spec_.maps.size(); ++i) {
    const auto& [from, to] = spec_.maps[i];
    if (!path.starts_with(from) || !ends_component(path, from.size())) continue;
    path.replace(0, from.size(), to);
    ++counts.maps[i];
    return true;
  }
  return false;
}

std::string NameFolding::fold(std::string_view name, std::span<const std::uint32_t> creators,
                              FoldCounts& counts) const {
  std::string path(name);
  map_prefix(path, counts);
  for (std::size_t i = 0; i < spec_.globs.size(); ++i) {
    if (!spec_.globs[i].glob.matches(path)) continue;
    ++counts.globs[i];
    return spec_.globs[i].text;
  }
  auto parts = split(path);
  bool folded = false;
  const auto apply = [&](FoldRule rule, auto fold) {
    if (!enabled(rule) || !fold()) return;
    folded = true;
    ++counts.rules[static_cast<std::size_t>(rule)];
  };
  apply(FoldRule::kProc, [&] { return fold_proc(parts); });
  apply(FoldRule::kTerminal, [&] { return fold_terminal(parts); });
  apply(FoldRule::kUuid, [&] { return fold_each(parts, fold_uuids); });
  apply(FoldRule::kHash, [&] { return fold_hash_parts(parts); });
  apply(FoldRule::kPid, [&] { return fold_pids(parts.back(), creators); });
  apply(FoldRule::kTemp, [&] { return fold_each(parts, fold_inode); });
  apply(FoldRule::kTime, [&] { return fold_each(parts, fold_times); });
  apply(FoldRule::kDate, [&] { return fold_each(parts, fold_dates); });
  apply(FoldRule::kVersion, [&] { return fold_each(parts, fold_versions); });
  return folded ? join(parts) : path;
}

std::string NameFolding::fold_argument(std::string_view argument, FoldCounts& counts) const {
  const auto slash = argument.find('/');
  if (slash == std::string_view::npos) return std::string(argument);
  // The argument is an option followed by a path ("-I/usr/include", "--prefix=/usr") or a relative path
  // ("src/a.c").
  const auto begin = slash == 0 || argument.starts_with('-') || argument[slash - 1] == '=' ? slash : 0;
  auto path = fold(argument.substr(begin), {}, counts);
  if (auto parts = split(path); enabled(FoldRule::kTemp) && fold_below_temporary(parts)) {
    ++counts.rules[static_cast<std::size_t>(FoldRule::kTemp)];
    path = join(parts);
  }
  return std::string(argument.substr(0, begin)) + path;
}

}  // namespace rfan::replay
