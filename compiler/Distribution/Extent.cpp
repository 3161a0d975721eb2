//===- Extent.cpp - the bytes of a place ----------------------------------===//

#include "compiler/Distribution/Extent.h"

using namespace mlir;
using namespace llmc;

Extent llmc::getExtent(Value place, int64_t ranks) {
  auto view = place.getDefiningOp<plan::ViewOp>();
  auto type = cast<MemRefType>(view.getType());
  // Rows may lie apart.
  auto [strides, ignored] = type.getStridesAndOffset();
  int64_t last = 0;
  for (auto [extent, stride] : llvm::zip_equal(type.getShape(), strides))
    last += (extent - 1) * stride;
  auto begin = static_cast<int64_t>(view.getOffset());
  auto rankStride = static_cast<int64_t>(view.getRankStride().value_or(0));
  int64_t elementBytes = (type.getElementTypeBitWidth() + 7) / 8;
  return {view.getArena(), begin,
          begin + (last + 1) * elementBytes + (ranks - 1) * rankStride};
}
