// usage: seeds DIRECTORY TRACE...
// Makes a seed corpus for each fuzz target from traces, and writes it into DIRECTORY/TARGET.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "format/base/limits.h"
#include "format/wire/frame.h"
#include "format/wire/zstd_codec.h"

namespace {

using namespace rfan::format;
using Bytes = std::vector<std::byte>;

void append_number(std::size_t value, Bytes& out) {
  out.push_back(static_cast<std::byte>(value));
  out.push_back(static_cast<std::byte>(value >> 8U));
}

Bytes inflated(std::span<const std::byte> body) {
  static ZstdDecompressor decompressor;
  Bytes out;
  if (!body.empty() && !decompressor.inflate(body, kMaxColumnBytes, out)) out.clear();
  return out;
}

// Appends the frames in the form of trace_fuzz's input, and the columns of the first block in that of
// column_fuzz's.
void take_apart(std::span<const std::byte> file, Bytes& frames, Bytes& columns) {
  const auto header = parse_header(file.first<kHeaderBytes>());
  if (!header) return;
  const ChecksumSeed seed(header->file);
  for (std::size_t at = kHeaderBytes; at + kFrameHeadBytes <= file.size();) {
    const auto head = parse_frame_head(file.subspan(at).first<kFrameHeadBytes>(), at, seed);
    if (!head || at + head->frame_length() > file.size()) return;
    const auto meta = file.subspan(at + kFrameHeadBytes, head->meta_length);
    const auto body = inflated(file.subspan(at + kFrameHeadBytes + head->meta_length, head->body_length));
    at += static_cast<std::size_t>(head->frame_length());
    if (meta.size() > UINT16_MAX || body.size() > UINT16_MAX) continue;
    frames.push_back(static_cast<std::byte>(head->type));
    append_number(meta.size(), frames);
    append_number(body.size(), frames);
    frames.insert(frames.end(), meta.begin(), meta.end());
    frames.insert(frames.end(), body.begin(), body.end());
    if (!head->is(FrameType::kEvents) || !columns.empty()) continue;
    append_number(11, columns);
    append_number(1000, columns);
    columns.insert(columns.end(), body.begin(), body.end());
  }
}

// Returns a choice of verb and options, then a trace: the input of verb_fuzz.
Bytes with_choice(std::uint8_t verb, const Bytes& trace) {
  Bytes input(16);
  input[0] = std::byte{verb};
  input.insert(input.end(), trace.begin(), trace.end());
  return input;
}

void write(const std::filesystem::path& folder, const std::string& name, const Bytes& bytes) {
  std::filesystem::create_directories(folder);
  std::ofstream(folder / name, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: seeds DIRECTORY TRACE...\n", stderr);
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  for (int i = 2; i < argc; ++i) {
    std::ifstream file(argv[i], std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    const auto* data = reinterpret_cast<const std::byte*>(text.data());
    const Bytes bytes(data, data + text.size());
    Bytes frames, columns;
    if (bytes.size() >= kHeaderBytes) take_apart(bytes, frames, columns);
    const auto name = std::filesystem::path(argv[i]).stem().string();
    write(directory / "bytes_fuzz", name, bytes);
    constexpr std::size_t kMaxTraceBytes = 32 * 1024;  // larger traces are slow and find no more
    for (std::uint8_t verb = 0; verb < 15 && bytes.size() <= kMaxTraceBytes; ++verb)
      write(directory / "verb_fuzz", name + std::to_string(verb), with_choice(verb, bytes));
    write(directory / "trace_fuzz", name, frames);
    write(directory / "column_fuzz", name, columns);
  }
  const std::string filters =
      "hvim\nh/usr/**/x[a-z]*\ni!cc1*\nj1\nk/etc/\nlopen,exec\nm+1.5s\na2024-01-01 "
      "10:00\nb7\nc/a/**\nd1.5ms\n"
      "e0\nf!deny\nglatency > 1ms and not (path ~ /tmp/ or exe =~ 'python3?$')\ngpid >= 7 or held\n";
  const auto* text = reinterpret_cast<const std::byte*>(filters.data());
  write(directory / "filter_fuzz", "filters", Bytes(text, text + filters.size()));
  return 0;
}
