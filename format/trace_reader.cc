#include "format/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>

#include "format/block_decoder.h"
#include "format/dictionary_codec.h"
#include "format/frame.h"
#include "format/frame_scanner.h"
#include "format/metadata.h"

namespace rfan::format {
namespace {

Error not_a_trace(const std::string& name, std::span<const std::byte> bytes) {
  Error error{"cannot read trace", name, 0, {}};
  if (bytes.empty()) {
    error.hint = "the file is empty; the recording did not get as far as its first byte";
  } else if (bytes.size() >= 4 && load_le<std::uint32_t>(bytes.data()) == kZstdMagic) {
    error.hint = "this is a zstd file but no rfanrec trace; give a .fbz file that rfanrec wrote";
  } else if (bytes.size() < kHeaderBytes && bytes.size() >= 4 &&
             load_le<std::uint32_t>(bytes.data()) == kSkippableFixed) {
    error.hint =
        fmt::format("the file ends inside its header, after {} of {} bytes; nothing was recorded in it",
                    bytes.size(), kHeaderBytes);
  } else if (bytes.size() == kHeaderBytes && starts_with(bytes.subspan(kSkippableHeadBytes), kFileMagic)) {
    error.hint = "the header of the trace is damaged (its checksum differs); restore the file from a copy";
  } else {
    error.hint = "this is no rfanrec trace; give a .fbz file that rfanrec wrote";
  }
  return error;
}

Status check_supported(const FileHeader& header, const std::string& name) {
  if (header.version_major != kVersionMajor) {
    return Error{
        "cannot read trace", name, 0,
        fmt::format("format version {}.{} is not supported, this program reads {}.x; use the rfanreplay that "
                    "came with the recorder",
                    header.version_major, header.version_minor, kVersionMajor)};
  }
  const auto unknown = header.incompat_flags & ~kKnownIncompatFlags;
  if (unknown != 0) {
    return Error{
        "cannot read trace", name, 0,
        fmt::format("the trace uses feature bit {} (incompat flags {:#x}), which this program does not know; "
                    "use a newer rfanreplay",
                    std::countr_zero(unknown), header.incompat_flags)};
  }
  return {};
}

Result<FileHeader> read_header(ByteSource& source) {
  std::array<std::byte, kHeaderBytes> bytes;
  auto got = source.read_at(0, bytes);
  if (!got) return got.error();
  std::optional<FileHeader> header;
  if (*got == bytes.size()) header = parse_header(bytes);
  if (!header) return not_a_trace(source.name(), std::span(bytes).first(*got));
  if (auto supported = check_supported(*header, source.name()); !supported) return supported.error();
  return *header;
}

}  // namespace

struct TraceReader::State {
  State(std::unique_ptr<ByteSource> source_to_own, const FileHeader& file_header, DamageCallback callback)
      : source(std::move(source_to_own)),
        header(file_header),
        seed(file_header.file),
        on_damage(std::move(callback)),
        scanner(*source, seed, kHeaderBytes, [this](const Damage& damage) { report(damage); }) {}

  void report(const Damage& damage);
  void report_frame(const Frame& frame, const std::string& fault, std::optional<std::uint64_t> events = {});
  Status read_meta();
  Result<std::optional<Frame>> next_frame();
  std::optional<EncodedBlock> pass(Frame& frame);
  std::optional<EncodedBlock> pass_events(Frame& frame);
  std::string missing_ids(const EncodedBlock& block);
  void pass_losses(const Frame& frame);
  void pass_clock(const Frame& frame);
  void pass_footer(const Frame& frame);
  std::optional<TraceSummary> footer_by_trailer();

  std::unique_ptr<ByteSource> source;
  FileHeader header;
  ChecksumSeed seed;
  DamageCallback on_damage;
  FrameScanner scanner;
  std::optional<Frame> held_back;  // read by open(), but not a META

  TraceMeta meta;
  Dictionary dictionary;
  std::vector<Loss> losses;
  std::vector<ClockSample> clocks;
  BlockDecoder decoder;
  ZstdDecompressor decompressor;

  Damage current;  // where the block lies that next_block() returned; its description is the frame's name
  bool current_is_reported = false;

