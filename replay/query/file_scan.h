// Scans the blocks of one file on several threads.
#pragma once

#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "format/base/error.h"
#include "format/trace/trace_file.h"
#include "replay/query/block_work.h"
#include "replay/query/query.h"
#include "replay/query/reorder_buffer.h"
#include "replay/text/progress.h"

namespace rfan::replay {

// Gives the blocks of one file to a query. Each worker thread has a sink and takes block after block; the
// thread that calls run() consumes their outputs in order, in a window of two blocks a thread, which bounds
// the memory. With one thread, run() does both. A file that is not seekable is scanned by Scan itself.
class FileScan {
 public:
  struct Inputs {
    const format::TraceFile& trace;
    const FileContext& context;
    Query& query;
    Progress& progress;
    std::vector<std::size_t> blocks;  // of the trace, to scan, ascending
  };
  // Everything that the inputs refer to must outlive the scan.
  explicit FileScan(Inputs inputs) : in_(std::move(inputs)), ordered_(in_.query.ordered()) {}

  // Runs once. Fails if the file cannot be read; damage is no failure.
  Status run(unsigned threads);

 private:
  class Worker;
  class BlockSource;

  void run_alone();
  void run_together();
  void work(Sink& sink);
  void consume_in_order();
  void consume(std::size_t item, BlockOutput* output);
  bool readable(const Status& status);
  template <typename Work>
  void keeping_exception(Work work);

  const Inputs in_;
  const bool ordered_;
  std::vector<std::unique_ptr<Sink>> sinks_;  // one for each thread
  std::optional<ReorderBuffer> buffer_;       // if there are several threads
  std::mutex failure_mutex_;                  // of everything below
  std::optional<Error> failure_;
  std::exception_ptr exception_;
};

}  // namespace rfan::replay
