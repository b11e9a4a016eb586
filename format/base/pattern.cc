#include "format/base/pattern.h"

#include "format/base/escape.h"
#include "format/base/limits.h"

namespace rfan::format {

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string relative_pattern_note(std::string_view option, std::string_view value) {
  if (value.starts_with('!')) value.remove_prefix(1);
  const auto glob = Glob::compile(value, Glob::Subject::kPath);
  if (!glob || value.find('/') == value.npos || glob.value().may_begin_with('/')) return {};
  const auto shown = escaped(value);
  const bool elsewhere = value.starts_with("../") || value.starts_with('~');
  const auto below = std::string_view(shown).substr(value.starts_with("./") ? 2 : 0);
  return std::string(option) + " '" + shown + "' matches nothing, since recorded paths are absolute: " +
         (elsewhere ? std::string("write the whole path") : "did you mean '**/" + std::string(below) + "'?");
}

Result<PathPattern> PathPattern::compile(std::string_view value) {
  std::string pattern(value);
  const bool whole_path = pattern.find('/') != pattern.npos;
  if (pattern.ends_with('/')) pattern += "?**";
  auto glob = Glob::compile(pattern, Glob::Subject::kPath);
  if (!glob) return glob.error();
  return PathPattern(std::move(glob).value(), whole_path);
}

bool PathPattern::matches(std::string_view path) const {
  return !path.empty() && glob_.matches(whole_path_ ? path : base_name(path));
}

Result<CommPattern> CommPattern::compile(std::string_view value) {
  auto glob = Glob::compile(value, Glob::Subject::kName);
  if (glob && glob->literal() && glob->literal_text().size() > kMaxCommBytes) {
    std::string quoted;
    for (char c : glob->literal_text().substr(0, kMaxCommBytes)) quoted.append({'\\', c});
    glob = Glob::compile(quoted, Glob::Subject::kName);
  }
  if (!glob) return glob.error();
  return CommPattern(std::move(glob).value());
}

bool CommPattern::matches(std::string_view comm) const {
  return !comm.empty() && glob_.matches(comm);
}

Result<ExePattern> ExePattern::compile(std::string_view value) {
  auto exe = PathPattern::compile(value);
  if (!exe) return exe.error();
  ExePattern pattern(std::move(exe).value());
  if (value.find('/') == value.npos) {
    auto comm = CommPattern::compile(value);
    if (!comm) return comm.error();
    pattern.comm_ = std::move(comm).value();
  }
  return pattern;
}

bool ExePattern::matches(std::string_view exe, std::string_view comm) const {
  return exe_.matches(exe) || (comm_ && comm_->matches(comm));
}

}  // namespace rfan::format
