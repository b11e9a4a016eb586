#include "replay/query/scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>

#include "format/base/escape.h"
#include "format/base/number_text.h"
#include "format/trace/trace_reader.h"
#include "replay/trace/follow_source.h"

namespace rfan::replay {

using format::BlockStatistics;
using format::ColumnSet;
using format::EncodedBlock;
using format::EventColumns;

namespace {

void take_columns(ColumnSet columns, EventColumns& from, EventColumns& to) {
  if (columns & format::kColumnTime) to.time_ns.swap(from.time_ns);
  if (columns & format::kColumnKind) to.kind.swap(from.kind);
  if (columns & format::kColumnFlags) to.flags.swap(from.flags);
  if (columns & format::kColumnProcess) to.process.swap(from.process);
  if (columns & format::kColumnPath) to.path.swap(from.path);
  if (columns & format::kColumnPath2) to.path2.swap(from.path2);
  if (columns & format::kColumnReply) to.reply_ns.swap(from.reply_ns);
  to.missing.paths = std::max(to.missing.paths, from.missing.paths);
  to.missing.processes = std::max(to.missing.processes, from.missing.processes);
}

unsigned bits_in(ColumnSet columns) {
  return static_cast<unsigned>(__builtin_popcount(columns));
}

format::ProcessDetail wanted_processes(const Query& query, const Filter& filter) {
  using format::ProcessDetail;
  if (((query.columns() | filter.columns()) & format::kColumnProcess) == 0) return ProcessDetail::kNone;
  const bool command_lines = query.shows_command_lines() || filter.reads_command_lines();
  return command_lines ? ProcessDetail::kAll : ProcessDetail::kWithoutCommandLine;
}

bool goes_through_names(const Query& query, const Filter& filter) {
  constexpr auto kNames = format::kColumnProcess | format::kColumnPath | format::kColumnPath2;
  return !query.looks_names_up() || (filter.columns() & kNames) != 0;
}

// Where the columns of a block come from. False: damage, which was reported, or an error, which was kept.
class ColumnSource {
 public:
  virtual ~ColumnSource() = default;
  virtual bool decode(ColumnSet wanted, EventColumns& out) = 0;
  virtual bool count_paths(std::span<std::uint32_t> counts) = 0;
  virtual bool mark_paths(const format::PathMarks& marks, std::vector<std::uint8_t>& out) = 0;
};

// From an encoded block to the call of Part::add(). One for each thread.
class BlockWork {
 public:
  void run(const EncodedBlock& block, std::uint64_t number, const ScanFile& file, const Filter& filter,
           ColumnSet wanted, Part& part, ScanCounts& counts, ColumnSource& source) {
    const auto& statistics = block.statistics;
    const auto share = filter.judge(statistics, file.timeline);
    if (share == Share::kNone) {
      ++counts.excluded;
      return;
    }
    selection_.all = share == Share::kAll;
    selection_.rows.clear();
    selection_.count = statistics.totals.events;
    if (selection_.all && part.add_statistics(statistics)) {
      ++counts.from_statistics;
      counts.matched += selection_.count;
      return;
    }
    if (add_process_counts(statistics, file, filter, part, counts)) return;
    counts.events += statistics.totals.events;
    if (selection_.all && wanted == format::kColumnPath && count_paths(statistics, part, counts, source))
      return;
    if (!select(statistics, file, filter, wanted, counts, source)) return;
    counts.matched += selection_.count;
    if (!selection_.all) {
      if (part.add_marked({statistics, events_, selection_.masks[0], selection_.count})) return;
      Filter::list_rows(selection_);
    }
    part.add({file, block, statistics, events_, selection_, number});
  }

 private:
  bool decode(ColumnSource& source, ColumnSet columns, EventColumns& out, ScanCounts& counts) {
    if (!source.decode(columns, out)) return false;
    counts.columns += bits_in(columns);
    return true;
  }

