// The input is a file: it reaches header, frame heads and resynchronisation. Checksums stop most of it early;
// trace_fuzz goes on from there.
#include "format/trace/trace_file.h"
#include "format/trace/trace_reader.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/memory_io.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rfan;
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  if (auto reader = format::TraceReader::open(std::make_unique<tests::MemorySource>(bytes), {});
      reader.ok()) {
    format::EventColumns columns;
    while (true) {
      auto block = (*reader)->next_block();
      if (!block || !*block) break;
      [[maybe_unused]] const auto status = (*reader)->decode(**block, format::kAllColumns, columns);
    }
  }
  [[maybe_unused]] const auto file =
      format::TraceFile::open(std::make_unique<tests::MemorySource>(bytes), {});
  return 0;
}
