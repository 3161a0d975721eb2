//===- Passes.td - the passes of Distribution -----------------------------===//

#ifndef LLMC_COMPILER_DISTRIBUTION_PASSES_TD
#define LLMC_COMPILER_DISTRIBUTION_PASSES_TD

include "mlir/Pass/PassBase.td"

def BucketParameters : Pass<"llmc-bucket-parameters", "::mlir::ModuleOp"> {
  let summary = "cuts the storage of parameters into buckets and shards";
  let description = [{
    Precondition: what Step leaves, for one rank.

    Action: declares the mesh, of several ranks, the units (`Units`) and the
    buckets (`Buckets`).
    Each unit begins a bucket and is padded to whole shards; offsets,
    `train.flat` and `decay_elements` follow. Padding is 0 in every storage and
    stays 0: it adds nothing to a norm and takes no part in a product.

    Postcondition: every storage of parameters is a sequence of `dist.unit`s,
    and each of these one of `dist.bucket`s. Masters in bf16 are refused.

    ```mlir
    // before
    train.variable @w "w" : tensor<4x4xf32> at 0 decay init #model.ones
    train.variable @b "b" : tensor<4xf32> at 64 init #model.zeros
    %g = train.flat gradient : tensor<128xf32>
    // after llmc-bucket-parameters{ranks=2 zero=1}
    dist.mesh ranks 2 zero 1
    dist.unit "w" at 0 elements 128
    dist.unit "norms and biases" at 128 elements 128
    dist.bucket at 0 elements 128
    dist.bucket at 128 elements 128
    train.variable @w "w" : tensor<4x4xf32> at 0 decay init #model.ones
    train.variable @b "b" : tensor<4xf32> at 128 init #model.zeros
    %g = train.flat gradient : tensor<256xf32>
    ```
  }];
  let options = [
    Option<"ranks", "ranks", "int64_t", "2",
           "ranks that train together; of one, buckets are what is transferred "
           "at a time">,
    Option<"zero", "zero", "int64_t", "0", "stage of ZeRO: 0 to 3">,
    Option<"bucket", "bucket", "int64_t", "4194304",
           "elements of a bucket, rounded up to whole shards">
  ];
  let dependentDialects = ["::llmc::dist::DistDialect"];
}

