//===- RowPitch.cpp - rows that lie further apart than they are long ------===//

#include "dialects/Tile/RowPitch.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace llmc;

MemRefType tile::getStorageType(Type tensor, int64_t pitch) {
  auto type = cast<RankedTensorType>(tensor);
  if (type.getRank() < 2 || pitch == 0 || pitch == type.getShape().back())
    return MemRefType::get(type.getShape(), type.getElementType());
  SmallVector<int64_t> strides(type.getRank(), 1);
  int64_t stride = pitch;
  for (int64_t axis = type.getRank() - 2; axis >= 0; --axis) {
    strides[axis] = stride;
    stride *= type.getDimSize(axis);
  }
  return MemRefType::get(
      type.getShape(), type.getElementType(),
      StridedLayoutAttr::get(type.getContext(), /*offset=*/0, strides));
}

static int64_t pitchOf(Attribute attribute) {
  auto pitch = dyn_cast_or_null<IntegerAttr>(attribute);
  return pitch ? pitch.getInt() : 0;
}

MemRefType tile::getArgumentStorage(FuncOp kernel, unsigned argument) {
  return getStorageType(kernel.getArgumentTypes()[argument],
                        pitchOf(kernel.getArgAttr(argument, kRowPitchName)));
}

MemRefType tile::getResultStorage(FuncOp kernel, unsigned result) {
  return getStorageType(kernel.getResultTypes()[result],
                        pitchOf(kernel.getResultAttr(result, kRowPitchName)));
}

int64_t tile::getRowPitch(MemRefType type) {
  if (type.getRank() < 2)
    return type.getRank() ? type.getShape().back() : 1;
  auto [strides, offset] = type.getStridesAndOffset();
  return strides[type.getRank() - 2];
}