  // True when the block is done with, its paths counted or lost.
  bool count_paths(const BlockStatistics& statistics, Part& part, ScanCounts& counts, ColumnSource& source) {
    const auto counters = part.path_counters(statistics.totals.events);
    if (counters.empty()) return false;
    if (!source.count_paths(counters)) return true;
    ++counts.columns;
    counts.matched += statistics.totals.events;
    return true;
  }

  // What the filter wants, and the wanted columns; false when there is nothing to be seen.
  bool select(const BlockStatistics& statistics, const ScanFile& file, const Filter& filter, ColumnSet wanted,
              ScanCounts& counts, ColumnSource& source) {
    take_columns(borrowed_, events_, rest_);
    borrowed_ = 0;
    if (selection_.all) return decode(source, wanted, events_, counts);
    if (!decode_for_filter(statistics, filter, wanted, counts, source)) return false;
    filter.mask(events_, file.timeline, selection_);
    if (selection_.count == 0) return false;
    const auto rest = wanted & ~filter.columns();
    if (rest == 0) return true;
    if (!decode(source, rest, rest_, counts)) return false;
    take_columns(rest, rest_, events_);
    borrowed_ = rest;
    return true;
  }

  bool decode_for_filter(const BlockStatistics& statistics, const Filter& filter, ColumnSet wanted,
                         ScanCounts& counts, ColumnSource& source) {
    constexpr auto kPaths = format::kColumnPath | format::kColumnPath2;
    auto columns = filter.columns();
    selection_.path_marks.clear();
    const auto test = filter.path_test();
    if (test && (columns & wanted & kPaths) == 0) {
      if (!source.mark_paths(*test, selection_.path_marks)) return false;
      counts.columns += bits_in(columns & kPaths);
      columns &= ~kPaths;
    }
    events_.count = statistics.totals.events;
    return columns == 0 || decode(source, columns, events_, counts);
  }

  // Where the filter asks for nothing but processes, it may as well look at their list instead of the column.
  bool add_process_counts(const BlockStatistics& statistics, const ScanFile& file, const Filter& filter,
                          Part& part, ScanCounts& counts) {
    // An id that is missing stands for nobody, as decoding will show and report.
    if (statistics.process_events.empty() || !file.dictionary.knows_processes(*statistics.processes)) {
      return false;
    }
    if (!selection_.all) {
      if (filter.columns() != format::kColumnProcess) return false;
      events_.process = *statistics.processes;
      events_.count = events_.process.size();
      filter.select(events_, file.timeline, selection_);
    }
    process_counts_.clear();
    std::uint64_t matched = 0;
    const auto add = [&](std::size_t i) {
      process_counts_.push_back({(*statistics.processes)[i], statistics.process_events[i]});
      matched += statistics.process_events[i];
    };
    if (selection_.all) {
      for (std::size_t i = 0; i < statistics.process_events.size(); ++i) add(i);
    } else {
      for (const auto row : selection_.rows) add(row);
    }
    if (!part.add_process_counts(process_counts_)) return false;
    ++counts.from_statistics;
    counts.matched += matched;
    return true;
  }

  EventColumns events_;
  EventColumns rest_;
  ColumnSet borrowed_ = 0;  // columns of events_ that are given back to rest_, for their memory
  Selection selection_;
  std::vector<ProcessCount> process_counts_;
};

class StreamSource : public ColumnSource {
 public:
  StreamSource(format::TraceReader& reader, const EncodedBlock& block) : reader_(reader), block_(block) {}
  bool decode(ColumnSet wanted, EventColumns& out) override {
    return reader_.decode(block_, wanted, out).ok();
  }
  bool count_paths(std::span<std::uint32_t> counts) override {
    return reader_.count_paths(block_, counts).ok();
  }
  bool mark_paths(const format::PathMarks& marks, std::vector<std::uint8_t>& out) override {
    return reader_.mark_paths(block_, marks, out).ok();
  }

