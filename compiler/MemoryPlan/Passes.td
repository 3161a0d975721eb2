//===- Passes.td - the passes of MemoryPlan -------------------------------===//

#ifndef LLMC_COMPILER_MEMORYPLAN_PASSES_TD
#define LLMC_COMPILER_MEMORYPLAN_PASSES_TD

include "mlir/Pass/PassBase.td"

def PlanMemory : Pass<"llmc-plan-memory", "::mlir::ModuleOp"> {
  let summary = "gives every tensor its place";
  let description = [{
    Precondition: the functions hold train.ref, train.flat, train.squares and tile.launch only
    (after `llmc-verify-fused`); shapes are static.

    Action: every variable keeps its place in the flat storage of parameters,
    gradients, moments or constants. Arguments and results of a function become
    ports of the io arena. All other tensors live from the launch that makes
    them to the last launch that reads them, and are packed into one arena of
    activations, which all functions share, since they run one at a time. A
    result that a kernel may write over one of its arguments (`inplace`) takes
    the argument's place when the argument is not needed afterwards. Each
    place is a `plan.view` at the launch that makes the tensor, so that the
    lifetime can be read from the uses of the view. Slices and joined parts of
    tokens are views `of` what they are a part of.

    Postcondition: `plan` ops and kernels; see `llmc-verify-memory-plan`. The
    workspace arena has 0 bytes until the target has turned kernels into code.

    ```mlir
    // before
    func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
      %w = train.ref value @embed : tensor<8x8xf32>
      %x = tile.launch @embedding(%tokens, %w) : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
      %l = tile.launch @loss(%x, %targets) : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
      return %l : tensor<f32>
    }
    // after
    plan.func @evaluate {
      %tokens = plan.view @io[0] : memref<2x4xi32>
      %targets = plan.view @io[64] : memref<2x4xi32>
      %w = plan.view @parameters[0] : memref<8x8xf32>
      %x = plan.view @activations[0] : memref<2x4x8xf32>
      plan.launch @embedding(%tokens, %w, %x) : memref<2x4xi32>, memref<8x8xf32>, memref<2x4x8xf32>
      %l = plan.view @io[128] : memref<f32>
      plan.launch @loss(%x, %targets, %l) : memref<2x4x8xf32>, memref<2x4xi32>, memref<f32>
    }
    ```
  }];
  let dependentDialects = ["::llmc::plan::PlanDialect"];
}

def VerifyMemoryPlan : Pass<"llmc-verify-memory-plan", "::mlir::ModuleOp"> {
  let summary = "checks that every place is sound, without trusting the planner";
  let description = [{
    Precondition: none.

    Action: reports, as errors: ops of func, train or model outside kernels; a
    view that does not lie within its arena or is not aligned; two tensors of
    the activation arena that live at the same time and overlap, unless a
    kernel's `inplace` allows one to be written over the other; an activation
    that is read before all of it was written; a byte of a tensor that is
    written twice. Changes nothing.

    Postcondition: the module is what Tiling and Link expect.
  }];
}

#endif
