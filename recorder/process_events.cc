#include "recorder/process_events.h"

#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>

namespace rfan::recorder {

// The memory of one ring shared with the kernel: a control page, then the data.
struct ProcessEvents::Ring {
  UniqueFd fd;
  std::byte* memory = nullptr;
  std::size_t page_bytes = 0;
  std::uint64_t tail = 0;  // next byte to read
  std::uint64_t end = 0;   // where this drain stops
  // The earliest undelivered record, decoded ahead so that rings can be merged by time.
  bool has_record = false;
  PerfRecord record;
  // A record that wraps round the end is put together here; perf_event_header::size has 16 bits.
  std::vector<std::byte> unwrapped = std::vector<std::byte>(UINT16_MAX);

  std::size_t data_bytes() const { return kRingPages * page_bytes; }
  perf_event_mmap_page& control() const { return *reinterpret_cast<perf_event_mmap_page*>(memory); }

  std::uint64_t kernel_head() const { return __atomic_load_n(&control().data_head, __ATOMIC_ACQUIRE); }
  void give_back() const { __atomic_store_n(&control().data_tail, tail, __ATOMIC_RELEASE); }

  std::span<const std::byte> bytes_at(std::uint64_t position, std::size_t count) {
    const std::byte* data = memory + page_bytes;
    const std::size_t offset = position % data_bytes();
    const std::size_t first = std::min(count, data_bytes() - offset);
    if (first == count) return {data + offset, count};
    std::memcpy(unwrapped.data(), data + offset, first);
    std::memcpy(unwrapped.data() + first, data, count - first);
    return {unwrapped.data(), count};
  }

  // Decodes forward to the next record of interest before `end`.
  void advance() {
    has_record = false;
    while (!has_record && tail + sizeof(perf_event_header) <= end) {
      perf_event_header header;
      std::memcpy(&header, bytes_at(tail, sizeof header).data(), sizeof header);
      if (header.size < sizeof header || tail + header.size > end) {
        tail = end;  // cannot happen with a sane kernel; a broken ring must not hold the reader
        return;
      }
      if (auto decoded = decode_perf_record(bytes_at(tail, header.size))) {
        record = *decoded;
        has_record = true;
      }
      tail += header.size;
    }
  }
};

ProcessEvents::ProcessEvents() = default;
ProcessEvents::ProcessEvents(ProcessEvents&&) noexcept = default;

ProcessEvents::~ProcessEvents() {
  for (auto& ring : rings_) {
    if (ring.memory != nullptr) ::munmap(ring.memory, (kRingPages + 1) * ring.page_bytes);
  }
}

Status ProcessEvents::open_ring(int cpu) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  attributes.config = PERF_COUNT_SW_DUMMY;
  attributes.sample_type = PERF_SAMPLE_TIME;
  attributes.sample_id_all = 1;
  attributes.task = 1;
  attributes.comm = 1;
  attributes.comm_exec = 1;
  attributes.mmap = 1;
  attributes.mmap2 = 1;
  attributes.use_clockid = 1;
  attributes.clockid = CLOCK_MONOTONIC;
  attributes.watermark = 1;
  const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  attributes.wakeup_watermark = static_cast<std::uint32_t>(kRingPages * page_bytes / 4);

  Ring ring;
  ring.page_bytes = page_bytes;
  ring.fd.reset(static_cast<int>(::syscall(SYS_perf_event_open, &attributes, -1, cpu, -1,
                                           static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC))));
  if (!ring.fd) return errno_error("cannot open process events of CPU " + std::to_string(cpu));
  void* memory =
      ::mmap(nullptr, (kRingPages + 1) * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, ring.fd.get(), 0);
  if (memory == MAP_FAILED) return errno_error("cannot map process events of CPU " + std::to_string(cpu));
  ring.memory = static_cast<std::byte*>(memory);
  poll_fds_.push_back({ring.fd.get(), POLLIN, 0});
  rings_.push_back(std::move(ring));
  return {};
}

Result<ProcessEvents> ProcessEvents::open() {
  ProcessEvents events;
  const int cpus = static_cast<int>(::sysconf(_SC_NPROCESSORS_CONF));
  for (int cpu = 0; cpu < cpus; ++cpu) {
    if (auto status = events.open_ring(cpu); !status) {
      if (status.error().errno_value == ENODEV) continue;  // this CPU is offline
      return status.error();
    }
  }
  if (events.rings_.empty()) return Error{"no CPU has process events", {}, 0, {}};
  return events;
}

bool ProcessEvents::snapshot() {
  // A record in one ring can have its cause in another (fork here, exec there). The ends are taken until they
  // stand still, so that a cause is never left behind while its effect is delivered; three times is enough in
  // practice, and the reader must not wait for a machine that forks without pause.
  bool any = false;
  for (int attempt = 0; attempt < 3; ++attempt) {
    bool moved = false;
    for (auto& ring : rings_) {
      const auto head = ring.kernel_head();
      moved = moved || head != ring.end;
      ring.end = head;
      any = any || head != ring.tail;
    }
    if (!moved) break;
  }
  if (any) {
    for (auto& ring : rings_) ring.advance();
  }
  return any;
}

bool ProcessEvents::next(PerfRecord& record) {
  // Only now: the text of the record delivered before points into its ring.
  if (delivered_ != nullptr) delivered_->advance();
  Ring* earliest = nullptr;
  for (auto& ring : rings_) {
    if (ring.has_record && (earliest == nullptr || ring.record.time_ns < earliest->record.time_ns))
      earliest = &ring;
  }
  delivered_ = earliest;
  if (earliest == nullptr) return false;
  record = earliest->record;
  return true;
}

void ProcessEvents::release() {
  for (auto& ring : rings_) ring.give_back();
}

}  // namespace rfan::recorder
