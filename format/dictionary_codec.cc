#include "format/dictionary_codec.h"

#include <algorithm>
#include <optional>

#include "format/flatbuffer_bytes.h"
#include "format/limits.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto length = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(length), b.begin()).first - a.begin());
}

// Strings stored as the bytes they share with the one before, and the rest.
struct FrontCoded {
  std::vector<std::uint16_t> prefix;
  std::vector<std::uint16_t> suffix_length;
  std::string suffix;

  void add(std::string_view text) {
    const auto shared = common_prefix(previous_, text);
    prefix.push_back(static_cast<std::uint16_t>(shared));
    suffix_length.push_back(static_cast<std::uint16_t>(text.size() - shared));
    suffix += text.substr(shared);
    previous_ = text;
  }

 private:
  std::string_view previous_;
};

// Walks front-coded strings of a verified table; next() is empty after the last and when the lengths do not
// fit.
class FrontDecoder {
 public:
  using Lengths = flatbuffers::Vector<std::uint16_t>;
  FrontDecoder(const Lengths* prefix, const Lengths* suffix_length,
               const flatbuffers::Vector<std::uint8_t>* suffix, std::size_t max_bytes)
      : prefix_(prefix), suffix_length_(suffix_length), suffix_(suffix), max_bytes_(max_bytes) {}

  bool next() {
    const auto shared = prefix_->Get(index_);
    const auto length = suffix_length_->Get(index_);
    ++index_;
    if (shared > text_.size() || length > size_of(suffix_) - used_ ||
        shared + std::size_t{length} > max_bytes_) {
      return false;
    }
    text_.resize(shared);
    if (length != 0) text_.append(reinterpret_cast<const char*>(suffix_->data()) + used_, length);
    used_ += length;
    return true;
  }

  const std::string& text() const { return text_; }
  bool used_up() const { return used_ == size_of(suffix_); }

 private:
  const Lengths* prefix_;
  const Lengths* suffix_length_;
  const flatbuffers::Vector<std::uint8_t>* suffix_;
  std::size_t max_bytes_;
  flatbuffers::uoffset_t index_ = 0;
  std::size_t used_ = 0;
  std::string text_;
};

FrontDecoder path_decoder(const wire::DictBatch& batch) {
  return {batch.path_prefix_size(), batch.path_suffix_size(), batch.path_suffix(), kMaxPathBytes};
}

FrontDecoder cmdline_decoder(const wire::DictBatch& batch) {
  return {batch.cmdline_prefix_size(), batch.cmdline_suffix_size(), batch.cmdline_suffix(), kMaxCmdlineBytes};
}

FrontDecoder cgroup_decoder(const wire::DictBatch& batch) {
  return {batch.cgroup_prefix_size(), batch.cgroup_suffix_size(), batch.cgroup_suffix(), kMaxCgroupBytes};
}

// Version 0.1 has no control groups.
bool has_cgroups(const wire::DictBatch& batch) {
  return batch.cgroup_prefix_size() != nullptr;
}

// One vector per field of Process, numbers as differences.
struct ProcessColumns {
  std::vector<std::uint32_t> pid, ppid, parent, uid, gid, exe;
  std::vector<std::uint64_t> start_time;
  std::vector<std::uint8_t> flags, comm_length;
  std::string comm;
  FrontCoded cmdline;
  FrontCoded cgroup;

  void add(const Process& process, const Process& before) {
    pid.push_back(process.pid - before.pid);
    ppid.push_back(process.ppid - before.ppid);
    parent.push_back(process.parent - before.parent);
    uid.push_back(process.uid);
    gid.push_back(process.gid);
    exe.push_back(process.exe - before.exe);
    start_time.push_back(process.start_time_ns - before.start_time_ns);
    flags.push_back(process.flags);
    comm_length.push_back(static_cast<std::uint8_t>(process.comm.size()));
    comm += process.comm;
    cmdline.add(process.cmdline);
    cgroup.add(process.cgroup);
  }
};

