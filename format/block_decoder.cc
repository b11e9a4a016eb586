#include "format/block_decoder.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "format/column_codec.h"
#include "format/flatbuffer_bytes.h"
#include "format/zstd_codec.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

constexpr std::array<std::string_view, kColumnCount> kColumnNames = {"time", "kind",  "flags", "process",
                                                                     "path", "path2", "reply"};

// One column of the directory, with its part of the body. `bytes` of the input is what was inflated.
struct ColumnPart {
  Encoding encoding = Encoding::kConstant;
  std::uint32_t unit = 1;
  std::span<const std::byte> compressed;
  std::size_t inflated_bytes = 0;
  ColumnInput input;
};

std::array<ColumnPart, kColumnCount> column_parts(const wire::EventBlock& block,
                                                  std::span<const std::byte> body) {
  std::array<ColumnPart, kColumnCount> parts;
  std::size_t offset = 0;
  for (flatbuffers::uoffset_t i = 0; i < size_of(block.columns()); ++i) {
    const auto* column = block.columns()->Get(i);
    const auto compressed = body.subspan(offset, column->compressed());
    offset += column->compressed();
    if (column->column() >= kColumnCount) continue;
    parts[column->column()] = {static_cast<Encoding>(column->encoding()),
                               column->unit(),
                               compressed,
                               column->inflated(),
                               {column->width(), column->base(), {}}};
  }
  return parts;
}

// What must be decoded to get at the wanted columns: predictions lean on other columns.
ColumnSet with_dependencies(ColumnSet wanted) {
  if ((wanted & kColumnReply) != 0) wanted |= kColumnFlags;
  if ((wanted & kColumnFlags) != 0) wanted |= kColumnKind;
  if ((wanted & kColumnPath) != 0) wanted |= kColumnProcess;
  return wanted;
}

template <typename T>
bool fill_constant(const ColumnPart& part, std::span<T> out) {
  if (!part.compressed.empty() || part.input.base > std::uint64_t{static_cast<T>(~T{0})}) return false;
  std::fill(out.begin(), out.end(), static_cast<T>(part.input.base));
  return true;
}

bool decode_time(const ColumnPart& part, std::span<std::uint64_t> out) {
  if (part.encoding == Encoding::kConstant) {
    std::fill(out.begin(), out.end(), part.input.base * part.unit);
    return part.compressed.empty();
  }
  return part.encoding == Encoding::kDeltaPlanes && decode_delta_planes(part.input, part.unit, out);
}

bool decode_kind(const ColumnPart& part, std::span<EventKind> out) {
  const std::span<std::uint8_t> bytes(reinterpret_cast<std::uint8_t*>(out.data()), out.size());
  if (part.encoding == Encoding::kConstant) {
    if (!fill_constant(part, bytes)) return false;
  } else if (part.encoding != Encoding::kPlanes || !decode_planes(part.input, bytes)) {
    return false;
  }
  const auto range = range_of(bytes);
  return range.smallest >= 1 && range.largest < kEventKindLimit;
}

bool decode_ids(const ColumnPart& part, std::span<std::uint32_t> out) {
  if (part.encoding == Encoding::kConstant) return fill_constant(part, out);
  return part.encoding == Encoding::kPlanes && decode_planes(part.input, out);
}