  bool at_end = false;
  std::optional<TraceSummary> footer;
  std::optional<std::uint64_t> footer_offset;
  std::uint64_t damage_count = 0;
  std::uint64_t unknown_frames = 0;
};

void TraceReader::State::report(const Damage& damage) {
  ++damage_count;
  if (on_damage) on_damage(damage);
}

void TraceReader::State::report_frame(const Frame& frame, const std::string& fault,
                                      std::optional<std::uint64_t> events) {
  report({frame.offset, frame.head.frame_length(), describe_frame(frame.head) + ": " + fault, events});
}

Result<std::optional<Frame>> TraceReader::State::next_frame() {
  if (held_back) return std::exchange(held_back, std::nullopt);
  return scanner.next();
}

// A trace whose META is damaged still has its events: that is damage, not a reason to refuse the file.
Status TraceReader::State::read_meta() {
  auto frame = scanner.next();
  if (!frame) return frame.error();
  if (!*frame) return {};
  if ((*frame)->head.type != static_cast<std::uint16_t>(FrameType::kMeta)) {
    held_back = std::move(*frame);
    return {};
  }
  if (auto decoded = decode_meta((*frame)->meta)) {
    meta = std::move(*decoded);
  } else {
    report_frame(**frame, "metadata is malformed");
  }
  return {};
}

std::optional<EncodedBlock> TraceReader::State::pass(Frame& frame) {
  switch (static_cast<FrameType>(frame.head.type)) {
    case FrameType::kDict:
      if (auto fault = decode_dictionary(frame.meta, frame.body, decompressor, dictionary); !fault.empty()) {
        report_frame(frame, fault);
      }
      return {};
    case FrameType::kEvents:
      return pass_events(frame);
    case FrameType::kClock:
      pass_clock(frame);
      return {};
    case FrameType::kLoss:
      pass_losses(frame);
      return {};
    case FrameType::kFooter:
      pass_footer(frame);
      return {};
    case FrameType::kMeta:
      report_frame(frame, "a second META");
      return {};
    case FrameType::kIndex:
      break;
  }
  ++unknown_frames;
  return {};
}

// Every id of the block must be in the dictionary. After a DICT frame was lost only decoding can tell.
std::string TraceReader::State::missing_ids(const EncodedBlock& block) {
  const auto& processes = block.statistics.processes;
  if (processes && !processes->empty() && processes->back() > dictionary.process_count()) {
    return "a process is not in the dictionary";
  }
  if (damage_count == 0) return {};
  EventColumns columns;
  return decoder.decode(block, kColumnProcess | kColumnPath | kColumnPath2, dictionary, columns);
}

std::optional<EncodedBlock> TraceReader::State::pass_events(Frame& frame) {
  EncodedBlock block;
  auto fault = check_block(frame.meta, frame.body.size(), block.statistics);
  if (!fault.empty()) {
    report_frame(frame, fault);
    return {};
  }
  const auto events = block.statistics.totals.events;
  block.meta = std::move(frame.meta);
  block.body = std::move(frame.body);
  fault = missing_ids(block);
  if (!fault.empty()) {
    report_frame(frame, fault, events);
    return {};
  }
  current = {frame.offset, frame.head.frame_length(), describe_frame(frame.head), events};
  current_is_reported = false;
  return block;
}

void TraceReader::State::pass_losses(const Frame& frame) {
  if (auto decoded = decode_losses(frame.meta)) {
    losses.insert(losses.end(), decoded->begin(), decoded->end());
  } else {
    report_frame(frame, "metadata is malformed");
  }
}

void TraceReader::State::pass_clock(const Frame& frame) {
  const auto sample = decode_clock(frame.meta);
  if (!sample) {
    report_frame(frame, "metadata is malformed");
  } else if (!clocks.empty() && sample->monotonic_ns < clocks.back().monotonic_ns) {
    report_frame(frame, "the clock runs backwards");
  } else {
    clocks.push_back(*sample);
  }
}

void TraceReader::State::pass_footer(const Frame& frame) {
  footer = decode_footer(frame.meta);
  footer_offset = frame.offset;
  if (!footer) report_frame(frame, "metadata is malformed");
}

std::optional<TraceSummary> TraceReader::State::footer_by_trailer() {
  const auto size = source->size();
  if (!size || *size < kHeaderBytes + kFrameHeadBytes + kTrailerBytes) return {};
  const auto trailer_offset = *size - kTrailerBytes;
  std::array<std::byte, kTrailerBytes> bytes;
  auto got = source->read_at(trailer_offset, bytes);
  if (!got || *got != bytes.size()) return {};
  const auto offset = parse_trailer(bytes, trailer_offset, seed);
  if (!offset || *offset >= trailer_offset) return {};
  auto frame = read_frame_at(*source, seed, *offset);
  if (!frame || !*frame || (*frame)->head.type != static_cast<std::uint16_t>(FrameType::kFooter)) return {};
  return decode_footer((*frame)->meta);
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
  return state_->meta;
}

Result<std::optional<EncodedBlock>> TraceReader::next_block() {
  while (!state_->at_end) {
    auto frame = state_->next_frame();
    if (!frame) return frame.error();
    if (!*frame) {
      state_->at_end = true;
      break;
    }
    auto block = state_->pass(**frame);
    if (block) return block;
  }
  return std::optional<EncodedBlock>();
}

Status TraceReader::decode(const EncodedBlock& block, ColumnSet wanted, EventColumns& out) {
  const auto fault = state_->decoder.decode(block, wanted, state_->dictionary, out);
  if (fault.empty()) return {};
  auto damage = state_->current;
  damage.description += ": " + fault;
  if (!std::exchange(state_->current_is_reported, true)) state_->report(damage);
  return Error{"cannot decode " + damage.description, state_->source->name(), 0,
               "the events of this block are lost"};
}

const Dictionary& TraceReader::dictionary() const {
  return state_->dictionary;
}
const std::vector<Loss>& TraceReader::losses() const {
  return state_->losses;
}
const std::vector<ClockSample>& TraceReader::clocks() const {
  return state_->clocks;
}

std::optional<TraceSummary> TraceReader::footer() {
  if (!state_->footer) state_->footer = state_->footer_by_trailer();
  return state_->footer;
}

bool TraceReader::complete() const {
  return state_->at_end && state_->footer && state_->footer_offset &&
         state_->scanner.trailer() == state_->footer_offset;
}

std::uint64_t TraceReader::damage_count() const {
  return state_->damage_count;
}
std::uint64_t TraceReader::unknown_frames() const {
  return state_->unknown_frames;
}
std::uint64_t TraceReader::bytes_read() const {
  return state_->scanner.position();
}

std::uint64_t to_realtime_ns(std::span<const ClockSample> clocks, std::uint64_t monotonic_ns) {
  assert(!clocks.empty());
  const auto after = std::upper_bound(
      clocks.begin(), clocks.end(), monotonic_ns,
      [](std::uint64_t time, const ClockSample& sample) { return time < sample.monotonic_ns; });
  const auto& sample = after == clocks.begin() ? clocks.front() : *std::prev(after);
  return monotonic_ns + (sample.realtime_ns - sample.monotonic_ns);
}

}  // namespace rfan::format
