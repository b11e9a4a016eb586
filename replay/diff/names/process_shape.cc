#include "replay/diff/names/process_shape.h"

#include <algorithm>
#include <array>

#include "format/base/pattern.h"
#include "replay/trace/process_view.h"

namespace rfan::replay {
namespace {

// A deeper tree is a recursion; its innermost part is enough.
constexpr std::size_t kMaxChain = 32;

bool is_interpreter(std::string_view exe) {
  constexpr std::array<std::string_view, 8> kNames = {"sh",     "bash", "dash", "zsh",
                                                      "python", "perl", "ruby", "node"};
  const auto name = format::base_name(exe);
  // "python3.11" counts as python.
  const auto stem = name.substr(0, name.find_first_of("0123456789."));
  return std::find(kNames.begin(), kNames.end(), stem) != kNames.end();
}

// Returns the base name of the file that an interpreter runs; nothing with -c.
std::string_view script_of(std::span<const std::string_view> arguments) {
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i] == "-c") return {};
    if (arguments[i] == "-m") return i + 1 < arguments.size() ? arguments[i + 1] : std::string_view();
    if (!arguments[i].starts_with('-')) return format::base_name(arguments[i]);
  }
  return {};
}

// Returns --prefix for "--prefix=/usr", -O for "-O2", and -I and -D for "-I/usr/include" and "-DNAME".
std::string_view option_name(std::string_view argument) {
  if (argument.starts_with("--")) return argument.substr(0, argument.find('='));
  if (argument.size() > 2 && argument[1] >= 'A' && argument[1] <= 'Z') return argument.substr(0, 2);
  return argument.substr(0, argument.find_first_of("=,/0123456789", 1));
}

std::vector<std::string> option_names(std::span<const std::string_view> arguments) {
  std::vector<std::string> names;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    if (arguments[i].size() > 1 && arguments[i].starts_with('-'))
      names.emplace_back(option_name(arguments[i]));
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

// Returns a key that no two different shapes share. NUL occurs in none of the parts.
std::string identity(const ProcessShape& shape) {
  std::string key;
  const auto append = [&](std::string_view part) { (key += part) += '\0'; };
  for (const auto& program : shape.chain) append(program.exe), append(program.script);
  append({});
  for (const auto& option : shape.options) append(option);
  return key;
}

}  // namespace

std::string Program::label() const {
  const std::string name(format::base_name(exe));
  return script.empty() ? name : name + " " + script;
}

double option_similarity(const ProcessShape& a, const ProcessShape& b) {
  std::vector<std::string> common;
  std::set_intersection(a.options.begin(), a.options.end(), b.options.begin(), b.options.end(),
                        std::back_inserter(common));
  const auto either = a.options.size() + b.options.size() - common.size();
  return either == 0 ? 1.0 : static_cast<double>(common.size()) / static_cast<double>(either);
}

ShapeTable::ShapeTable(const format::Dictionary& dictionary, const NameFolding& folding)
    : dictionary_(dictionary), folding_(folding), counts_(folding.no_counts()) {}

void ShapeTable::extend() {
  while (shape_of_.size() <= dictionary_.process_count()) {
    shape_of_.push_back(add(static_cast<format::ProcessId>(shape_of_.size())));
  }
}

std::string place_key(std::span<const Program> chain) {
  std::string key;
  for (const auto& program : chain) (key += program.name()) += '\0';
  return key;
}

Program ShapeTable::program(const format::ProcessEntry& process,
                            std::span<const std::string_view> arguments) {
  Program program;
  if (process.exe != 0 && dictionary_.knows_path(process.exe)) {
    program.exe = folding_.fold(dictionary_.path(process.exe), {}, counts_);
  } else {
    program.exe = process.comm.empty() ? "?" : std::string(process.comm);
  }
  if (is_interpreter(program.exe)) program.script = folding_.fold(script_of(arguments), {}, counts_);
  return program;
}

std::uint32_t ShapeTable::add(format::ProcessId id) {
  ProcessShape shape;
  const auto& process = dictionary_.process(id);
  const auto arguments = split_arguments(process.cmdline);
  if (id != 0 && process.parent != 0 && process.parent < id) {
    shape.chain = shapes_[shape_of_[process.parent]].chain;
  }
  auto own = program(process, arguments);
  if (shape.chain.empty() || shape.chain.back() != own) shape.chain.push_back(std::move(own));
  if (shape.chain.size() > kMaxChain) shape.chain.erase(shape.chain.begin());
  shape.options = option_names(arguments);
  const auto [entry, added] = ids_.try_emplace(identity(shape), static_cast<std::uint32_t>(shapes_.size()));
  if (added) shapes_.push_back(std::move(shape));
  return entry->second;
}

}  // namespace rfan::replay
