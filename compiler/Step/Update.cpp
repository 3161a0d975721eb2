//===- Update.cpp - clipping and the optimizer ----------------------------===//

#include "compiler/Step/StepGraph.h"
#include "runtime/abi/ProgramAbi.h"

#include "mlir/IR/Remarks.h"

using namespace mlir;
using namespace llmc;

static void remarkRounding(Location loc, const Variables &variables) {
  remark::analysis(loc,
                   remark::RemarkOpts::name("masters").category("rounding"))
      << remark::add("master weights are bf16, which AdamW rounds "
                     "stochastically: {0} parameters take 2 bytes each "
                     "instead of 6",
                     variables.elements);
}

void llmc::buildUpdate(OpBuilder &builder, StepGraph &graph,
                       const Variables &variables) {
  OpBuilder::InsertionGuard guard(builder);
  Location loc = graph.op.getLoc();
  Type f32 = builder.getF32Type();
  Type scalar = RankedTensorType::get({}, f32);
  Type hyperType =
      RankedTensorType::get({static_cast<int64_t>(LlmcHyperCount)}, f32);
  func::FuncOp function =
      createFunction(builder, loc, "update", {hyperType}, {scalar});
  Value hyper = function.getArgument(0);

  auto all = [&](train::Slot slot) {
    return variables.createFlat(builder, loc, slot);
  };
  Value parameters = all(variables.masters());
  Value gradients = all(train::Slot::Gradient);
  Value moment1 = all(train::Slot::Moment1);
  Value moment2 = all(train::Slot::Moment2);
  Value copies;
  if (variables.computeType && !variables.narrowMasters)
    copies = all(train::Slot::Compute);
  Value norm =
      train::GradientNormOp::create(builder, loc, scalar, gradients, hyper);
  train::AdamWOp::create(builder, loc, parameters, gradients, moment1, moment2,
                         norm, hyper, copies, /*place=*/Value(),
                         variables.decayElements,
                         /*stochastic=*/variables.narrowMasters);
  if (variables.narrowMasters)
    remarkRounding(loc, variables);
  func::ReturnOp::create(builder, loc, norm);
}
