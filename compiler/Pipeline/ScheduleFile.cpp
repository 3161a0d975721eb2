//===- ScheduleFile.cpp - block sizes that a person chose -----------------===//

#include "compiler/Pipeline/ScheduleFile.h"

#include "dialects/Tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace mlir;
using namespace llmc;

llvm::Expected<ScheduleFile> ScheduleFile::read(const std::string &path) {
  auto mistake = [&](const llvm::Twine &message) {
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "--schedule=" + path + ": " + message);
  };
  auto buffer = llvm::MemoryBuffer::getFile(path);
  if (!buffer)
    return mistake(buffer.getError().message());
  auto json = llvm::json::parse((*buffer)->getBuffer());
  if (!json)
    return mistake(llvm::toString(json.takeError()));
  const llvm::json::Object *kernels = json->getAsObject();
  if (!kernels)
    return mistake("expected an object, kernels by name");

  ScheduleFile file;
  file.path = path;
  for (const auto &[name, value] : *kernels) {
    llvm::Expected<llvm::GlobPattern> pattern = llvm::GlobPattern::create(name);
    if (!pattern)
      return mistake("'" + name.str() +
                     "': " + llvm::toString(pattern.takeError()));
    Entry entry{name.str(), std::move(*pattern), {}};
    const llvm::json::Object *sizes = value.getAsObject();
    if (!sizes || sizes->empty())
      return mistake("'" + entry.name +
                     "': expected an object, as in {\"block\": 256}");
    for (const auto &[key, number] : *sizes) {
      std::optional<int64_t> size = number.getAsInteger();
      if (!size || *size < 1)
        return mistake("'" + entry.name +
                       "': expected a positive number for '" + key.str() + "'");
      entry.sizes.push_back({key.str(), *size});
    }
    llvm::sort(entry.sizes);
    file.entries.push_back(std::move(entry));
  }
  auto rank = [](const Entry &entry) {
    return std::make_pair(StringRef(entry.name).find_first_of("*?[") !=
                              StringRef::npos,
                          StringRef(entry.name));
  };
  llvm::sort(file.entries,
             [&](const Entry &a, const Entry &b) { return rank(a) < rank(b); });
  return file;
}

LogicalResult ScheduleFile::apply(ModuleOp module) const {
  std::vector<bool> used(entries.size(), false);
  Builder builder(module.getContext());
  for (auto kernel : module.getOps<tile::FuncOp>()) {
    const Entry *chosen = nullptr;
    for (auto [index, entry] : llvm::enumerate(entries)) {
      bool isName = entry.name == kernel.getSymName();
      if (!isName && !entry.pattern.match(kernel.getSymName()))
        continue;
      used[index] = true;
      if (!chosen)
        chosen = &entry;
      else if (chosen->name != kernel.getSymName())
        return kernel.emitError()
               << "--schedule=" << path << ": both '" << chosen->name
               << "' and '" << entry.name << "' match the kernel '"
               << kernel.getSymName() << "'";
    }
    if (!chosen)
      continue;
    NamedAttrList sizes;
    for (const auto &[name, size] : chosen->sizes)
      sizes.append(name, builder.getI64IntegerAttr(size));
    kernel.setScheduleAttr(sizes.getDictionary(module.getContext()));
  }
  for (auto [index, entry] : llvm::enumerate(entries))
    if (!used[index])
      return module.emitError()
             << "--schedule=" << path << ": no kernel is named '" << entry.name
             << "'; --compile-to=schedule prints kernels with their schedules";
  return success();
}