flatbuffers::Offset<wire::DictBatch> put_batch(flatbuffers::FlatBufferBuilder& builder,
                                               const FrontCoded& paths, const ProcessColumns& processes) {
  return wire::CreateDictBatch(
      builder, builder.CreateVector(paths.prefix), builder.CreateVector(paths.suffix_length),
      put_bytes(builder, paths.suffix), builder.CreateVector(processes.pid),
      builder.CreateVector(processes.ppid), builder.CreateVector(processes.parent),
      builder.CreateVector(processes.uid), builder.CreateVector(processes.gid),
      builder.CreateVector(processes.start_time), builder.CreateVector(processes.exe),
      builder.CreateVector(processes.flags), builder.CreateVector(processes.comm_length),
      put_bytes(builder, processes.comm), builder.CreateVector(processes.cmdline.prefix),
      builder.CreateVector(processes.cmdline.suffix_length), put_bytes(builder, processes.cmdline.suffix),
      builder.CreateVector(processes.cgroup.prefix), builder.CreateVector(processes.cgroup.suffix_length),
      put_bytes(builder, processes.cgroup.suffix));
}

bool cgroups_have_declared_sizes(const wire::DictBatch& batch, std::size_t processes) {
  const auto expected = has_cgroups(batch) ? processes : 0;
  return size_of(batch.cgroup_prefix_size()) == expected && size_of(batch.cgroup_suffix_size()) == expected;
}

bool vectors_have_declared_sizes(const wire::DictBatch& batch, std::size_t paths, std::size_t processes) {
  return size_of(batch.path_prefix_size()) == paths && size_of(batch.path_suffix_size()) == paths &&
         size_of(batch.pid_delta()) == processes && size_of(batch.ppid_delta()) == processes &&
         size_of(batch.parent_delta()) == processes && size_of(batch.uid()) == processes &&
         size_of(batch.gid()) == processes && size_of(batch.start_time_delta()) == processes &&
         size_of(batch.exe_delta()) == processes && size_of(batch.flags()) == processes &&
         size_of(batch.comm_size()) == processes && size_of(batch.cmdline_prefix_size()) == processes &&
         size_of(batch.cmdline_suffix_size()) == processes && cgroups_have_declared_sizes(batch, processes);
}

// Walks all strings without keeping them; empty when a length does not fit.
std::optional<std::uint64_t> string_bytes(const wire::DictBatch& batch) {
  std::uint64_t total = size_of(batch.comm());
  auto path = path_decoder(batch);
  for (std::size_t i = 0; i < size_of(batch.path_prefix_size()); ++i) {
    if (!path.next() || path.text().empty()) return {};
    total += path.text().size();
  }
  auto cmdline = cmdline_decoder(batch);
  for (std::size_t i = 0; i < size_of(batch.cmdline_prefix_size()); ++i) {
    if (!cmdline.next()) return {};
    total += cmdline.text().size();
  }
  auto cgroup = cgroup_decoder(batch);
  for (std::size_t i = 0; i < size_of(batch.cgroup_prefix_size()); ++i) {
    if (!cgroup.next()) return {};
    total += cgroup.text().size();
  }
  std::size_t comm_bytes = 0;
  for (std::size_t i = 0; i < size_of(batch.comm_size()); ++i) {
    const std::size_t length = batch.comm_size()->Get(static_cast<flatbuffers::uoffset_t>(i));
    if (length > kMaxCommBytes) return {};
    comm_bytes += length;
  }
  if (!path.used_up() || !cmdline.used_up() || !cgroup.used_up() || comm_bytes != size_of(batch.comm()))
    return {};
  return total;
}

// An executable or parent must have an id that was given out before.
bool references_point_back(const wire::DictBatch& batch, std::uint32_t path_limit, ProcessId first_process) {
  std::uint32_t exe = 0;
  std::uint32_t parent = 0;
  for (flatbuffers::uoffset_t i = 0; i < size_of(batch.pid_delta()); ++i) {
    exe += batch.exe_delta()->Get(i);
    parent += batch.parent_delta()->Get(i);
    if (exe >= path_limit || parent >= first_process + i) return false;
  }
  return true;
}

void add_paths(const wire::DictBatch& batch, Dictionary& dictionary) {
  auto path = path_decoder(batch);
  for (std::size_t i = 0; i < size_of(batch.path_prefix_size()); ++i) {
    if (path.next()) dictionary.add_path(path.text());
  }
}

