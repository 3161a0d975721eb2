//===- Layout.h - linear layouts of tiles -----------------------*- C++ -*-===//
//
// The value behind #cuda.layout: which element of a tile lies in which register
// of which lane of which warp. Blocked, mma and slice layouts are all made here
// and are one representation afterwards (linear layouts, arXiv 2505.23819).
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_COMPILER_TARGET_CUDA_LAYOUT_H
#define LLMC_COMPILER_TARGET_CUDA_LAYOUT_H

#include "dialects/Cuda/Cuda.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <array>

namespace llmc {

/// Row and column; the only coordinate of a rank-1 tile comes first.
using Coordinates = std::array<int64_t, 2>;

/// How the warps of a block divide a product.
struct WarpGrid {
  int64_t rows = 1, columns = 1;
};

class Layout {
public:
  Layout() = default;
  explicit Layout(cuda::LayoutAttr attribute);
  cuda::LayoutAttr toAttribute(mlir::MLIRContext *context) const;

  /// Consecutive threads hold consecutive packs of `vector` elements of the
  /// last axis. Warps that the tile does not need hold copies.
  static Layout blocked(llvm::ArrayRef<int64_t> shape, int64_t threads,
                        int64_t vector);
  /// The accumulator of mma.m16n8k16 (PTX ISA), each warp an own part of rows
  /// and columns. A column's partner at distance `group` / 2 within groups of
  /// `group` columns lies in the same thread where that can be had (0: no
  /// group). Register number: 4 (row tile * column tiles + column tile) + e.
  static Layout mma(llvm::ArrayRef<int64_t> shape, WarpGrid warps,
                    int64_t group);
  /// A tile of registers for products without tensor cores, neighbouring rows
  /// in neighbouring lanes. A thread has 4 consecutive columns; or, with
  /// `columnsInLanes`, neighbouring lanes have neighbouring columns: then what
  /// lanes read of a right operand that is stored [N, K] lies in different
  /// banks.
  static Layout simt(llvm::ArrayRef<int64_t> shape, WarpGrid warps,
                     int64_t group, bool columnsInLanes);

  /// What a reduction along `axis` leaves: copies in all threads that differ
  /// along it only.
  Layout slice(int64_t axis) const;
  /// What a sum along `axis` of each thread's own elements leaves: along it one
  /// element for each of the lanes and warps that differ there, in their order.
  Layout partial(int64_t axis) const;
  /// The layout in which each thread has up to `vector` consecutive columns,
  /// reached from this one by exchanges of lanes within a warp; registers in
  /// canonical order, columns first.
  Layout widen(int64_t vector) const;

  int64_t rank() const { return rankValue; }
  int64_t lastAxis() const { return rankValue - 1; }
  int64_t atomRegisters() const { return int64_t(1) << registers.size(); }
  int64_t numRegisters() const {
    return atomRegisters() * repeat[0] * repeat[1];
  }
  Coordinates atom() const;
  /// Extents of the padded tile.
  Coordinates extents() const;
  Coordinates coordinates(int64_t reg, int64_t lane, int64_t warp) const;
  /// The number of consecutive elements of the last axis in consecutive
  /// registers.
  int64_t contiguous() const;
  /// Whether the padded tile is larger than `shape`.
  bool isPadded(llvm::ArrayRef<int64_t> shape) const;
  /// Bits of the lane or warp number that tell copies apart.
  int64_t replicatedLanes() const;
  int64_t replicatedWarps() const;

  bool operator==(const Layout &other) const;
  bool operator!=(const Layout &other) const { return !(*this == other); }

  llvm::SmallVector<Coordinates> registers, lanes, warps;
  Coordinates repeat = {1, 1};

private:
  int64_t rankValue = 2;
};

} // namespace llmc

#endif
