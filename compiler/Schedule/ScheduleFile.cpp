//===- ScheduleFile.cpp - schedules as data -------------------------------===//

#include "compiler/Schedule/ScheduleFile.h"

#include "compiler/Schedule/KernelKey.h"
#include "compiler/Support/Nesting.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/GlobPattern.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace llmc;
namespace json = llvm::json;

static constexpr int64_t kVersion = 1;
static constexpr StringLiteral kRemedy =
    "; llmc plan MODEL --kernels --json writes such a file";

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Reports a member that there should not be.
static bool hasOnly(const json::Value &value, json::Path path,
                    ArrayRef<StringRef> members) {
  const json::Object *object = value.getAsObject();
  if (!object)
    return true; // reported by who reads it
  for (const auto &[name, member] : *object)
    if (!llvm::is_contained(members, StringRef(name))) {
      path.field(name).report("unknown member");
      return false;
    }
  return true;
}

static bool readSizes(const json::Value &value,
                      std::map<std::string, int64_t> &sizes, json::Path path) {
  const json::Object *object = value.getAsObject();
  if (!object || object->empty()) {
    path.report("expected an object, as in {\"block\": 256}");
    return false;
  }
  for (const auto &[name, number] : *object) {
    std::optional<int64_t> size = number.getAsInteger();
    if (!size || *size < 1) {
      path.field(name).report("expected a positive number");
      return false;
    }
    sizes[name.str()] = *size;
  }
  return true;
}

namespace llmc {
static bool fromJSON(const json::Value &value, ScheduleFile::Entry &entry,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  if (!hasOnly(value, path, {"kernel", "name", "schedule"}) || !map ||
      !map.mapOptional("kernel", entry.kernel) ||
      !map.mapOptional("name", entry.name))
    return false;
  if (entry.kernel.empty() == entry.name.empty()) {
    path.report("expected either \"kernel\" or \"name\"");
    return false;
  }
  if (auto pattern = llvm::GlobPattern::create(entry.name); !pattern) {
    llvm::consumeError(pattern.takeError());
    path.field("name").report("expected a name, or a pattern with *");
    return false;
  }
  const json::Value *schedule = value.getAsObject()->get("schedule");
  if (!schedule) {
    path.field("schedule").report("missing value");
    return false;
  }
  return readSizes(*schedule, entry.sizes, path.field("schedule"));
}

static bool fromJSON(const json::Value &value, ScheduleFile::Section &section,
                     json::Path path) {
  json::ObjectMapper map(value, path);
  return hasOnly(value, path, {"chip", "compiler", "kernels"}) && map &&
         map.map("chip", section.chip) &&
         map.map("compiler", section.compiler) &&
         map.map("kernels", section.kernels);
}
} // namespace llmc

llvm::Expected<ScheduleFile> ScheduleFile::read(const std::string &path) {
  auto mistake = [&](const llvm::Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "--schedule=" + path + ": " + message);
  };
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return mistake(buffer.getError().message());
  if (std::optional<size_t> deep = findDeepNesting((*buffer)->getBuffer()))
    return mistake("brackets are nested more than " +
                   llvm::Twine(kMostNesting) + " deep at byte " +
                   llvm::Twine(*deep));
  auto value = json::parse((*buffer)->getBuffer());
  if (!value)
    return mistake(llvm::toString(value.takeError()));
  const json::Object *object = value->getAsObject();
  std::optional<int64_t> version =
      object ? object->getInteger("version") : std::nullopt;
  if (!version)
    return mistake("expected an object with \"version\": " +
                   llvm::Twine(kVersion) + kRemedy);
  if (*version != kVersion)
    return mistake("expected version " + llvm::Twine(kVersion) +
                   ", found version " + llvm::Twine(*version) + kRemedy);
  ScheduleFile file;
  file.path = path;
  json::Path::Root root("file");
  json::ObjectMapper map(*value, root);
  if (!hasOnly(*value, root, {"version", "schedules"}) || !map ||
      !map.map("schedules", file.sections))
    return mistake(llvm::toString(root.getError()));
  return file;
}

//===----------------------------------------------------------------------===//
// Applying
//===----------------------------------------------------------------------===//

/// "sm_89 by nvrtc 13.0".
static std::string describe(StringRef chip,
                            const std::optional<std::string> &compiler) {
  return (chip + (compiler ? " by " + *compiler : "")).str();
}

