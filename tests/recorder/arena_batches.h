// Fills arenas as the reader thread does, from bytes built by hand.
#pragma once

#include <gtest/gtest.h>

#include <cstring>

#include "recorder/handover/arena.h"
#include "tests/recorder/kernel_bytes.h"

namespace rfan::recorder {

// Appends the events to `arena`, each by `image`. `batch`: its times and source; the rest is filled in.
inline void add_batch(Arena& arena, const KernelBytes& events, Arena::Batch batch, ImageSerial image = 0,
                      bool own = false) {
  const auto& bytes = events.bytes();
  ASSERT_LE(bytes.size(), arena.free_raw().size());
  std::memcpy(arena.free_raw().data(), bytes.data(), bytes.size());
  KernelEventWalker walker(arena.free_raw().first(bytes.size()));
  arena.raw_bytes += bytes.size();
  batch.first_event = static_cast<std::uint32_t>(arena.event_count);
  for (KernelEvent event; walker.next(event);) {
    const auto records = walker.records();
    arena.events[arena.event_count++] = {
        .kernel = event,
        .image = image,
        .records_begin = static_cast<std::uint32_t>(records.data() - arena.raw.data()),
        .records_bytes = static_cast<std::uint16_t>(records.size()),
        .own = own,
        .denied = false};
  }
  arena.batches[arena.batch_count++] = batch;
}

}  // namespace rfan::recorder
