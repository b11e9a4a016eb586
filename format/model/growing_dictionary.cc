#include "format/model/growing_dictionary.h"

#include "format/base/limits.h"
#include "format/model/dictionary_storage.h"

namespace rfan::format {

void GrowingDictionary::expect(const DictionaryIds& ids) {
  storage_->paths.expect(ids.paths);
  storage_->processes.expect(ids.processes);
}

std::string_view GrowingDictionary::put_path(PathId id, std::string_view front, std::string_view rest) {
  const auto path = storage_->bytes.add(front, rest, {});
  storage_->charged += path.size();
  storage_->paths.put(id, path);
  return path;
}

void GrowingDictionary::put_process(ProcessId id, const ProcessEntry& entry) {
  storage_->charged += entry.string_bytes();
  storage_->processes.put(id, entry);
}

std::string_view GrowingDictionary::keep(std::string_view front, std::string_view middle,
                                         std::string_view tail) {
  return storage_->bytes.add(front, middle, tail);
}

void GrowingDictionary::forget_paths(const IdRange& ids) {
  storage_->paths.forget(ids);
}
void GrowingDictionary::forget_processes(const IdRange& ids) {
  storage_->processes.forget(ids);
}

bool GrowingDictionary::expects_path(PathId id) const {
  return storage_->paths.expects(id);
}
bool GrowingDictionary::expects_process(ProcessId id) const {
  return storage_->processes.expects(id);
}
const ProcessEntry& GrowingDictionary::process_so_far(ProcessId id) const {
  return storage_->processes.so_far(id);
}

std::uint64_t GrowingDictionary::unfolded_bytes() const {
  return storage_->charged + path_count() * kUnfoldedPathBytes + process_count() * kUnfoldedProcessBytes;
}
void GrowingDictionary::charge(std::uint64_t bytes) {
  storage_->charged += bytes;
}

void GrowingDictionary::read_on_demand(EntrySource& source) {
  storage_->paths.read_on_demand([&source](const IdRange& ids) { source.read_paths(ids); });
  storage_->processes.read_on_demand([&source](const IdRange& ids) { source.read_processes(ids); });
}

}  // namespace rfan::format
