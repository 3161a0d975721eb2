//===- FusionOpInterface.td - what Fusion knows of an op ------------------===//

#ifndef LLMC_COMPILER_FUSION_FUSIONOPINTERFACE_TD
#define LLMC_COMPILER_FUSION_FUSIONOPINTERFACE_TD

include "mlir/IR/OpBase.td"

def FusionOpInterface : OpInterface<"FusionOpInterface"> {
  let cppNamespace = "::llmc";
  let description = [{
    The facts by which ops are grouped into kernels. Attached from outside of
    the dialects, by the files in Rules/. An op without it cannot be a part of
    a kernel.
  }];
  let methods = [
    InterfaceMethod<"Which kernels the op may be a part of.",
                    "::llmc::OpFamily", "getFusionFamily">,
    InterfaceMethod<"What a block that computes some rows reads of an operand.",
                    "::llmc::OperandAccess", "getOperandAccess",
                    (ins "unsigned":$operand)>,
    InterfaceMethod<"The tensor whose leading dimensions are the op's row domain.",
                    "::mlir::RankedTensorType", "getRowDomainType">
  ];
}

#endif
