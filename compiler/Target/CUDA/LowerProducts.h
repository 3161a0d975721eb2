//===- LowerProducts.h - what products have in common -----------*- C++ -*-===//

#ifndef LLMC_COMPILER_TARGET_CUDA_LOWERPRODUCTS_H
#define LLMC_COMPILER_TARGET_CUDA_LOWERPRODUCTS_H

#include "compiler/Target/CUDA/Layout.h"
#include "dialects/Tile/Tile.h"

namespace llmc {

/// What multiplies: tensor cores, for bf16 and for f32 rounded to TF32, or
/// threads, in full f32.
enum class ProductKind { Bf16, Tf32, Threads };

/// f32 is rounded only where the module's `llmc.precision` is "tf32".
ProductKind getProductKind(tile::DotOp dot);

inline bool onTensorCores(tile::DotOp dot) {
  return getProductKind(dot) != ProductKind::Threads;
}

/// The extent over which a product sums.
int64_t getDepth(tile::DotOp dot);

/// The part of a product that is one warp's: row tiles of 16, column tiles of
/// 8; columns repeat outermost.
struct WarpTiles {
  explicit WarpTiles(const Layout &layout);

  int64_t rowTiles = 1, columnTiles = 1, repetitions = 1;
  /// Where tile number n begins: the sum of scales[i] over the bits i of n.
  llvm::SmallVector<int64_t> rowScales, columnScales;
  /// The same for the warp's number.
  llvm::SmallVector<int64_t> warpRows, warpColumns;
};

/// Where what a lane reads of a shared tile begins, without what loops add.
struct FragmentPlace {
  mlir::Value rowByte;   // of this lane and warp, in bytes
  mlir::Value chunkByte; // swizzled, in bytes
};

llvm::SmallVector<int64_t> scaled(llvm::ArrayRef<int64_t> scales, int64_t by);

} // namespace llmc

#endif
