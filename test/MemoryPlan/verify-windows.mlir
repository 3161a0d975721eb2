// Windows are checked as tensors are: their places, and what is there when.
// RUN: llmc-opt %s --llmc-verify-memory-plan -split-input-file -verify-diagnostics

// A sound one: zeroed, added to, summed; its place is used again after the wait.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 768 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @zero(%g: tensor<128xf32>) {
  train.zero %g : tensor<128xf32>
  tile.return
}
tile.func @make() -> tensor<64xf32> {
  %x = arith.constant dense<1.0> : tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %part = plan.view @activations[256] of %w (memref<128xf32>) : memref<64xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %g = plan.view @gradients[0] : memref<64xf32>
  plan.launch @zero(%w) : memref<128xf32>
  %x = plan.view @activations[512] : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  plan.launch @grad(%x, %part) : memref<64xf32>, memref<64xf32>
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
  plan.launch @grad(%own, %g) : memref<64xf32>, memref<64xf32>
  %y = plan.view @activations[256] : memref<64xf32>
  plan.launch @make(%y) : memref<64xf32>
}

// -----

// Nothing was put there before something is added.
dist.mesh ranks 2 zero 2
plan.arena activation @activations bytes 768 align 64
tile.func @make() -> tensor<64xf32> {
  %x = arith.constant dense<1.0> : tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %part = plan.view @activations[256] of %w (memref<128xf32>) : memref<64xf32>
  %x = plan.view @activations[512] : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  // expected-error @+1 {{reads activation 1 before it is written}}
  plan.launch @grad(%x, %part) : memref<64xf32>, memref<64xf32>
}

// -----

// The other ranks' shards are not there any more.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 768 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @zero(%g: tensor<128xf32>) {
  train.zero %g : tensor<128xf32>
  tile.return
}
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %part = plan.view @activations[256] of %w (memref<128xf32>) : memref<64xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %g = plan.view @gradients[0] : memref<64xf32>
  plan.launch @zero(%w) : memref<128xf32>
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
  // expected-error @+1 {{reads activation 0 before it is written}}
  plan.launch @grad(%part, %g) : memref<64xf32>, memref<64xf32>
}

// -----

// A parameter that was not gathered.
dist.mesh ranks 2 zero 3
plan.arena parameter @parameters bytes 256 align 64 sharded
plan.arena activation @activations bytes 1280 align 64
tile.func @copy(%x: tensor<64xf32>) -> tensor<64xf32> {
  tile.return %x : tensor<64xf32>
}
plan.func @evaluate {
  %w = plan.view @activations[0] : memref<256xf32>
  %half = plan.view @activations[0] of %w (memref<256xf32>) : memref<128xf32>
  %part = plan.view @activations[256] of %w (memref<256xf32>) : memref<64xf32>
  %other = plan.view @activations[512] of %w (memref<256xf32>) : memref<64xf32>
  %mine = plan.view @parameters[0] : memref<64xf32>
  %p = plan.start all_gather %mine into %half : memref<64xf32>, memref<128xf32>
  plan.wait %p
  %x = plan.view @activations[1024] : memref<64xf32>
  plan.launch @copy(%part, %x) : memref<64xf32>, memref<64xf32>
  %y = plan.view @activations[1024] : memref<64xf32>
  // expected-error @+1 {{reads activation 0 before it is written}}
  plan.launch @copy(%other, %y) : memref<64xf32>, memref<64xf32>
}

// -----

