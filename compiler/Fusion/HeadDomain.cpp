//===- HeadDomain.cpp - kernels whose blocks hold one head ----------------===//

#include "compiler/Fusion/HeadDomain.h"
#include "compiler/Fusion/FusionOpInterface.h"
#include "dialects/Model/Model.h"

#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace llmc;

/// Why a kernel whose blocks hold a head of `head` columns cannot hold `op`.
static std::string getRefusal(Operation *op, int64_t head) {
  if (std::optional<int64_t> own = model::getNormHeadSize(op)) {
    if (*own == head)
      return "";
    return llvm::formatv("the kernel norms heads of {0} and of {1} channels",
                         head, *own);
  }
  if (cast<FusionOpInterface>(op).getFusionFamily() == OpFamily::Elementwise)
    return "";
  // A block of a head holds the smaller heads that it is made of.
  if (auto rotate = dyn_cast<model::RotateOp>(op);
      rotate && head % static_cast<int64_t>(rotate.getHeadSize()) == 0)
    return "";
  return llvm::formatv("the kernel norms heads of {0} channels, '{1}' needs "
                       "more of a row",
                       head, op->getName().getStringRef());
}

std::string llmc::getHeadRefusal(Operation *op, ArrayRef<Operation *> ops) {
  SmallVector<Operation *> all(ops);
  all.push_back(op);
  auto norm = llvm::find_if(
      all, [](Operation *other) { return model::getNormHeadSize(other); });
  if (norm == all.end())
    return "";
  int64_t head = *model::getNormHeadSize(*norm);
  for (Operation *other : all)
    if (std::string refusal = getRefusal(other, head); !refusal.empty())
      return refusal;
  return "";
}
