#include "format/wire/dictionary_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "format/base/limits.h"
#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/varint.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

constexpr std::uint64_t kStartTimeUnitNs = 1000;

// Limits the strings of all entries of a frame: twice the size at which a writer stops (for paths and for
// processes), and one last entry of each.
constexpr std::uint64_t kMaxBatchBytes =
    2 * kMaxDictBytesPerFrame + kMaxPathBytes + kMaxCommBytes + kMaxCmdlineBytes + kMaxCgroupBytes;

std::size_t common_prefix(std::string_view a, std::string_view b) {
  const auto length = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.begin(), a.begin() + static_cast<std::ptrdiff_t>(length), b.begin()).first - a.begin());
}

std::size_t common_tail(std::string_view a, std::string_view b) {
  const auto length = std::min(a.size(), b.size());
  return static_cast<std::size_t>(
      std::mismatch(a.rbegin(), a.rbegin() + static_cast<std::ptrdiff_t>(length), b.rbegin()).first -
      a.rbegin());
}

// Writes `text` as the numbers of bytes that it shares with `like` at both ends, and the bytes between.
void add_string(std::string_view text, std::string_view like, std::vector<std::uint8_t>& numbers,
                std::string& middles) {
  const auto prefix = common_prefix(text, like);
  const auto tail = common_tail(text.substr(prefix), like.substr(prefix));
  const auto middle = text.substr(prefix, text.size() - prefix - tail);
  append_varint(prefix, numbers);
  append_varint(tail, numbers);
  append_varint(middle.size(), numbers);
  middles += middle;
}

std::vector<std::uint8_t> front_code(std::span<const std::string_view> paths, std::string& text) {
  std::vector<std::uint8_t> sizes;
  std::string_view before;
  for (const auto path : paths) {
    const auto prefix = common_prefix(path, before);
    append_varint(prefix, sizes);
    append_varint(path.size() - prefix, sizes);
    text += path.substr(prefix);
    before = path;
  }
  return sizes;
}

// The kernel ends paths, names and control groups with NUL. A NUL inside one would forge a second name in
// every list that NUL separates.
bool is_name(std::string_view text) {
  return text.find('\0') == text.npos;
}

using Bytes = flatbuffers::Vector<std::uint8_t>;

// Reads the two vectors of one kind of entry side by side.
struct EntryReader {
  EntryReader(const Bytes* numbers_untrusted, const Bytes* text_untrusted)
      : numbers(numbers_untrusted == nullptr ? nullptr : numbers_untrusted->data(),
                size_of(numbers_untrusted)) {
    if (text_untrusted == nullptr) return;
    text = {reinterpret_cast<const char*>(text_untrusted->data()), text_untrusted->size()};
  }

  // Returns the next `size` bytes of text.
  std::string_view take(std::uint64_t size) {
    if (size > text.size()) {
      fits = false;
      return {};
    }
    const auto taken = text.substr(0, static_cast<std::size_t>(size));
    text.remove_prefix(taken.size());
    return taken;
  }

  // A string as add_string() wrote it: how many bytes of the other string stay at both ends, and the bytes
  // between. difference() reads one; the other string has `like_bytes`.
  struct Difference {
    std::size_t prefix = 0;
    std::size_t tail = 0;
    std::string_view middle{};
    std::size_t size() const { return prefix + middle.size() + tail; }
  };
  Difference difference(std::size_t like_bytes, std::size_t max_bytes) {
    const auto prefix = static_cast<std::size_t>(numbers.next_up_to(like_bytes));
    const auto tail = static_cast<std::size_t>(numbers.next_up_to(like_bytes - prefix));
    const auto middle = numbers.next_up_to(max_bytes);
    if (prefix + tail + middle > max_bytes) fits = false;
    if (!sound()) return {};
    return {prefix, tail, take(middle)};
  }

  bool sound() const { return fits && !numbers.failed(); }
  bool used_up() const { return sound() && numbers.at_end() && text.empty(); }

  VarintReader numbers;
  std::string_view text;
  bool fits = true;
};

Fault beyond(std::uint64_t limit) {
  return fmt::format(
      "the names unfold to more than {} MiB, the limit for a trace of this size (--unfold-limit)",
      limit >> 20U);
}

// Counts the text of one batch while it unfolds.
class BatchBudget {
 public:
  BatchBudget(std::uint64_t limit, const GrowingDictionary& dictionary)
      : limit_(limit), room_(limit - std::min(limit, dictionary.unfolded_bytes())) {}

