#include "format/trace/trace_reader.h"

#include <algorithm>
#include <cassert>
#include <utility>

#include "format/trace/block_decoder.h"
#include "format/trace/directory.h"
#include "format/trace/trace_context.h"
#include "format/wire/header_reader.h"

namespace rfan::format {

struct TraceReader::State {
  State(std::unique_ptr<ByteSource> source_to_own, const FileHeader& file_header, DamageCallback on_damage)
      : source(std::move(source_to_own)),
        header(file_header),
        seed(file_header.file),
        context(std::move(on_damage)),
        scanner(*source, seed, kHeaderBytes, EventBodies::kRead,
                [this](const Damage& damage) { context.report(damage); }) {}

  Status read_meta();
  Result<std::optional<Frame>> next_frame();
  void report_block(const Damage& damage);
  // Reports the outcome of decoding a block, and returns it.
  Status report_outcome(Status status, const EncodedBlock& block, const MissingEntries& missing);
  std::optional<TraceSummary> footer_by_trailer();

  std::unique_ptr<ByteSource> source;
  FileHeader header;
  ChecksumSeed seed;
  TraceContext context;
  FrameScanner scanner;
  std::optional<Frame> held_back;  // read by open(), but not a META
  BlockDecoder decoder;
  std::optional<std::uint64_t> reported_block;  // offset of the last block whose columns were reported
  std::uint64_t events = 0;                     // in the blocks that were returned
  bool at_end = false;
  bool directory_read = false;
};

Result<std::optional<Frame>> TraceReader::State::next_frame() {
  if (held_back) return std::exchange(held_back, std::nullopt);
  return scanner.next();
}

// A trace whose META is damaged still has its events: that is damage, and no reason to refuse the file.
Status TraceReader::State::read_meta() {
  auto frame = scanner.next();
  if (!frame) return frame.error();
  if (!*frame) return {};
  if ((*frame)->head.is(FrameType::kMeta)) {
    context.take(**frame);
  } else {
    held_back = std::move(*frame);
  }
  return {};
}

void TraceReader::State::report_block(const Damage& damage) {
  if (reported_block == damage.offset) return;
  reported_block = damage.offset;
  context.report(damage);
}

std::optional<TraceSummary> TraceReader::State::footer_by_trailer() {
  std::optional<Damage> contradiction;
  auto directory = read_directory(*source, seed, contradiction);
  if (contradiction) context.report(*contradiction);
  if (!directory) return {};
  return std::move(directory->summary);
}

TraceReader::TraceReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
TraceReader::~TraceReader() = default;

Result<std::unique_ptr<TraceReader>> TraceReader::open(std::unique_ptr<ByteSource> source,
                                                       DamageCallback on_damage) {
  auto header = read_header(*source);
  if (!header) return header.error();
  auto state = std::make_unique<State>(std::move(source), *header, std::move(on_damage));
  if (auto read = state->read_meta(); !read) return read.error();
  return std::unique_ptr<TraceReader>(new TraceReader(std::move(state)));
}

const FileHeader& TraceReader::header() const {
  return state_->header;
}
const TraceMeta& TraceReader::meta() const {
  return state_->context.meta;
}

Result<std::optional<EncodedBlock>> TraceReader::next_block() {
  while (!state_->at_end) {
    auto frame = state_->next_frame();
    if (!frame) return frame.error();
    if (!*frame) {
      state_->at_end = true;
      state_->context.compare_footer(state_->events);
      break;
    }
    if (!(*frame)->head.is(FrameType::kEvents)) {
      state_->context.take(**frame);
    } else if (auto block = state_->context.block_of(std::move(**frame))) {
      state_->events += block->statistics.totals.events;
      return block;
    }
  }
  return std::optional<EncodedBlock>();
}

Status TraceReader::State::report_outcome(Status status, const EncodedBlock& block,
                                          const MissingEntries& missing) {
  if (const auto damage = decoder.damage_of(block, context.dictionary, status, missing))
    report_block(*damage);
  return status;
}

Status TraceReader::decode(const EncodedBlock& block, ColumnSet wanted, EventColumns& out) {
  auto status = state_->decoder.decode(block, state_->context.dictionary, wanted, out);
  return state_->report_outcome(std::move(status), block, out.missing);
}

Status TraceReader::count_paths(const EncodedBlock& block, std::span<std::uint32_t> counts) {
  MissingEntries missing;
  auto status = state_->decoder.count_paths(block, state_->context.dictionary, counts, missing);
  return state_->report_outcome(std::move(status), block, missing);
}

Status TraceReader::mark_paths(const EncodedBlock& block, const PathMarks& marks,
                               std::vector<std::uint8_t>& out) {
  MissingEntries missing;
  auto status = state_->decoder.mark_paths(block, state_->context.dictionary, marks, out, missing);
  return state_->report_outcome(std::move(status), block, missing);
}

std::vector<MountCoverage> TraceReader::mounts() const {
  return state_->context.mounts();
}
const Dictionary& TraceReader::dictionary() const {
  return state_->context.dictionary;
}
const std::vector<Loss>& TraceReader::losses() const {
  return state_->context.losses;
}
const std::vector<ClockSample>& TraceReader::clocks() const {
  return state_->context.clocks;
}

std::optional<TraceSummary> TraceReader::footer() {
  if (!state_->context.footer && !std::exchange(state_->directory_read, true))
    state_->context.footer = state_->footer_by_trailer();
  return state_->context.footer;
}

bool TraceReader::complete() const {
  return state_->at_end && state_->context.footer && state_->context.footer_offset &&
         state_->scanner.trailer() == state_->context.footer_offset;
}

std::uint64_t TraceReader::damage_count() const {
  return state_->context.damage_count;
}
std::uint64_t TraceReader::unknown_frames() const {
  return state_->context.unknown_frames;
}
std::uint64_t TraceReader::bytes_read() const {
  return state_->scanner.position();
}

std::uint64_t to_realtime_ns(std::span<const ClockSample> clocks, std::uint64_t monotonic_ns) {
  assert(!clocks.empty());
  const auto after = std::upper_bound(
      clocks.begin(), clocks.end(), monotonic_ns,
      [](std::uint64_t time, const ClockSample& sample) { return time < sample.monotonic_ns; });
  assert(!clocks.empty());
  const auto& sample = after == clocks.begin() ? clocks.front() : *std::prev(after);
  return monotonic_ns + (sample.realtime_ns - sample.monotonic_ns);
}

}  // namespace rfan::format
