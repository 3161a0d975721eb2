//===- Places.cpp - where parts of the optimizer's work begin -------------===//

#include "compiler/Distribution/Places.h"

#include "dialects/Dist/Dist.h"
#include "runtime/abi/ProgramAbi.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace llmc;

Value llmc::createPlace(OpBuilder &builder, train::AdamWOp whole,
                        int64_t bucket) {
  if (!whole.isRounding())
    return {};
  auto function = whole->getParentOfType<func::FuncOp>();
  auto module = function->getParentOfType<ModuleOp>();
  Type number = builder.getI32Type();
  auto hyper = cast<BlockArgument>(whole.getHyper());
  unsigned index = hyper.getArgNumber() + 1;
  if (function.getNumArguments() == index) {
    int64_t buckets = llvm::range_size(module.getOps<dist::BucketOp>());
    auto type = RankedTensorType::get({LlmcPlaceStride * buckets}, number);
    (void)function.insertArgument(index, type, {}, function.getLoc());
  }
  return dist::RangeOp::create(
      builder, whole.getLoc(), RankedTensorType::get({LlmcPlaceStride}, number),
      function.getArgument(index), LlmcPlaceStride * bucket);
}