 private:
  format::TraceReader& reader_;
  const EncodedBlock& block_;
};

// The blocks of one file, worked on by several threads. The thread that calls run() takes what they make.
class FileScan {
 public:
  FileScan(const format::TraceFile& trace, const ScanFile& file, const Filter& filter, Query& query,
           ScanCounts& counts, Progress& progress, std::vector<std::size_t> blocks)
      : trace_(trace),
        file_(file),
        filter_(filter),
        query_(query),
        columns_(query.columns()),
        ordered_(query.ordered()),
        counts_(counts),
        progress_(progress),
        blocks_(std::move(blocks)) {}

  Status run(unsigned threads) {
    const auto workers = std::clamp<std::size_t>(blocks_.size(), 1, threads);
    query_.begin(file_);
    for (std::size_t i = 0; i < workers; ++i) parts_.push_back(query_.make_part(file_));
    if (workers == 1) {
      run_alone();
    } else {
      run_together(workers);
    }
    if (!query_.done()) {
      for (auto& part : parts_) query_.take(file_, *part);
    }
    return failure_ ? Status(*failure_) : Status();
  }

 private:
  struct Worker {
    EncodedBlock block;
    BlockWork work;
    format::BlockDecoder decoder;
  };
  struct Slot {
    bool ready = false;
    std::unique_ptr<Product> product;
  };

  // Reads the body of a block when a column is asked for.
  class BlockSource : public ColumnSource {
   public:
    BlockSource(FileScan& scan, Worker& worker)
        : scan_(scan), block_(worker.block), decoder_(worker.decoder) {}
    bool decode(ColumnSet wanted, EventColumns& out) override {
      return read() && scan_.trace_.decode(block_, wanted, decoder_, out).ok();
    }
    bool count_paths(std::span<std::uint32_t> counts) override {
      return read() && scan_.trace_.count_paths(block_, decoder_, counts).ok();
    }
    bool mark_paths(const format::PathMarks& marks, std::vector<std::uint8_t>& out) override {
      return read() && scan_.trace_.mark_paths(block_, marks, decoder_, out).ok();
    }

   private:
    bool read() { return scan_.readable(scan_.trace_.read_body(block_)); }

    FileScan& scan_;
    EncodedBlock& block_;
    format::BlockDecoder& decoder_;
  };

  void run_alone() {
    Worker worker;
    for (std::size_t i = 0; i < blocks_.size() && !query_.done() && !failure_; ++i) {
      auto product = work_on(i, worker, *parts_[0]);
      if (product) query_.take_product(file_, *product);
      progress_.advance(trace_.blocks()[blocks_[i]].events);
    }
  }

  void run_together(std::size_t workers) {
    window_ = 2 * workers;
    slots_.resize(blocks_.size());
    {
      std::vector<std::jthread> threads;
      for (std::size_t i = 0; i < workers; ++i) {
        threads.emplace_back([this, i] { keeping_exception([this, i] { work_loop(*parts_[i]); }); });
      }
      keeping_exception([this] { take_in_order(); });
    }
    if (exception_) std::rethrow_exception(exception_);
  }

  // Ends the scan on an exception (std::bad_alloc, there is no other), which run_together() throws again once
  // all threads have ended.
  template <typename Work>
  void keeping_exception(Work work) {
    try {
      work();
    } catch (...) {
      const std::lock_guard lock(mutex_);
      exception_ = std::current_exception();
      stop_ = true;
      ready_.notify_all();
      room_.notify_all();
    }
  }

  std::unique_ptr<Product> work_on(std::size_t i, Worker& worker, Part& part) {
    auto& block = worker.block;
    if (!readable(trace_.read_statistics(blocks_[i], block))) return nullptr;
    BlockSource source(*this, worker);
    worker.work.run(block, blocks_[i], file_, filter_, columns_, part, counts_, source);
    return ordered_ ? part.product() : nullptr;
  }

  // Damage has been reported; anything else ends the scan.
  bool readable(const Status& status) {
    if (!status && status.error().errno_value != 0) fail(status.error());
    return status.ok();
  }

