// Defines the constants that writer and reader share. Each limit states its reason; static_asserts tie the
// limits together.
#pragma once

#include <cstddef>
#include <cstdint>

namespace rfan::format {

inline constexpr std::uint16_t kVersionMajor = 1;
inline constexpr std::uint16_t kVersionMinor = 1;

// Events per block. Blocks of this size compress well; one of them decodes in about a millisecond, and its
// columns (24 bytes an event) stay in the L2 cache.
inline constexpr std::size_t kMaxBlockEvents = 64 * 1024;

// Linux PATH_MAX is 4096 with the NUL; readlink on /proc/self/fd cannot return more than a page.
inline constexpr std::size_t kMaxPathBytes = 4096;

// TASK_COMM_LEN is 16 with the NUL.
inline constexpr std::size_t kMaxCommBytes = 15;

// Command lines of compilers reach a few KiB; longer ones are cut and flagged.
inline constexpr std::size_t kMaxCmdlineBytes = 32 * 1024;

// The kernel prints the path of a control group into one page.
inline constexpr std::size_t kMaxCgroupBytes = 4096;

// Dictionary entries of one DICT frame. The writer begins a new frame for more.
inline constexpr std::size_t kMaxDictEntriesPerFrame = 64 * 1024;

// Entries of one file. Ids have 32 bits; 16 Mi paths of a realistic 60 bytes take 1 GiB of a reader's memory.
inline constexpr std::size_t kMaxPaths = 16 * 1024 * 1024;
inline constexpr std::size_t kMaxProcesses = 16 * 1024 * 1024;

// Bytes of all paths and of the strings of all processes of one file.
inline constexpr std::uint64_t kMaxDictionaryBytes = std::uint64_t{4} << 30;

// The budget of names (see unfolding.h): front coding lets a small file unfold into a large dictionary. The
// first flush of a recording may contain 2 * kMaxDictBytesPerFrame of names, however well they compress.
// Recordings of compiles unfold to some 20 times their bytes.
inline constexpr std::uint64_t kFreeUnfoldedBytes = std::uint64_t{64} << 20;
inline constexpr std::uint64_t kUnfoldedPerByte = 1000;
// Each id counts as this many bytes besides its text, even if its entry was lost with a damaged frame: a
// reader needs this memory for it.
inline constexpr std::uint64_t kUnfoldedPathBytes = 32;
inline constexpr std::uint64_t kUnfoldedProcessBytes = 128;
// The writer begins a new DICT frame after this many bytes of paths, or of strings of processes.
inline constexpr std::size_t kMaxDictBytesPerFrame = 16 * 1024 * 1024;

// FlatBuffers metadata of one frame, uncompressed. The largest is a FOOTER.
inline constexpr std::size_t kMaxMetaBytes = 64 * 1024 * 1024;
// The inflated body of a META. It has room for 2 MB of arguments, the most that exec accepts, and for some
// thousand mounts.
inline constexpr std::size_t kMaxMetaBodyBytes = 16 * 1024 * 1024;
// The compressed body of one frame, and one decompressed column or dictionary batch.
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
