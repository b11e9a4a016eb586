#include "format/trace/trace_writer.h"

#include <absl/container/flat_hash_map.h>
#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <vector>

#include "format/base/byte_arena.h"
#include "format/base/unfolding.h"
#include "format/columns/block_encoder.h"
#include "format/model/loss_summary.h"
#include "format/wire/dictionary_codec.h"
#include "format/wire/frame.h"
#include "format/wire/metadata.h"
#include "format/wire/zstd_codec.h"

namespace rfan::format {
namespace {

// A CLOCK frame is written if the offset of the clocks moved by more than this: a tenth of the millisecond
// that printed times show.
constexpr std::uint64_t kClockDriftNs = 100'000;

// Returns the offset modulo 2^64. Differences of two offsets are modulo 2^64 too: a clock may be set to
// anything.
std::uint64_t offset_of(const ClockSample& sample) {
  return sample.realtime_ns - sample.monotonic_ns;
}

bool clock_moved(std::uint64_t from, std::uint64_t to) {
  return to - from > kClockDriftNs && from - to > kClockDriftNs;
}

}  // namespace

Uuid random_uuid() {
  Uuid uuid{};
  // For 16 bytes getrandom neither fails nor returns less once the kernel's generator is ready, and it waits
  // until then.
  while (::getrandom(uuid.data(), uuid.size(), 0) != static_cast<ssize_t>(uuid.size())) {
  }
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0FU) | 0x40U);  // version 4
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3FU) | 0x80U);  // RFC 4122 variant
  return uuid;
}

struct TraceWriter::State {
  State(std::unique_ptr<ByteSink> sink_to_own, const TraceWriterOptions& options)
      : sink(std::move(sink_to_own)),
        durable(options.sync),
        seed(options.file),
        compressor(options.zstd_level),
        small_compressor(std::max(options.zstd_level, kSmallFrameLevel)),
        block(options.time_unit_ns) {}

  void add_frame(FrameType type, std::span<const std::byte> meta_bytes, std::span<const std::byte> body_bytes,
                 FrameRecord record = {});
  void add_meta_frame(const TraceMeta& trace_meta);
  void add_dictionary_frames();
  bool has_room_for(std::uint64_t bytes_more);
  std::size_t batch_paths() const;
  std::size_t batch_processes(std::size_t bytes_left, std::size_t entries_left) const;
  void add_events_frame();
  void add_losses_frame();
  void add_mounts_frame();
  void add_index_frame();
  void add_index_if_due();
  void add_clock_frame(const ClockSample& sample, bool always);
  void add_pending(const ClockSample& sample, bool always_clock);
  Status append_pending();

  // Output. `pending` holds finished frames that will lie at `offset`.
  std::unique_ptr<ByteSink> sink;
  bool durable;
  ChecksumSeed seed;
  std::vector<std::byte> pending;
  std::uint64_t offset = 0;
  std::uint32_t frame_number = 0;
  std::optional<Error> failure;

  IndexPart index;  // frames since the last INDEX
  std::size_t blocks_since_index = 0;

  // Dictionaries: the known entries, and those that the next DICT frame has to add.
  ByteArena bytes;
  std::uint64_t unfolded_bytes = 0;  // as a reader's dictionary counts
  absl::flat_hash_map<std::string_view, PathId> path_ids;
  std::vector<std::string_view> new_paths;
  std::vector<Process> new_processes;
  std::vector<bool> has_exe{false};  // by process id
  PathId first_new_path = 1;
  ProcessId first_new_process = 1;

  DictionaryEncoder dictionary;

  ZstdCompressor compressor;
  ZstdCompressor small_compressor;
  BlockEncoder block;
  TraceTotals sealed_totals;
  std::vector<Loss> new_losses;
  std::vector<Loss> losses;
  std::vector<MountCoverage> new_mounts;
  std::vector<MountCoverage> mounts;
  std::vector<ClockSample> new_clocks;
  std::optional<std::uint64_t> written_clock_offset;
  std::uint64_t clocks_known_ns = 0;
  std::optional<ClockSample> first_clock;