  bool take(std::uint64_t bytes) {
    taken_ += bytes;
    return taken_ <= room_ && taken_ <= kMaxBatchBytes;
  }
  // Returns why take() returned false.
  Fault fault() const {
    if (taken_ > room_) return beyond(limit_);
    if (taken_ > kMaxBatchBytes) return "the batch is too large";
    return {};
  }

 private:
  const std::uint64_t limit_;
  const std::uint64_t room_;
  std::uint64_t taken_ = 0;
};

// Adds the paths of a batch. Returns false if one is malformed or there is no room for it.
bool add_paths(const wire::DictBatch& batch, const IdRange& ids, BatchBudget& budget,
               GrowingDictionary& dictionary) {
  EntryReader in(batch.path_sizes(), batch.path_text());
  std::string_view before;
  for (auto id = ids.first; id < ids.end(); ++id) {
    const auto shared = static_cast<std::size_t>(in.numbers.next_up_to(before.size()));
    const auto rest = in.take(in.numbers.next_up_to(kMaxPathBytes));
    const auto size = shared + rest.size();
    if (!in.sound() || size == 0 || size > kMaxPathBytes || !is_name(rest) || !budget.take(size))
      return false;
    before = dictionary.put_path(id, before.substr(0, shared), rest);
  }
  return in.used_up();
}

// Adds the processes of a batch. A process whose example is lost is lost as well.
class ProcessesReader {
 public:
  ProcessesReader(const wire::DictBatch& batch, const DictionaryIds& ids, GrowingDictionary& dictionary)
      : in_(batch.process_numbers(), batch.process_text()), dictionary_(dictionary), ids_(ids) {}

  // Returns false if one is malformed or there is no room for it.
  bool read(BatchBudget& budget) {
    for (auto id = ids_.processes.first; id < ids_.processes.end(); ++id) {
      const auto process = next(id);
      if (!in_.sound()) return false;
      if (!process) {
        dictionary_.forget_processes({id, 1});
        continue;
      }
      if (!budget.take(process->string_bytes())) return false;
      dictionary_.put_process(id, *process);
    }
    return in_.used_up();
  }

 private:
  // Reads one process, or returns nothing if its example is lost. References to entries that are known to be
  // lost become 0, unknown.
  std::optional<ProcessEntry> next(ProcessId id) {
    auto& numbers = in_.numbers;
    sum_.pid += static_cast<std::uint32_t>(unzigzag(numbers.next()));
    sum_.ppid += static_cast<std::uint32_t>(unzigzag(numbers.next()));
    sum_.start_time_ns += unzigzag(numbers.next()) * kStartTimeUnitNs;
    auto process = sum_;
    process.parent = earlier(id);
    if (!dictionary_.expects_process(process.parent)) process.parent = 0;
    process.uid = static_cast<std::uint32_t>(numbers.next_up_to(UINT32_MAX));
    process.gid = static_cast<std::uint32_t>(numbers.next_up_to(UINT32_MAX));
    process.exe = static_cast<PathId>(numbers.next_up_to(ids_.paths.end() - 1));
    if (!dictionary_.expects_path(process.exe)) process.exe = 0;
    process.flags = static_cast<std::uint8_t>(numbers.next_up_to(UINT8_MAX));
    const auto example = earlier(id);
    if (!dictionary_.expects_process(example)) return skip_strings();
    take_strings(dictionary_.process_so_far(example), process);
    return process;
  }

  // Reads the distance to an earlier id and returns that id, or 0 for none.
  ProcessId earlier(ProcessId id) {
    const auto distance = in_.numbers.next_up_to(id - 1);
    return distance == 0 ? 0 : static_cast<ProcessId>(id - distance);
  }

  void take_strings(const ProcessEntry& like, ProcessEntry& process) {
    process.comm = like_text(like.comm, name_difference(like.comm.size(), kMaxCommBytes));
    const auto cmdline = in_.difference(like.cmdline_bytes, kMaxCmdlineBytes);
    process.cmdline_bytes = static_cast<std::uint32_t>(cmdline.size());
    if (dictionary_.wanted_processes() == ProcessDetail::kAll)
      process.cmdline = like_text(like.cmdline, cmdline);
    process.cgroup = like_text(like.cgroup, name_difference(like.cgroup.size(), kMaxCgroupBytes));
  }

