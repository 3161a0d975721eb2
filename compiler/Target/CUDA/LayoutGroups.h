//===- LayoutGroups.h - tiles that share a layout ---------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_LAYOUTGROUPS_H
#define LLMC_COMPILER_TARGET_CUDA_LAYOUTGROUPS_H

#include "compiler/Target/CUDA/Layout.h"

#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseMap.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace llmc {

/// A partition of values, each part with a layout or none yet. A value that was
/// never named is alone. Where two parts meet, the older one's layout stays.
class LayoutGroups {
public:
  void unite(mlir::Value a, mlir::Value b) {
    int x = groupOf(a), y = groupOf(b);
    parents[std::max(x, y)] = std::min(x, y);
  }
  std::optional<Layout> &layoutOf(mlir::Value value) {
    return layouts[groupOf(value)];
  }
  /// Sets what is not yet set; whether that changed anything.
  bool suggest(mlir::Value value, const Layout &layout) {
    std::optional<Layout> &own = layoutOf(value);
    if (own)
      return false;
    own = layout;
    return true;
  }

private:
  int find(int group) {
    while (parents[group] != group)
      group = parents[group] = parents[parents[group]];
    return group;
  }
  int groupOf(mlir::Value value) {
    auto [it, inserted] = groups.try_emplace(value, parents.size());
    if (inserted) {
      parents.push_back(it->second);
      layouts.emplace_back();
    }
    return find(it->second);
  }

  llvm::DenseMap<mlir::Value, int> groups;
  std::vector<int> parents;
  std::vector<std::optional<Layout>> layouts;
};

} // namespace llmc

#endif
