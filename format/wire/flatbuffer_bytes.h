// Holds the few steps that every FlatBuffers table of the format goes through. Private to format/.
#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rfan::format {

// No table of the schema nests deeper than two. The largest number of tables is that of the arguments and
// mounts of a META.
inline constexpr flatbuffers::uoffset_t kMaxTableDepth = 4;
inline constexpr flatbuffers::uoffset_t kMaxTables = 1U << 20;

// Returns the verified table, or null. Fields may still be absent, and their values are untrusted.
template <typename Table>
const Table* verified_table(std::span<const std::byte> bytes_untrusted) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes_untrusted.data());
  if (bytes_untrusted.size() < sizeof(flatbuffers::uoffset_t)) return nullptr;
  flatbuffers::Verifier verifier(data, bytes_untrusted.size(), kMaxTableDepth, kMaxTables);
  return verifier.VerifyBuffer<Table>(nullptr) ? flatbuffers::GetRoot<Table>(data) : nullptr;
}

template <typename Table>
std::vector<std::byte> finished_bytes(flatbuffers::FlatBufferBuilder& builder,
                                      flatbuffers::Offset<Table> root) {
  builder.Finish(root);
  const auto* data = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {data, data + builder.GetSize()};
}

inline flatbuffers::Offset<flatbuffers::Vector<std::uint8_t>> put_bytes(
    flatbuffers::FlatBufferBuilder& builder, std::string_view text) {
  return builder.CreateVector(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
}

inline std::string get_bytes(const flatbuffers::Vector<std::uint8_t>* bytes) {
  if (bytes == nullptr) return {};
  return {reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

template <typename T>
std::size_t size_of(const flatbuffers::Vector<T>* vector) {
  return vector == nullptr ? 0 : vector->size();
}

}  // namespace rfan::format
