#include "format/trace/trace_file.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <mutex>
#include <set>
#include <utility>

#include "format/base/fault.h"
#include "format/base/unfolding.h"
#include "format/trace/directory.h"
#include "format/trace/trace_context.h"
#include "format/wire/block_statistics.h"
#include "format/wire/frame_scanner.h"
#include "format/wire/header_reader.h"
#include "format/wire/metadata.h"

namespace rfan::format {

// Covers head and metadata of a block with statistics of some hundred processes, or all of a small block.
constexpr std::size_t kFirstReadBytes = 4096;
// Covers head and metadata of a DICT frame.
constexpr std::size_t kFirstDictionaryReadBytes = 128;
constexpr auto kWrongDirectory = "no DICT frame where the directory says";
constexpr auto kWholeFile = std::numeric_limits<std::uint64_t>::max();

struct TraceFile::State : EntrySource {
  struct DictionaryFrame {
    std::uint64_t offset;
    std::uint64_t length;
    std::size_t index_part;                   // which INDEX lists it
    DictionaryIds ids{};                      // once they are expected
    DictionaryParts unread = {false, false};  // expected entries that are still to be read
  };

  State(std::unique_ptr<ByteSource> source_to_own, const FileHeader& file_header, DamageCallback on_damage)
      : source(std::move(source_to_own)),
        header(file_header),
        seed(file_header.file),
        context(std::move(on_damage)) {}

  Status load(Access access);
  Status load_frame(std::uint64_t offset, const FrameRecord& record, std::size_t index_part);
  Status load_by_index(const Directory& directory);
  Status load_by_scan();
  void add_block(const Frame& frame);
  void report_block(const Damage& damage);
  Status lose_block(const EncodedBlock& block, const Error& error);
  const Dictionary& load_dictionary(std::uint64_t until);
  void load_names(DictionaryFrame& frame);
  void expect_names(DictionaryFrame& frame);
  void read_names(DictionaryFrame& frame, DictionaryParts parts);
  void lose_names(DictionaryFrame& frame, const std::string& fault);
  void forget_unread(DictionaryFrame& frame);
  std::vector<DictionaryFrame>::iterator expected_end() {
    return dictionary_frames.begin() + static_cast<std::ptrdiff_t>(dictionary_frames_read);
  }
  void read_paths(const IdRange& ids) override;
  void read_processes(const IdRange& ids) override;
  const Dictionary& names_of(const EncodedBlock& block);
  // Reports the outcome of decoding a block, and returns it.
  Status told(Status status, const EncodedBlock& block, const MissingNames& missing, BlockDecoder& decoder);

  std::unique_ptr<ByteSource> source;
  FileHeader header;
  ChecksumSeed seed;
  std::vector<BlockEntry> blocks;
  bool complete = false;

  std::vector<DictionaryFrame> dictionary_frames;  // in the order of the file
  bool names_on_demand = false;
  std::atomic<std::uint64_t> dictionary_until = 0;  // frames before this offset are in the dictionary

