// `rfanreplay cat` prints the events that match the filter, in the order of the trace, or the slowest of
// them.
#include <algorithm>
#include <mutex>
#include <tuple>

#include "replay/events/field_printer.h"
#include "replay/events/json_printer.h"
#include "replay/events/text_printer.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

// The style in which events are printed, for all files of a scan.
struct PrintStyle {
  OutputFormat format = OutputFormat::kText;
  std::vector<Field> fields;  // empty: the default of the format
  TimeStyle time = TimeStyle::kLocal;
  bool source = false;

  std::vector<Field> csv_fields() const {
    if (!fields.empty()) return fields;
    std::vector<Field> usual{Field::kTimeNs, Field::kKind,      Field::kPid,     Field::kExe,  Field::kPath,
                             Field::kPath2,  Field::kLatencyNs, Field::kVerdict, Field::kFlags};
    if (source) usual.insert(usual.begin(), Field::kSource);
    return usual;
  }
  FieldSet json_fields() const {
    if (!fields.empty()) return FieldSet(fields);
    auto all = FieldSet::all();
    if (!source) all.remove(Field::kSource);
    return all;
  }

  std::unique_ptr<EventPrinter> printer(TextBuffer& out, const ScanFile& file) const {
    if (format == OutputFormat::kJson) return std::make_unique<JsonPrinter>(out, file, json_fields());
    if (format == OutputFormat::kCsv) {
      return std::make_unique<FieldPrinter>(out, file, csv_fields(), FieldPrinter::Style::kCsv, time);
    }
    if (!fields.empty()) {
      return std::make_unique<FieldPrinter>(out, file, fields, FieldPrinter::Style::kTabs, time);
    }
    return std::make_unique<TextPrinter>(out, file, time, source ? file.name : std::string_view());
  }
  format::ColumnSet columns() const {
    if (format == OutputFormat::kJson) return columns_of(json_fields());
    if (format == OutputFormat::kCsv) return columns_of(FieldSet(csv_fields()));
    return fields.empty() ? format::kAllColumns : columns_of(FieldSet(fields));
  }
  NameUse name_use() const {
    const auto shown = format == OutputFormat::kJson ? json_fields() : FieldSet(fields);
    return shown.contains(Field::kCmdline) ? NameUse::kReferencedWithCommandLines : NameUse::kReferenced;
  }
};

struct Text : BlockOutput {
  TextBuffer buffer;
};

// Keeps written text buffers for reuse. Otherwise the allocator would return their memory to the kernel each
// time.
class TextPool {
 public:
  std::unique_ptr<Text> get() {
    const std::lock_guard lock(mutex_);
    if (spare_.empty()) return std::make_unique<Text>();
    auto text = std::move(spare_.back());
    spare_.pop_back();
    return text;
  }
  void put(TextBuffer&& buffer) {
    buffer.clear();
    auto text = std::make_unique<Text>();
    text->buffer = std::move(buffer);
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(text));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Text>> spare_;
};

class CatSink : public Sink {
 public:
  CatSink(const PrintStyle& style, const ScanFile& file, TextPool& pool)
      : pool_(pool), printer_(style.printer(buffer_, file)) {}

  void add(const Batch& batch) override {
    if (buffer_.empty()) buffer_ = std::move(pool_.get()->buffer);
    printer_->print(batch);
  }
  std::unique_ptr<BlockOutput> output() override {
    if (buffer_.empty()) return nullptr;
    auto text = std::make_unique<Text>();
    text->buffer = std::exchange(buffer_, TextBuffer());
    return text;
  }

 private:
  TextPool& pool_;
  TextBuffer buffer_;
  std::unique_ptr<EventPrinter> printer_;
};

// Prints all events in order.
class CatQuery : public Query {
 public:
  CatQuery(const PrintStyle& style, Output& out) : style_(style), out_(out) {}
  format::ColumnSet columns() const override { return style_.columns(); }
  NameUse name_use() const override { return style_.name_use(); }
  bool ordered() const override { return true; }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override {
    return std::make_unique<CatSink>(style_, file, pool_);
  }
  void consume(const ScanFile&, BlockOutput& output) override {
    auto& buffer = static_cast<Text&>(output).buffer;
    out_.write(buffer.view());
    pool_.put(std::move(buffer));
  }
  bool done() const override { return !out_.status(); }

 private:
  const PrintStyle& style_;
  Output& out_;
  TextPool pool_;
};

// Finds the `limit` held events that waited longest; of equal ones the earlier.
class SlowestQuery : public Query {
 public:
  SlowestQuery(const PrintStyle& style, std::size_t limit) : style_(style), limit_(limit) {}
  format::ColumnSet columns() const override { return format::kAllColumns; }
  NameUse name_use() const override { return style_.name_use(); }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override {
    return std::make_unique<Slow>(file, limit_);
  }
  void combine(const ScanFile& file, Sink& sink) override;
  void print(Output& out) {
    for (const auto& line : lines_) out.append(line.text);
  }