def ShardUpdate : Pass<"llmc-shard-update", "::mlir::ModuleOp"> {
  let summary = "gives each rank its part of the norm and of the optimizer";
  let description = [{
    Precondition: `llmc-bucket-parameters`; gradients are summed over ranks
    when @update begins (`llmc-reduce-gradients`).

    Action: `train.gradient_norm` becomes sums of squares of this rank's shards,
    which are gathered and summed in the order of ranks: the same bits on all
    ranks and in all stages. From stage 1 on, AdamW runs on shards, bucket by
    bucket; each bucket's parameters are gathered while the next one is
    updated, and gradients, of which AdamW zeroes the rank's own only, are
    zeroed. Moments are sharded, as are f32 masters whose compute copies
    products read: the copies are gathered instead. `@prepare` rounds shards
    and gathers them. From stage 2 on gradients are sharded, in stage 3 what
    products read, too: nothing is gathered then (`llmc-shard-parameters`).

    Postcondition: no `train.gradient_norm`.

    ```mlir
    // before
    %norm = train.gradient_norm %g, %hyper : (tensor<256xf32>, tensor<10xf32>) -> tensor<f32>
    // after, with one bucket and two ranks
    %squares = train.squares 0 : tensor<512xf32>
    %mine = dist.shard %squares : tensor<512xf32> -> tensor<256xf32>
    %range = dist.range %g[0] : tensor<256xf32> -> tensor<256xf32>
    %shard = dist.shard %range : tensor<256xf32> -> tensor<128xf32>
    %part = dist.range %mine[0] : tensor<256xf32> -> tensor<256xf32>
    train.sum_of_squares %shard into %part : tensor<128xf32>, tensor<256xf32>
    %p = dist.all_gather_start %mine : tensor<256xf32> -> !dist.pending<tensor<512xf32>>
    %all = dist.wait %p : !dist.pending<tensor<512xf32>>
    %norm = train.norm %all, %hyper : (tensor<512xf32>, tensor<10xf32>) -> tensor<f32>
    ```
  }];
  let options = [
    Option<"normSplits", "norm-splits", "int64_t", "256",
           "about how many partial sums of the gradient norm a rank makes">
  ];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def ShardGradients : Pass<"llmc-shard-gradients", "::mlir::ModuleOp"> {
  let summary = "leaves each rank its part of the gradients";
  let description = [{
    Precondition: `llmc-bucket-parameters` with stage 2 or 3; before Fusion.

    Action: in @micro_step, gradients of a unit are added up in a window of its
    own, which begins at zero; at the end each bucket is reduce-scattered, and
    this rank's sum is added to its shard, all that is kept of the gradients.
    `llmc-place-windows` moves these ops to where they belong. All micro-steps
    do this: between two of them, a rank has no room for more than its shard.

    Postcondition: no handle on a gradient of a variable in @micro_step.

    ```mlir
    // before
    func.func @micro_step(..) -> tensor<f32> {
      %g = train.ref gradient @w : tensor<16x16xf32>
      train.accumulate %dw into %g : tensor<16x16xf32>, tensor<16x16xf32>
      return %loss : tensor<f32>
    }
    // after
    func.func @micro_step(..) -> tensor<f32> {
      %mine = train.flat gradient sharded : tensor<128xf32>
      %window = dist.window "w" : tensor<256xf32>
      train.zero %window : tensor<256xf32>
      %g = dist.range %window[0] : tensor<256xf32> -> tensor<16x16xf32>
      train.accumulate %dw into %g : tensor<16x16xf32>, tensor<16x16xf32>
      %bucket = dist.range %window[0] : tensor<256xf32> -> tensor<256xf32>
      %p = dist.reduce_scatter_start %bucket : tensor<256xf32> -> !dist.pending<tensor<128xf32>>
      %sum = dist.wait %p : !dist.pending<tensor<128xf32>>
      %shard = dist.range %mine[0] : tensor<128xf32> -> tensor<128xf32>
      train.add %sum into %shard : tensor<128xf32>
      return %loss : tensor<f32>
    }
    ```
  }];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def ShardParameters : Pass<"llmc-shard-parameters", "::mlir::ModuleOp"> {
  let summary = "leaves each rank its part of the parameters";
  let description = [{
    Precondition: `llmc-bucket-parameters` with stage 3; before Fusion.

    Action: each function gathers the units that it has handles on into a window
    each, of the values or, in mixed precision, of the compute copies; handles
    become parts of the windows. `llmc-place-windows` moves the gathers to where
    they belong, and repeats some.

    Postcondition: no handle on what products read of a parameter.

    ```mlir
    // before
    %w = train.ref value @w : tensor<16x16xf32>
    %y = model.linear %x, %w : ...
    // after
    %mine = train.flat value sharded : tensor<128xf32>
    %window = dist.window "w" : tensor<256xf32>
    %shard = dist.range %mine[0] : tensor<128xf32> -> tensor<128xf32>
    %bucket = dist.range %window[0] : tensor<256xf32> -> tensor<256xf32>
    %p = dist.all_gather_start %shard into %bucket : tensor<128xf32>, tensor<256xf32> -> !dist.pending<tensor<256xf32>>
    dist.wait %p : !dist.pending<tensor<256xf32>>
    %w = dist.range %window[0] : tensor<256xf32> -> tensor<16x16xf32>
    %y = model.linear %x, %w : ...
    ```
  }];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def OffloadState : Pass<"llmc-offload-state", "::mlir::ModuleOp"> {
  let summary = "keeps state of the optimizer in the host's memory";
  let description = [{
    Precondition: `llmc-bucket-parameters`, on several ranks
    `llmc-shard-update`.

    Action: the storages that are asked for move to the host. AdamW runs bucket
    by bucket; what it needs of them is copied into a place of staging on the
    device while the bucket before is updated, and back while the next one is.
    So that all three go on at one time there are three places, each for one
    bucket's state: while bucket i is updated in one, bucket i + 1 arrives in
    the second and bucket i - 1 leaves from the third. The first bucket's state
    is on its way while the norm is taken. `@prepare` rounds masters that are
    brought likewise.

    Gradients come with the rest, and do not go back; how micro-steps add to
    them is the matter of `llmc-offload-gradients` and, of several ranks in stages 2 and
    3, of `llmc-offload-gradient-shards`. Of several ranks they come once more
    before that, for the norm. Masters are offloaded only where there are compute copies, which products
    read.

    Postcondition: kernels access no storage of the host; see
    `llmc-verify-transfers`.

    ```mlir
    // before
    %m = train.flat moment1 : tensor<128xf32>
    train.adamw %p, %g, %m, ...
    // after, for the bucket at 0
    %m = train.flat moment1 host : tensor<128xf32>
    %m0 = dist.range %m[0] : tensor<128xf32> -> tensor<64xf32>
    %s0 = dist.staging 0 : tensor<64xf32>
    %in0 = dist.to_device_start %m0 into %s0 : tensor<64xf32>
    ... the same for bucket 1
    %d0 = dist.wait %in0 : !dist.pending<tensor<64xf32>>
    train.adamw %p0, %g0, %d0, ...
    %out0 = dist.to_host_start %d0 into %m0 : tensor<64xf32>
    ```
  }];
  let options = [
    Option<"optimizer", "optimizer", "bool", "false", "both moments">,
    Option<"masters", "masters", "bool", "false", "f32 masters">,
    Option<"gradients", "gradients", "bool", "false",
           "gradients, of several ranks their shards">,
    Option<"places", "places", "int64_t", "3",
           "buckets whose state has a place in staging at one time, 2 or more">
  ];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def OffloadActivations : Pass<"llmc-offload-activations", "::mlir::ModuleOp"> {
  let summary = "keeps activations on the host between forward and backward pass";
  let description = [{
    Precondition: functions of launches, in their final order.

    Action: in @micro_step and the like, tensors that wait for a later launch
    while most bytes are alive are copied to the host behind their last use
    before it, and back ahead of their first use after it. Which ones, and
    when, says `SavedActivations`, so that no launch waits for a copy if the
    predictions hold: copies in each direction run one behind the other beside
    the launches and share the bus with the collectives and copies that are
    there (`BusClock`), and a launch takes its kernel's `predicted_us`. Where
    kernels have none, as on a CPU, each takes as long, and a copy as long as
    two. What is part of another tensor stays, as do rows
    with gaps. Later launches read a `dist.window`.

    Postcondition: kernels and their order are as before.

    ```mlir
    // before
    %x = tile.launch @layer(%t) : ...
    %y = tile.launch @next(%x) : ...
    ...
    tile.launch @grad(%x, %dy) : ...
    // after
    %x = tile.launch @layer(%t) : ...
    %y = tile.launch @next(%x) : ...
    %home = dist.saved 0 : tensor<2x16x32xf32>
    %out = dist.to_host_start %x into %home : tensor<2x16x32xf32>
    ...
    dist.wait %out : !dist.pending<tensor<2x16x32xf32>>
    ...
    %w = dist.window "layer" : tensor<2x16x32xf32>
    %in = dist.to_device_start %home into %w : tensor<2x16x32xf32>
    ...
    dist.wait %in : !dist.pending<tensor<2x16x32xf32>>
    tile.launch @grad(%w, %dy) : ...
    ```
  }];
  let options = [
    Option<"link", "link", "std::string", "\"pcie\"",
           "between ranks, as llmc's --link names it">,
    Option<"mostBytes", "most-bytes", "int64_t",
           "std::numeric_limits<int64_t>::max()",
           "of activations on the host; what is more stays">,
    Option<"rate", "rate", "double", "0",
           "bytes a second that a copy reaches in one direction; 0: the link's "
           "rate and latency">,
    Option<"latency", "latency", "double", "0",
           "with a rate: seconds before the first byte of a copy arrives">
  ];
  let dependentDialects = ["::llmc::dist::DistDialect"];
}

def OffloadGradients : Pass<"llmc-offload-gradients", "::mlir::ModuleOp"> {
  let summary = "adds up gradients in windows, for the host's memory";
  let description = [{
    Precondition: functions of launches, in their final order, with buckets of
    one rank; `llmc-offload-state` has moved the gradients to the host.

    Action: in @micro_step each matrix's gradient has a window, all vectors'
    together another. What it is so far comes to the device while the window
    before is worked on, or earlier where kernels have predicted times that are
    too short for the copy, and goes back behind the last launch that adds to it;
    its place is free when the next window but one begins. Kernels, sums for
    the norm included, are those of a program without offload. So, too, in
    @first_micro_step, where matrices' windows only go to the host.

    Postcondition: both have no handle on a gradient but through windows.

    ```mlir
    // before
    %g = train.ref gradient @w : tensor<16x16xf32>
    tile.launch @weight_grad(%x, %dy, %g) : ...
    // after
    %all = train.flat gradient host : tensor<256xf32>
    %window = dist.window "w" : tensor<256xf32>
    %g = dist.range %window[0] : tensor<256xf32> -> tensor<16x16xf32>
    %home = dist.range %all[0] : tensor<256xf32> -> tensor<256xf32>
    %in = dist.to_device_start %home into %window : tensor<256xf32>
    dist.wait %in : !dist.pending<tensor<256xf32>>
    tile.launch @weight_grad(%x, %dy, %g) : ...
    %out = dist.to_host_start %window into %home : tensor<256xf32>
    dist.wait %out : !dist.pending<tensor<256xf32>>
    ```
  }];
  let options = [
    Option<"link", "link", "std::string", "\"pcie\"",
           "between ranks, as llmc's --link names it">
  ];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def OffloadGradientShards : Pass<"llmc-offload-gradient-shards", "::mlir::ModuleOp"> {
  let summary = "adds to a rank's shards of the gradients in windows, for the host's memory";
  let description = [{
    Precondition: `llmc-place-windows`; `llmc-offload-state` has moved the
    gradients of stage 2 or 3 to the host.

    Action: a shard of the gradients to which a launch adds what ranks have
    summed has a window for it. The shard comes behind the start of that sum,
    on the device by the time that both are there, and goes back behind the
    launch. All of a unit leave until those of the next one are added to. In
    @first_micro_step, which stores sums, they only go.

    Postcondition: no launch of either has a handle on the gradients.

    ```mlir
    // before
    %p = dist.reduce_scatter_start %w : tensor<256xf32> -> !dist.pending<tensor<128xf32>>
    %x = tile.launch @other(%y) : ...
    %sum = dist.wait %p : !dist.pending<tensor<128xf32>>
    tile.launch @add(%sum, %shard) : (tensor<128xf32>, tensor<128xf32>) -> ()
    // after
    %p = dist.reduce_scatter_start %w : tensor<256xf32> -> !dist.pending<tensor<128xf32>>
    %v = dist.window "w" : tensor<128xf32>
    %in = dist.to_device_start %shard into %v : tensor<128xf32>
    %x = tile.launch @other(%y) : ...
    %sum = dist.wait %p : !dist.pending<tensor<128xf32>>
    dist.wait %in : !dist.pending<tensor<128xf32>>
    tile.launch @add(%sum, %v) : (tensor<128xf32>, tensor<128xf32>) -> ()
    %out = dist.to_host_start %v into %shard : tensor<128xf32>
    ```
  }];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def PlaceWindows : Pass<"llmc-place-windows", "::mlir::ModuleOp"> {
  let summary = "fills and empties windows when they are needed";
  let description = [{
    Precondition: functions of launches, in their final order, with windows.

    Action: moves what works on windows; launches that compute stay as they are.
    - Gradients: a window is zeroed right before the first launch that adds to
      it; a bucket's sum starts right behind the last one, or behind gathers
      that start within two launches of it, since these are needed sooner. It is
      waited for, and added to this rank's shard, when the next window but one
      begins: two are there at a time, one that is summed while the other fills.
      (One that is written all along, as that of a tied embedding, is there
      beside them.)
    - Parameters: a unit is gathered while the one before it is used, or earlier,
      if parameters then take no more room than at a time since the unit before
      that; its window is free behind its last use. A use that lies far from the
      one before, with two other units in between that need more room than this
      one, gets a window and a gather of its own: so the backward pass gathers
      again what the forward pass has. Units of less than a thirty-second of
      this one do not count among the others.
    Remarks of category `distribution` name the launches.

    Postcondition: each collective is waited for before its first use.

    ```mlir
    // before, with windows %a and %b of two units
    %pa = dist.all_gather_start %sa into %ra : ...
    dist.wait %pa : ...
    %pb = dist.all_gather_start %sb into %rb : ...
    dist.wait %pb : ...
    %x = tile.launch @first(%t, %wa) : ...
    %y = tile.launch @second(%x, %wb) : ...
    // after
    %pa = dist.all_gather_start %sa into %ra : ...
    %pb = dist.all_gather_start %sb into %rb : ...
    dist.wait %pa : ...
    %x = tile.launch @first(%t, %wa) : ...
    dist.wait %pb : ...
    %y = tile.launch @second(%x, %wb) : ...
    ```
  }];
  let dependentDialects = ["::llmc::dist::DistDialect"];
}

def ReduceGradients : Pass<"llmc-reduce-gradients", "::mlir::ModuleOp"> {
  let summary = "sums gradients over ranks while the backward pass runs";
  let description = [{
    Precondition: functions of launches, in their final order, with mesh and
    buckets, in stage 0 or 1.

    Action: adds @last_micro_step, which runs instead of @micro_step for the
    last micro-batch of a step, and @only_micro_step instead of
    @first_micro_step: the same launches, and for each bucket an
    all-reduce, from stage 1 on a reduce-scatter. It starts right behind the
    last launch that adds to one of the bucket's gradients, and is waited for at
    the end, since the first thing that @update needs is the norm of all. The
    other micro-steps communicate nothing. Remarks of category `distribution`
    say what runs meanwhile.

    Postcondition: each bucket is reduced once, in one order for all ranks (see
    `llmc-verify-collectives`).

    ```mlir
    // before
    func.func @micro_step(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
      ...
      %g = train.ref gradient @w : tensor<16x16xf32>
      tile.launch @weight_grad(%x, %dy, %g) : ...
      %dx = tile.launch @input_grad(%dy, %w) : ...
      return %loss : tensor<f32>
    }
    // after, in @last_micro_step
      tile.launch @weight_grad(%x, %dy, %g) : ...
      %range = dist.range %all[0] : tensor<256xf32> -> tensor<256xf32>
      %p = dist.all_reduce_start %range : tensor<256xf32> -> !dist.pending<tensor<256xf32>>
      %dx = tile.launch @input_grad(%dy, %w) : ...
      %sum = dist.wait %p : !dist.pending<tensor<256xf32>>
      return %loss : tensor<f32>
    ```
  }];
  let dependentDialects = ["::llmc::dist::DistDialect",
                           "::llmc::train::TrainDialect"];
}

def VerifyCollectives : Pass<"llmc-verify-collectives", "::mlir::ModuleOp"> {
  let summary = "checks that no rank waits for ever, and none reads too early";
  let description = [{
    Precondition: none; does nothing without a mesh.

    Action: reports, as errors:
    - a collective in a function that one rank may run alone (@evaluate and
      @generate, where each rank has all parameters): the others would never
      come;
    - a collective that is not waited for exactly once, after its start and in
      its function: the next function's collectives would meet it;
    - sizes that do not fit the ranks, and an in-place part that is not this
      rank's: the ranks would exchange different things;
    - a launch, or another collective, that touches what a collective works on
      between its start and its wait. Places that depend on the rank count with
      those of all ranks;
    - an element of a gradient that a step's last micro-step, the first one
      included, does not sum over ranks exactly once, or that another function
      sums as well; from stage 2 on the same of windows and of what is added to
      a rank's own gradients.
    Functions are straight lines, so that what one rank starts all start, in
    one order. Changes nothing.
  }];
}

def VerifyTransfers : Pass<"llmc-verify-transfers", "::mlir::ModuleOp"> {
  let summary = "checks that nothing touches what a copy works on";
  let description = [{
    Precondition: none; does nothing without copies and arenas of the host.

    Action: reports, as errors:
    - a launch or a collective that works on a place of the host;
    - a copy that is not waited for exactly once, after its start and in its
      function: the next function would not know of it;
    - a launch, a collective or another copy that touches what a copy reads or
      writes between its start and its wait.
    Changes nothing.
  }];
}

#endif