  EntryReader::Difference name_difference(std::size_t like_bytes, std::size_t max_bytes) {
    const auto difference = in_.difference(like_bytes, max_bytes);
    if (!is_name(difference.middle)) in_.fits = false;
    return difference;
  }

  // Keeps equal strings in memory only once; most names and control groups are equal.
  std::string_view like_text(std::string_view like, const EntryReader::Difference& by) {
    if (by.prefix == like.size() && by.size() == like.size()) return like;
    return dictionary_.keep(like.substr(0, by.prefix), by.middle, like.substr(like.size() - by.tail));
  }

  std::optional<ProcessEntry> skip_strings() {
    for (int i = 0; i < 3; ++i) {
      in_.numbers.next();
      in_.numbers.next();
      in_.take(in_.numbers.next());
    }
    return {};
  }

  EntryReader in_;
  GrowingDictionary& dictionary_;
  const DictionaryIds& ids_;
  ProcessEntry sum_;
};

// Checks the ids and sizes that the metadata declares.
Fault check_meta(const wire::DictMeta& meta, std::uint64_t limit, const GrowingDictionary& dictionary) {
  if (std::uint64_t{meta.path_count()} + meta.process_count() > kMaxDictEntriesPerFrame)
    return "too many entries";
  if (meta.first_path() <= dictionary.path_count() || meta.first_process() <= dictionary.process_count()) {
    return "ids were given out before";
  }
  if (std::uint64_t{meta.first_path()} + meta.path_count() > kMaxPaths + 1 ||
      std::uint64_t{meta.first_process()} + meta.process_count() > kMaxProcesses + 1) {
    return "ids are beyond the limit";
  }
  const auto paths = std::uint64_t{meta.first_path()} - dictionary.path_count() - 1 + meta.path_count();
  const auto processes =
      std::uint64_t{meta.first_process()} - dictionary.process_count() - 1 + meta.process_count();
  const auto more = paths * kUnfoldedPathBytes + processes * kUnfoldedProcessBytes;
  return dictionary.unfolded_bytes() + more > limit ? beyond(limit) : Fault();
}

// Returns true if an encoder of this version or a later one may write such a body: a few numbers an entry
// besides the text, and some room for unknown fields. Otherwise few bytes of a file could keep a reader
// inflating for long.
bool is_plausible(const wire::DictBatch& batch, const DictionaryIds& ids, std::size_t inflated_bytes) {
  constexpr std::size_t kMaxPathNumbers = 2 * kMaxVarintBytes;
  constexpr std::size_t kMaxProcessNumbers = 18 * kMaxVarintBytes;
  constexpr std::size_t kUnknownFields = 64 * 1024;
  const std::size_t paths = ids.paths.count;
  const std::size_t processes = ids.processes.count;
  const auto sizes = size_of(batch.path_sizes());
  const auto path_text = size_of(batch.path_text());
  const auto numbers = size_of(batch.process_numbers());
  const auto process_text = size_of(batch.process_text());
  return sizes <= paths * kMaxPathNumbers && path_text <= paths * kMaxPathBytes &&
         numbers <= processes * kMaxProcessNumbers &&
         process_text <= processes * (kMaxCommBytes + kMaxCmdlineBytes + kMaxCgroupBytes) &&
         inflated_bytes <= kUnknownFields + 2 * (sizes + path_text + numbers + process_text);
}

// Puts the entries of the inflated body; some of them if there is a fault.
Fault put_entries(std::span<const std::byte> inflated, const DictionaryIds& ids, DictionaryParts parts,
                  std::uint64_t limit, GrowingDictionary& dictionary) {
  const auto* batch = verified_table<wire::DictBatch>(inflated);
  if (batch == nullptr || !is_plausible(*batch, ids, inflated.size())) return "dictionary batch is malformed";
  BatchBudget budget(limit, dictionary);
  const auto fault = [&](const char* malformed) {
    auto no_room = budget.fault();
    return no_room ? no_room : Fault(malformed);
  };
  if (parts.paths && !add_paths(*batch, ids.paths, budget, dictionary)) return fault("a path is malformed");
  if (parts.processes && dictionary.wanted_processes() != ProcessDetail::kNone &&
      !ProcessesReader(*batch, ids, dictionary).read(budget)) {
    return fault("a process is malformed");
  }
  return {};
}

}  // namespace

void DictionaryEncoder::restart() {
  by_exe_.clear();
  latest_exe_ = 0;
}