  void work_loop(Part& part) {
    Worker worker;
    std::unique_lock lock(mutex_);
    while (true) {
      room_.wait(lock,
                 [&] { return stop_ || next_ >= blocks_.size() || !ordered_ || next_ < taken_ + window_; });
      if (stop_ || next_ >= blocks_.size()) return;
      const auto i = next_++;
      lock.unlock();
      auto product = work_on(i, worker, part);
      lock.lock();
      slots_[i] = {true, std::move(product)};
      ready_.notify_one();
    }
  }

  void take_in_order() {
    std::unique_lock lock(mutex_);
    while (taken_ < blocks_.size() && !stop_) {
      ready_.wait(lock, [&] { return stop_ || slots_[taken_].ready; });
      if (stop_) break;
      auto product = std::move(slots_[taken_].product);
      const auto events = trace_.blocks()[blocks_[taken_]].events;
      ++taken_;
      room_.notify_all();
      lock.unlock();
      if (product) query_.take_product(file_, *product);
      progress_.advance(events);
      lock.lock();
      stop_ = stop_ || query_.done();
    }
    stop_ = true;
    room_.notify_all();
  }

  void fail(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (!failure_) failure_ = error;
    stop_ = true;
    ready_.notify_all();
  }

  const format::TraceFile& trace_;
  const ScanFile& file_;
  const Filter& filter_;
  Query& query_;
  const ColumnSet columns_;
  const bool ordered_;
  ScanCounts& counts_;
  Progress& progress_;
  const std::vector<std::size_t> blocks_;  // to look at, ascending
  std::vector<std::unique_ptr<Part>> parts_;
  std::size_t window_ = 0;

