#include "format/trace/trace_file.h"

#include <mutex>
#include <set>
#include <utility>

#include "format/base/fault.h"
#include "format/trace/dictionary_loader.h"
#include "format/trace/directory.h"
#include "format/trace/frame_table.h"
#include "format/trace/trace_context.h"
#include "format/wire/block_statistics.h"
#include "format/wire/frame_scanner.h"
#include "format/wire/header_reader.h"

namespace rfan::format {
namespace {

// Covers head and metadata of a block with statistics of some hundred processes, or all of a small block.
constexpr std::size_t kFirstReadBytes = 4096;

Result<FrameTable> list_frames(ByteSource& source, const ChecksumSeed& seed, TraceFile::Access access,
                               TraceContext& context) {
  if (access == TraceFile::Access::kByDirectory) {
    std::optional<Damage> contradiction;
    if (const auto directory = read_directory(source, seed, contradiction))
      return list_frames_by_directory(source, seed, *directory, context);
    if (contradiction) context.report(*contradiction);
  }
  return list_frames_by_heads(source, seed, context);
}

}  // namespace

struct TraceFile::State {
  State(std::unique_ptr<ByteSource> source_to_own, const FileHeader& file_header,
        std::unique_ptr<SharedContext> shared_to_own, FrameTable frame_table)
      : source(std::move(source_to_own)),
        header(file_header),
        seed(file_header.file),
        shared(std::move(shared_to_own)),
        frames(std::move(frame_table)),
        dictionary(*source, seed, *shared, frames.dictionary_frames) {}

  const TraceContext& context() const { return shared->context; }
  const Dictionary& dictionary_of(const EncodedBlock& block) {
    return dictionary.of_block_at(block.origin.offset);
  }
  void report_block(const Damage& damage);
  Status lose_block(const EncodedBlock& block, const Error& error);
  // Reports the outcome of decoding a block, and returns it.
  Status report_outcome(Status status, const EncodedBlock& block, const MissingEntries& missing,
                        BlockDecoder& decoder);

