//===- ArgumentNames.cpp - what a kernel's arguments are ------------------===//

#include "compiler/Tiling/ArgumentNames.h"

#include "dialects/Model/Model.h"
#include "dialects/Train/Train.h"

#include "llvm/ADT/StringMap.h"

using namespace mlir;
using namespace llmc;
using namespace llmc::tiling;

namespace {
/// Names of an op's operands and results, in order. An op has the last name for
/// all that follow.
struct OpNames {
  SmallVector<StringRef> operands, results;
};
} // namespace

static const llvm::StringMap<OpNames> &opNames() {
  static const llvm::StringMap<OpNames> names = {
      {"model.embedding", {{"tokens", "embeddings"}, {"output"}}},
      {"model.take_tokens", {{"positions", "input"}, {"output"}}},
      {"model.embedding_grad", {{"tokens", "grad"}, {"weight_grad"}}},
      {"model.position_embedding", {{"tokens", "positions"}, {"output"}}},
      {"model.position_embedding_grad", {{"grad"}, {"weight_grad"}}},
      {"model.linear", {{"input", "weight", "bias"}, {"output"}}},
      {"model.linear_weight_grad", {{"input", "grad"}, {"weight_grad"}}},
      {"model.sum_rows", {{"rows"}, {"sums"}}},
      {"model.layer_norm",
       {{"input", "norm_weight", "norm_bias"}, {"normalized"}}},
      {"model.layer_norm_grad",
       {{"input", "norm_weight", "grad"}, {"input_grad"}}},
      {"model.layer_norm_weight_grad", {{"input", "grad"}, {"weight_grad"}}},
      {"model.rms_norm", {{"input", "norm_weight"}, {"normalized"}}},
      {"model.rms_norm_grad",
       {{"input", "norm_weight", "grad"}, {"input_grad"}}},
      {"model.rms_norm_weight_grad", {{"input", "grad"}, {"weight_grad"}}},
      {"model.rotate", {{"input", "cosines", "sines"}, {"rotated"}}},
      {"model.attention", {{"query", "key", "value"}, {"output", "lse"}}},
      {"model.attention_delta", {{"output", "grad"}, {"delta"}}},
      {"model.attention_query_grad",
       {{"query", "key", "value", "grad", "lse", "delta"}, {"query_grad"}}},
      {"model.attention_key_value_grad",
       {{"query", "key", "value", "grad", "lse", "delta"},
        {"key_grad", "value_grad"}}},
      {"model.gelu", {{"input"}, {"activated"}}},
      {"model.gelu_grad", {{"input", "grad"}, {"input_grad"}}},
      {"model.silu", {{"input"}, {"activated"}}},
      {"model.silu_grad", {{"input", "grad"}, {"input_grad"}}},
      {"model.add", {{"addend"}, {"sum"}}},
      {"model.mul", {{"factor"}, {"product"}}},
      {"model.split", {{"parts"}, {"part"}}},
      {"model.concat", {{"part"}, {"parts"}}},
      {"model.token_loss", {{"logits", "targets"}, {"loss"}}},
      {"model.cross_entropy_grad", {{"logits", "targets"}, {"logits_grad"}}},
      {"model.mean", {{"input"}, {"mean"}}},
      {"train.accumulate", {{"value", "accumulated"}, {}}},
      {"train.sum_of_squares", {{"gradients"}, {"partial"}}},
      {"train.norm", {{"partial", "hyper"}, {"norm"}}},
      {"train.adamw",
       {{"parameters", "gradients", "moment1", "moment2", "norm", "hyper",
         "rounded"},
        {}}},
      {"train.add", {{"value", "added"}, {}}},
      {"train.round", {{"value", "rounded"}, {}}},
      {"train.zero", {{"zeroed"}, {}}},
  };
  return names;
}

static StringRef lastOf(ArrayRef<StringRef> names, unsigned number,
                        StringRef otherwise) {
  if (names.empty())
    return otherwise;
  return names[std::min<size_t>(number, names.size() - 1)];
}

static std::string nameOfUse(OpOperand &use) {
  Operation *op = use.getOwner();
  // What attention splits holds its query, key and value.
  if (isa<model::SplitOp>(op)) {
    std::string joined;
    for (Value part : op->getResults())
      for (OpOperand &partUse : part.getUses())
        if (!isa<model::SplitOp>(partUse.getOwner())) {
          joined += (joined.empty() ? "" : "_") + nameOfUse(partUse);
          break;
        }
    return joined == "query_key_value" ? "qkv" : "parts";
  }
  // What is added to something computed here goes past it.
  if (isa<model::AddOp>(op) &&
      op->getOperand(1 - use.getOperandNumber()).getDefiningOp())
    return "residual";
  if (auto adamw = dyn_cast<train::AdamWOp>(op);
      adamw && use.get() == adamw.getPlace())
    return "place";
  // The storage that is added to is called after what is added.
  if (auto accumulate = dyn_cast<train::AccumulateOp>(op))
    if (use.getOperandNumber() == 1)
      if (Operation *value = accumulate.getValue().getDefiningOp()) {
        auto known = opNames().find(value->getName().getStringRef());
        if (known != opNames().end())
          return lastOf(known->second.results, 0, "accumulated").str();
      }
  auto known = opNames().find(op->getName().getStringRef());
  if (known == opNames().end())
    return "input";
  return lastOf(known->second.operands, use.getOperandNumber(), "input").str();
}

SmallVector<std::string> llmc::tiling::nameArguments(Block &group) {
  SmallVector<std::string> names;
  for (BlockArgument argument : group.getArguments()) {
    // The first op that takes it, in the order of the group.
    OpOperand *first = nullptr;
    for (OpOperand &use : argument.getUses())
      if (!use.getOwner()->hasTrait<OpTrait::IsTerminator>() &&
          (!first || use.getOwner()->isBeforeInBlock(first->getOwner())))
        first = &use;
    names.push_back(first ? nameOfUse(*first) : "input");
  }
  for (Value value : group.getTerminator()->getOperands()) {
    auto result = dyn_cast<OpResult>(value);
    auto known =
        result ? opNames().find(result.getOwner()->getName().getStringRef())
               : opNames().end();
    names.push_back(
        known == opNames().end()
            ? "output"
            : lastOf(known->second.results, result.getResultNumber(), "output")
                  .str());
  }
  return names;
}
