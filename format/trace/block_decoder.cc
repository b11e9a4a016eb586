#include "format/trace/block_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <numeric>

#include "format/base/any_above.h"
#include "format/base/fault.h"
#include "format/columns/column_codec.h"
#include "format/columns/path_column.h"
#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/zstd_codec.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

constexpr std::array<std::string_view, kColumnCount> kColumnNames = {"time", "kind",  "flags", "process",
                                                                     "path", "path2", "reply"};

// A column of n events takes at most 8 planes, a bitmap and its head. As many columns of a later minor
// version may follow.
std::size_t max_column_bytes(std::size_t events) {
  return std::min(events * 9 + 64, kMaxColumnBytes);
}
std::size_t max_joint_bytes(std::size_t events) {
  return std::min(2 * kColumnCount * max_column_bytes(events), kMaxColumnBytes);
}

// Adds the columns that the wanted ones need: predictions depend on other columns.
ColumnSet with_dependencies(ColumnSet wanted) {
  if ((wanted & kColumnReply) != 0) wanted |= kColumnFlags;
  if ((wanted & kColumnFlags) != 0) wanted |= kColumnKind;
  if ((wanted & kColumnPath) != 0) wanted |= kColumnProcess;
  return wanted;
}

template <typename T>
bool fill_constant(const ColumnInput& in, std::span<T> out) {
  if (!in.bytes.empty() || in.base > std::uint64_t{static_cast<T>(~T{0})}) return false;
  std::fill(out.begin(), out.end(), static_cast<T>(in.base));
  return true;
}

bool decode_time(const ColumnInput& in, std::uint64_t first_ns, std::uint32_t unit,
                 std::span<std::uint64_t> out) {
  if (in.encoding == Encoding::kConstant) {
    std::fill(out.begin(), out.end(), first_ns);
    return in.bytes.empty();
  }
  return in.encoding == Encoding::kDelta && decode_delta(in, first_ns, unit, out);
}

template <typename T>
bool decode_plain(const ColumnInput& in, std::span<T> out) {
  if (in.encoding == Encoding::kConstant) return fill_constant(in, out);
  return in.encoding == Encoding::kPlanes && decode_planes(in, out);
}

bool decode_kind(const ColumnInput& in, std::span<EventKind> out) {
  const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  if (in.encoding == Encoding::kNibbles ? !decode_nibbles(in, bytes) : !decode_plain(in, bytes)) return false;
  const auto range = range_of(bytes);
  return range.smallest >= 1 && range.largest < kEventKindLimit;
}

void clear_columns(EventColumns& out, ColumnSet unwanted) {
  if ((unwanted & kColumnTime) != 0) out.time_ns.clear();
  if ((unwanted & kColumnKind) != 0) out.kind.clear();
  if ((unwanted & kColumnFlags) != 0) out.flags.clear();
  if ((unwanted & kColumnProcess) != 0) out.process.clear();
  if ((unwanted & kColumnPath) != 0) out.path.clear();
  if ((unwanted & kColumnPath2) != 0) out.path2.clear();
  if ((unwanted & kColumnReply) != 0) out.reply_ns.clear();
}

// Ids that the dictionary lacks become 0, unknown.
MissingEntries forget_missing(const Dictionary& dictionary, EventColumns& columns) {
  if (dictionary.knows_processes(columns.process) && dictionary.knows_paths(columns.path) &&
      dictionary.knows_paths(columns.path2)) {
    return {};
  }
  const auto knows_path = [&](PathId id) { return dictionary.knows_path(id); };
  const auto knows_process = [&](ProcessId id) { return dictionary.knows_process(id); };
  const auto forget = [](std::vector<std::uint32_t>& ids, std::size_t i, auto knows) {
    if (ids.empty() || knows(ids[i])) return false;
    ids[i] = 0;
    return true;
  };
  MissingEntries missing;
  for (std::size_t i = 0; i < columns.count; ++i) {
    if (forget(columns.process, i, knows_process)) ++missing.processes;
    const bool first = forget(columns.path, i, knows_path);
    const bool second = forget(columns.path2, i, knows_path);
    if (first || second) ++missing.paths;
  }
  return missing;
}