  // Scratch for the metadata and body of one frame.
  std::vector<std::byte> meta;
  std::vector<std::byte> body;
};

void TraceWriter::State::add_frame(FrameType type, std::span<const std::byte> meta_bytes,
                                   std::span<const std::byte> body_bytes, FrameRecord record) {
  const auto frame_offset = offset + pending.size();
  append_frame(type, frame_number++, frame_offset, seed, meta_bytes, body_bytes, pending);
  record.type = type;
  record.length = offset + pending.size() - frame_offset;
  index.frames.push_back(record);
}

void TraceWriter::State::add_meta_frame(const TraceMeta& trace_meta) {
  auto inflated = encode_meta(trace_meta);
  const auto head = encode_meta_head(inflated.size());
  const auto schema = std::as_bytes(std::span(schema_text()));
  inflated.insert(inflated.end(), schema.begin(), schema.end());
  body.clear();
  small_compressor.append_frame(inflated, body);
  add_frame(FrameType::kMeta, head, body);
}

// If a file is damaged at one place, the INDEX frames of the other places open it.
void TraceWriter::State::add_index_frame() {
  index.totals = sealed_totals;
  body.clear();
  small_compressor.append_frame(encode_index_frames(index.frames), body);
  const auto index_offset = offset + pending.size();
  append_frame(FrameType::kIndex, frame_number++, index_offset, seed, encode_index(index), body, pending);
  index.previous = index_offset;
  index.first_frame = offset + pending.size();
  index.frames.clear();
  blocks_since_index = 0;
  dictionary.restart();
}

void TraceWriter::State::add_index_if_due() {
  if (blocks_since_index >= kBlocksPerIndex || index.frames.size() >= kMaxFramesPerIndex / 2)
    add_index_frame();
}

// Returns true if a reader takes `bytes_more` more bytes of names. The bytes of the file before the end of a
// DICT frame limit its names. Writing the entries that wait for their frame makes the file longer: a frame of
// one entry has more than 100 bytes, which allow more than any entry takes.
bool TraceWriter::State::has_room_for(std::uint64_t bytes_more) {
  const auto fits = [&] {
    return unfolded_bytes + bytes_more <= default_unfolded_limit(offset + pending.size());
  };
  if (fits()) return true;
  add_dictionary_frames();
  return fits();
}

// Returns how many new paths fit into one frame.
std::size_t TraceWriter::State::batch_paths() const {
  std::size_t size = 0;
  std::size_t count = 0;
  while (count < new_paths.size() && count < kMaxDictEntriesPerFrame && size < kMaxDictBytesPerFrame) {
    size += new_paths[count++].size();
  }
  return count;
}

std::size_t TraceWriter::State::batch_processes(std::size_t bytes_left, std::size_t entries_left) const {
  std::size_t size = 0;
  std::size_t count = 0;
  while (count < new_processes.size() && count < entries_left && size < bytes_left) {
    size += new_processes[count].string_bytes();
    ++count;
  }
  return count;
}

// Writes paths first: a process may name an executable that is new as well.
void TraceWriter::State::add_dictionary_frames() {
  while (!new_paths.empty() || !new_processes.empty()) {
    const auto paths = batch_paths();
    const bool all_paths = paths == new_paths.size();
    const auto processes =
        all_paths ? batch_processes(kMaxDictBytesPerFrame, kMaxDictEntriesPerFrame - paths) : 0;
    dictionary.encode({first_new_path, first_new_process, std::span(new_paths).first(paths),
                       std::span(new_processes).first(processes)},
                      small_compressor, meta, body);
    add_frame(FrameType::kDict, meta, body);
    add_index_if_due();
    new_paths.erase(new_paths.begin(), new_paths.begin() + static_cast<std::ptrdiff_t>(paths));
    new_processes.erase(new_processes.begin(),
                        new_processes.begin() + static_cast<std::ptrdiff_t>(processes));
    first_new_path += static_cast<PathId>(paths);
    first_new_process += static_cast<ProcessId>(processes);
  }
}

