//===- Passes.td - the passes of Autodiff ---------------------------------===//

#ifndef LLMC_COMPILER_AUTODIFF_PASSES_TD
#define LLMC_COMPILER_AUTODIFF_PASSES_TD

include "mlir/Pass/PassBase.td"

def Autodiff : Pass<"llmc-autodiff", "::mlir::ModuleOp"> {
  let summary = "adds the backward pass: the graph also returns its gradients";
  let description = [{
    Precondition: the module holds one `model.graph`, flat and static (after
    `llmc-verify-specialized`), which returns the loss only.

    Action: walks the graph backward from the loss. Each operation that lies
    between a parameter and the loss is asked for its gradient through
    `AutodiffOpInterface`; nothing is built for values that depend on no
    parameter. Several gradients of one value are summed by `model.add`, the
    last use first, so the order is fixed. Attention is rebuilt with its
    log-sum-exp, which its gradient needs. Gradient ops carry the location of
    the forward op. A forward op without use is erased.

    Postcondition: the graph returns the loss and one gradient per
    `model.parameter`, in the order in which the parameters occur. A parameter
    that does not lead to the loss is an error.

    ```mlir
    // before
    model.graph @m(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
      %w = model.parameter "embed" : tensor<8x8xf32> {init = #model.ones}
      %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
      %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
      model.return %loss : tensor<f32>
    }
    // after
    model.graph @m(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
      %w = model.parameter "embed" : tensor<8x8xf32> {init = #model.ones}
      %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
      %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
      %dx = model.cross_entropy_grad %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
      %dw = model.embedding_grad %tokens, %dx : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
      model.return %loss, %dw : tensor<f32>, tensor<8x8xf32>
    }
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

#endif