const DictionaryEncoder::Example& DictionaryEncoder::example_for(const Process& process) const {
  auto found = by_exe_.find(process.exe);
  if (found == by_exe_.end()) found = by_exe_.find(latest_exe_);
  return found == by_exe_.end() ? none_ : found->second;
}

void DictionaryEncoder::add_process(const Process& process, ProcessId id, const Process& before,
                                    std::vector<std::uint8_t>& numbers, std::string& text) {
  const auto& like = example_for(process);
  const auto signed_difference = [](std::uint64_t now, std::uint64_t then) { return zigzag(now - then); };
  append_varint(signed_difference(process.pid, before.pid), numbers);
  append_varint(signed_difference(process.ppid, before.ppid), numbers);
  append_varint(
      signed_difference(process.start_time_ns / kStartTimeUnitNs, before.start_time_ns / kStartTimeUnitNs),
      numbers);
  append_varint(process.parent == 0 ? 0 : id - process.parent, numbers);
  append_varint(process.uid, numbers);
  append_varint(process.gid, numbers);
  append_varint(process.exe, numbers);
  append_varint(process.flags, numbers);
  append_varint(like.id == 0 ? 0 : id - like.id, numbers);
  add_string(process.comm, like.comm, numbers, text);
  add_string(process.cmdline, like.cmdline, numbers, text);
  add_string(process.cgroup, like.cgroup, numbers, text);
  by_exe_[process.exe] = {id, process.comm, process.cmdline, process.cgroup};
  latest_exe_ = process.exe;
}

void DictionaryEncoder::encode(const DictionaryBatch& batch, ZstdCompressor& compressor,
                               std::vector<std::byte>& meta, std::vector<std::byte>& body) {
  std::string path_text;
  const auto path_sizes = front_code(batch.paths, path_text);
  std::vector<std::uint8_t> numbers;
  std::string process_text;
  const Process nothing;
  const Process* before = &nothing;
  auto id = batch.first_process;
  for (const auto& process : batch.processes) {
    add_process(process, id++, *before, numbers, process_text);
    before = &process;
  }
  flatbuffers::FlatBufferBuilder table_builder;
  const auto sizes = table_builder.CreateVector(path_sizes);
  const auto paths = put_bytes(table_builder, path_text);
  const auto process_numbers = table_builder.CreateVector(numbers);
  const auto texts = put_bytes(table_builder, process_text);
  const auto table = finished_bytes(
      table_builder, wire::CreateDictBatch(table_builder, sizes, paths, process_numbers, texts));
  body.clear();
  compressor.append_frame(table, body);

  flatbuffers::FlatBufferBuilder meta_builder;
  meta = finished_bytes(
      meta_builder,
      wire::CreateDictMeta(meta_builder, batch.first_path, static_cast<std::uint32_t>(batch.paths.size()),
                           batch.first_process, static_cast<std::uint32_t>(batch.processes.size())));
}

Fault expect_entries(std::span<const std::byte> meta_untrusted, std::uint64_t limit,
                     GrowingDictionary& dictionary, DictionaryIds& ids) {
  const auto* meta = verified_table<wire::DictMeta>(meta_untrusted);
  if (meta == nullptr) return "metadata is malformed";
  if (auto fault = check_meta(*meta, limit, dictionary)) return fault;
  ids = {{meta->first_path(), meta->path_count()}, {meta->first_process(), meta->process_count()}};
  dictionary.expect(ids);
  return {};
}

Fault decode_entries(std::span<const std::byte> body_untrusted, const DictionaryIds& ids,
                     DictionaryParts parts, std::uint64_t limit, ZstdDecompressor& decompressor,
                     GrowingDictionary& dictionary) {
  std::vector<std::byte> inflated;
  Fault fault = "body does not decompress";
  if (decompressor.inflate(body_untrusted, kMaxColumnBytes, inflated))
    fault = put_entries(inflated, ids, parts, limit, dictionary);
  if (!fault) return fault;
  // Charged because a file of nothing but wrong bodies would otherwise make the reader inflate them all.
  dictionary.charge(inflated.size());
  forget_entries(ids, parts, dictionary);
  return fault;
}

void forget_entries(const DictionaryIds& ids, DictionaryParts parts, GrowingDictionary& dictionary) {
  if (parts.paths) dictionary.forget_paths(ids.paths);
  if (parts.processes) dictionary.forget_processes(ids.processes);
}

}  // namespace rfan::format
