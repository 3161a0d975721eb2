//===- Passes.td - from ops to kernels ------------------------------------===//

#ifndef LLMC_COMPILER_FUSION_PASSES_TD
#define LLMC_COMPILER_FUSION_PASSES_TD

include "mlir/Pass/PassBase.td"

def Recompute : Pass<"llmc-recompute", "::mlir::ModuleOp"> {
  let summary = "computes parts of the forward pass again rather than keep them";
  let description = [{
    Precondition: functions of single ops, as Step and Distribution leave them.

    Action: in `@micro_step`, what the loss depends on is the forward pass, all
    else the backward pass. Values of the one that the other reads are kept.
    `policy` says which ops may be computed a second time instead:
    - `none`: none;
    - `ops`: those that memory bounds: at most 16 FLOP for each element that
      they read or write, and that read at most 4 bytes for each that they
      write (norms, elementwise ops and rotations; not products and attention),
      and that look nothing up in a table;
    - `layer`: all ops of a layer (a copy of a `model.repeat`'s body) whose
      results stay in the layer, so that what is kept is mostly the layer's
      input;
    - `layer:N`: the first N layers so, all else as `ops`. What the other layers
      keep is read first, and gone when the first ones are computed again. With
      `spread` the N lie evenly between the others: what these keep has time to
      leave the device, and to come back.
    Of what they allow, the fewest bytes are kept: a minimum cut between ops
    that may not and the backward pass, where it is equal the one that computes
    least again. Copies stand right before the first op of the backward pass
    that reads them, marked `model.recomputed`, which keeps Fusion from joining
    them to kernels of the forward pass. Attention whose log-sum-exp is no
    longer read loses it. Remarks of category `fusion` say what is computed
    again, at how many FLOP, for how many bytes.

    Postcondition: as before.

    ```mlir
    // before
    %n = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : ...
    %y = model.linear %n, %w : ...
    ...
    %dw = model.linear_weight_grad %n, %dy : ...
    // after llmc-recompute{policy=ops}
    %n = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : ...
    %y = model.linear %n, %w : ...
    ...
    %n2 = model.rms_norm %x, %g {eps = 1.0e-5 : f32, model.recomputed} : ...
    %dw = model.linear_weight_grad %n2, %dy : ...
    ```
  }];
  let options = [
    Option<"policy", "policy", "std::string", "\"none\"",
           "what is computed again: none, ops, layer or layer:N">,
    Option<"spread", "spread", "bool", "false",
           "the layers of layer:N lie between the others, not before them">
  ];
  let dependentDialects = ["::llmc::model::ModelDialect"];
}

def Decompose : Pass<"llmc-decompose", "::mlir::ModuleOp"> {
  let summary = "cuts ops that no single kernel computes into steps that one does";
  let description = [{
    Precondition: functions of static shapes, as Step leaves them. Sums over
    rows become partial sums over ranges of rows, in parallel, and a sum of
    these; the order of summation depends on the shapes only. cross_entropy
    becomes a loss per token and their mean; attention_grad the three kernels
    of FlashAttention-2; gradient_norm partial sums of squares and their root.
    Postcondition: every op has a fusion rule.

    ```mlir
    %s = model.sum_rows %x : (tensor<4x64x768xf32>) -> tensor<768xf32>
    ```
    becomes
    ```mlir
    %p = model.sum_rows %x {splits = 64 : i64} : (tensor<4x64x768xf32>) -> tensor<64x768xf32>
    %s = model.sum_rows %p : (tensor<64x768xf32>) -> tensor<768xf32>
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect", "::llmc::train::TrainDialect"];
  let options = [
    Option<"maxSplits", "max-splits", "int64_t", "64",
           "most partial sums that a sum over rows is cut into">,
    Option<"normSplits", "norm-splits", "int64_t", "256",
           "most partial sums of the gradient norm">
  ];
}

def FuseKernels : Pass<"llmc-fuse-kernels", "::mlir::ModuleOp"> {
  let summary = "groups ops into kernels and outlines each group";
  let description = [{
    Precondition: what llmc-decompose leaves. Groups ops where that saves memory
    traffic (CostModel), drops pure ops without users, computes cheap
    elementwise ops again where their operand is kept anyway, and moves each
    group into a `tile.func`, one for all groups of equal bodies. Decisions are
    remarks of category `fusion`.
    Postcondition: functions hold train.ref, train.flat, train.squares,
    tile.launch and places of tokens (model.slice_tokens, model.join_tokens).

    ```mlir
    %y = model.linear %x, %w : ...
    %z = model.gelu %y : ...
    ```
    becomes
    ```mlir
    %z = tile.launch @linear_gelu_0(%x, %w) : ...
    ```
  }];
  let dependentDialects = ["::llmc::model::ModelDialect", "::llmc::train::TrainDialect",
                           "::llmc::tile::TileDialect"];
  let options = [
    Option<"maxTensors", "max-tensors", "unsigned", "24",
           "most arguments and results of one kernel">,
    Option<"maxOps", "max-ops", "unsigned", "32", "most ops of one kernel">
  ];
}

def VerifyFused : Pass<"llmc-verify-fused", "::mlir::ModuleOp"> {
  let summary = "checks what Fusion leaves: functions that only launch kernels";
  let description = [{
    The boundary after Fusion: a function holds train.ref, train.flat,
    train.squares, tile.launch, places of tokens and its return, and every kernel says its
    kind.
  }];
}

#endif
