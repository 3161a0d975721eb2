//===- Tensor.h - a dense tensor of doubles -------------------------------===//

#ifndef LLMC_TOOLS_LLMCINTERPRET_TENSOR_H
#define LLMC_TOOLS_LLMCINTERPRET_TENSOR_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/SmallVector.h"

#include <cstdint>
#include <vector>

namespace llmc::interpret {

/// A row-major tensor. Tokens are doubles too: they are exact up to 2^53.
struct Tensor {
  llvm::SmallVector<int64_t, 4> shape;
  std::vector<double> data;

  Tensor() = default;
  explicit Tensor(llvm::ArrayRef<int64_t> extents)
      : shape(extents), data(mlir::ShapedType::getNumElements(extents), 0.0) {}

  int64_t size() const { return static_cast<int64_t>(data.size()); }
  /// The last extent; 1 for a scalar.
  int64_t columns() const { return shape.empty() ? 1 : shape.back(); }
  /// The product of all but the last extent.
  int64_t rows() const { return size() / columns(); }
  double *row(int64_t index) { return data.data() + index * columns(); }
  const double *row(int64_t index) const {
    return data.data() + index * columns();
  }
};

} // namespace llmc::interpret

#endif // LLMC_TOOLS_LLMCINTERPRET_TENSOR_H
