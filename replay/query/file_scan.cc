#include "replay/query/file_scan.h"

#include <algorithm>
#include <cstdint>
#include <thread>

namespace rfan::replay {

using format::ColumnSet;
using format::EventColumns;

// The work of one thread, with the memory of its block.
class FileScan::Worker {
 public:
  Worker(FileScan& scan, Sink& sink) : scan_(scan), sink_(sink), work_(scan.in_.context, sink) {}

  // Returns the output of item `i` of the blocks to scan.
  std::unique_ptr<BlockOutput> work_on(std::size_t i);

 private:
  friend class BlockSource;

  FileScan& scan_;
  Sink& sink_;
  BlockWork work_;
  format::EncodedBlock block_;
  format::BlockDecoder decoder_;
};

// Reads the body of the worker's block when a column is requested.
class FileScan::BlockSource : public ColumnSource {
 public:
  explicit BlockSource(Worker& worker) : worker_(worker) {}
  bool decode(ColumnSet columns, EventColumns& out) override {
    return read() && trace().decode(worker_.block_, columns, worker_.decoder_, out).ok();
  }
  bool count_paths(std::span<std::uint32_t> counts) override {
    return read() && trace().count_paths(worker_.block_, worker_.decoder_, counts).ok();
  }
  bool mark_paths(const format::PathMarks& marks, std::vector<std::uint8_t>& out) override {
    return read() && trace().mark_paths(worker_.block_, marks, worker_.decoder_, out).ok();
  }

 private:
  const format::TraceFile& trace() const { return worker_.scan_.in_.trace; }
  bool read() { return worker_.scan_.readable(trace().read_body(worker_.block_)); }

  Worker& worker_;
};

std::unique_ptr<BlockOutput> FileScan::Worker::work_on(std::size_t i) {
  const auto number = scan_.in_.blocks[i];
  if (!scan_.readable(scan_.in_.trace.read_statistics(number, block_))) return nullptr;
  BlockSource source(*this);
  work_.run(block_, number, source);
  return scan_.ordered_ ? sink_.output() : nullptr;
}

Status FileScan::run(unsigned threads) {
  const auto workers = std::clamp<std::size_t>(in_.blocks.size(), 1, threads);
  in_.query.begin(in_.context.file);
  for (std::size_t i = 0; i < workers; ++i) sinks_.push_back(in_.query.make_sink(in_.context.file));
  if (workers == 1) {
    run_alone();
  } else {
    run_together();
  }
  if (!in_.query.done()) {
    for (auto& sink : sinks_) in_.query.combine(in_.context.file, *sink);
  }
  return failure_ ? Status(*failure_) : Status();
}

void FileScan::run_alone() {
  Worker worker(*this, *sinks_[0]);
  for (std::size_t i = 0; i < in_.blocks.size() && !in_.query.done() && !failure_; ++i) {
    consume(i, worker.work_on(i).get());
  }
}

void FileScan::run_together() {
  const auto blocks = in_.blocks.size();
  buffer_.emplace(blocks, ordered_ ? 2 * sinks_.size() : blocks);
  {
    std::vector<std::jthread> threads;
    for (auto& sink : sinks_) {
      threads.emplace_back([this, &sink] { keeping_exception([this, &sink] { work(*sink); }); });
    }
    keeping_exception([this] { consume_in_order(); });
  }
  if (exception_) std::rethrow_exception(exception_);
}

void FileScan::work(Sink& sink) {
  Worker worker(*this, sink);
  while (const auto i = buffer_->next()) buffer_->put(*i, worker.work_on(*i));
}

void FileScan::consume_in_order() {
  while (const auto taken = buffer_->take()) {
    consume(taken->item, taken->output.get());
    if (in_.query.done()) buffer_->stop();
  }
}

void FileScan::consume(std::size_t item, BlockOutput* output) {
  if (output != nullptr) in_.query.consume(in_.context.file, *output);
  in_.progress.advance(in_.trace.blocks()[in_.blocks[item]].events);
}

// Returns false if the block cannot be read: after damage, which the trace has reported, the scan goes on;
// after any other error it ends.
bool FileScan::readable(const Status& status) {
  if (!status && !status.error().is_damage()) {
    const std::lock_guard lock(failure_mutex_);
    if (!failure_) failure_ = status.error();
    if (buffer_) buffer_->stop();
  }
  return status.ok();
}

// Ends the scan on an exception (only std::bad_alloc can occur), which run_together() throws again once all
// threads have ended.
template <typename Work>
void FileScan::keeping_exception(Work work) {
  try {
    work();
  } catch (...) {
    const std::lock_guard lock(failure_mutex_);
    exception_ = std::current_exception();
    buffer_->stop();
  }
}

}  // namespace rfan::replay
