// `rfanreplay files`: every file once, in the order of first touch.
#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <tuple>

#include "format/escape.h"
#include "format/limits.h"
#include "format/number_text.h"
#include "replay/field_printer.h"
#include "replay/grouping.h"
#include "replay/json_writer.h"
#include "replay/process_view.h"
#include "replay/table.h"
#include "replay/verb.h"

namespace rfan::replay {
namespace {

// Where in the scan an event stands: ordered like the events.
struct Place {
  std::uint64_t file = UINT64_MAX;
  std::uint64_t in_file = UINT64_MAX;              // block, row, and whether it is the second path
  auto operator<=>(const Place&) const = default;  // NOLINT(modernize-use-nullptr): clang-tidy 14 sees a 0
};

std::uint64_t place_in_file(const Batch& batch, std::uint32_t row, bool second) {
  static_assert(format::kMaxBlockEvents <= 1U << 16);
  return batch.block << 17U | std::uint64_t{row} << 1U | static_cast<std::uint64_t>(second);
}

// What happened to one path. Times are wall-clock.
struct Touch {
  Place first;
  std::uint64_t first_ns = 0;
  format::ProcessId process = 0;  // that touched it first; of the file of `first`
  bool directory = false;
  std::uint64_t events = 0;
  std::uint64_t creates = 0;
  std::uint64_t deletes = 0;
  Place first_create;
  std::uint64_t created_ns = 0;
  Place last_delete{0, 0};
  std::uint64_t deleted_ns = 0;

  bool churn() const { return creates != 0 && deletes != 0 && first_create < last_delete; }
  void merge(const Touch& other);
};

void Touch::merge(const Touch& other) {
  if (other.first < first) {
    first = other.first;
    first_ns = other.first_ns;
    process = other.process;
  }
  directory |= other.directory;
  events += other.events;
  creates += other.creates;
  deletes += other.deletes;
  if (other.creates != 0 && other.first_create < first_create) {
    first_create = other.first_create;
    created_ns = other.created_ns;
  }
  if (other.deletes != 0 && other.last_delete >= last_delete) {
    last_delete = other.last_delete;
    deleted_ns = other.deleted_ns;
  }
}

struct FileRow {
  std::string path;
  Touch touch;
  std::string process;  // "vim[1234]"
};

class FilesQuery : public Query {
 public:
  format::ColumnSet columns() const override { return format::kAllColumns & ~format::kColumnReply; }
  bool shows_command_lines() const override { return false; }
  std::unique_ptr<Part> make_part(const ScanFile& file) override { return std::make_unique<Touches>(file); }
  void take(const ScanFile& file, Part& part) override;

  void begin(const ScanFile& file) override { scale_.add(file.timeline); }
  const MomentScale& scale() const { return scale_; }

  // In the order of first touch; empties the query.
  std::vector<FileRow> rows() {
    std::sort(rows_.begin(), rows_.end(),
              [](const FileRow& a, const FileRow& b) { return a.touch.first < b.touch.first; });
    return std::move(rows_);
  }

 private:
  struct Touches : Part {
    explicit Touches(const ScanFile& scanned) : file(scanned), clock(scanned.timeline) {}
    void add(const Batch& batch) override;
    void touch(const Batch& batch, std::uint32_t row, format::PathId id, bool second);

    const ScanFile& file;
    WallClock clock;
    std::vector<Touch> by_path;  // by PathId
  };

  MomentScale scale_;
  std::vector<FileRow> rows_;
  absl::flat_hash_map<std::string, std::size_t> row_by_path_;
};

void FilesQuery::Touches::touch(const Batch& batch, std::uint32_t row, format::PathId id, bool second) {
  const auto& events = batch.events;
  auto& touch = by_path[id];
  const Place place{file.index, place_in_file(batch, row, second)};
  const auto now_ns = clock.realtime_ns(events.time_ns[row]);
  if (place < touch.first) {
    touch.first = place;
    touch.first_ns = now_ns;
    touch.process = events.process[row];
  }
  ++touch.events;
  touch.directory |= (events.flags[row] & format::kFlagDirectory) != 0;
  if (events.kind[row] == format::EventKind::kCreate) {
    ++touch.creates;
    if (place < touch.first_create) touch.first_create = place, touch.created_ns = now_ns;
  } else if (events.kind[row] == format::EventKind::kDelete) {
    ++touch.deletes;
    if (place >= touch.last_delete) touch.last_delete = place, touch.deleted_ns = now_ns;
  }
}

void FilesQuery::Touches::add(const Batch& batch) {
  by_path.resize(std::size_t{file.dictionary.path_count()} + 1);
  batch.for_each_row([&](std::uint32_t row) {
    if (batch.events.path[row] != 0) touch(batch, row, batch.events.path[row], false);
    if (batch.events.path2[row] != 0) touch(batch, row, batch.events.path2[row], true);
  });
}

void FilesQuery::take(const ScanFile& file, Part& part) {
  const auto& touches = static_cast<Touches&>(part).by_path;
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

class Files : public Verb {
 public:
  OptionGroup options() override {
    return {"Options",
            {{"-0,--null", "", "end each name with a NUL byte and write it as it is, for xargs -0", &null_},
             {"-l,--long", "", "say when each was first touched, by whom, and how often", &long_},
             {"--existing", "", "only what exists here and now", &existing_},
             {"--dirs", "", "the directories of the files instead", &directories_},
             {"--churn", "", "only what was created and deleted again", &churn_}}};
  }

  Status check(const Options& options) override {
    if (null_ && options.format != OutputFormat::kText) return Error{"-0 goes with text", {}, 0, {}};
    if (null_ && long_) return Error{"-0 and --long exclude each other", {}, 0, {}};
    if (directories_ && churn_) return Error{"--dirs and --churn exclude each other", {}, 0, {}};
    return {};
  }

  Result<Coverage> run(const Session& session) override {
    FilesQuery query;
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
  // The directory of each file, and each directory that was touched itself, at its first place.
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
    if (churn_ && !row.touch.churn()) return false;
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
    const auto moment = [&](std::uint64_t ns) {
      return moment_text(ns, scale, session.options.time_style());
    };
    for (const auto& row : rows) {
      const auto& touch = row.touch;
      std::vector<std::string> cells{moment(touch.first_ns), format::count_text(touch.events)};
      if (churn_) {
        cells = {moment(touch.created_ns), format::latency_text(touch.deleted_ns - touch.created_ns),
                 format::count_text(touch.deletes)};
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
      json.member("first_ns", row.touch.first_ns);
      json.member_bytes("process", row.process);
      json.member("events", row.touch.events);
      json.member("creates", row.touch.creates);
      json.member("deletes", row.touch.deletes);
      if (row.touch.churn()) json.member("lived_ns", row.touch.deleted_ns - row.touch.created_ns);
      json.end_object();
      json.end_line();
    }
  }

  static void print_csv(const std::vector<FileRow>& rows, const Session& session) {
    session.out.append("path,first_ns,process,events,creates,deletes\n");
    for (const auto& row : rows) {
      session.out.append(fmt::format("{},{},{},{},{},{}\n", csv_quoted(row.path), row.touch.first_ns,
                                     csv_quoted(row.process), row.touch.events, row.touch.creates,
                                     row.touch.deletes));
    }
  }

  bool null_ = false;
  bool long_ = false;
  bool existing_ = false;
  bool directories_ = false;
  bool churn_ = false;
};

}  // namespace

std::unique_ptr<Verb> make_files() {
  return std::make_unique<Files>();
}

}  // namespace rfan::replay
