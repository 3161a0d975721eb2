//===- RowPitch.h - rows that lie further apart than they are long -*- C++ -*-//
//
// `tile.row_pitch` on an argument or a result of a kernel on tensors is the
// number of elements from one row of the tensor, along its last dimension, to
// the next one. Without it rows lie without gaps.
//
//===----------------------------------------------------------------------===//

#ifndef LLMC_DIALECTS_TILE_ROWPITCH_H
#define LLMC_DIALECTS_TILE_ROWPITCH_H

#include "dialects/Tile/Tile.h"

namespace llmc::tile {

constexpr llvm::StringLiteral kRowPitchName = "tile.row_pitch";

/// How a tensor lies in memory when its rows are `pitch` elements apart; 0 for
/// rows without gaps.
mlir::MemRefType getStorageType(mlir::Type tensor, int64_t pitch = 0);
/// The same for an argument or result of a kernel on tensors.
mlir::MemRefType getArgumentStorage(FuncOp kernel, unsigned argument);
mlir::MemRefType getResultStorage(FuncOp kernel, unsigned result);

/// The distance of rows in memory: the stride of the last dimension but one.
int64_t getRowPitch(mlir::MemRefType type);

} // namespace llmc::tile

#endif
