//===- WindowUses.h - what works on the windows of a function ---*- C++ -*-===//
//
// Among launches. A window of gradients is zeroed by one launch and summed at
// the end, one of parameters is gathered at the begin; all other launches that
// have a handle on a part of it are its uses.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_WINDOWUSES_H
#define LLMC_COMPILER_DISTRIBUTION_WINDOWUSES_H

#include "compiler/Distribution/Passes.h"
#include "dialects/Tile/Tile.h"

#include "llvm/ADT/DenseMap.h"

namespace llmc {

/// A collective on elements [first, first + elements) of a window.
struct WindowCollective {
  mlir::Operation *start;
  dist::WaitOp wait;
  int64_t first;
  int64_t elements;
  /// Launches that read what was waited for.
  llvm::SmallVector<tile::LaunchOp, 1> users;
};

struct WindowUses {
  dist::WindowOp op;
  /// `dist.range` and `dist.shard` on it, each behind what it is a part of.
  llvm::SmallVector<mlir::Operation *> handles;
  /// The launch that zeroes all of it; null for parameters.
  tile::LaunchOp zero;
  llvm::SmallVector<WindowCollective, 1> gathers, sums;
  /// Numbers of launches, ascending.
  llvm::SmallVector<int64_t> uses;
  struct Part {
    tile::LaunchOp user;
    int64_t first;
    int64_t elements;
  };
  llvm::SmallVector<Part> parts; // of the uses, in their order

  int64_t firstUse() const { return uses.front(); }
  int64_t elements() { return op.getType().getNumElements(); }
  /// Strictly.
  bool isUsedBetween(int64_t from, int64_t to) const;
  /// The last launch that uses what the collective works on.
  tile::LaunchOp lastUserOf(const WindowCollective &collective) const;
};

struct FunctionWindows {
  mlir::func::FuncOp function;
  /// Without those that zero a window or read what a sum results in.
  llvm::SmallVector<tile::LaunchOp> launches;
  llvm::DenseMap<mlir::Operation *, int64_t> numbers;
  /// Those that are used, in the order of storage.
  std::vector<WindowUses> windows;

  int64_t numberOf(tile::LaunchOp launch) const {
    return numbers.lookup(launch);
  }

  /// Handles are moved to the function's begin, so that ops which use them may
  /// be moved anywhere.
  static mlir::FailureOr<FunctionWindows> find(mlir::func::FuncOp function);

private:
  mlir::LogicalResult collect(dist::WindowOp window);
};

} // namespace llmc

#endif
