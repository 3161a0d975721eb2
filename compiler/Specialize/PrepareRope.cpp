//===- PrepareRope.cpp - gives rotary embeddings their tables -------------===//
//
//   %q = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : ...
// becomes
//   %cos = model.constant "rope.cos.10000.8" : tensor<16x8xf32> {init =
//   #model.rope_cos<10000.0>} %sin = model.constant "rope.sin.10000.8" :
//   tensor<16x8xf32> {init = #model.rope_sin<10000.0>}
//   ...
//   %q = model.rotate %x, %cos, %sin {head_size = 8 : i64} : ...
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/Passes.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallString.h"

#include <map>
#include <tuple>

using namespace mlir;
using namespace llmc::model;

namespace llmc {
#define GEN_PASS_DEF_PREPAREROPE
#include "compiler/Specialize/Passes.h.inc"
} // namespace llmc

namespace {

/// The tables of one graph, created when first asked for.
class RopeTables {
public:
  explicit RopeTables(GraphOp graph)
      : builder(OpBuilder::atBlockBegin(&graph.getBody().front())) {}

  /// The cosines and the signed sines that `op` needs.
  std::pair<Value, Value> get(RopeOp op);

private:
  // Theta, scaling, and the type: it has the shape [T, head size].
  using Key = std::tuple<double, const void *, const void *>;

  OpBuilder builder;
  std::map<Key, std::pair<Value, Value>> tables;
};

struct PrepareRope : llmc::impl::PrepareRopeBase<PrepareRope> {
  void runOnOperation() override {
    for (GraphOp graph : getOperation().getOps<GraphOp>())
      if (failed(prepare(graph)))
        return signalPassFailure();
  }

private:
  static LogicalResult prepare(GraphOp graph);
};

} // namespace

std::pair<Value, Value> RopeTables::get(RopeOp op) {
  auto input = cast<RankedTensorType>(op.getInput().getType());
  int64_t headSize = op.getHeadSize();
  auto type = RankedTensorType::get({input.getDimSize(1), headSize},
                                    input.getElementType());
  double theta = op.getTheta().convertToDouble();
  Llama3ScalingAttr scaling = op.getScalingAttr();
  auto [entry, isNew] = tables.try_emplace(
      Key(theta, scaling.getAsOpaquePointer(), type.getAsOpaquePointer()));
  if (!isNew)
    return entry->second;

  SmallString<64> suffix;
  auto append = [&](const llvm::APFloat &number) {
    number.toString(suffix, /*FormatPrecision=*/0, /*FormatMaxPadding=*/8);
  };
  append(op.getTheta());
  suffix += "." + std::to_string(headSize);
  if (scaling) {
    suffix += ".llama3.";
    for (const llvm::APFloat &number :
         {scaling.getFactor(), scaling.getLow(), scaling.getHigh()}) {
      append(number);
      suffix += ".";
    }
    suffix += std::to_string(scaling.getPositions());
  }
  MLIRContext *context = op.getContext();
  auto create = [&](const Twine &name, Attribute init) {
    return ConstantOp::create(builder, op.getLoc(), type,
                              builder.getStringAttr(name + suffix), init)
        .getValue();
  };
  Value cos = create("rope.cos.", RopeCosAttr::get(context, theta, scaling));
  Value sin = create("rope.sin.", RopeSinAttr::get(context, theta, scaling));
  return entry->second = {cos, sin};
}

/// Heads are rotated one by one: whoever changes the number of heads has to
/// change the rotation, too, and would train another model otherwise.
static LogicalResult checkHeads(RopeOp op) {
  for (Operation *user : op->getUsers()) {
    auto attention = dyn_cast<AttentionOp>(user);
    if (!attention)
      continue;
    auto query = cast<RankedTensorType>(attention.getQuery().getType());
    int64_t size =
        query.getShape().back() / static_cast<int64_t>(attention.getHeads());
    if (size == static_cast<int64_t>(op.getHeadSize()))
      continue;
    InFlightDiagnostic error = op.emitOpError("rotates heads of ")
                               << op.getHeadSize()
                               << " columns, expected those of the attention "
                                  "that reads them, head_size = "
                               << size;
    error.attachNote(attention.getLoc()) << "the attention is here";
    return error;
  }
  return success();
}

LogicalResult PrepareRope::prepare(GraphOp graph) {
  SmallVector<RopeOp> ropes;
  graph.walk([&](RopeOp op) { ropes.push_back(op); });
  // All tables are made before the first op goes: they are put before what was
  // the first op of the graph, which may be a rope.
  RopeTables tables(graph);
  SmallVector<std::pair<Value, Value>> chosen;
  for (RopeOp op : ropes) {
    auto input = cast<RankedTensorType>(op.getInput().getType());
    if (input.isDynamicDim(1))
      return op.emitOpError("expected a known sequence length, found ")
             << input << ": run llmc-specialize first";
    if (failed(checkHeads(op)))
      return failure();
    chosen.push_back(tables.get(op));
  }
  for (auto [op, table] : llvm::zip_equal(ropes, chosen)) {
    OpBuilder builder(op);
    auto rotate = RotateOp::create(builder, op.getLoc(), op.getType(),
                                   op.getInput(), table.first, table.second,
                                   op.getHeadSizeAttr(), UnitAttr());
    rotate->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    op.replaceAllUsesWith(rotate.getOutput());
    op.erase();
  }
  return success();
}
