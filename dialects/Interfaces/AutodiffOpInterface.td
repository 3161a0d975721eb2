//===- AutodiffOpInterface.td - ops that know their gradient --------------===//

#ifndef LLMC_DIALECTS_INTERFACES_AUTODIFFOPINTERFACE_TD
#define LLMC_DIALECTS_INTERFACES_AUTODIFFOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def AutodiffOpInterface : OpInterface<"AutodiffOpInterface"> {
  let cppNamespace = "::llmc";
  let description = [{
    The reverse-mode rule of one operation. Dialects do not implement it:
    compiler/Autodiff attaches external models, so that a dialect stays
    vocabulary and a new op is differentiable by adding one rule.
  }];
  let methods = [
    InterfaceMethod<[{
        Builds, at the builder's insertion point, the gradients of those
        operands which `gradients.wants`, and hands each to `gradients.add`.
        `resultGradients` holds one value per result, of the result's type;
        null where the result does not lead to the loss. All are null if
        `isLoss()`. An operation may replace its uses by a version of itself
        with more results (attention saves its log-sum-exp); the old one is
        erased by the caller once it is dead. Failures are reported here.
      }],
      "::llvm::LogicalResult", "buildGradient",
      (ins "::mlir::OpBuilder &":$builder,
           "::llvm::ArrayRef<::mlir::Value>":$resultGradients,
           "::llmc::GradientAccumulator &":$gradients)>,
    InterfaceMethod<[{
        Whether the backward pass may start here: the gradient of the result,
        a scalar, is 1, and the rule takes it as such.
      }],
      "bool", "isLoss", (ins), "", [{ return false; }]>
  ];
}

#endif