  const std::unique_ptr<ByteSource> source;
  const FileHeader header;
  const ChecksumSeed seed;
  const std::unique_ptr<SharedContext> shared;
  const FrameTable frames;
  DictionaryLoader dictionary;
  std::set<std::uint64_t> reported_blocks;  // offsets; guarded by the mutex of `shared`
};

void TraceFile::State::report_block(const Damage& damage) {
  const std::lock_guard lock(shared->mutex);
  if (reported_blocks.insert(damage.offset).second) shared->context.report(damage);
}

// Reports a block that is damaged. Any other error is returned as it is.
Status TraceFile::State::lose_block(const EncodedBlock& block, const Error& error) {
  if (!error.is_damage()) return error;
  report_block({block.origin.offset, block.origin.bytes, error.what, block.origin.events});
  return Error{.what = error.what,
               .path = source->name(),
               .hint = "the events of this block are lost",
               .kind = ErrorKind::kDamage};
}

Status TraceFile::State::report_outcome(Status status, const EncodedBlock& block,
                                        const MissingEntries& missing, BlockDecoder& decoder) {
  if (const auto damage = decoder.damage_of(block, dictionary_of(block), status, missing))
    report_block(*damage);
  return status;
}

TraceFile::TraceFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceFile::~TraceFile() = default;

Result<std::unique_ptr<TraceFile>> TraceFile::open(std::unique_ptr<ByteSource> source,
                                                   DamageCallback on_damage, Access access) {
  if (!source->size()) {
    return Error{"cannot read trace", source->name(), 0, "this needs a file, not a pipe"};
  }
  auto header = read_header(*source);
  if (!header) return header.error();
  auto shared = std::make_unique<SharedContext>(std::move(on_damage));
  auto frames = list_frames(*source, ChecksumSeed(header->file), access, shared->context);
  if (!frames) return frames.error();
  auto state =
      std::make_unique<State>(std::move(source), *header, std::move(shared), std::move(frames).value());
  return std::unique_ptr<TraceFile>(new TraceFile(std::move(state)));
}

Result<EncodedBlock> TraceFile::read_block(std::size_t index) const {
  EncodedBlock block;
  auto status = read_statistics(index, block);
  if (status) status = read_body(block);
  if (!status) return status.error();
  return block;
}

Status TraceFile::read_statistics(std::size_t index, EncodedBlock& block) const {
  const auto& entry = state_->frames.blocks[index];
  PartialFrame frame{entry.offset, entry.length, std::move(block.bytes), 0, {}};
  const auto read = read_frame_start(*state_->source, state_->seed, kFirstReadBytes, frame);
  block.bytes = std::move(frame.bytes);
  block.bytes_read = frame.bytes_read;
  block.body = {};
  block.origin = {entry.offset, entry.length, describe_frame(frame.head), entry.events};
  if (!read) return state_->lose_block(block, read.error());
  block.meta = std::span(block.bytes).subspan(kFrameHeadBytes, frame.head.meta_length);
  block.statistics = {};
  Fault fault = "the directory calls it EVENTS";
  if (frame.head.is(FrameType::kEvents))
    fault = check_block(block.meta, frame.head.body_length, block.statistics);
  const auto& totals = block.statistics.totals;
  if (!fault && totals.events != entry.events) fault = "the directory gives another count";
  if (!fault && (totals.first_ns != entry.first_ns || totals.last_ns != entry.last_ns))
    fault = "the directory gives other times";
  if (!fault) return {};
  return state_->lose_block(
      block, {.what = block.origin.description + ": " + fault.what, .kind = ErrorKind::kDamage});
}

Status TraceFile::read_body(EncodedBlock& block) const {
  if (!block.body.empty()) return {};
  const auto& origin = block.origin;
  PartialFrame frame{origin.offset, origin.bytes, std::move(block.bytes), block.bytes_read, {}};
  const auto head = std::span(frame.bytes).first<kFrameHeadBytes>();
  frame.head = *parse_frame_head(head, origin.offset, state_->seed);  // checked before
  const auto read = read_frame_rest(*state_->source, state_->seed, frame);
  block.bytes = std::move(frame.bytes);
  block.bytes_read = frame.bytes_read;
  if (!read) return state_->lose_block(block, read.error());
  block.body = std::span(block.bytes).subspan(kFrameHeadBytes + block.meta.size());
  return {};
}

Status TraceFile::decode(const EncodedBlock& block, ColumnSet wanted, BlockDecoder& decoder,
                         EventColumns& out) const {
  auto status = decoder.decode(block, state_->dictionary_of(block), wanted, out);
  return state_->report_outcome(std::move(status), block, out.missing, decoder);
}

Status TraceFile::count_paths(const EncodedBlock& block, BlockDecoder& decoder,
                              std::span<std::uint32_t> counts) const {
  MissingEntries missing;
  auto status = decoder.count_paths(block, state_->dictionary_of(block), counts, missing);
  return state_->report_outcome(std::move(status), block, missing, decoder);
}

Status TraceFile::mark_paths(const EncodedBlock& block, const PathMarks& marks, BlockDecoder& decoder,
                             std::vector<std::uint8_t>& out) const {
  MissingEntries missing;
  auto status = decoder.mark_paths(block, state_->dictionary_of(block), marks, out, missing);
  return state_->report_outcome(std::move(status), block, missing, decoder);
}

const FileHeader& TraceFile::header() const {
  return state_->header;
}
const TraceMeta& TraceFile::meta() const {
  return state_->context().meta;
}
std::vector<MountCoverage> TraceFile::mounts() const {
  return state_->context().mounts();
}
void TraceFile::set_dictionary_loading(const DictionaryLoading& loading) {
  state_->dictionary.set(loading);
}
const Dictionary& TraceFile::dictionary() const {
  return state_->dictionary.load_all();
}
const Dictionary& TraceFile::dictionary_until(std::size_t block) const {
  const auto& entry = state_->frames.blocks[block];
  return state_->dictionary.load(entry.offset + entry.length);
}
const std::vector<Loss>& TraceFile::losses() const {
  return state_->context().losses;
}
const std::vector<ClockSample>& TraceFile::clocks() const {
  return state_->context().clocks;
}
const std::optional<TraceSummary>& TraceFile::footer() const {
  return state_->context().footer;
}
bool TraceFile::complete() const {
  return state_->frames.complete;
}
std::span<const BlockEntry> TraceFile::blocks() const {
  return state_->frames.blocks;
}
std::uint64_t TraceFile::damage_count() const {
  const std::lock_guard lock(state_->shared->mutex);
  return state_->context().damage_count;
}
std::uint64_t TraceFile::unknown_frames() const {
  return state_->context().unknown_frames;
}

}  // namespace rfan::format
