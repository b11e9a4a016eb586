// The seed of random tests.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace rfan::tests {

// Returns the value of the environment variable RFAN_SEED, or else another seed each time. Prints it, so that
// a run which failed can be repeated.
inline std::uint32_t test_seed() {
  const char* given = std::getenv("RFAN_SEED");  // NOLINT(concurrency-mt-unsafe): nobody sets it
  const auto seed = given != nullptr ? static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10))
                                     : std::random_device{}();
  std::cout << "[   SEED   ] repeat with RFAN_SEED=" << seed << '\n';
  return seed;
}

}  // namespace rfan::tests