  std::mutex mutex_;  // of everything below
  std::condition_variable room_;
  std::condition_variable ready_;
  std::deque<Slot> slots_;  // by position in blocks_
  std::size_t next_ = 0;    // that a worker will begin
  std::size_t taken_ = 0;
  bool stop_ = false;
  std::optional<Error> failure_;
  std::exception_ptr exception_;
};

}  // namespace

Result<Coverage> Scan::run(Query& query) {
  missing_ = set_.incomplete();
  std::uint64_t events = 0;
  for (const auto& member : set_.members()) events += member.events;
  progress_.begin(events);
  for (std::size_t i = 0; i < set_.members().size() && !query.done(); ++i) {
    const auto& member = set_.members()[i];
    const bool follow = options_.follow && !member.complete && i + 1 == set_.members().size();
    const auto status = member.stream ? scan_stream(i, query)
                        : follow      ? follow_file(i, query)
                                      : scan_file(i, query);
    if (!status) return status.error();
  }
  progress_.end();
  return missing_ ? Coverage::kPartial : Coverage::kWhole;
}

Status Scan::scan_file(std::size_t index, Query& query) {
  const auto& member = set_.members()[index];
  const auto timeline = set_.timeline(index);
  auto trace = set_.file(index, note_);
  if (!trace) return trace.error();
  Filter filter(condition_);
  std::vector<std::size_t> blocks;
  for (std::size_t i = 0; i < (*trace)->blocks().size(); ++i) {
    const auto& entry = (*trace)->blocks()[i];
    if (filter.may_match_time(entry.first_ns, entry.last_ns, timeline)) blocks.push_back(i);
  }
  counts_.blocks += (*trace)->blocks().size();
  counts_.outside_time += (*trace)->blocks().size() - blocks.size();
  if (!blocks.empty()) {
    (*trace)->want_processes(wanted_processes(query, filter));
    if (!goes_through_names(query, filter)) (*trace)->read_names_on_demand();
    const auto& dictionary = (*trace)->dictionary_until(blocks.back());
    filter.extend(dictionary);
    const ScanFile file{dictionary, timeline, member.name, index};
    FileScan scan(**trace, file, filter, query, counts_, progress_, std::move(blocks));
    if (auto status = scan.run(options_.threads); !status) return status;
  }
  if (query.done()) return {};
  note_losses_and_doubts((*trace)->losses(), filter, timeline);
  if (!(*trace)->complete()) note_unfinished(member.name);
  note_unknown((*trace)->unknown_frames());
  missing_ = missing_ || (*trace)->damage_count() != 0;
  return {};
}

Status Scan::scan_stream(std::size_t index, Query& query) {
  const auto& member = set_.members()[index];
  auto source = format::open_source(member.path);
  if (!source) return source.error();
  return run_stream(std::move(*source), member.name, index, {}, query);
}

// The file that is being written, and those that rotation begins after it.
Status Scan::follow_file(std::size_t index, Query& query) {
  const auto start = set_.timeline(index).start();
  for (std::optional<std::string> path = set_.members()[index].name; path && !query.done();
       path = next_rotated(*path)) {
    auto source = follow_source(*path);
    if (!source) return source.error();
    if (auto status = run_stream(std::move(*source), *path, index, start, query); !status) return status;
  }
  return {};
}

Status Scan::run_stream(std::unique_ptr<format::ByteSource> source, std::string_view name, std::size_t index,
                        std::optional<RecordingStart> start, Query& query) {
  auto opened = format::TraceReader::open(std::move(source), damage_notes(note_));
  if (!opened) return opened.error();
  auto& reader = **opened;
  Timeline timeline(reader.clocks());
  timeline.set_unit(reader.meta().time_unit_ns);
  if (start) timeline.begin_at(*start);
  const ScanFile file{reader.dictionary(), timeline, name, index};
  Filter filter(condition_);
  BlockWork work;
  query.begin(file);
  const auto part = query.make_part(file);
  for (std::uint64_t number = 0; !query.done(); ++number) {
    auto block = reader.next_block();
    if (!block) return block.error();
    if (!*block) break;
    ++counts_.blocks;
    timeline.refresh((*block)->statistics.totals.first_ns);
    filter.extend(reader.dictionary());
    StreamSource columns(reader, **block);
    work.run(**block, number, file, filter, query.columns(), *part, counts_, columns);
    if (!query.ordered()) continue;
    if (auto product = part->product()) query.take_product(file, *product);
    query.flush();
  }
  if (query.done()) return {};
  query.take(file, *part);
  const auto summary = reader.footer();
  note_losses_and_doubts(summary ? summary->losses : reader.losses(), filter, timeline);
  if (!reader.complete()) note_unfinished(name);
  note_unknown(reader.unknown_frames());
  missing_ = missing_ || reader.damage_count() != 0;
  return {};
}

void Scan::note_losses_and_doubts(std::span<const format::Loss> losses, const Filter& filter,
                                  const Timeline& timeline) {
  for (const auto& doubt : filter.time_doubts(timeline)) note_(doubt);
  const auto concerned = filter.losses_in_time(losses, timeline);
  TimeFormat time(timeline, options_.time_style);
  for (const auto& sum : sum_losses(concerned)) note_(loss_note(sum, time));
  missing_ = missing_ || !concerned.empty();
}

void Scan::note_unfinished(std::string_view name) {
  note_(fmt::format("{}: {}", escaped(name), unfinished_note()));
  missing_ = true;
}

void Scan::note_unknown(std::uint64_t frames) {
  if (frames != 0) note_(unknown_frames_note(frames));
}

std::string counts_text(const ScanCounts& counts) {
  using format::count_text;
  const auto of = [](const std::atomic<std::uint64_t>& count) { return count_text(count.load()); };
  return fmt::format(
      "{} blocks: {} outside the time, {} excluded by their statistics, {} answered by them; {} columns of "
      "{} "
      "events decoded, {} events matched",
      of(counts.blocks), of(counts.outside_time), of(counts.excluded), of(counts.from_statistics),
      of(counts.columns), of(counts.events), of(counts.matched));
}

}  // namespace rfan::replay
