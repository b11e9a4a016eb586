#include "recorder/names/repeated_files.h"

namespace rfan::recorder {

void RepeatedFiles::begin_arena(std::uint64_t begin_ns) {
  settled_before_ns_ = begin_ns - kSettledNs;
  paths_.clear();
  text_.clear();
}

std::optional<std::string_view> RepeatedFiles::find(const KernelEvent& event, const FileStatus& file) {
  if (!is_settled(file)) return std::nullopt;
  const auto known = paths_.find(key_of(file, event.is_permission() ? 0 : event.pid));
  if (known == paths_.end()) return std::nullopt;
  const Path path = known->second;
  if (event.is_permission()) paths_.try_emplace(key_of(file, event.pid), path);
  return std::string_view(text_).substr(path.offset, path.bytes);
}

void RepeatedFiles::learn(const KernelEvent& event, const FileStatus& file, std::string_view path) {
  if (!event.is_permission() || !is_settled(file)) return;
  const Path kept{text_.size(), path.size()};
  text_.append(path);
  paths_.try_emplace(key_of(file, 0), kept);
  paths_.try_emplace(key_of(file, event.pid), kept);
}

}  // namespace rfan::recorder
