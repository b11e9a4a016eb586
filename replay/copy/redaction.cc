#include "replay/copy/redaction.h"

#include <sodium.h>

#include <algorithm>

#include "format/base/limits.h"

namespace rfan::replay {
namespace {

constexpr std::string_view kPathSeparators = "/.";
// Keeps the shape of "--output=dir/a.o,b": options, lists and assignments.
constexpr std::string_view kArgumentSeparators = "/.=,:-";
// 50 bits: with a million words, two share a hash with a probability of 0.0005.
constexpr std::size_t kWordLetters = 10;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

}  // namespace

Result<Redaction> Redaction::with_key(std::span<const std::byte> key) {
  if (key.size() < crypto_generichash_KEYBYTES_MIN || key.size() > crypto_generichash_KEYBYTES_MAX)
    return Error{"the key for --redact has a wrong length",
                 {},
                 0,
                 "give 16 to 64 bytes: head -c 32 /dev/urandom > key"};
  return Redaction(key);
}

Redaction Redaction::with_random_key() {
  std::array<std::byte, kKeyBytes> key{};
  randombytes_buf(key.data(), key.size());
  return Redaction(key);
}

// Derives a key of the hash's length from a key of any length.
Redaction::Redaction(std::span<const std::byte> key) {
  // sodium_init() only chooses the fastest implementation; calling it again is harmless.
  [[maybe_unused]] const int ready = sodium_init();
  constexpr std::string_view kPurpose = "rfanreplay redaction key";
  crypto_generichash(key_.data(), key_.size(), bytes_of(kPurpose), kPurpose.size(),
                     reinterpret_cast<const unsigned char*>(key.data()), key.size());
  constexpr std::string_view kIdPurpose = "rfanreplay redaction key id";
  std::array<unsigned char, crypto_generichash_BYTES_MIN> id{};
  crypto_generichash(id.data(), id.size(), bytes_of(kIdPurpose), kIdPurpose.size(), key_.data(), key_.size());
  std::array<char, 17> hex{};
  sodium_bin2hex(hex.data(), hex.size(), id.data(), 8);
  key_id_ = hex.data();
}

std::string Redaction::word(std::string_view text) const {
  if (text.empty()) return {};
  std::array<unsigned char, crypto_generichash_BYTES_MIN> hash{};
  crypto_generichash(hash.data(), hash.size(), bytes_of(text), text.size(), key_.data(), key_.size());
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz234567";
  std::string letters;
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < 8; ++i) bits = bits << 8U | hash[i];
  for (std::size_t i = 0; i < kWordLetters; ++i, bits >>= 5U) letters += kLetters[bits % kLetters.size()];
  return letters;
}

std::string Redaction::words(std::string_view text, std::string_view separators) const {
  std::string redacted;
  while (!text.empty()) {
    const auto length = std::min(text.find_first_of(separators), text.size());
    if (length != 0) redacted += word(text.substr(0, length));
    text.remove_prefix(length);
    if (text.empty()) break;
    redacted += text.front();
    text.remove_prefix(1);
  }
  return redacted;
}

bool Redaction::keeps(std::string_view path) const {
  return std::any_of(kept_.begin(), kept_.end(), [&](const auto& pattern) { return pattern.matches(path); });
}

std::string Redaction::path(std::string_view path) const {
  if (keeps(path)) return std::string(path);
  auto redacted = words(path, kPathSeparators);
  // Many short words can exceed the maximum length.
  if (redacted.size() > format::kMaxPathBytes) return "/" + word(path);
  return redacted;
}

std::string Redaction::command_line(std::string_view arguments) const {
  std::string redacted;
  while (!arguments.empty()) {
    const auto length = std::min(arguments.find('\0'), arguments.size());
    const auto argument = arguments.substr(0, length);
    redacted += argument.starts_with('/') ? path(argument) : words(argument, kArgumentSeparators);
    arguments.remove_prefix(length);
    if (arguments.empty()) break;
    redacted += '\0';
    arguments.remove_prefix(1);
  }
  return redacted;
}

void Redaction::apply(format::Process& process) const {
  process.comm = word(process.comm);
  process.cmdline = command_line(process.cmdline);
  process.cgroup = words(process.cgroup, kPathSeparators);
}

void Redaction::apply(format::TraceMeta& meta) const {
  meta.hostname = word(meta.hostname);
  // The boot id identifies the machine and groups traces of one boot. Its hash still groups them.
  meta.boot_id = word(meta.boot_id);
  for (auto& argument : meta.recorder_args) argument = words(argument, kArgumentSeparators);
  for (auto& argument : meta.command) argument = words(argument, kArgumentSeparators);
  for (auto& mount : meta.mounts) mount.path = path(mount.path);
}

}  // namespace rfan::replay
