#include "recorder/kernel/process_events.h"

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

// One ring: memory shared with the kernel. A control page comes first, then the data.
struct ProcessEvents::Ring {
  UniqueFd fd;
  std::byte* memory = nullptr;
  std::size_t page_bytes = 0;
  std::uint64_t tail = 0;  // next byte to read
  std::uint64_t end = 0;   // where this drain stops
  // The earliest undelivered record, decoded in advance so that rings can be merged by time.
  bool has_record = false;
  PerfRecord record;
  // Holds a record that wraps round the end of the ring; perf_event_header::size has 16 bits.
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
  for (auto& ring : rings_) close_ring(ring);
}

void ProcessEvents::close_ring(Ring& ring) {
  if (ring.memory == nullptr) return;
  ::munmap(ring.memory, (kRingPages + 1) * ring.page_bytes);
  ring.memory = nullptr;
  ring.fd.reset();
  ring.has_record = false;
  poll_fds_[static_cast<std::size_t>(&ring - rings_.data())].fd = -1;
}

void ProcessEvents::drop(std::size_t ring) {
  close_ring(rings_[ring]);
}

Status ProcessEvents::open_ring(std::size_t cpu) {
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

  UniqueFd fd(static_cast<int>(::syscall(SYS_perf_event_open, &attributes, -1, static_cast<int>(cpu), -1,
                                         static_cast<unsigned long>(PERF_FLAG_FD_CLOEXEC))));
  if (!fd) return errno_error("cannot open process events of CPU " + std::to_string(cpu));
  void* memory =
      ::mmap(nullptr, (kRingPages + 1) * page_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return errno_error("cannot map process events of CPU " + std::to_string(cpu));
  Ring& ring = rings_[cpu];
  ring.page_bytes = page_bytes;
  ring.memory = static_cast<std::byte*>(memory);
  ring.tail = ring.end = 0;
  poll_fds_[cpu] = {fd.get(), POLLIN, 0};
  ring.fd = std::move(fd);
  return {};
}

Result<ProcessEvents> ProcessEvents::open() {
  ProcessEvents events;
  const auto cpus = static_cast<std::size_t>(::sysconf(_SC_NPROCESSORS_CONF));
  events.rings_ = std::vector<Ring>(cpus);
  events.poll_fds_.assign(cpus, {-1, POLLIN, 0});
  // Opened before the rings, so that a CPU that comes online in between is noticed.
  if (auto online = OnlineCpus::open()) {
    events.online_.emplace(std::move(*online));
    events.online_->look();
  }
  if (auto status = events.open_online(); !status) return status.error();
  const auto has_ring = [](const Ring& ring) { return ring.memory != nullptr; };
  if (std::none_of(events.rings_.begin(), events.rings_.end(), has_ring))
    return Error{"no CPU has process events", {}, 0, {}};
  return events;
}

// Opens rings for all CPUs that have none.
Status ProcessEvents::open_online() {
  for (std::size_t cpu = 0; cpu < rings_.size(); ++cpu) {
    if (rings_[cpu].memory != nullptr) continue;
    auto status = open_ring(cpu);
    if (!status && status.error().errno_value != ENODEV) return status;  // that CPU is offline
  }
  return {};
}

std::size_t ProcessEvents::follow_cpus() {
  if (!online_ || !online_->look()) return 0;
  const auto cpus = online_->list(static_cast<int>(rings_.size()));
  std::size_t came = 0;
  for (std::size_t cpu = 0; cpu < rings_.size(); ++cpu) {
    const bool is_online = std::binary_search(cpus.begin(), cpus.end(), static_cast<int>(cpu));
    if (!is_online) {
      close_ring(rings_[cpu]);
    } else if (rings_[cpu].memory == nullptr) {
      ++came;
      // If it fails, the CPU is offline again and the next look says so.
      [[maybe_unused]] const auto status = open_ring(cpu);
    }
  }
  return came;
}

bool ProcessEvents::rings_are_empty() const {
  return std::all_of(rings_.begin(), rings_.end(), [](const Ring& ring) {
    return ring.memory == nullptr || ring.kernel_head() == ring.tail;
  });
}

bool ProcessEvents::snapshot() {
  // A record in one ring can have its cause in another (fork here, exec there). Take the ends until they stop
  // moving, so that no cause stays undelivered while its effect is delivered. Three rounds are enough in
  // practice, and the reader must not wait for a machine that forks without pause.
  bool any = false;
  for (int attempt = 0; attempt < 3; ++attempt) {
    // Fetch the connector first; the rings then hold the forks of its processes.
    bool moved = fetch_connector();
    any = any || moved;
    for (auto& ring : rings_) {
      if (ring.memory == nullptr) continue;
      const auto head = ring.kernel_head();
      moved = moved || head != ring.end;
      ring.end = head;
      any = any || head != ring.tail;
    }
    if (!moved) break;
  }
  if (any) {
    for (auto& ring : rings_) {
      if (ring.memory != nullptr) ring.advance();
    }
  }
  return any;
}

bool ProcessEvents::fetch_connector() {
  return connector_ && connector_->fetch();
}

bool ProcessEvents::next(PerfRecord& record) {
  // Advance only now: the text of the previous record points into its ring.
  if (delivered_ != nullptr) delivered_->advance();
  Ring* earliest = nullptr;
  for (auto& ring : rings_) {
    if (ring.has_record && (earliest == nullptr || ring.record.time_ns < earliest->record.time_ns))
      earliest = &ring;
  }
  const PerfRecord* from_connector = connector_ ? connector_->front() : nullptr;
  if (from_connector != nullptr &&
      (earliest == nullptr || from_connector->time_ns < earliest->record.time_ns)) {
    record = *from_connector;
    connector_->pop();
    delivered_ = nullptr;
    return true;
  }
  delivered_ = earliest;
  if (earliest == nullptr) return false;
  record = earliest->record;
  return true;
}

void ProcessEvents::release() {
  for (auto& ring : rings_) {
    if (ring.memory != nullptr) ring.give_back();
  }
}

}  // namespace rfan::recorder
