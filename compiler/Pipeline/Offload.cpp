//===- Offload.cpp - what lies in the host's memory -----------------------===//

#include "compiler/Pipeline/Offload.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace llmc;

std::optional<OffloadSet> OffloadSet::parse(llvm::StringRef text) {
  OffloadSet set;
  if (text == "none")
    return set;
  llvm::SmallVector<llvm::StringRef> names;
  text.split(names, ',');
  for (llvm::StringRef name : names) {
    const auto *found = llvm::find(offloadKindNames, name);
    if (found == std::end(offloadKindNames))
      return std::nullopt;
    set.add(static_cast<OffloadKind>(found - offloadKindNames));
  }
  return set;
}

std::string OffloadSet::str() const {
  llvm::SmallVector<llvm::StringRef> names;
  for (auto [index, name] : llvm::enumerate(offloadKindNames))
    if (has(static_cast<OffloadKind>(index)))
      names.push_back(name);
  return names.empty() ? "none" : llvm::join(names, ",");
}

std::string OffloadSet::choices() {
  return "none, " + llvm::join(llvm::ArrayRef(offloadKindNames), ", ");
}
