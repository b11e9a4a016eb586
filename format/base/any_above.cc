#include "format/base/any_above.h"

namespace rfan::format {

bool any_above(std::span<const std::uint32_t> values, std::uint32_t limit) {
  std::uint32_t above = 0;  // as wide as the values, so that the loop is vectorised
  for (const auto value : values) above |= value > limit ? 1U : 0U;
  return above != 0;
}

}  // namespace rfan::format
