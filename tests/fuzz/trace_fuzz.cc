// The input is the frames of a trace with bodies that are not yet compressed (seeds.cc). They are sealed with
// right checksums, so that the fuzzer reaches their contents: META, dictionaries, blocks, INDEX, FOOTER.
#include <cstdlib>

#include "format/base/limits.h"
#include "format/trace/trace_file.h"
#include "format/trace/trace_reader.h"
#include "format/wire/frame.h"
#include "format/wire/zstd_codec.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/support/memory_io.h"

namespace rfan::fuzz {
namespace {

std::vector<std::byte> seal(FuzzInput input) {
  static format::ZstdCompressor compressor(1);
  format::FileHeader header;
  header.version_major = format::kVersionMajor;
  const format::ChecksumSeed seed(header.file);
  std::vector<std::byte> file;
  std::vector<std::byte> body;
  format::append_header(header, file);
  std::uint64_t last = 0;
  for (std::uint32_t number = 0; !input.empty(); ++number) {
    const auto type = static_cast<format::FrameType>(input.byte());
    const auto meta = input.take(input.number());
    const auto inflated = input.take(input.number());
    body.clear();
    if (!inflated.empty()) compressor.append_frame(inflated, body);
    last = file.size();
    format::append_frame(type, number, last, seed, meta, body, file);
  }
  format::append_trailer(last, file.size(), seed, file);
  return file;
}

// Reads the names of all decoded ids, which must be in the dictionary: the sanitizer would see a wild read.
void touch(const format::EventColumns& columns, const format::Dictionary& dictionary) {
  std::size_t sum = 0;
  for (std::size_t i = 0; i < columns.count; ++i) {
    sum += dictionary.process(columns.process[i]).comm.size();
    sum += dictionary.path(columns.path[i]).size() + dictionary.path(columns.path2[i]).size();
  }
  if (sum == SIZE_MAX) std::abort();
}

}  // namespace
}  // namespace rfan::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rfan;
  const auto bytes = fuzz::seal({data, size});
  format::EventColumns columns;
  if (auto reader = format::TraceReader::open(std::make_unique<tests::MemorySource>(bytes), {});
      reader.ok()) {
    while (true) {
      auto block = (*reader)->next_block();
      if (!block || !*block) break;
      if ((*reader)->decode(**block, format::kAllColumns, columns))
        fuzz::touch(columns, (*reader)->dictionary());
    }
  }
  for (const bool on_demand : {false, true}) {
    auto file = format::TraceFile::open(std::make_unique<tests::MemorySource>(bytes), {});
    if (!file) return 0;
    (*file)->set_dictionary_loading({.on_demand = on_demand});
    format::BlockDecoder decoder;
    for (std::size_t i = 0; i < (*file)->blocks().size(); ++i) {
      auto block = (*file)->read_block(i);
      if (block && (*file)->decode(*block, format::kAllColumns, decoder, columns)) {
        fuzz::touch(columns, (*file)->dictionary());
      }
    }
  }
  return 0;
}
