// Constants that writer and reader share. Each limit has its reason; static_asserts tie them together.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rfan::format {

inline constexpr std::uint16_t kVersionMajor = 1;
inline constexpr std::uint16_t kVersionMinor = 1;

// Events per block: large enough for the columns to compress well, small enough that one block decodes in
// about a millisecond and that its columns (24 bytes an event) stay in the L2 cache.
inline constexpr std::size_t kMaxBlockEvents = 64 * 1024;

// Linux PATH_MAX is 4096 with the NUL; readlink on /proc/self/fd cannot return more than a page.
inline constexpr std::size_t kMaxPathBytes = 4096;

// TASK_COMM_LEN is 16 with the NUL.
inline constexpr std::size_t kMaxCommBytes = 15;

// Command lines of compilers reach a few KiB; longer ones are cut and flagged.
inline constexpr std::size_t kMaxCmdlineBytes = 32 * 1024;

// The kernel prints the path of a control group into one page.
inline constexpr std::size_t kMaxCgroupBytes = 4096;

// Dictionary entries added by one DICT frame; a new frame is begun beyond it.
inline constexpr std::size_t kMaxDictEntriesPerFrame = 64 * 1024;

// Sum over one file. Ids are 32 bits; 16 Mi paths of a realistic 60 bytes are 1 GiB of a reader's memory.
inline constexpr std::size_t kMaxPaths = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxProcesses = 16 * 1024 * 1024;

// Bytes of all paths and of the strings of all processes of one file.
inline constexpr std::uint64_t kMaxDictionaryBytes = std::uint64_t{4} << 30;

// The budget of names, see unfolding.h: front coding lets a small file unfold into a large dictionary. The
// first flush of a recording may hold 2 * kMaxDictBytesPerFrame of names whatever they compress to;
// recordings of compiles unfold to some 20 times their bytes.
inline constexpr std::uint64_t kFreeUnfoldedBytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kUnfoldedPerByte = 1000;
// An id counts as so many bytes beside its text, also where a damaged frame lost it: a reader's memory for
// it.
inline constexpr std::uint64_t kUnfoldedPathBytes = 32;
inline constexpr std::uint64_t kUnfoldedProcessBytes = 128;
// Bytes of paths and strings of processes after which a new DICT frame is begun.
inline constexpr std::size_t kMaxDictBytesPerFrame = 16 * 1024 * 1024;

// FlatBuffers metadata of one frame, uncompressed. The largest is a FOOTER.
inline constexpr std::size_t kMaxMetaBytes = 64 * 1024 * 1024;
// The inflated body of a META: 2 MB of arguments, which is all that exec takes, and some thousand mounts.
inline constexpr std::size_t kMaxMetaBodyBytes = 16 * 1024 * 1024;
// Compressed body of one frame, and one decompressed column or dictionary batch.
inline constexpr std::size_t kMaxBodyBytes = 256 * 1024 * 1024;
inline constexpr std::size_t kMaxColumnBytes = 128 * 1024 * 1024;

static_assert(kMaxBlockEvents * 8 <= kMaxColumnBytes, "a column of 8-byte values must fit");
static_assert(2 * kMaxDictBytesPerFrame + kMaxDictEntriesPerFrame * 64 <= kMaxColumnBytes,
              "a dictionary batch must fit");
static_assert(2 * kMaxDictBytesPerFrame + kMaxDictEntriesPerFrame * kUnfoldedProcessBytes <=
                  kFreeUnfoldedBytes,
              "one full dictionary batch is within the budget of any file");
static_assert(kMaxPaths <= UINT32_MAX && kMaxProcesses <= UINT32_MAX, "ids are 32 bits");

}  // namespace rfan::format
