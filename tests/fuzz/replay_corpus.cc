// usage: replay_corpus ROUNDS FILE-OR-FOLDER...
// Runs a fuzz target without libFuzzer: on each file as it is, and ROUNDS times on a changed copy. The
// mutator of the target makes the changes; without one, a few bytes are changed, cut or doubled. The seed is
// fixed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>

#include "tests/fuzz/fuzz_input.h"

namespace {

void run(const std::string& bytes) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

std::string mutated(std::string bytes, std::mt19937& random) {
  for (auto changes = 1 + random() % 4; changes > 0 && !bytes.empty(); --changes) {
    const auto at = random() % bytes.size();
    switch (random() % 4) {
      case 0:
        bytes[at] = static_cast<char>(random());
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << (random() % 8)));
        break;
      case 2:
        bytes.resize(at);
        break;
      default:
        bytes.insert(at, bytes.substr(at, random() % 64));
    }
  }
  return bytes;
}

std::string mutated_by_target(std::string bytes, std::mt19937& random) {
  constexpr std::size_t kMaxBytes = 1024 * 1024;
  const auto size = bytes.size();
  bytes.resize(std::max(size, kMaxBytes));
  auto* data = reinterpret_cast<std::uint8_t*>(bytes.data());
  bytes.resize(LLVMFuzzerCustomMutator(data, size, bytes.size(), static_cast<unsigned>(random())));
  return bytes;
}

void replay(const std::filesystem::path& path, int rounds) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  run(bytes);
  std::mt19937 random(4711);
  for (int i = 0; i < rounds; ++i) {
    run(LLVMFuzzerCustomMutator != nullptr ? mutated_by_target(bytes, random) : mutated(bytes, random));
  }
}

}  // namespace

// A mutator calls this for bytes that it does not change itself.
extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t max_size) {
  static std::mt19937 random(815);
  const auto bytes = mutated({reinterpret_cast<const char*>(data), size}, random);
  return bytes.copy(reinterpret_cast<char*>(data), max_size);
}

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: replay_corpus ROUNDS FILE-OR-FOLDER...\n", stderr);
    return 2;
  }
  int files = 0;
  for (int i = 2; i < argc; ++i) {
    if (!std::filesystem::exists(argv[i])) continue;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(argv[i])) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path(), std::atoi(argv[1]));
      ++files;
    }
  }
  std::printf("%d files replayed\n", files);
  return files == 0 ? 1 : 0;
}