  std::mutex mutex;                        // guards the members that follow, once open() is done
  std::size_t dictionary_frames_read = 0;  // or expected
  std::vector<std::byte> frame_start;      // kept for its memory
  TraceContext context;
  std::set<std::uint64_t> reported_blocks;  // offsets
};

Status TraceFile::State::load_frame(std::uint64_t offset, const FrameRecord& record, std::size_t index_part) {
  if (record.type == FrameType::kEvents) {
    blocks.push_back({offset, record.length, record.count, record.first_ns, record.last_ns});
    return {};
  }
  if (record.type == FrameType::kDict) {
    dictionary_frames.push_back({offset, record.length, index_part});
    return {};
  }
  auto frame = read_frame_at(*source, seed, offset, record.length);
  if (!frame && !frame.error().is_damage()) return frame.error();
  if (frame) {
    context.take(*frame);
  } else {
    const bool none = holds_no_events(static_cast<std::uint8_t>(record.type));
    context.report(
        {offset, record.length, frame.error().what, none ? std::optional<std::uint64_t>(0) : std::nullopt});
  }
  return {};
}

Status TraceFile::State::load_by_index(const Directory& directory) {
  for (std::size_t part = 0; part < directory.parts.size(); ++part) {
    auto offset = directory.parts[part].first_frame;
    for (const auto& record : directory.parts[part].frames) {
      if (auto loaded = load_frame(offset, record, part); !loaded) return loaded;
      offset += record.length;
    }
  }
  context.take(directory.footer);
  complete = true;
  return {};
}

void TraceFile::State::add_block(const Frame& frame) {
  BlockStatistics statistics;
  const auto body_bytes = static_cast<std::size_t>(frame.head.body_length);
  const auto length = frame.head.frame_length();
  if (const auto fault = check_block(frame.meta(), body_bytes, statistics)) {
    return context.report({frame.offset, length, describe_frame(frame.head) + ": " + fault.what, {}});
  }
  const auto& totals = statistics.totals;
  blocks.push_back(
      {frame.offset, length, static_cast<std::uint32_t>(totals.events), totals.first_ns, totals.last_ns});
}

Status TraceFile::State::load_by_scan() {
  FrameScanner scanner(*source, seed, kHeaderBytes, EventBodies::kPassOver,
                       [this](const Damage& damage) { context.report(damage); });
  while (true) {
    auto frame = scanner.next();
    if (!frame) return frame.error();
    if (!*frame) break;
    if ((*frame)->head.is(FrameType::kEvents)) {
      add_block(**frame);
    } else {
      context.take(**frame);
    }
  }
  complete = context.footer && scanner.trailer() == context.footer_offset;
  std::uint64_t events = 0;
  for (const auto& block : blocks) events += block.events;
  context.compare_footer(events);
  return {};
}

Status TraceFile::State::load(Access access) {
  if (access == Access::kByDirectory) {
    std::optional<Damage> contradiction;
    if (const auto directory = read_directory(*source, seed, contradiction)) return load_by_index(*directory);
    if (contradiction) context.report(*contradiction);
  }
  return load_by_scan();
}

void TraceFile::State::report_block(const Damage& damage) {
  const std::lock_guard lock(mutex);
  if (reported_blocks.insert(damage.offset).second) context.report(damage);
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

const Dictionary& TraceFile::State::load_dictionary(std::uint64_t until) {
  if (dictionary_until.load(std::memory_order_acquire) >= until) return context.dictionary;
  const std::lock_guard lock(mutex);
  for (; dictionary_frames_read < dictionary_frames.size(); ++dictionary_frames_read) {
    auto& frame = dictionary_frames[dictionary_frames_read];
    if (frame.offset >= until) break;
    names_on_demand ? expect_names(frame) : load_names(frame);
  }
  if (names_on_demand) context.dictionary.read_on_demand(*this);
  if (dictionary_until < until) dictionary_until.store(until, std::memory_order_release);
  return context.dictionary;
}

void TraceFile::State::load_names(DictionaryFrame& frame) {
  auto read = read_frame_at(*source, seed, frame.offset, frame.length);
  if (!read) return lose_names(frame, read.error().what);
  if (!read->head.is(FrameType::kDict)) return lose_names(frame, kWrongDirectory);
  context.take(*read);
}

void TraceFile::State::lose_names(DictionaryFrame& frame, const std::string& fault) {
  context.report({frame.offset, frame.length, fault, 0});
  forget_unread(frame);
}

void TraceFile::State::forget_unread(DictionaryFrame& frame) {
  forget_entries(frame.ids, frame.unread, context.dictionary);
  frame.unread = {false, false};
}

// A frame that cannot be read gives no ids: its empty range keeps the frames ordered by their ids.
void TraceFile::State::expect_names(DictionaryFrame& frame) {
  auto& dictionary = context.dictionary;
  frame.ids = {{dictionary.path_count() + 1, 0}, {dictionary.process_count() + 1, 0}};
  PartialFrame start{frame.offset, frame.length, std::move(frame_start), 0, {}};
  const auto read = read_frame_start(*source, seed, kFirstDictionaryReadBytes, start);
  Frame without_body{frame.offset, start.head, std::move(start.bytes)};
  std::optional<DictionaryIds> ids;
  if (read && start.head.is(FrameType::kDict)) {
    ids = context.expect_names(without_body);
  } else {
    lose_names(frame, read ? kWrongDirectory : read.error().what);
  }
  frame_start = std::move(without_body.bytes);
  if (!ids) return;
  frame.ids = *ids;
  frame.unread.paths = ids->paths.count != 0;
  frame.unread.processes = ids->processes.count != 0 && dictionary.wanted_processes() != ProcessDetail::kNone;
}

void TraceFile::State::read_names(DictionaryFrame& frame, DictionaryParts parts) {
  parts = {parts.paths && frame.unread.paths, parts.processes && frame.unread.processes};
  if (!parts.paths && !parts.processes) return;
  auto read = read_frame_at(*source, seed, frame.offset, frame.length);
  if (!read) return lose_names(frame, read.error().what);
  // A fault is reported once. Entries that were put before it stay, because other threads may use them.
  if (!context.take_names(*read, frame.ids, parts, unfolded_limit(source->size().value_or(0))))
    return forget_unread(frame);
  frame.unread.paths = frame.unread.paths && !parts.paths;
  frame.unread.processes = frame.unread.processes && !parts.processes;
}

void TraceFile::State::read_paths(const IdRange& ids) {
  const std::lock_guard lock(mutex);
  auto frame = std::partition_point(dictionary_frames.begin(), expected_end(),
                                    [&](const auto& at) { return at.ids.paths.end() <= ids.first; });
  for (; frame != expected_end() && frame->ids.paths.first < ids.end(); ++frame)
    read_names(*frame, {true, false});
}

// Examples of processes are earlier processes, back to the last INDEX: reading starts there.
void TraceFile::State::read_processes(const IdRange& ids) {
  const std::lock_guard lock(mutex);
  const auto begin = dictionary_frames.begin();
  auto frame = std::partition_point(begin, expected_end(),
                                    [&](const auto& at) { return at.ids.processes.end() <= ids.first; });
  if (frame == expected_end()) return;
  while (frame != begin && std::prev(frame)->index_part == frame->index_part) --frame;
  for (; frame != expected_end() && frame->ids.processes.first < ids.end(); ++frame)
    read_names(*frame, {false, true});
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
  auto state = std::make_unique<State>(std::move(source), *header, std::move(on_damage));
  if (auto loaded = state->load(access); !loaded) return loaded.error();
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
  const auto& entry = state_->blocks[index];
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

const Dictionary& TraceFile::State::names_of(const EncodedBlock& block) {
  const bool loaded = dictionary_until.load(std::memory_order_acquire) > block.origin.offset;
  return loaded ? context.dictionary : load_dictionary(kWholeFile);
}

Status TraceFile::State::told(Status status, const EncodedBlock& block, const MissingNames& missing,
                              BlockDecoder& decoder) {
  if (const auto damage = decoder.damage_of(block, names_of(block), status, missing)) report_block(*damage);
  return status;
}

Status TraceFile::decode(const EncodedBlock& block, ColumnSet wanted, BlockDecoder& decoder,
                         EventColumns& out) const {
  auto status = decoder.decode(block, state_->names_of(block), wanted, out);
  return state_->told(std::move(status), block, out.missing, decoder);
}

Status TraceFile::count_paths(const EncodedBlock& block, BlockDecoder& decoder,
                              std::span<std::uint32_t> counts) const {
  MissingNames missing;
  auto status = decoder.count_paths(block, state_->names_of(block), counts, missing);
  return state_->told(std::move(status), block, missing, decoder);
}

Status TraceFile::mark_paths(const EncodedBlock& block, const PathMarks& marks, BlockDecoder& decoder,
                             std::vector<std::uint8_t>& out) const {
  MissingNames missing;
  auto status = decoder.mark_paths(block, state_->names_of(block), marks, out, missing);
  return state_->told(std::move(status), block, missing, decoder);
}

const FileHeader& TraceFile::header() const {
  return state_->header;
}
const TraceMeta& TraceFile::meta() const {
  return state_->context.meta;
}
std::vector<MountCoverage> TraceFile::mounts() const {
  return state_->context.mounts();
}
void TraceFile::want_processes(ProcessDetail detail) const {
  const std::lock_guard lock(state_->mutex);
  state_->context.dictionary.want_processes(detail);
}
void TraceFile::read_names_on_demand() const {
  state_->names_on_demand = true;
}
const Dictionary& TraceFile::dictionary() const {
  return state_->load_dictionary(kWholeFile);
}
const Dictionary& TraceFile::dictionary_until(std::size_t block) const {
  const auto& entry = state_->blocks[block];
  return state_->load_dictionary(entry.offset + entry.length);
}
const std::vector<Loss>& TraceFile::losses() const {
  return state_->context.losses;
}
const std::vector<ClockSample>& TraceFile::clocks() const {
  return state_->context.clocks;
}
const std::optional<TraceSummary>& TraceFile::footer() const {
  return state_->context.footer;
}
bool TraceFile::complete() const {
  return state_->complete;
}
std::span<const BlockEntry> TraceFile::blocks() const {
  return state_->blocks;
}
std::uint64_t TraceFile::damage_count() const {
  const std::lock_guard lock(state_->mutex);
  return state_->context.damage_count;
}
std::uint64_t TraceFile::unknown_frames() const {
  return state_->context.unknown_frames;
}

}  // namespace rfan::format