// References to entries that were lost become 0, unknown.
void add_processes(const wire::DictBatch& batch, Dictionary& dictionary) {
  Process sum;
  auto cmdline = cmdline_decoder(batch);
  auto cgroup = cgroup_decoder(batch);
  std::size_t comm_used = 0;
  for (flatbuffers::uoffset_t i = 0; i < size_of(batch.pid_delta()); ++i) {
    sum.pid += batch.pid_delta()->Get(i);
    sum.ppid += batch.ppid_delta()->Get(i);
    sum.parent += batch.parent_delta()->Get(i);
    sum.exe += batch.exe_delta()->Get(i);
    sum.start_time_ns += batch.start_time_delta()->Get(i);
    Process process = sum;
    if (!dictionary.knows_path(process.exe)) process.exe = 0;
    if (!dictionary.knows_process(process.parent)) process.parent = 0;
    process.uid = batch.uid()->Get(i);
    process.gid = batch.gid()->Get(i);
    process.flags = batch.flags()->Get(i);
    const std::size_t comm_length = batch.comm_size()->Get(i);
    if (comm_length != 0) {
      process.comm.assign(reinterpret_cast<const char*>(batch.comm()->data()) + comm_used, comm_length);
    }
    comm_used += comm_length;
    if (cmdline.next()) process.cmdline = cmdline.text();
    if (has_cgroups(batch) && cgroup.next()) process.cgroup = cgroup.text();
    dictionary.add_process(std::move(process));
  }
}

// What is wrong with the ids and sizes that the metadata declares.
std::string check_meta(const wire::DictMeta& meta, const Dictionary& dictionary) {
  if (std::uint64_t{meta.path_count()} + meta.process_count() > kMaxDictEntriesPerFrame)
    return "too many entries";
  if (meta.inflated() > kMaxColumnBytes) return "dictionary batch is too large";
  if (meta.first_path() <= dictionary.path_count() || meta.first_process() <= dictionary.process_count()) {
    return "ids were given out before";
  }
  if (std::uint64_t{meta.first_path()} + meta.path_count() > kMaxPaths + 1 ||
      std::uint64_t{meta.first_process()} + meta.process_count() > kMaxProcesses + 1) {
    return "ids are beyond the limit";
  }
  return {};
}

}  // namespace

void encode_dictionary(const DictionaryBatch& batch, ZstdCompressor& compressor, std::vector<std::byte>& meta,
                       std::vector<std::byte>& body) {
  FrontCoded paths;
  for (const auto path : batch.paths) paths.add(path);
  ProcessColumns processes;
  const Process nothing;
  const Process* before = &nothing;
  for (const auto& process : batch.processes) {
    processes.add(process, *before);
    before = &process;
  }
  flatbuffers::FlatBufferBuilder table_builder;
  const auto table = finished_bytes(table_builder, put_batch(table_builder, paths, processes));
  body.clear();
  compressor.append_frame(table, body);

  flatbuffers::FlatBufferBuilder meta_builder;
  meta = finished_bytes(
      meta_builder,
      wire::CreateDictMeta(meta_builder, batch.first_path, static_cast<std::uint32_t>(batch.paths.size()),
                           batch.first_process, static_cast<std::uint32_t>(batch.processes.size()),
                           static_cast<std::uint32_t>(table.size())));
}

std::string decode_dictionary(std::span<const std::byte> meta_untrusted,
                              std::span<const std::byte> body_untrusted, ZstdDecompressor& decompressor,
                              Dictionary& dictionary) {
  const auto* meta = verified_table<wire::DictMeta>(meta_untrusted);
  if (meta == nullptr) return "metadata is malformed";
  if (auto fault = check_meta(*meta, dictionary); !fault.empty()) return fault;
  std::vector<std::byte> inflated;
  if (!decompressor.inflate(body_untrusted, meta->inflated(), inflated))
    return "body does not decompress as declared";
  const auto* batch = verified_table<wire::DictBatch>(inflated);
  if (batch == nullptr) return "dictionary batch is malformed";
  if (!vectors_have_declared_sizes(*batch, meta->path_count(), meta->process_count()))
    return "entry counts differ";
  const auto bytes = string_bytes(*batch);
  if (!bytes) return "string lengths do not fit";
  if (*bytes + dictionary.byte_count() > kMaxDictionaryBytes) return "the dictionary is beyond the limit";
  if (!references_point_back(*batch, meta->first_path() + meta->path_count(), meta->first_process())) {
    return "a process refers to an id that was not given out";
  }
  dictionary.skip_to(meta->first_path(), meta->first_process());
  add_paths(*batch, dictionary);
  add_processes(*batch, dictionary);
  return {};
}

}  // namespace rfan::format