// A gather into the place of what is needed later.
dist.mesh ranks 2 zero 3
plan.arena parameter @parameters bytes 256 align 64 sharded
plan.arena activation @activations bytes 1280 align 64
tile.func @make() -> tensor<64xf32> {
  %x = arith.constant dense<1.0> : tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
tile.func @copy(%x: tensor<64xf32>) -> tensor<64xf32> {
  tile.return %x : tensor<64xf32>
}
plan.func @evaluate {
  // expected-error @+1 {{bytes 0 to 512 are taken when an all_gather writes them}}
  %w = plan.view @activations[0] : memref<128xf32>
  %mine = plan.view @parameters[0] : memref<64xf32>
  // expected-note @+1 {{bytes 256 to 512 are still needed}}
  %x = plan.view @activations[256] : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  %p = plan.start all_gather %mine into %w : memref<64xf32>, memref<128xf32>
  %y = plan.view @activations[512] : memref<64xf32>
  plan.launch @copy(%x, %y) : memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// The place of a window is given away while it is still summed.
dist.mesh ranks 2 zero 2
plan.arena activation @activations bytes 768 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @zero(%g: tensor<128xf32>) {
  train.zero %g : tensor<128xf32>
  tile.return
}
tile.func @make() -> tensor<64xf32> {
  %x = arith.constant dense<1.0> : tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
plan.func @micro_step {
  // expected-note @+1 {{bytes 0 to 512 are still needed}}
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  plan.launch @zero(%w) : memref<128xf32>
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  // expected-error @+1 {{bytes 256 to 512 are taken when kernel 'make' writes them}}
  %x = plan.view @activations[256] : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  plan.wait %p
}

// -----

// A sum of what nothing was put into.
dist.mesh ranks 2 zero 2
plan.arena activation @activations bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-error @+1 {{reads its source before it is written}}
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// Two gathers into one range.
dist.mesh ranks 2 zero 3
plan.arena parameter @parameters bytes 256 align 64 sharded
plan.arena activation @activations bytes 512 align 64
plan.func @evaluate {
  %w = plan.view @activations[0] : memref<128xf32>
  // expected-error @+1 {{bytes 0 to 512 are written for the second time by an all_gather}}
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %mine = plan.view @parameters[0] : memref<64xf32>
  %p = plan.start all_gather %mine into %all : memref<64xf32>, memref<128xf32>
  plan.wait %p
  %q = plan.start all_gather %mine into %all : memref<64xf32>, memref<128xf32>
  plan.wait %q
}

// -----

// What a step begins with stores, or zeroes and adds; it may store over what a
// copy has brought.
plan.arena gradient @gradients bytes 512 align 64
plan.arena gradient @home bytes 256 align 64 host
plan.arena activation @activations bytes 512 align 64
tile.func @make() -> tensor<64xf32> {
  %x = arith.constant dense<1.0> : tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
tile.func @zero(%g: tensor<64xf32>) {
  train.zero %g : tensor<64xf32>
  tile.return
}
tile.func @first(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate first %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
plan.func @first_micro_step {
  %a = plan.view @gradients[0] : memref<64xf32>
  %b = plan.view @gradients[256] : memref<64xf32>
  %x = plan.view @activations[0] : memref<64xf32>
  %w = plan.view @activations[256] : memref<64xf32>
  %h = plan.view @home[0] : memref<64xf32>
  %in = plan.copy to_device %h into %w : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  plan.wait %in
  plan.launch @first(%x, %w) : memref<64xf32>, memref<64xf32>
  plan.launch @first(%x, %a) : memref<64xf32>, memref<64xf32>
  plan.launch @grad(%x, %a) : memref<64xf32>, memref<64xf32>
  plan.launch @zero(%b) : memref<64xf32>
  plan.launch @grad(%x, %b) : memref<64xf32>, memref<64xf32>
}
// Others add to what the one before has left.
plan.func @micro_step {
  %a = plan.view @gradients[0] : memref<64xf32>
  %x = plan.view @activations[0] : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  plan.launch @grad(%x, %a) : memref<64xf32>, memref<64xf32>
}

// -----

// It adds to what the step before has left.
plan.arena gradient @gradients bytes 512 align 64
plan.arena activation @activations bytes 256 align 64
tile.func @make() -> tensor<64xf32> {
  %x = arith.constant dense<1.0> : tensor<64xf32>
  tile.return %x : tensor<64xf32>
}
tile.func @first(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate first %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
plan.func @only_micro_step {
  %a = plan.view @gradients[0] : memref<64xf32>
  %b = plan.view @gradients[256] : memref<64xf32>
  %x = plan.view @activations[0] : memref<64xf32>
  plan.launch @make(%x) : memref<64xf32>
  plan.launch @first(%x, %a) : memref<64xf32>, memref<64xf32>
  // expected-error @+1 {{adds to bytes 256 to 512 of the gradients before anything was stored there}}
  plan.launch @grad(%x, %b) : memref<64xf32>, memref<64xf32>
}
