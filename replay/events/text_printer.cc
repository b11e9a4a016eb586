#include "replay/events/text_printer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/base/pattern.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

using format::EventKind;

constexpr std::size_t kKindWidth = 13;     // "close_nowrite"
constexpr std::size_t kProcessWidth = 24;  // a comm of 15 bytes and a pid of 7 digits in brackets
// The size of a line without paths and process: time, kind, markers, latency, separators.
constexpr std::size_t kFixedBytes = TimeFormat::kMaxBytes + kKindWidth + 100;

using KindText = std::array<char, kKindWidth>;

std::array<KindText, 256> padded_kinds() {
  std::array<KindText, 256> texts;
  for (std::size_t kind = 0; kind < texts.size(); ++kind) {
    texts[kind].fill(' ');
    format::event_kind_name(static_cast<EventKind>(kind)).copy(texts[kind].data(), kKindWidth);
  }
  return texts;
}

char* append_bytes(std::string_view bytes, char* out) {
  return std::copy(bytes.begin(), bytes.end(), out);
}

// Escapes spaces, which would break the line into more fields than it has columns.
std::string process_name(std::string_view name) {
  std::string text;
  for (char c : escaped(name.empty() ? "?" : name)) c == ' ' ? text.append("\\x20") : text.append(1, c);
  return text;
}

}  // namespace

TextPrinter::TextPrinter(TextBuffer& out, const ScanFile& file, TimeStyle style, std::string_view source)
    : out_(out), dictionary_(file.dictionary), time_(file.timeline, style) {
  if (!source.empty()) source_ = escaped(source) + ':';
}

std::string TextPrinter::make_process_text(format::ProcessId id) const {
  const ProcessView view{dictionary_, id};
  auto text = process_name(view.name());
  text += view.known() ? fmt::format("[{}]", view.process().pid) : std::string("[?]");
  text.resize(std::max(text.size(), kProcessWidth), ' ');
  return text;
}

std::string_view TextPrinter::process_text(format::ProcessId id) {
  auto& slice = processes_[id];
  if (slice.bytes == 0) {
    const auto text = make_process_text(id);
    slice = {process_texts_.size(), text.size()};
    process_texts_ += text;
  }
  return std::string_view(process_texts_).substr(slice.offset, slice.bytes);
}

const TextPrinter::Path& TextPrinter::path_of(format::PathId id) {
  auto& path = paths_[id];
  if (!path.known) {
    const auto bytes = id == 0 ? "?" : dictionary_.path(id);
    path = {bytes, printable(bytes), id != 0 && !bytes.ends_with('/'), true};
  }
  return path;
}

std::size_t TextPrinter::Path::max_bytes() const {
  return printable ? bytes.size() : bytes.size() * kMaxEscapedBytes;
}

char* TextPrinter::Path::append(std::uint8_t flags, char* out) const {
  out = printable ? append_bytes(bytes, out) : escape(bytes, out);
  if ((flags & format::kFlagDirectory) && takes_slash) *out++ = '/';
  return out;
}

void TextPrinter::print_one(const format::EventColumns& events, std::size_t row) {
  static const auto kKinds = padded_kinds();
  const auto& path = path_of(events.path[row]);
  const auto& path2 = path_of(events.path2[row]);
  const auto flags = events.flags[row];
  const auto process = process_text(events.process[row]);
  char* out =
      out_.reserve(kFixedBytes + source_.size() + process.size() + path.max_bytes() + path2.max_bytes());
  out = append_bytes(source_, out);
  out = time_.append(events.time_ns[row], out);
  *out++ = ' ';
  const auto& kind = kKinds[static_cast<std::uint8_t>(events.kind[row])];
  out = append_bytes({kind.data(), kKindWidth}, out);
  *out++ = ' ';
  out = append_bytes(process, out);
  *out++ = ' ';
  out = path.append(flags, out);
  if (events.path2[row] != 0 || events.kind[row] == EventKind::kRename) {
    out = path2.append(flags, append_bytes(" -> ", out));
  }
  if (flags & format::kFlagDeleted) out = append_bytes(" (deleted)", out);
  if (flags & format::kFlagUncertainProcess) out = append_bytes(" (process uncertain)", out);
  if (flags & format::kFlagDenied) out = append_bytes(" DENIED", out);
  *out++ = ' ';
  if (flags & format::kFlagHeld) {
    out = format::append_latency(events.reply_ns[row], out);
  } else {
    *out++ = '-';
  }
  *out++ = '\n';
  out_.commit(out);
}

void TextPrinter::print(const Batch& batch) {
  batch.for_each_row([&](std::uint32_t row) { print_one(batch.events, row); });
}

}  // namespace rfan::replay
