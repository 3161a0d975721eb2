//===- GemmTiles.h - tiles that a matrix product may have -------*- C++ -*-===//

#ifndef LLMC_COMPILER_SCHEDULE_GEMMTILES_H
#define LLMC_COMPILER_SCHEDULE_GEMMTILES_H

#include "compiler/Schedule/CudaProducts.h"

namespace llmc::cuda_model {

struct GemmTile {
  int64_t m, n, k;
  int64_t warpsM, warpsN;
  int64_t stages;
  int64_t parts = 1; // of the depth

  static GemmTile of(const BlockSizes &blocks) {
    return {blocks.lookup("block_m"),
            blocks.lookup("block_n"),
            blocks.lookup("block_k"),
            blocks.lookup("warps_m"),
            blocks.lookup("warps_n"),
            blocks.lookup("stages"),
            std::max<int64_t>(blocks.lookup("split_k"), 1)};
  }
  int64_t warps() const { return warpsM * warpsN; }
  int64_t warpM() const { return m / warpsM; }
  int64_t warpN() const { return n / warpsN; }
};

/// Calls `visit` with each tile that a kernel may have, smaller ones first.
void forEachTile(const Chip &chip, const KernelShape &shape,
                 llvm::function_ref<void(const GemmTile &)> visit);

} // namespace llmc::cuda_model

#endif
