// A table of directories of a private tmpfs: the fixture of the tests of DirectoryTable.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "recorder/names/directory_table.h"
#include "tests/recorder/tmpfs_test.h"

namespace rfan::recorder {

class DirectoryTableTest : public TmpfsTest {
 protected:
  static constexpr std::string_view kNothing = "nothing";

  void SetUp() override {
    TmpfsTest::SetUp();
    if (!IsSkipped() && !HasFatalFailure()) begin(DirectoryTable::kMaxDirectories);
  }
  // Creates a table that knows only the root of the tmpfs.
  void begin(std::size_t max_directories) {
    auto table = DirectoryTable::create(max_directories);
    ASSERT_TRUE(table.ok());
    table_ = std::make_unique<DirectoryTable>(std::move(*table));
    const auto added = table_->add_filesystem(root());
    ASSERT_TRUE(added.ok()) << added.error().message();
  }
  // Creates a table without a filesystem: it knows only what the test reports to it.
  void begin_deaf() {
    auto table = DirectoryTable::create();
    ASSERT_TRUE(table.ok());
    table_ = std::make_unique<DirectoryTable>(std::move(*table));
  }

  // Returns the path relative to the tmpfs, whose root is "".
  std::string path_of(const std::string& handle, std::string_view name = kItself) {
    const auto path = table_->path_of(HandleView{handle}, name);
    if (!path) return std::string(kNothing);
    if (!path->starts_with(root())) return std::string(*path);
    return std::string(path->substr(std::min(path->size(), root().size() + 1)));
  }
  // Creates a directory, reports it, and returns its handle.
  std::string create(const std::string& directory, const std::string& name) {
    const auto parent = handle_at(file(directory));
    const auto object = handle_at(make_directory((directory.empty() ? "" : directory + "/") + name));
    table_->created(HandleView{parent}, name, HandleView{object});
    return object;
  }
  // Reports a rename without doing it.
  void notified_renamed(const std::string& new_directory, const std::string& new_name,
                        const std::string& object) {
    table_->renamed(HandleView{new_directory}, new_name, HandleView{object});
  }
  // Removes a directory and reports it.
  void remove_directory(const std::string& name, const std::string& object) {
    remove(name);
    table_->removed(HandleView{object});
  }

  std::string top() const { return handle_at(root()); }

  std::unique_ptr<DirectoryTable> table_;
};

}  // namespace rfan::recorder
