#include "replay/trace_names.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <utility>

namespace rfan::replay {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".fbz";
constexpr std::string_view kPart = ".part";
constexpr std::size_t kSequenceDigits = 6;  // at least

std::vector<std::string> names_in(const fs::path& directory) {
  std::vector<std::string> names;
  std::error_code failed;
  for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
       entry.increment(failed)) {
    names.push_back(entry->path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string_view without_part(std::string_view file) {
  if (file.ends_with(kPart)) file.remove_suffix(kPart.size());
  return file;
}

}  // namespace

bool is_pipe(const std::string& name) {
  std::error_code ignored;
  const auto status = fs::status(name, ignored);
  return name == "-" || (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status));
}

std::vector<std::string> expand_name(const std::string& name) {
  std::error_code ignored;
  if (fs::is_directory(name, ignored)) return traces_in(name);
  if (is_pipe(name) || fs::exists(name, ignored)) return {name};
  auto rotated = rotated_files(name);
  return rotated.empty() ? std::vector<std::string>{name} : rotated;
}

std::optional<std::uint32_t> sequence_in_name(std::string_view file, std::string_view set) {
  file = without_part(file);
  if (!set.ends_with(kSuffix) || !file.ends_with(kSuffix)) return {};
  set.remove_suffix(kSuffix.size());
  file.remove_suffix(kSuffix.size());
  if (!file.starts_with(set) || file.size() < set.size() + 1 + kSequenceDigits || file[set.size()] != '.')
    return {};
  const auto digits = file.substr(set.size() + 1);
  std::uint32_t sequence = 0;
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), sequence);
  if (failure != std::errc() || end != digits.data() + digits.size()) return {};
  return sequence;
}

std::vector<std::string> rotated_files(const std::string& name) {
  const fs::path path(name);
  const auto directory = path.has_parent_path() ? path.parent_path() : fs::path(".");
  std::vector<std::pair<std::uint32_t, std::string>> found;
  for (const auto& file : names_in(directory)) {
    if (const auto sequence = sequence_in_name(file, path.filename().string())) {
      found.emplace_back(*sequence, (path.has_parent_path() ? directory / file : fs::path(file)).string());
    }
  }
  std::sort(found.begin(), found.end());
  std::vector<std::string> files;
  for (auto& [sequence, file] : found) files.push_back(std::move(file));
  return files;
}

std::vector<std::string> traces_in(const std::string& directory) {
  std::vector<std::string> files;
  for (const auto& name : names_in(directory)) {
    if (without_part(name).ends_with(kSuffix)) files.push_back((fs::path(directory) / name).string());
  }
  return files;
}

}  // namespace rfan::replay
