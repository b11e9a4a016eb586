#include "format/wire/totals_codec.h"

#include "format/wire/flatbuffer_bytes.h"
#include "format/wire/varint.h"
#include "trace_generated.h"

namespace rfan::format {
namespace {

VarintReader varints_of(const flatbuffers::Vector<std::uint8_t>* bytes) {
  return {bytes == nullptr ? nullptr : bytes->data(), size_of(bytes)};
}

std::vector<std::uint8_t> encode_latencies(const LatencyHistogram& histogram) {
  std::vector<std::uint8_t> bytes;
  std::size_t next = 0;
  for (std::size_t bucket = 0; bucket < LatencyHistogram::kBuckets; ++bucket) {
    if (histogram.count_in(bucket) == 0) continue;
    append_varint(bucket - next, bytes);
    append_varint(histogram.count_in(bucket), bytes);
    next = bucket + 1;
  }
  return bytes;
}

bool decode_latencies(const flatbuffers::Vector<std::uint8_t>* bytes_untrusted, TraceTotals& totals) {
  auto numbers = varints_of(bytes_untrusted);
  std::size_t next = 0;
  std::uint64_t left = totals.events;
  while (!numbers.at_end()) {
    const auto bucket = next + numbers.next_up_to(LatencyHistogram::kBuckets);
    const auto count = numbers.next_up_to(left);
    if (numbers.failed() || bucket >= LatencyHistogram::kBuckets) return false;
    totals.reply_latency.add_bucket(bucket, count);
    left -= count;
    next = bucket + 1;
  }
  return true;
}

}  // namespace

std::vector<std::uint8_t> encode_kinds(const TraceTotals& totals) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t kind = 0; kind < kEventKindLimit; ++kind) {
    if (totals.by_kind[kind] == 0) continue;
    append_varint(kind, bytes);
    append_varint(totals.by_kind[kind], bytes);
  }
  return bytes;
}

bool decode_kinds(const flatbuffers::Vector<std::uint8_t>* bytes_untrusted, TraceTotals& totals) {
  auto numbers = varints_of(bytes_untrusted);
  std::uint64_t before = 0;
  std::uint64_t left = totals.events;
  while (!numbers.at_end()) {
    const auto kind = numbers.next();
    const auto count = numbers.next_up_to(left);
    if (numbers.failed() || kind <= before || kind >= kEventKindLimit) return false;
    totals.by_kind[static_cast<std::size_t>(kind)] = count;
    left -= count;
    before = kind;
  }
  return left == 0;
}

flatbuffers::Offset<wire::Totals> put_totals(flatbuffers::FlatBufferBuilder& builder,
                                             const TraceTotals& totals) {
  const auto kinds = builder.CreateVector(encode_kinds(totals));
  const auto latencies = builder.CreateVector(encode_latencies(totals.reply_latency));
  return wire::CreateTotals(builder, totals.events, totals.first_ns, totals.last_ns,
                            totals.events - totals.events_with_exe, kinds, latencies);
}

bool get_totals(const wire::Totals* table_untrusted, TraceTotals& totals) {
  if (table_untrusted == nullptr || table_untrusted->events_without_exe() > table_untrusted->events())
    return false;
  totals.events = table_untrusted->events();
  totals.first_ns = table_untrusted->first_ns();
  totals.last_ns = table_untrusted->last_ns();
  totals.events_with_exe = totals.events - table_untrusted->events_without_exe();
  return decode_kinds(table_untrusted->kinds(), totals) &&
         decode_latencies(table_untrusted->latencies(), totals) && consistent(totals);
}

bool consistent(const TraceTotals& totals) {
  return totals.events_with_exe <= totals.events && totals.first_ns <= totals.last_ns &&
         (totals.events != 0 || totals.last_ns == 0);
}

}  // namespace rfan::format
