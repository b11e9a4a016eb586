// The repeated values of one filter key.
#pragma once

#include <algorithm>
#include <vector>

namespace rfan::replay {

// An event must match one of `any` (when there are some) and none of `none`.
template <typename T>
struct Alternatives {
  std::vector<T> any;
  std::vector<T> none;

  bool empty() const { return any.empty() && none.empty(); }

  template <typename Predicate>
  bool accept(Predicate matches) const {
    return (any.empty() || std::any_of(any.begin(), any.end(), matches)) &&
           std::none_of(none.begin(), none.end(), matches);
  }
};

}  // namespace rfan::replay
