// Compares many values with one limit.
#pragma once

#include <cstdint>
#include <span>

namespace rfan::format {

// Returns true if a value is larger than `limit`.
bool any_above(std::span<const std::uint32_t> values, std::uint32_t limit);

}  // namespace rfan::format