/// How closely an entry names a kernel, 0 for most; none if it does not.
static std::optional<int> match(const ScheduleFile::Entry &entry,
                                StringRef name, StringRef key) {
  if (!entry.kernel.empty())
    return entry.kernel == key ? std::optional<int>(0) : std::nullopt;
  if (entry.name == name)
    return 1;
  return llvm::cantFail(llvm::GlobPattern::create(entry.name)).match(name)
             ? std::optional<int>(2)
             : std::nullopt;
}

LogicalResult ScheduleFile::apply(ModuleOp module,
                                  const ScheduleTarget &target) const {
  auto mistake = [&](Location loc) {
    return emitError(loc) << "--schedule=" << path << ": ";
  };
  auto ignored = [&](const llvm::Twine &what) {
    remark::missed(
        module.getLoc(),
        remark::RemarkOpts::name("schedule-ignored").category("schedule"))
        << remark::add("{0}: {1}", path, what.str());
  };
  std::vector<const Entry *> entries;
  std::vector<std::string> others;
  for (const Section &section : sections) {
    if (section.chip == target.chip &&
        (!section.compiler || !target.compiler ||
         *section.compiler == *target.compiler)) {
      for (const Entry &entry : section.kernels)
        entries.push_back(&entry);
      continue;
    }
    others.push_back(describe(section.chip, section.compiler));
    ignored("schedules for " + others.back() + " do not apply to " +
            describe(target.chip, target.compiler));
  }
  if (entries.empty())
    return mistake(module.getLoc())
           << "expected schedules for "
           << describe(target.chip, target.compiler) << ", found "
           << (others.empty() ? std::string("none")
                              : "those for " + llvm::join(others, ", "))
           << kRemedy;

  std::vector<bool> used(entries.size(), false);
  Builder builder(module.getContext());
  for (auto kernel : module.getOps<tile::FuncOp>()) {
    std::string key = getKernelKey(kernel);
    const Entry *chosen = nullptr;
    int closest = 3;
    for (auto [index, entry] : llvm::enumerate(entries)) {
      std::optional<int> rank = match(*entry, kernel.getSymName(), key);
      if (!rank)
        continue;
      used[index] = true;
      if (*rank == closest && entry->sizes != chosen->sizes)
        return mistake(kernel.getLoc())
               << "both '" << chosen->kernel + chosen->name << "' and '"
               << entry->kernel + entry->name << "' match the kernel '"
               << kernel.getSymName()
               << "', with other sizes; remove one of them";
      if (*rank < closest)
        std::tie(chosen, closest) = std::tuple(entry, *rank);
    }
    if (!chosen)
      continue;
    NamedAttrList sizes;
    for (const auto &[name, size] : chosen->sizes)
      sizes.append(name, builder.getI64IntegerAttr(size));
    kernel.setScheduleAttr(sizes.getDictionary(module.getContext()));
  }
  for (auto [index, entry] : llvm::enumerate(entries)) {
    if (used[index])
      continue;
    if (!entry->name.empty())
      return mistake(module.getLoc())
             << "no kernel is named '" << entry->name
             << "'; --compile-to=schedule prints kernels with their schedules";
    ignored("no kernel is '" + entry->kernel + "'");
  }
  if (llvm::is_contained(used, true))
    return success();
  return mistake(module.getLoc())
         << "none of its " << entries.size()
         << " kernels is one of this model with these options" << kRemedy;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

json::Object llmc::toJson(const BlockSizes &blocks) {
  json::Object sizes;
  for (const auto &size : blocks)
    sizes[size.getKey()] = size.getValue();
  return sizes;
}

void llmc::writeSchedules(llvm::raw_ostream &os, const ScheduleTarget &target,
                          const std::map<std::string, BlockSizes> &schedules) {
  json::Array kernels;
  for (const auto &[key, blocks] : schedules) {
    if (json::Object sizes = toJson(blocks); !sizes.empty())
      kernels.push_back(
          json::Object{{"kernel", key}, {"schedule", std::move(sizes)}});
  }
  json::Object section{{"chip", target.chip}, {"kernels", std::move(kernels)}};
  if (target.compiler)
    section["compiler"] = *target.compiler;
  json::Object file{{"version", kVersion},
                    {"schedules", json::Array{std::move(section)}}};
  os << llvm::formatv("{0:2}\n", json::Value(std::move(file)));
}