void TraceWriter::State::add_events_frame() {
  if (block.empty()) return;
  const auto& totals = block.totals();
  FrameRecord record;
  record.count = static_cast<std::uint32_t>(totals.events);
  record.first_ns = totals.first_ns;
  record.last_ns = totals.last_ns;
  sealed_totals.merge(totals);
  block.seal(block.small() ? small_compressor : compressor, meta, body);
  add_frame(FrameType::kEvents, meta, body, record);
  ++blocks_since_index;
}

void TraceWriter::State::add_losses_frame() {
  if (new_losses.empty()) return;
  add_frame(FrameType::kLoss, encode_losses(new_losses), {});
  losses.insert(losses.end(), new_losses.begin(), new_losses.end());
  new_losses.clear();
  if (losses.size() > kMaxFooterLosses) losses = LossSummary(losses).losses();
}

void TraceWriter::State::add_mounts_frame() {
  if (new_mounts.empty()) return;
  add_frame(FrameType::kMounts, encode_mounts(new_mounts), {});
  mounts.insert(mounts.end(), new_mounts.begin(), new_mounts.end());
  new_mounts.clear();
}

void TraceWriter::State::add_clock_frame(const ClockSample& sample, bool always) {
  clocks_known_ns = sample.monotonic_ns;
  const auto clock_offset = offset_of(sample);
  const bool moved = !written_clock_offset || clock_moved(*written_clock_offset, clock_offset);
  if (!moved && !always) return;
  add_frame(FrameType::kClock, encode_clock(sample), {});
  written_clock_offset = clock_offset;
  if (!first_clock) first_clock = sample;
}

// CLOCK comes before EVENTS, so that a reader can give the time of day from the first event on. DICT comes
// before EVENTS, so that every id is known when it occurs.
void TraceWriter::State::add_pending(const ClockSample& sample, bool always_clock) {
  for (const auto& clock : new_clocks) {
    if (clock.monotonic_ns >= clocks_known_ns) add_clock_frame(clock, false);
  }
  new_clocks.clear();
  add_clock_frame(sample, always_clock);
  add_dictionary_frames();
  add_events_frame();
  add_losses_frame();
  add_mounts_frame();
  add_index_if_due();
}

Status TraceWriter::State::append_pending() {
  if (failure) return *failure;
  if (pending.empty()) return {};
  auto appended = sink->append(pending);
  if (appended && durable) appended = sink->sync();
  if (!appended) {
    failure = appended.error();
    return appended;
  }
  offset += pending.size();
  pending.clear();
  return {};
}

TraceWriter::TraceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceWriter::~TraceWriter() = default;

Result<std::unique_ptr<TraceWriter>> TraceWriter::create(std::unique_ptr<ByteSink> sink,
                                                         const TraceWriterOptions& options,
                                                         const TraceMeta& meta) {
  auto state = std::make_unique<State>(std::move(sink), options);
  FileHeader header;
  header.version_major = kVersionMajor;
  header.version_minor = kVersionMinor;
  header.session = options.session;
  header.file = options.file;
  header.file_sequence = options.file_sequence;
  append_header(header, state->pending);
  state->index.first_frame = state->pending.size();
  auto complete_meta = meta;
  complete_meta.time_unit_ns = options.time_unit_ns;
  state->add_meta_frame(complete_meta);
  if (auto appended = state->append_pending(); !appended) return appended.error();
  return std::unique_ptr<TraceWriter>(new TraceWriter(std::move(state)));
}

PathId TraceWriter::intern_path(std::string_view path) {
  auto& state = *state_;
  if (const auto known = state.path_ids.find(path); known != state.path_ids.end()) return known->second;
  const auto id = add_path(path);
  if (id != 0) state.path_ids.emplace(state.new_paths.back(), id);
  return id;
}

PathId TraceWriter::add_path(std::string_view path) {
  auto& state = *state_;
  const auto unfolded = path.size() + kUnfoldedPathBytes;
  if (path.empty() || path.size() > kMaxPathBytes || path_count() >= kMaxPaths ||
      !state.has_room_for(unfolded))
    return 0;
  state.new_paths.push_back(state.bytes.add(path));
  state.unfolded_bytes += unfolded;
  return path_count();
}

