// The kernel's process-event connector: reports which process changed its user or group.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "format/base/error.h"
#include "format/base/unique_fd.h"
#include "recorder/kernel/perf_records.h"

namespace rfan::recorder {

// A netlink socket (NETLINK_CONNECTOR, CN_IDX_PROC; linux/cn_proc.h). The kernel queues a message before the
// reported system call returns. So when we read a permission event, the earlier changes of its process are
// already queued. A socket filter passes only the user and group messages of first threads, because a process
// has the user of its first thread, as in /proc. Opened before the first mark; afterwards the reader thread
// owns it.
//
// Costs every fork, exec and exit on the machine 0.2 us: the kernel makes a message that the filter drops.
class ProcessConnector {
 public:
  // Fails where the kernel sends no messages: before Linux 6.6 without CAP_NET_ADMIN, and outside of the
  // initial pid, user and network namespaces.
  static Result<ProcessConnector> open();
  ProcessConnector(ProcessConnector&&) noexcept = default;
  ProcessConnector& operator=(ProcessConnector&&) = delete;
  ~ProcessConnector();  // unsubscribes, because closing the socket does not

  int fd() const { return socket_.get(); }

  // Takes queued messages; at most kCapacity records, counting those not popped, fit. Returns false if
  // nothing came. Never blocks or allocates.
  bool fetch();
  // Returns the earliest fetched record, or null. A kLost record means that the kernel's queue was full.
  const PerfRecord* front() const { return begin_ == end_ ? nullptr : &records_[begin_]; }
  void pop() { ++begin_; }

 private:
  explicit ProcessConnector(UniqueFd socket) : socket_(std::move(socket)) {}

  // If more changes of users come between two reads of events, the excess is applied after the forks of that
  // time.
  static constexpr std::size_t kCapacity = 256;

  UniqueFd socket_;
  std::array<PerfRecord, kCapacity> records_{};
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

// Returns the record in one datagram of the connector, or nothing if the datagram reports something else.
// Pure.
std::optional<PerfRecord> decode_connector_message(std::span<const std::byte> message);

}  // namespace rfan::recorder
