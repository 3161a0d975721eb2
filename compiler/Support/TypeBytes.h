//===- TypeBytes.h - how much memory values take --------------------------===//

#ifndef LLMC_COMPILER_SUPPORT_TYPEBYTES_H
#define LLMC_COMPILER_SUPPORT_TYPEBYTES_H

#include "mlir/IR/BuiltinTypeInterfaces.h"
#include "llvm/Support/MathExtras.h"

namespace llmc {

/// Bytes of the elements of a static shape, one behind the other; a bit takes
/// a byte.
inline int64_t getElementBytes(mlir::ShapedType type) {
  return type.getNumElements() * static_cast<int64_t>(llvm::divideCeil(
                                     type.getElementTypeBitWidth(), 8));
}

} // namespace llmc

#endif