ProcessId TraceWriter::add_process(const Process& process) {
  auto& state = *state_;
  assert(process.exe <= path_count() && process.parent <= process_count());
  Process entry = process;
  entry.comm.resize(std::min(entry.comm.size(), kMaxCommBytes));
  if (entry.cmdline.size() > kMaxCmdlineBytes) {
    entry.cmdline.resize(kMaxCmdlineBytes);
    entry.flags |= kProcessCmdlineTruncated;
  }
  // A cut path would name another group.
  if (entry.cgroup.size() > kMaxCgroupBytes) entry.cgroup.clear();
  const auto unfolded = entry.string_bytes() + kUnfoldedProcessBytes;
  if (process_count() >= kMaxProcesses || !state.has_room_for(unfolded)) return 0;
  state.unfolded_bytes += unfolded;
  state.has_exe.push_back(process.exe != 0);
  state.new_processes.push_back(std::move(entry));
  return process_count();
}

void TraceWriter::add_event(const Event& event) {
  assert(!block_full());
  assert(event.process <= process_count() && event.path <= path_count() && event.path2 <= path_count());
  assert(event.kind >= EventKind::kOpen && static_cast<std::size_t>(event.kind) < kEventKindLimit);
  state_->block.add(event, state_->has_exe[event.process]);
}

bool TraceWriter::block_full() const {
  return state_->block.full();
}

void TraceWriter::add_loss(const Loss& loss) {
  state_->new_losses.push_back(loss);
}

void TraceWriter::add_mount(const MountCoverage& mount) {
  state_->new_mounts.push_back(mount);
}

void TraceWriter::add_clock(const ClockSample& clock) {
  state_->new_clocks.push_back(clock);
}

Status TraceWriter::append_block(const EncodedBlock& encoded, const LatencyHistogram& latencies) {
  auto& state = *state_;
  if (state.failure) return *state.failure;
  state.add_dictionary_frames();
  state.add_events_frame();
  auto totals = encoded.statistics.totals;
  totals.reply_latency = latencies;
  state.sealed_totals.merge(totals);
  state.add_frame(FrameType::kEvents, encoded.meta, encoded.body,
                  {.count = static_cast<std::uint32_t>(totals.events),
                   .first_ns = totals.first_ns,
                   .last_ns = totals.last_ns});
  ++state.blocks_since_index;
  state.add_index_if_due();
  return state.append_pending();
}

Status TraceWriter::flush(const ClockSample& clock) {
  if (state_->failure) return *state_->failure;
  state_->add_pending(clock, false);
  return state_->append_pending();
}

Status TraceWriter::finish(const ClockSample& clock, TraceSummary summary) {
  auto& state = *state_;
  if (state.failure) return *state.failure;
  state.add_pending(clock, true);
  summary.totals = state.sealed_totals;
  summary.losses = state.losses;
  summary.path_count = path_count();
  summary.process_count = process_count();
  summary.first_clock = state.first_clock;
  summary.later_mounts = state.mounts;
  state.add_index_frame();
  const auto footer_offset = state.offset + state.pending.size();
  const auto footer = encode_footer(summary, state.index.previous);
  append_frame(FrameType::kFooter, state.frame_number++, footer_offset, state.seed, footer, {},
               state.pending);
  append_trailer(footer_offset, state.offset + state.pending.size(), state.seed, state.pending);
  if (auto appended = state.append_pending(); !appended) return appended;
  auto closed = state.sink->close();
  if (!closed) state.failure = closed.error();
  return closed;
}

std::uint64_t TraceWriter::bytes_written() const {
  return state_->sink->offset();
}

TraceTotals TraceWriter::totals() const {
  auto totals = state_->sealed_totals;
  totals.merge(state_->block.totals());
  return totals;
}

std::uint64_t TraceWriter::event_count() const {
  return state_->sealed_totals.events + state_->block.totals().events;
}

std::uint32_t TraceWriter::path_count() const {
  return static_cast<std::uint32_t>(state_->first_new_path - 1 + state_->new_paths.size());
}
std::uint32_t TraceWriter::process_count() const {
  return static_cast<std::uint32_t>(state_->has_exe.size() - 1);
}

}  // namespace rfan::format
