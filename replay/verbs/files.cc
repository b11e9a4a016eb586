// `rfanreplay files` prints every file once, in the order of first touch.
#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include "format/base/escape.h"
#include "format/base/limits.h"
#include "format/base/number_text.h"
#include "replay/events/field_printer.h"
#include "replay/report/grouping.h"
#include "replay/text/json_writer.h"
#include "replay/text/table.h"
#include "replay/trace/process_view.h"
#include "replay/verbs/file_lives.h"
#include "replay/verbs/verbs.h"

namespace rfan::replay {
namespace {

// The place of an event in the scan. Places are ordered like events.
struct Place {
  std::uint64_t file = UINT64_MAX;
  std::uint64_t in_file = UINT64_MAX;              // block, row, and whether it is the second path
  auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 sees a 0
};

std::uint64_t place_in_file(const Batch& batch, std::uint32_t row, bool second) {
  static_assert(format::kMaxBlockEvents <= 1U << 16);
  return batch.block << 17U | std::uint64_t{row} << 1U | static_cast<std::uint64_t>(second);
}

// The counts and the first touch of one path.
struct Touch {
  Place first;
  Moment first_at;
  format::ProcessId process = 0;  // that touched it first; an id of the file of `first`
  bool directory = false;
  std::uint64_t events = 0;
  std::uint64_t creates = 0;
  std::uint64_t deletes = 0;

  void merge(const Touch& other);
};

void Touch::merge(const Touch& other) {
  if (other.first < first) {
    first = other.first;
    first_at = other.first_at;
    process = other.process;
  }
  directory |= other.directory;
  events += other.events;
  creates += other.creates;
  deletes += other.deletes;
}

// The files that were created under one name and deleted under the same or another name.
struct Churn {
  std::uint64_t lives = 0;
  Moment created_at;  // of the first file
  Moment deleted_at;  // of the last file

  std::uint64_t lived_ns() const { return deleted_at.steady_ns - created_at.steady_ns; }
};

struct FileRow {
  std::string path;
  Touch touch;
  std::string process;  // "vim[1234]"
  Churn churn{};
};

class FilesQuery : public Query {
 public:
  explicit FilesQuery(bool follows_lives) : follows_lives_(follows_lives) {}
  format::ColumnSet columns() const override { return format::kAllColumns & ~format::kColumnReply; }
  NameUse name_use() const override { return NameUse::kAllWithoutCommandLines; }
  bool ordered() const override { return follows_lives_; }
  std::unique_ptr<Sink> make_sink(const ScanFile& file) override {
    return std::make_unique<Touches>(file, follows_lives_);
  }
  void combine(const ScanFile& file, Sink& sink) override;
  void consume(const ScanFile& file, BlockOutput& output) override;

  const MomentScale& scale() const { return scale_; }

  // Returns the rows in the order of first touch and empties the query.
  std::vector<FileRow> rows() {
    for (auto& row : rows_) {
      const auto churn = churn_by_name_.find(row.path);
      if (churn != churn_by_name_.end()) row.churn = churn->second;
    }
    std::sort(rows_.begin(), rows_.end(),
              [](const FileRow& a, const FileRow& b) { return a.touch.first < b.touch.first; });
    return std::move(rows_);
  }

 private:
  // The creations, deletions and renames of a block.
  struct Steps : BlockOutput {
    struct Step {
      format::EventKind kind;
      format::PathId path, path2;
      Moment at;
    };
    std::vector<Step> steps;
  };

  struct Touches : Sink {
    Touches(const ScanFile& scanned, bool follow)
        : file(scanned), clock(scanned.timeline), follows_lives(follow) {}
    void add(const Batch& batch) override;
    void follow(const Batch& batch, std::uint32_t row);
    std::unique_ptr<BlockOutput> output() override { return std::exchange(steps, nullptr); }
    void touch(const Batch& batch, std::uint32_t row, format::PathId id, bool second);

    const ScanFile& file;
    WallClock clock;
    bool follows_lives;
    std::vector<Touch> by_path;  // by PathId
    std::unique_ptr<Steps> steps;
  };

  const bool follows_lives_;
  FileLives lives_;
  absl::flat_hash_map<std::string, Churn> churn_by_name_;

