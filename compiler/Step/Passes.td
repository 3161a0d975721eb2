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
    - `@generate(tokens, position) -> logits`, the forward ops before the loss,
      batch 1; logits of one position;
    - `@update(hyper) -> norm`, clipping and AdamW over all parameters at once.

    With `precision` bf16 all but `@update` compute in bf16, from bf16 copies of
    the parameters (`train.ref compute`). Masters, moments, gradients of
    parameters, log-sum-exps, constants, the loss and the logits that
    `@generate` returns stay f32. `@update` writes the copies, too, and a fifth
    function, `@prepare()`, makes them from the masters. With `masters` bf16,
    too, the copies are all there is: `@update` rounds them stochastically, and
    there is neither a master (`train.ref value`) nor `@prepare`. With `moments`
    bf16 both moments are bf16, rounded stochastically.

    Postcondition: no op of the graph's structure is left (see
    `llmc-verify-step`); the module carries `llmc.name`, `llmc.precision`,
    `llmc.batch`, `llmc.sequence` and `llmc.vocabulary`. No function returns an
    argument or a handle.

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
           "type of activations and of the weights they meet: f32, tf32 (f32 that a GPU multiplies as TF32) or bf16">,
    Option<"masters", "masters", "std::string", "\"f32\"",
           "type in which AdamW keeps the parameters: f32, or bf16 with precision bf16">,
    Option<"moments", "moments", "std::string", "\"f32\"",
           "type in which AdamW keeps its moments: f32, or bf16 with precision bf16">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect",
                           "::llmc::model::ModelDialect",
                           "::llmc::train::TrainDialect"];
}

def ChunkHead : Pass<"llmc-chunk-head", "::mlir::ModuleOp"> {
  let summary = "computes logits and loss of some tokens at a time";
  let description = [{
    Precondition: functions of `llmc-build-step`.

    Action: where a `model.linear` of more than `tokens` tokens gives the logits
    of a `model.cross_entropy`, and of its gradient, these ops, the products
    with the logits' gradient and the accumulations of the weight's gradient
    are repeated for chunks of at most `tokens` tokens, so that logits of one
    chunk are alive at a time. Inputs are slices, the input's gradient and the
    tokens' losses are joined: places, not kernels. Chunks are as equal as
    multiples of 64 tokens can be; losses are summed in the order of tokens, as
    without chunks, the weight's gradient chunk by chunk. 0 tokens change
    nothing. Remarks of category `step` say what was done or why not.

    Postcondition: as before; `model.slice_tokens` and `model.join_tokens` too.

    ```mlir
    // before, 2 x 96 tokens
    %logits = model.linear %x, %w : (tensor<2x96x8xf32>, tensor<97x8xf32>) -> tensor<2x96x97xf32>
    %loss = model.cross_entropy %logits, %targets : ...
    // after llmc-chunk-head{tokens=128}
    %x0 = model.slice_tokens %x {first = 0 : i64} : (tensor<2x96x8xf32>) -> tensor<1x128x8xf32>
    %t0 = model.slice_tokens %targets {first = 0 : i64} : (tensor<2x96xi32>) -> tensor<1x128xi32>
    %logits0 = model.linear %x0, %w : (tensor<1x128x8xf32>, tensor<97x8xf32>) -> tensor<1x128x97xf32>
    %loss0 = model.token_loss %logits0, %t0 : ...
    ... // %loss1, of 64 tokens
    %losses = model.join_tokens %loss0, %loss1 : (tensor<1x128xf32>, tensor<1x64xf32>) -> tensor<2x96xf32>
    %loss = model.mean %losses : (tensor<2x96xf32>) -> tensor<f32>
    ```
  }];
  let options = [
    Option<"tokens", "tokens", "int64_t", "4096",
           "most tokens of a chunk, a multiple of 64; 0: all in one">
  ];
  let dependentDialects = ["::llmc::model::ModelDialect",
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
