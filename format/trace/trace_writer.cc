#include "format/trace/trace_writer.h"

#include <sys/random.h>

#include <algorithm>
#include <cassert>
#include <optional>
#include <vector>

#include "format/columns/block_encoder.h"
#include "format/model/loss_summary.h"
#include "format/trace/dictionary_writer.h"
#include "format/trace/frame_appender.h"
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

FileHeader header_of(const TraceWriterOptions& options) {
  FileHeader header;
  header.version_major = kVersionMajor;
  header.version_minor = kVersionMinor;
  header.session = options.session;
  header.file = options.file;
  header.file_sequence = options.file_sequence;
  return header;
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
  State(std::unique_ptr<ByteSink> sink, const TraceWriterOptions& options)
      : compressor(options.zstd_level),
        small_compressor(std::max(options.zstd_level, kSmallFrameLevel)),
        frames(std::move(sink), options.sync, header_of(options), small_compressor),
        dictionary(frames, small_compressor),
        block(options.time_unit_ns) {}

  void add_meta_frame(const TraceMeta& trace_meta);
  void add_events_frame();
  void add_losses_frame();
  void add_mounts_frame();
  void add_clock_frame(const ClockSample& sample, bool always);
  void add_pending(const ClockSample& sample, bool always_clock);

  ZstdCompressor compressor;
  ZstdCompressor small_compressor;
  FrameAppender frames;
  DictionaryWriter dictionary;
  BlockEncoder block;
  std::vector<Loss> new_losses;
  std::vector<Loss> losses;
  std::vector<MountCoverage> new_mounts;
  std::vector<MountCoverage> mounts;
  std::vector<ClockSample> new_clocks;
  std::optional<std::uint64_t> written_clock_offset;
  std::uint64_t clocks_known_ns = 0;
  std::optional<ClockSample> first_clock;

  // Scratch for the metadata and body of one block.
  std::vector<std::byte> meta;
  std::vector<std::byte> body;
};

void TraceWriter::State::add_meta_frame(const TraceMeta& trace_meta) {
  auto inflated = encode_meta(trace_meta);
  const auto head = encode_meta_head(inflated.size());
  const auto schema = std::as_bytes(std::span(schema_text()));
  inflated.insert(inflated.end(), schema.begin(), schema.end());
  small_compressor.append_frame(inflated, body);
  frames.add(FrameType::kMeta, head, body);
}

void TraceWriter::State::add_events_frame() {
  if (block.empty()) return;
  const TraceTotals totals = block.totals();
  block.seal(block.small() ? small_compressor : compressor, meta, body);
  frames.add_block(meta, body, totals);
}

void TraceWriter::State::add_losses_frame() {
  if (new_losses.empty()) return;
  frames.add(FrameType::kLoss, encode_losses(new_losses), {});
  losses.insert(losses.end(), new_losses.begin(), new_losses.end());
  new_losses.clear();
  if (losses.size() > kMaxFooterLosses) losses = LossSummary(losses).losses();
}

void TraceWriter::State::add_mounts_frame() {
  if (new_mounts.empty()) return;
  frames.add(FrameType::kMounts, encode_mounts(new_mounts), {});
  mounts.insert(mounts.end(), new_mounts.begin(), new_mounts.end());
  new_mounts.clear();
}

void TraceWriter::State::add_clock_frame(const ClockSample& sample, bool always) {
  clocks_known_ns = sample.monotonic_ns;
  const auto clock_offset = offset_of(sample);
  const bool moved = !written_clock_offset || clock_moved(*written_clock_offset, clock_offset);
  if (!moved && !always) return;
  frames.add(FrameType::kClock, encode_clock(sample), {});
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
  dictionary.add_frames();
  add_events_frame();
  add_losses_frame();
  add_mounts_frame();
  frames.add_index_if_due();
}

TraceWriter::TraceWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceWriter::~TraceWriter() = default;

Result<std::unique_ptr<TraceWriter>> TraceWriter::create(std::unique_ptr<ByteSink> sink,
                                                         const TraceWriterOptions& options,
                                                         const TraceMeta& meta) {
  auto state = std::make_unique<State>(std::move(sink), options);
  auto complete_meta = meta;
  complete_meta.time_unit_ns = options.time_unit_ns;
  state->add_meta_frame(complete_meta);
  if (auto appended = state->frames.append_pending(); !appended) return appended.error();
  return std::unique_ptr<TraceWriter>(new TraceWriter(std::move(state)));
}

PathId TraceWriter::intern_path(std::string_view path) {
  return state_->dictionary.intern_path(path);
}

PathId TraceWriter::add_path(std::string_view path) {
  return state_->dictionary.add_path(path);
}

ProcessId TraceWriter::add_process(const Process& process) {
  return state_->dictionary.add_process(process);
}

void TraceWriter::add_event(const Event& event) {
  assert(!block_full());
  assert(event.process <= process_count() && event.path <= path_count() && event.path2 <= path_count());
  assert(event.kind >= EventKind::kOpen && static_cast<std::size_t>(event.kind) < kEventKindLimit);
  state_->block.add(event, state_->dictionary.has_exe(event.process));
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
  if (auto status = state.frames.status(); !status) return status;
  state.dictionary.add_frames();
  state.add_events_frame();
  auto totals = encoded.statistics.totals;
  totals.reply_latency = latencies;
  state.frames.add_block(encoded.meta, encoded.body, totals);
  state.frames.add_index_if_due();
  return state.frames.append_pending();
}

Status TraceWriter::flush(const ClockSample& clock) {
  if (auto status = state_->frames.status(); !status) return status;
  state_->add_pending(clock, false);
  return state_->frames.append_pending();
}

Status TraceWriter::finish(const ClockSample& clock, TraceSummary summary) {
  auto& state = *state_;
  if (auto status = state.frames.status(); !status) return status;
  state.add_pending(clock, true);
  summary.totals = state.frames.totals();
  summary.losses = state.losses;
  summary.path_count = path_count();
  summary.process_count = process_count();
  summary.first_clock = state.first_clock;
  summary.later_mounts = state.mounts;
  state.frames.add_end(summary);
  if (auto appended = state.frames.append_pending(); !appended) return appended;
  return state.frames.close();
}

std::uint64_t TraceWriter::bytes_written() const {
  return state_->frames.bytes_written();
}

TraceTotals TraceWriter::totals() const {
  auto totals = state_->frames.totals();
  totals.merge(state_->block.totals());
  return totals;
}

std::uint64_t TraceWriter::event_count() const {
  return state_->frames.totals().events + state_->block.totals().events;
}

std::uint32_t TraceWriter::path_count() const {
  return state_->dictionary.path_count();
}
std::uint32_t TraceWriter::process_count() const {
  return state_->dictionary.process_count();
}

}  // namespace rfan::format