// Returns the zstd frame of a column, in a block with a frame for each column.
std::span<const std::byte> column_frame(const EncodedBlock& block, std::size_t index) {
  const auto& lengths = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data())->column_bytes();
  const auto begin = std::accumulate(lengths.begin(), lengths.begin() + index, std::size_t{0});
  return block.body.subspan(begin, lengths.Get(static_cast<flatbuffers::uoffset_t>(index)));
}

Fault check_times(const BlockStatistics& statistics, const std::vector<std::uint64_t>& time_ns) {
  if (time_ns.empty() ||
      (time_ns.front() == statistics.totals.first_ns && time_ns.back() == statistics.totals.last_ns)) {
    return {};
  }
  return "times differ from the statistics";
}

}  // namespace

struct BlockDecoder::Scratch {
  ZstdDecompressor decompressor;
  std::vector<std::byte> inflated;
  ExplicitValues explicit_values;

  PathStretches stretches;
  std::vector<std::byte> inflated_processes;  // these stay while the paths, which need them, are inflated
  ColumnInput process_column;
  EventColumns columns;  // scratch of count_paths() and mark_paths()

  // Inflates one column of a block with a frame for each column into `bytes`. Returns false if it does not
  // decompress.
  bool inflate_column(const EncodedBlock& block, ColumnId id, std::vector<std::byte>& bytes,
                      ColumnInput& column);
  // Returns false if paths must be decoded event by event: in small blocks, and if anything is rare or wrong.
  bool open_stretches(const EncodedBlock& block, const Dictionary& dictionary);
  // Returns the one second path of all events, mostly 0, or nothing if they must be decoded.
  std::optional<PathId> only_second_path(const EncodedBlock& block, const Dictionary& dictionary);

  Fault decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted, EventColumns& out);
  bool decode_column(ColumnId id, const ColumnInput& in, const wire::EventBlock& block, EventColumns& out);
  Fault decode_columns(const EncodedBlock& block, ColumnSet needed, EventColumns& out);
  Fault decode_joint_columns(const EncodedBlock& block, ColumnSet needed, EventColumns& out);
};

// Decodes column `id`, whose dependencies are already in `out`.
bool BlockDecoder::Scratch::decode_column(ColumnId id, const ColumnInput& in, const wire::EventBlock& block,
                                          EventColumns& out) {
  switch (id) {
    case ColumnId::kTime:
      out.time_ns.resize(out.count);
      return decode_time(in, block.first_ns(), block.time_unit_ns(), out.time_ns);
    case ColumnId::kKind:
      out.kind.resize(out.count);
      return decode_kind(in, out.kind);
    case ColumnId::kFlags:
      out.flags.resize(out.count);
      return in.encoding == Encoding::kSparseByKind &&
             decode_sparse_by_kind(in, out.kind, explicit_values, out.flags);
    case ColumnId::kProcess:
      process_column = in;
      out.process.resize(out.count);
      return in.encoding == Encoding::kRuns ? decode_runs(in, explicit_values, out.process)
                                            : decode_plain(in, std::span(out.process));
    case ColumnId::kPath:
      out.path.resize(out.count);
      if (!stretches.open(process_column, in, out.count) && !stretches.open(out.process, in)) return false;
      stretches.decode(out.path);
      return true;
    case ColumnId::kPath2:
      out.path2.resize(out.count);
      return decode_plain(in, std::span(out.path2));
    case ColumnId::kReply:
      out.reply_ns.resize(out.count);
      return in.encoding == Encoding::kHeld && decode_held(in, out.flags, explicit_values, out.reply_ns);
  }
  return false;
}

