//===- ColumnSums.h - sums of the columns that a block stores ---*- C++ -*-===//

#ifndef LLMC_COMPILER_TILING_COLUMNSUMS_H
#define LLMC_COMPILER_TILING_COLUMNSUMS_H

#include "compiler/Tiling/KernelBuilder.h"

#include "dialects/Model/Model.h"

namespace llmc::tiling {

/// Leaves the sums of the columns of `tile`, [rows, columns] of the input of
/// `op` from `column` on, in row `range` of its result: `ranges` blocks of as
/// many rows make up all rows.
mlir::LogicalResult storeColumnSums(KernelBuilder &k, model::SumRowsOp op,
                                    mlir::Value tile, mlir::Value range,
                                    int64_t ranges, mlir::Value column);

} // namespace llmc::tiling

#endif
