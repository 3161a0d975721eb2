//===- ColumnPlaces.cpp - parts written into columns of a whole -----------===//

#include "compiler/Fusion/ColumnPlaces.h"

#include "dialects/Tile/Tile.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

// The widest access of a kernel: rows of parts begin and end at its multiples.
static constexpr int64_t kAccessBytes = 16;

std::string llmc::getColumnRefusal(model::ConcatOp concat) {
  // Tiling lowers a concat within a kernel.
  if (!isa_and_present<func::FuncOp>(concat->getParentOp()))
    return "it is an op of a kernel";
  for (Operation *user : concat->getUsers())
    if (isa<func::ReturnOp>(user))
      return "the function returns it";
  for (auto [index, part] : llvm::enumerate(concat.getInputs())) {
    Operation *producer = part.getDefiningOp();
    if (!producer)
      return llvm::formatv("part {0} is an argument of the function", index);
    if (!isa<model::AttentionQueryGradOp, model::AttentionKeyValueGradOp,
             tile::LaunchOp>(producer))
      return llvm::formatv("part {0} is made by '{1}', only gradients of "
                           "attention are written into columns",
                           index, producer->getName().getStringRef());
    if (!part.hasOneUse())
      return llvm::formatv("part {0} is read by other ops, too", index);
    auto type = cast<RankedTensorType>(part.getType());
    int64_t bytes = type.getShape().back() * type.getElementTypeBitWidth() / 8;
    if (bytes % kAccessBytes)
      return llvm::formatv("a row of part {0} has {1} bytes, no multiple of "
                           "the {2} that an access moves",
                           index, bytes, kAccessBytes);
  }
  return "";
}

int64_t llmc::getColumnPitch(Value result) {
  if (!result.hasOneUse())
    return 0;
  auto concat = dyn_cast<model::ConcatOp>(*result.user_begin());
  if (!concat || !getColumnRefusal(concat).empty())
    return 0;
  return cast<RankedTensorType>(concat.getType()).getShape().back();
}