// Decodes a block in which each column has a frame of its own: inflates only the columns that are needed.
Fault BlockDecoder::Scratch::decode_columns(const EncodedBlock& block, ColumnSet needed, EventColumns& out) {
  const auto& table = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  out.unknown_columns = table.column_bytes()->size() - kColumnCount;
  for (std::size_t index = 0; index < kColumnCount; ++index) {
    if ((needed & (1U << index)) == 0) continue;
    auto& bytes = static_cast<ColumnId>(index) == ColumnId::kProcess ? inflated_processes : inflated;
    if (!decompressor.inflate(column_frame(block, index), max_column_bytes(out.count), bytes)) {
      return fmt::format("column {} does not decompress", kColumnNames[index]);
    }
    std::span<const std::byte> rest(bytes);
    ColumnInput column;
    if (!take_column(rest, column) || !rest.empty() ||
        !decode_column(static_cast<ColumnId>(index), column, table, out)) {
      return fmt::format("column {} does not decode", kColumnNames[index]);
    }
  }
  return {};
}

// Decodes a block in which one frame holds all columns. Columns of a later minor version follow the known
// ones.
Fault BlockDecoder::Scratch::decode_joint_columns(const EncodedBlock& block, ColumnSet needed,
                                                  EventColumns& out) {
  const auto& table = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  if (!decompressor.inflate(block.body, max_joint_bytes(out.count), inflated))
    return "columns do not decompress";
  std::span<const std::byte> rest(inflated);
  for (std::size_t index = 0; index < kColumnCount; ++index) {
    ColumnInput column;
    const bool taken = take_column(rest, column);
    const bool wanted = (needed & (1U << index)) != 0;
    if (!taken || (wanted && !decode_column(static_cast<ColumnId>(index), column, table, out))) {
      return fmt::format("column {} does not decode", kColumnNames[index]);
    }
  }
  out.unknown_columns = 0;
  for (ColumnInput unknown; take_column(rest, unknown);) ++out.unknown_columns;
  if (!rest.empty()) return "columns do not fill their frame";
  return {};
}

Fault BlockDecoder::Scratch::decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted,
                                    EventColumns& out) {
  const auto& table = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  const auto needed = with_dependencies(wanted);
  out.count = table.count();
  clear_columns(out, kAllColumns & ~needed);
  auto fault = table.column_bytes() != nullptr ? decode_columns(block, needed, out)
                                               : decode_joint_columns(block, needed, out);
  if (fault) return fault;
  out.missing = forget_missing(dictionary, out);
  return check_times(block.statistics, out.time_ns);
}

bool BlockDecoder::Scratch::inflate_column(const EncodedBlock& block, ColumnId id,
                                           std::vector<std::byte>& bytes, ColumnInput& column) {
  const auto& table = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  const auto frame = column_frame(block, static_cast<std::size_t>(id));
  if (!decompressor.inflate(frame, max_column_bytes(table.count()), bytes)) return false;
  std::span<const std::byte> rest(bytes);
  return take_column(rest, column) && rest.empty();
}

bool BlockDecoder::Scratch::open_stretches(const EncodedBlock& block, const Dictionary& dictionary) {
  const auto& table = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  ColumnInput processes;
  ColumnInput paths;
  return table.column_bytes() != nullptr && !dictionary.has_gaps() &&
         inflate_column(block, ColumnId::kProcess, inflated_processes, processes) &&
         inflate_column(block, ColumnId::kPath, inflated, paths) &&
         stretches.open(processes, paths, table.count()) &&
         !any_above(stretches.processes(), dictionary.process_count());
}

std::optional<PathId> BlockDecoder::Scratch::only_second_path(const EncodedBlock& block,
                                                              const Dictionary& dictionary) {
  const auto& table = *flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  ColumnInput column;
  if (table.column_bytes() == nullptr || dictionary.has_gaps() ||
      !inflate_column(block, ColumnId::kPath2, inflated, column) || column.encoding != Encoding::kConstant ||
      !column.bytes.empty() || column.base > dictionary.path_count()) {
    return {};
  }
  return static_cast<PathId>(column.base);
}

