//===- FusionOpInterface.cpp - what Fusion knows of an op -----------------===//

#include "compiler/Fusion/FusionOpInterface.h"
#include "compiler/Fusion/ColumnPlaces.h"
#include "compiler/Fusion/Rules/Rules.h"
#include "dialects/Dist/Dist.h"
#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

#include "compiler/Fusion/FusionOpInterface.cpp.inc"

llvm::StringRef llmc::getKernelKind(OpFamily family) {
  switch (family) {
  case OpFamily::Gemm:
    return "gemm";
  case OpFamily::Elementwise:
  case OpFamily::Rotate:
  case OpFamily::Row:
  case OpFamily::Slice:
  case OpFamily::RowSum:
  case OpFamily::LoneRow:
  case OpFamily::Accumulate:
    return "rows";
  case OpFamily::Attention:
    return "attention";
  case OpFamily::AttentionQueryGrad:
    return "attention_query_grad";
  case OpFamily::AttentionKeyValueGrad:
    return "attention_key_value_grad";
  case OpFamily::EmbeddingGrad:
    return "embedding_grad";
  case OpFamily::Flat:
    return "flat";
  case OpFamily::Reduce:
    return "reduce";
  case OpFamily::ColumnSum:
    return "column_sum";
  case OpFamily::Collective:
    return "collective";
  }
  llvm_unreachable("every family has a kind");
}

bool llmc::isRowsFamily(OpFamily family) {
  return getKernelKind(family) == "rows";
}

int64_t llmc::getRowCount(RankedTensorType type) {
  if (type.getRank() == 0)
    return 1;
  return llvm::product_of(type.getShape().drop_back());
}

bool llmc::isPlace(Operation *op) {
  if (auto concat = dyn_cast_or_null<model::ConcatOp>(op))
    return getColumnRefusal(concat).empty();
  return isa_and_nonnull<model::SliceTokensOp, model::JoinTokensOp>(op);
}

bool llmc::isHandle(Operation *op) {
  return isa<train::RefOp, train::FlatOp, train::SquaresOp, dist::WindowOp,
             dist::RangeOp, dist::ShardOp, dist::StagingOp>(op);
}

void llmc::registerFusionRules(DialectRegistry &registry) {
  registerLinearRules(registry);
  registerRowRules(registry);
  registerAttentionRules(registry);
  registerTrainRules(registry);
  registerDistRules(registry);
}