  MomentScale scale_;
  std::vector<FileRow> rows_;
  absl::flat_hash_map<std::string, std::size_t> row_by_path_;
};

void FilesQuery::Touches::touch(const Batch& batch, std::uint32_t row, format::PathId id, bool second) {
  const auto& events = batch.events;
  auto& touch = by_path[id];
  const Place place{file.index, place_in_file(batch, row, second)};
  const auto now = clock.moment(events.time_ns[row]);
  if (place < touch.first) {
    touch.first = place;
    touch.first_at = now;
    touch.process = events.process[row];
  }
  ++touch.events;
  touch.directory |= (events.flags[row] & format::kFlagDirectory) != 0;
  touch.creates += events.kind[row] == format::EventKind::kCreate;
  touch.deletes += events.kind[row] == format::EventKind::kDelete;
}

void FilesQuery::Touches::follow(const Batch& batch, std::uint32_t row) {
  using format::EventKind;
  const auto& events = batch.events;
  const auto kind = events.kind[row];
  const bool renamed = kind == EventKind::kRename && events.path2[row] != 0;
  if (events.path[row] == 0 || (kind != EventKind::kCreate && kind != EventKind::kDelete && !renamed)) return;
  if (!steps) steps = std::make_unique<Steps>();
  steps->steps.push_back({kind, events.path[row], events.path2[row], clock.moment(events.time_ns[row])});
}

void FilesQuery::Touches::add(const Batch& batch) {
  by_path.resize(std::size_t{file.dictionary.path_count()} + 1);
  batch.for_each_row([&](std::uint32_t row) {
    if (batch.events.path[row] != 0) touch(batch, row, batch.events.path[row], false);
    if (batch.events.path2[row] != 0) touch(batch, row, batch.events.path2[row], true);
    if (follows_lives) follow(batch, row);
  });
}

void FilesQuery::combine(const ScanFile& file, Sink& sink) {
  scale_.add(file.timeline);
  const auto& touches = static_cast<Touches&>(sink).by_path;
  for (std::size_t id = 1; id < touches.size(); ++id) {
    const auto& touch = touches[id];
    if (touch.events == 0) continue;
    std::string path(file.dictionary.path(static_cast<format::PathId>(id)));
    const auto [entry, added] = row_by_path_.try_emplace(std::move(path), rows_.size());
    if (added) rows_.push_back({entry->first, {}, {}});
    auto& row = rows_[entry->second];
    const bool earlier = touch.first < row.touch.first;
    row.touch.merge(touch);
    if (earlier) row.process = process_label({file.dictionary, touch.process});
  }
}

void FilesQuery::consume(const ScanFile& file, BlockOutput& output) {
  for (const auto& step : static_cast<Steps&>(output).steps) {
    const auto path = file.dictionary.path(step.path);
    if (step.kind == format::EventKind::kCreate) {
      lives_.create(path, step.at);
    } else if (step.kind == format::EventKind::kRename) {
      lives_.rename(path, file.dictionary.path(step.path2));
    } else if (const auto life = lives_.remove(path)) {
      auto& churn = churn_by_name_[life->name];
      if (churn.lives++ == 0) churn.created_at = life->created_at;
      churn.deleted_at = step.at;
    }
  }
}

class Files : public Verb {
 public:
  OptionGroup options() override {
    return {"Options",
            {{"-0,--null", "", "end each name with a NUL byte and write it as it is, for xargs -0", &null_},
             {"-l,--long", "", "say when each was first touched, by whom, and how often", &long_},
             {"--existing", "", "only what exists here and now", &existing_},
             {"--dirs", "", "the directories of the files instead", &directories_},
             {"--churn", "", "only what was created and deleted again, under whatever name", &churn_}}};
  }

  Status check(const Options& options) override {
    if (null_ && options.format != OutputFormat::kText) return Error{"-0 goes with text", {}, 0, {}};
    if (null_ && long_) return Error{"-0 and --long exclude each other", {}, 0, {}};
    if (directories_ && churn_) return Error{"--dirs and --churn exclude each other", {}, 0, {}};
    return {};
  }

  Result<Coverage> run(const Session& session) override {
    FilesQuery query(churn_ || session.options.format == OutputFormat::kJson);
    auto coverage = scan_traces(session, query);
    if (!coverage) return coverage;
    auto rows = query.rows();
    if (directories_) rows = directories_of(std::move(rows));
    std::erase_if(rows, [&](const FileRow& row) { return !wanted(row); });
    switch (session.options.format) {
      case OutputFormat::kJson:
        print_json(rows, session);
        break;
      case OutputFormat::kCsv:
        print_csv(rows, session);
        break;
      default:
        long_ ? print_table(rows, query.scale(), session) : print_names(rows, session);
    }
    return coverage;
  }