BlockDecoder::BlockDecoder() : scratch_(std::make_unique<Scratch>()) {}
BlockDecoder::~BlockDecoder() = default;
BlockDecoder::BlockDecoder(BlockDecoder&&) noexcept = default;
BlockDecoder& BlockDecoder::operator=(BlockDecoder&&) noexcept = default;

Status BlockDecoder::decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted,
                            EventColumns& out) {
  const auto fault = scratch_->decode(block, dictionary, wanted, out);
  clear_columns(out, fault ? kAllColumns : kAllColumns & ~wanted);
  if (!fault) return {};
  out.count = 0;
  return Error{.what = block.origin.description + ": " + fault.what,
               .hint = "the events of this block are lost",
               .kind = ErrorKind::kDamage};
}

Status BlockDecoder::count_paths(const EncodedBlock& block, const Dictionary& dictionary,
                                 std::span<std::uint32_t> counts, MissingEntries& missing) {
  missing = {};
  if (scratch_->open_stretches(block, dictionary)) {
    missing.paths = scratch_->stretches.count(counts) ? 0 : 1;
    return {};
  }
  auto& columns = scratch_->columns;
  auto decoded = decode(block, dictionary, kColumnPath, columns);
  for (const auto path : columns.path) ++counts[path];
  missing = columns.missing;
  return decoded;
}

Status BlockDecoder::mark_paths(const EncodedBlock& block, const Dictionary& dictionary,
                                const PathMarks& marks, std::vector<std::uint8_t>& out,
                                MissingEntries& missing) {
  missing = {};
  const auto count = block.statistics.totals.events;
  ColumnSet left = 0;  // must be decoded after all
  out.resize(count + PathStretches::kMarkSlack);
  if (marks.first && scratch_->open_stretches(block, dictionary)) {
    missing.paths = scratch_->stretches.mark(marks.of_path, out) ? 0 : 1;
  } else {
    std::fill(out.begin(), out.end(), std::uint8_t{0});
    if (marks.first) left |= kColumnPath;
  }
  out.resize(count);
  if (marks.second) {
    const auto only = scratch_->only_second_path(block, dictionary);
    if (!only) left |= kColumnPath2;
    if (only && marks.of_path[*only] != 0) std::fill(out.begin(), out.end(), std::uint8_t{1});
  }
  if (left == 0) return {};
  auto& columns = scratch_->columns;
  auto decoded = decode(block, dictionary, left, columns);
  if (!decoded) return out.clear(), decoded;
  for (const auto* ids : {&columns.path, &columns.path2}) {
    for (std::size_t i = 0; i < ids->size(); ++i) out[i] |= marks.of_path[(*ids)[i]];
  }
  missing.paths += columns.missing.paths;
  missing.processes += columns.missing.processes;
  return {};
}

std::optional<Damage> BlockDecoder::damage_of(const EncodedBlock& block, const Dictionary& dictionary,
                                              const Status& status, const MissingEntries& missing) {
  if (status) return missing.any() ? std::optional(missing_entries(block, dictionary)) : std::nullopt;
  auto damage = block.origin;
  damage.description = status.error().what;
  return damage;
}

Damage BlockDecoder::missing_entries(const EncodedBlock& block, const Dictionary& dictionary) {
  EventColumns columns;
  const auto decoded = decode(block, dictionary, kAllColumns, columns);
  if (!decoded) return *damage_of(block, dictionary, decoded, {});
  auto damage = block.origin;
  damage.description +=
      fmt::format(": of {} events the path of {} and the process of {} are not in the dictionary",
                  columns.count, columns.missing.paths, columns.missing.processes);
  damage.bytes = 0;
  damage.events = 0;
  return damage;
}

}  // namespace rfan::format
