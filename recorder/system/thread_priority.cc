#include "recorder/system/thread_priority.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace rfan::recorder {

namespace {

// struct sched_attr of <linux/sched/types.h>, which cannot be included together with <sched.h>. It has the
// size of the first version (SCHED_ATTR_SIZE_VER0).
struct SchedulingAttributes {
  std::uint32_t size = sizeof(SchedulingAttributes);
  std::uint32_t policy = SCHED_OTHER;
  std::uint64_t flags = 0;
  std::int32_t nice = 0;
  std::uint32_t priority = 0;
  std::uint64_t runtime_ns = 0;  // length of an ordinary thread's turns, since Linux 6.12
  std::uint64_t deadline_ns = 0;
  std::uint64_t period_ns = 0;
};
static_assert(sizeof(SchedulingAttributes) == 48);

constexpr std::uint64_t kTurnNs = 100'000;

}  // namespace

void set_reader_priority(ReaderPriority priority) {
  SchedulingAttributes attributes;
  if (priority == ReaderPriority::kRealTime) {
    attributes.policy = SCHED_FIFO;
    attributes.priority = 1;
  } else {
    attributes.nice = -10;
    attributes.runtime_ns = kTurnNs;
  }
  ::syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

void set_marker_priority(bool urgent) {
  SchedulingAttributes attributes;
  if (urgent) {
    attributes.policy = SCHED_FIFO;
    attributes.priority = 1;
  }
  ::syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

void pin_to_cpu(int cpu) {
  cpu_set_t allowed;
  if (cpu < 0 && ::sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
    for (int candidate = 0; candidate < CPU_SETSIZE; ++candidate) {
      if (CPU_ISSET(candidate, &allowed)) cpu = candidate;
    }
  }
  if (cpu < 0) return;
  cpu_set_t wanted;
  CPU_ZERO(&wanted);
  CPU_SET(cpu, &wanted);
  ::sched_setaffinity(0, sizeof wanted, &wanted);
}

void set_writer_priority(WriterPriority priority) {
  SchedulingAttributes attributes;
  attributes.nice = priority == WriterPriority::kUrgent ? -15 : 0;
  attributes.runtime_ns = kTurnNs;
  ::syscall(SYS_sched_setattr, 0, &attributes, 0U);
}

}  // namespace rfan::recorder
