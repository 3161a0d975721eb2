//===- Passes.td - the passes of Step -------------------------------------===//

#ifndef LLMC_COMPILER_STEP_PASSES_TD
#define LLMC_COMPILER_STEP_PASSES_TD

include "mlir/Pass/PassBase.td"

def BuildStep : Pass<"llmc-build-step", "::mlir::ModuleOp"> {
  let summary = "turns the graph into the functions of a training step";
  let description = [{
    Precondition: the module holds one `model.graph`, flat and static, which
    returns the loss of a `model.cross_entropy` and one gradient per
    `model.parameter` in order of occurrence (after `llmc-autodiff`).

    Action: lays parameters and constants out as `train.variable`s: parameters
    of rank 2 and more (which decay), then the other parameters, each at an
    offset that is a multiple of 64 elements; constants are numbered apart.
    Replaces the graph by four functions:
    - `@micro_step(tokens, targets) -> loss` adds the gradients to their
      storage. A gradient that is a sum, used once, is added term by term, each
      as soon as it is computed, so that the sum is never held;
    - `@evaluate(tokens, targets) -> loss`, the forward ops alone;
    - `@generate(tokens) -> logits`, the forward ops before the loss, batch 1;
    - `@update(hyper) -> norm`, clipping and AdamW over all parameters at once.

    With `precision` bf16 all but `@update` compute in bf16, from bf16 copies of
    the parameters (`train.ref compute`). Masters, moments, gradients of
    parameters, log-sum-exps, constants, the loss and the logits that
    `@generate` returns stay f32. `@update` writes the copies, too, and a fifth
    function, `@prepare()`, makes them from the masters.

    Postcondition: no op of the graph's structure is left (see
    `llmc-verify-step`); the module carries `llmc.name`, `llmc.precision`,
    `llmc.batch`, `llmc.sequence` and `llmc.vocabulary`. No function returns an argument or a
    handle.

    ```mlir
    // before
    model.graph @m(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
      %w = model.parameter "embed" : tensor<8x8xf32> {init = #model.ones}
      %x = model.embedding %tokens, %w : ...
      %loss = model.cross_entropy %x, %targets : ...
      %dx = model.cross_entropy_grad %x, %targets : ...
      %dw = model.embedding_grad %tokens, %dx : ...
      model.return %loss, %dw : tensor<f32>, tensor<8x8xf32>
    }
    // after
    train.variable @embed "embed" : tensor<8x8xf32> at 0 decay init #model.ones
    func.func @micro_step(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
      %w = train.ref value @embed : tensor<8x8xf32>
      %x = model.embedding %tokens, %w : ...
      %loss = model.cross_entropy %x, %targets : ...
      %dx = model.cross_entropy_grad %x, %targets : ...
      %dw = model.embedding_grad %tokens, %dx : ...
      %g = train.ref gradient @embed : tensor<8x8xf32>
      train.accumulate %dw into %g : tensor<8x8xf32>, tensor<8x8xf32>
      return %loss : tensor<f32>
    }
    ```
  }];
  let options = [
    Option<"precision", "precision", "std::string", "\"f32\"",
           "type of activations and of the weights they meet: f32 or bf16">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::llmc::model::ModelDialect",
                           "::llmc::train::TrainDialect"];
}

def VerifyStep : Pass<"llmc-verify-step", "::mlir::ModuleOp"> {
  let summary = "checks what Step promises to the phases after it";
  let description = [{
    Precondition: none.

    Action: reports `model.graph`, `model.parameter`, `model.constant` and
    `model.repeat`, a function of the step that is missing, and a module
    attribute that is missing. Changes nothing.

    Postcondition: the module is what Fusion expects.

    ```mlir
    // reported
    model.graph @m(...) -> tensor<f32> { ... }
    // accepted
    func.func @micro_step(...) -> tensor<f32> { ... }
    ```
  }];
}

#endif
