// The input is columns as they stand in an inflated body; every decoder gets each of them.
#include "format/columns/column_codec.h"
#include "format/columns/path_column.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rfan::format;
  rfan::fuzz::FuzzInput input(data, size);
  const std::size_t count = 1 + input.number() % 300U;
  const auto unit = input.number();
  auto rest = input.take(size);
  std::vector<std::uint64_t> times(count);
  std::vector<std::uint32_t> ids(count), processes(count);
  std::vector<std::uint8_t> small(count), flags(count);
  std::vector<EventKind> kinds(count, EventKind::kOpen);
  ExplicitValues scratch;
  for (std::size_t i = 0; i < count; ++i) {
    processes[i] = static_cast<std::uint32_t>(i * 2654435761U);
    flags[i] = static_cast<std::uint8_t>(i % 3);
  }
  PathStretches stretches;
  for (ColumnInput column, last; take_column(rest, column); last = column) {
    if (stretches.open(last, column, count)) stretches.count(ids);
    decode_planes(column, small);
    decode_planes(column, ids);
    decode_delta(column, 1, unit, times);
    decode_sparse_by_kind(column, kinds, scratch, small);
    if (stretches.open(processes, column)) stretches.decode(ids);
    decode_runs(column, scratch, ids);
    decode_nibbles(column, small);
    decode_held(column, flags, scratch, ids);
  }
  return 0;
}
