//===- TileColumns.h - work on wide rows in parts ---------------*- C++ -*-===//

#ifndef LLMC_COMPILER_TILING_TILECOLUMNS_H
#define LLMC_COMPILER_TILING_TILECOLUMNS_H

#include "dialects/Tile/Tile.h"

namespace llmc::tiling {

/// Rewrites a tile program so that none of its tiles has more than `part`
/// columns; says what cannot be cut.
mlir::LogicalResult tileColumns(tile::FuncOp kernel, int64_t part);

} // namespace llmc::tiling

#endif