 private:
  struct Entry {
    std::uint32_t reply_ns;
    std::uint64_t place;  // block and row
    format::Event event;
    bool operator<(const Entry& other) const {
      return reply_ns != other.reply_ns ? reply_ns > other.reply_ns : place < other.place;
    }
  };
  struct Slow : Sink {
    Slow(const ScanFile& scanned, std::size_t most) : file(scanned), limit(most) {}
    void add(const Batch& batch) override;
    const ScanFile& file;
    std::size_t limit;
    std::vector<Entry> heap;  // the fastest of them in front
  };
  struct Line {
    std::uint32_t reply_ns;
    std::size_t file;
    std::uint64_t place;
    std::string text;
    bool operator<(const Line& other) const {
      if (reply_ns != other.reply_ns) return reply_ns > other.reply_ns;
      return std::tie(file, place) < std::tie(other.file, other.place);
    }
  };

  const PrintStyle& style_;
  std::size_t limit_;
  std::vector<Line> lines_;  // the slowest first
};

void SlowestQuery::Slow::add(const Batch& batch) {
  const auto& events = batch.events;
  batch.for_each_row([&](std::uint32_t row) {
    if (!(events.flags[row] & format::kFlagHeld)) return;
    const Entry entry{events.reply_ns[row], batch.block << 32U | row, events.event(row)};
    if (heap.size() == limit) {
      if (!(entry < heap.front())) return;
      std::pop_heap(heap.begin(), heap.end());
      heap.pop_back();
    }
    heap.push_back(entry);
    std::push_heap(heap.begin(), heap.end());
  });
}

void SlowestQuery::combine(const ScanFile& file, Sink& sink) {
  auto& heap = static_cast<Slow&>(sink).heap;
  std::sort(heap.begin(), heap.end());
  TextBuffer buffer;
  const auto printer = style_.printer(buffer, file);
  const format::BlockStatistics none;
  for (const auto& [reply_ns, place, event] : heap) {
    const format::EventColumns one{1,
                                   {event.time_ns},
                                   {event.kind},
                                   {event.flags},
                                   {event.process},
                                   {event.path},
                                   {event.path2},
                                   {event.reply_ns}};
    Selection selection;
    selection.all = true;
    buffer.clear();
    printer->print({file, format::EncodedBlock(), none, one, selection, 0});
    lines_.push_back({reply_ns, file.index, place, std::string(buffer.view())});
  }
  std::sort(lines_.begin(), lines_.end());
  if (lines_.size() > limit_) lines_.resize(limit_);
}

class Cat : public Verb {
 public:
  OptionGroup options() override {
    return {"Options",
            {{"-F,--fields",
              "FIELD,...",
              "print these, separated by tabs, or as keys and columns of jsonl and csv: " + field_names(),
              &fields_,
              {Values::Kind::kWords, field_names()}},
             {"--follow", "", "wait for more while the last file is being written, and for those that follow",
              &follow_},
             {"--sort",
              "latency",
              "the events that waited longest for their answer, the slowest first",
              &sort_,
              {Values::Kind::kWord, "latency"}},
             {"--top", "N", "with --sort: how many (default 20)", &top_}}};
  }

  Status check(const Options& options) override {
    style_ = {options.format, {}, options.time_style(), options.show_source};
    if (!fields_.empty()) {
      auto fields = parse_fields(fields_);
      if (!fields) return fields.error();
      style_.fields = std::move(*fields);
      if (options.show_source) style_.fields.insert(style_.fields.begin(), Field::kSource);
    }
    if (!sort_.empty() && sort_ != "latency") {
      return Error{"cannot sort by", sort_, 0, "cat prints in the order of the trace, or --sort latency"};
    }
    if (top_ && sort_.empty())
      return Error{"--top goes with --sort", {}, 0, "to see the first events use head"};
    if (top_ == 0) return Error{"--top wants a number from 1 on", {}, 0, {}};
    if (follow_ && !sort_.empty())
      return Error{"--follow has no end, so that there is nothing to --sort", {}, 0, {}};
    return {};
  }

  Result<Coverage> run(const Session& session) override {
    if (style_.format == OutputFormat::kCsv) session.out.append(csv_header(style_.csv_fields()));
    if (!sort_.empty()) {
      SlowestQuery query(style_, static_cast<std::size_t>(top_.value_or(20)));
      auto coverage = scan_traces(session, query);
      query.print(session.out);
      return coverage;
    }
    CatQuery query(style_, session.out);
    return scan_traces(session, query, follow_);
  }

 private:
  std::string fields_;
  std::string sort_;
  std::optional<std::uint64_t> top_;
  bool follow_ = false;
  PrintStyle style_;
};

}  // namespace

constexpr VerbEntry kCatVerb{.name = "cat",
                             .summary = "print the events, one per line (the default)",
                             .synopsis = "TRACE... [FILTERS] [OUTPUT]",
                             .about = R"(Prints the events in the order in which they were recorded.

  rfanreplay trace.fbz --exe vim
  rfanreplay trace.fbz --exe cc1plus --path '*.h' --kind open
  rfanreplay trace.fbz --since +1m30s --until +2m --format jsonl | jq .path
  rfanreplay trace.fbz --sort latency --top 20      which opens waited longest for their answer
  rfanreplay trace.fbz --slowest 1s                 what happened in the slowest second
  sudo rfanrec -o - / | rfanreplay -                live
)",
                             .groups = kTakesAll,
                             .make = make_verb<Cat>};

}  // namespace rfan::replay