 private:
  // Returns the directory of each file, and each directory that was touched itself, at its first place.
  static std::vector<FileRow> directories_of(std::vector<FileRow> rows) {
    std::vector<FileRow> directories;
    absl::flat_hash_map<std::string, std::size_t> known;
    for (auto& row : rows) {
      std::string path(row.touch.directory ? std::string_view(row.path) : directory_of(row.path, 0));
      if (path.empty()) continue;
      const auto [entry, added] = known.try_emplace(path, directories.size());
      if (added) {
        row.path = std::move(path);
        row.touch.directory = true;
        directories.push_back(std::move(row));
      } else {
        directories[entry->second].touch.merge(row.touch);
      }
    }
    return directories;
  }

  bool wanted(const FileRow& row) const {
    if (row.touch.directory != directories_) return false;
    if (churn_ && row.churn.lives == 0) return false;
    struct stat status {};
    return !existing_ || ::lstat(row.path.c_str(), &status) == 0;
  }

  void print_names(const std::vector<FileRow>& rows, const Session& session) const {
    for (const auto& row : rows) {
      session.out.append(null_ ? row.path : escaped(row.path));
      session.out.text().put(null_ ? '\0' : '\n');
    }
  }

  void print_table(const std::vector<FileRow>& rows, const MomentScale& scale, const Session& session) const {
    std::vector<Table::Column> columns{{"first touch"}, {"events", Align::kRight}, {"process"}};
    if (churn_) columns = {{"created"}, {"lived", Align::kRight}, {"times", Align::kRight}, {"process"}};
    columns.push_back({"path"});
    Table table(std::move(columns), session.colour);
    const auto moment = [&](const Moment& at) {
      return moment_text(at, scale, session.options.time_style());
    };
    for (const auto& row : rows) {
      const auto& touch = row.touch;
      std::vector<std::string> cells{moment(touch.first_at), format::count_text(touch.events)};
      if (churn_) {
        cells = {moment(row.churn.created_at), format::latency_text(row.churn.lived_ns()),
                 format::count_text(row.churn.lives)};
      }
      cells.push_back(escaped(row.process));
      cells.push_back(escaped(row.path));
      table.add(std::move(cells));
    }
    table.print(session.out.text());
  }

  static void print_json(const std::vector<FileRow>& rows, const Session& session) {
    JsonWriter json(session.out.text());
    for (const auto& row : rows) {
      json.begin_object();
      json.member_bytes("path", row.path);
      json.member("first_ns", row.touch.first_at.realtime_ns);
      json.member_bytes("process", row.process);
      json.member("events", row.touch.events);
      json.member("creates", row.touch.creates);
      json.member("deletes", row.touch.deletes);
      if (row.churn.lives != 0) json.member("lived_ns", row.churn.lived_ns());
      json.end_object();
      json.end_line();
    }
  }

  static void print_csv(const std::vector<FileRow>& rows, const Session& session) {
    session.out.append("path,first_ns,process,events,creates,deletes\n");
    for (const auto& row : rows) {
      session.out.append(fmt::format("{},{},{},{},{},{}\n", csv_quoted(row.path),
                                     row.touch.first_at.realtime_ns, csv_quoted(row.process),
                                     row.touch.events, row.touch.creates, row.touch.deletes));
    }
  }

  bool null_ = false;
  bool long_ = false;
  bool existing_ = false;
  bool directories_ = false;
  bool churn_ = false;
};

}  // namespace

constexpr VerbEntry kFilesVerb{
    .name = "files",
    .summary = "the files that were touched, in the order of first touch",
    .synopsis = "TRACE... [FILTERS] [OUTPUT]",
    .about =
        R"(Prints every file once, in the order in which it was first touched: a list for packaging or reading ahead.

  rfanreplay files trace.fbz --tree 4711 --existing -0 | xargs -0 cat >/dev/null
  rfanreplay files trace.fbz --exe vim                what vim needs to start, in order
  rfanreplay files trace.fbz --wrote main.o           what the writers of main.o touched
  rfanreplay files trace.fbz --churn                  what was created and deleted again
)",
    .groups = kTakesAll,
    .make = make_verb<Files>};

}  // namespace rfan::replay