// Decodes column `id`, whose dependencies are already in `out`.
bool decode_column(ColumnId id, const ColumnPart& part, ExplicitValues& scratch, EventColumns& out) {
  switch (id) {
    case ColumnId::kTime:
      out.time_ns.resize(out.count);
      return decode_time(part, out.time_ns);
    case ColumnId::kKind:
      out.kind.resize(out.count);
      return decode_kind(part, out.kind);
    case ColumnId::kFlags:
      out.flags.resize(out.count);
      return part.encoding == Encoding::kSparseByKind &&
             decode_sparse_by_kind(part.input, out.kind, scratch, out.flags);
    case ColumnId::kProcess:
      out.process.resize(out.count);
      return decode_ids(part, out.process);
    case ColumnId::kPath:
      out.path.resize(out.count);
      return part.encoding == Encoding::kSparseByProcess &&
             decode_sparse_by_process(part.input, out.process, scratch, out.path);
    case ColumnId::kPath2:
      out.path2.resize(out.count);
      return decode_ids(part, out.path2);
    case ColumnId::kReply:
      out.reply_ns.resize(out.count);
      return part.encoding == Encoding::kSparseHeld &&
             decode_sparse_held(part.input, part.unit, out.flags, scratch, out.reply_ns);
  }
  return false;
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

bool paths_known(std::span<const PathId> ids, const Dictionary& dictionary) {
  if (any_above(ids, dictionary.path_count())) return false;
  return !dictionary.has_gaps() ||
         std::all_of(ids.begin(), ids.end(), [&](PathId id) { return dictionary.knows_path(id); });
}

bool processes_known(std::span<const ProcessId> ids, const Dictionary& dictionary) {
  if (any_above(ids, dictionary.process_count())) return false;
  return !dictionary.has_gaps() ||
         std::all_of(ids.begin(), ids.end(), [&](ProcessId id) { return dictionary.knows_process(id); });
}

std::string check_values(const BlockStatistics& statistics, const Dictionary& dictionary,
                         const EventColumns& columns) {
  if (!processes_known(columns.process, dictionary)) return "a process is not in the dictionary";
  if (!paths_known(columns.path, dictionary) || !paths_known(columns.path2, dictionary)) {
    return "a path is not in the dictionary";
  }
  const auto& time = columns.time_ns;
  if (!time.empty() &&
      (time.front() != statistics.totals.first_ns || time.back() != statistics.totals.last_ns)) {
    return "times differ from the statistics";
  }
  return {};
}

}  // namespace

struct BlockDecoder::Scratch {
  ZstdDecompressor decompressor;
  std::vector<std::byte> inflated;
  ExplicitValues explicit_values;

  std::string decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted,
                     EventColumns& out);
};

std::string BlockDecoder::Scratch::decode(const EncodedBlock& block, const Dictionary& dictionary,
                                          ColumnSet wanted, EventColumns& out) {
  const auto* table = flatbuffers::GetRoot<wire::EventBlock>(block.meta.data());
  auto parts = column_parts(*table, block.body);
  const auto needed = with_dependencies(wanted);
  out.count = table->count();
  clear_columns(out, kAllColumns & ~needed);
  for (std::size_t index = 0; index < kColumnCount; ++index) {
    if ((needed & (1U << index)) == 0) continue;
    auto& part = parts[index];
    if (part.inflated_bytes != 0 && !decompressor.inflate(part.compressed, part.inflated_bytes, inflated)) {
      return fmt::format("column {} does not decompress as declared", kColumnNames[index]);
    }
    part.input.bytes = std::span(inflated).first(part.inflated_bytes);
    if (!decode_column(static_cast<ColumnId>(index), part, explicit_values, out)) {
      return fmt::format("column {} does not decode", kColumnNames[index]);
    }
  }
  return check_values(block.statistics, dictionary, out);
}

BlockDecoder::BlockDecoder() : scratch_(std::make_unique<Scratch>()) {}
BlockDecoder::~BlockDecoder() = default;
BlockDecoder::BlockDecoder(BlockDecoder&&) noexcept = default;
BlockDecoder& BlockDecoder::operator=(BlockDecoder&&) noexcept = default;

Status BlockDecoder::decode(const EncodedBlock& block, const Dictionary& dictionary, ColumnSet wanted,
                            EventColumns& out) {
  const auto fault = scratch_->decode(block, dictionary, wanted, out);
  clear_columns(out, fault.empty() ? kAllColumns & ~wanted : kAllColumns);
  if (fault.empty()) return {};
  out.count = 0;
  return Error{block.origin.description + ": " + fault, {}, 0, "the events of this block are lost"};
}

}  // namespace rfan::format
