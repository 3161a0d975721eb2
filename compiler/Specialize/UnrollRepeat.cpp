//===- UnrollRepeat.cpp - writes every layer of a repeat out --------------===//
//
//   %y = model.repeat 2 named "layers" (%h = %x) : ... {
//     %w = model.parameter "norm.weight" : ...
//     %n = model.rms_norm %h, %w ...
//     model.yield %n : ...
//   }
// becomes
//   %w0 = model.parameter "layers.0.norm.weight" : ...
//   %n0 = model.rms_norm %x, %w0 ...
//   %w1 = model.parameter "layers.1.norm.weight" : ...
//   %y = model.rms_norm %n0, %w1 ...
//
//===----------------------------------------------------------------------===//

#include "compiler/Specialize/Passes.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace llmc::model;

namespace llmc {
#define GEN_PASS_DEF_UNROLLREPEAT
#include "compiler/Specialize/Passes.h.inc"
} // namespace llmc

// Far above any model's, and few enough to be worked on.
static constexpr uint64_t kMostOps = uint64_t(1) << 17;

/// Puts `prefix` before the name of a parameter or constant.
static void addPrefix(Operation &op, const Twine &prefix) {
  if (auto parameter = dyn_cast<ParameterOp>(op))
    parameter.setName((prefix + parameter.getName()).str());
  else if (auto constant = dyn_cast<ConstantOp>(op))
    constant.setName((prefix + constant.getName()).str());
}

/// Marks what a layer computes with the layer's name, so that later phases know
/// layers when they are written out.
static void setLayer(Operation &op, const Twine &prefix) {
  if (isa<ParameterOp, ConstantOp>(op))
    return;
  std::string name = prefix.str();
  // An op of an inner repeat, which was unrolled before.
  if (auto inner = op.getAttrOfType<StringAttr>(kLayerName))
    name += "." + inner.getValue().str();
  op.setAttr(kLayerName, StringAttr::get(op.getContext(), name));
}

/// Replaces a repeat whose body holds no further repeat.
static LogicalResult unroll(RepeatOp repeat) {
  OpBuilder builder(repeat);
  Block &body = repeat.getBody().front();
  uint64_t ops = llvm::range_size(body.without_terminator());
  if (repeat.getCount() > kMostOps / std::max<uint64_t>(ops, 1))
    return repeat.emitOpError("repeats ")
           << ops << " operations " << repeat.getCount()
           << " times, expected at most " << kMostOps << " in all";
  SmallVector<Value> state(repeat.getInits());
  for (uint64_t layer = 0; layer < repeat.getCount(); ++layer) {
    IRMapping mapping;
    mapping.map(body.getArguments(), state);
    std::string name = (repeat.getNamed() + "." + Twine(layer)).str();
    for (Operation &op : body.without_terminator()) {
      Operation &clone = *builder.clone(op, mapping);
      addPrefix(clone, name + ".");
      setLayer(clone, name);
    }
    auto yield = cast<YieldOp>(body.getTerminator());
    for (auto [value, yielded] : llvm::zip_equal(state, yield.getValues()))
      value = mapping.lookupOrDefault(yielded);
  }
  repeat.replaceAllUsesWith(state);
  repeat.erase();
  return success();
}

namespace {

struct UnrollRepeat : llmc::impl::UnrollRepeatBase<UnrollRepeat> {
  void runOnOperation() override {
    // A walk in post-order meets inner repeats first.
    WalkResult result = getOperation().walk([](RepeatOp repeat) {
      return failed(unroll(repeat)) ? WalkResult::interrupt()
                                    : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};

} // namespace
