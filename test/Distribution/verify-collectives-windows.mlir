// Windows that a rank would read too early, and sums that nobody would keep, are
// refused.
// RUN: llmc-opt %s --llmc-verify-collectives -verify-diagnostics -split-input-file

// Stage 2: a window is summed, and added to this rank's gradients.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %g = plan.view @gradients[0] : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
  plan.launch @add(%own, %g) : memref<64xf32>, memref<64xf32>
}

// -----

// The sum is read before it is there.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %g = plan.view @gradients[0] : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  // expected-error @+1 {{touches bytes 0 to 512 of 'activations' before the reduce_scatter of them is waited for}}
  plan.launch @add(%own, %g) : memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// A gradient is added to the window while it is summed.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @grad(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "rows"} {
  train.accumulate %x into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %part = plan.view @activations[256] of %w (memref<128xf32>) : memref<64xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %x = plan.view @activations[512] : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  // expected-error @+1 {{touches bytes 256 to 512 of 'activations' before the reduce_scatter of them is waited for}}
  plan.launch @grad(%x, %part) : memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// Half of a window is not summed.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<256xf32>
  %half = plan.view @activations[0] of %w (memref<256xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<256xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  // expected-error @-4 {{bytes 512 to 1024 of a window are not summed over ranks, expected once}}
  %p = plan.start reduce_scatter %half into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// What was summed is kept by nobody.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 512 align 64
plan.arena communication @communication bytes 256 align 64
// expected-error @+1 {{bytes 0 to 256 of this rank's gradients are not added to in @micro_step, expected once}}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %p = plan.start reduce_scatter %all into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// A rank's own gradient is added instead of the sum.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64
plan.arena activation @activations bytes 512 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %x = plan.view @activations[0] : memref<64xf32>
  %g = plan.view @gradients[0] : memref<64xf32>
  // expected-error @+1 {{adds to the gradients what no reduce_scatter that was waited for has summed}}
  plan.launch @add(%x, %g) : memref<64xf32>, memref<64xf32>
}

// -----

// Stage 3: a parameter is read before it was brought.
dist.mesh ranks 2 zero 3
plan.arena parameter @parameters bytes 256 align 64 sharded
plan.arena activation @activations bytes 1024 align 64
tile.func @copy(%x: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
plan.func @evaluate {
  %w = plan.view @activations[0] : memref<128xf32>
  %all = plan.view @activations[0] of %w (memref<128xf32>) : memref<128xf32>
  %part = plan.view @activations[0] of %w (memref<128xf32>) : memref<64xf32>
  %mine = plan.view @parameters[0] : memref<64xf32>
  %y = plan.view @activations[512] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start all_gather %mine into %all : memref<64xf32>, memref<128xf32>
  // expected-error @+1 {{touches bytes 0 to 256 of 'activations' before the all_gather of them is waited for}}
  plan.launch @copy(%part, %y) : memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// An activation is put where a parameter is being brought.
dist.mesh ranks 2 zero 3
plan.arena parameter @parameters bytes 256 align 64 sharded
plan.arena activation @activations bytes 1024 align 64
tile.func @copy(%x: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<64xf32>
}
plan.func @evaluate {
  %w = plan.view @activations[0] : memref<128xf32>
  %mine = plan.view @parameters[0] : memref<64xf32>
  %x = plan.view @activations[512] : memref<64xf32>
  %y = plan.view @activations[256] : memref<64xf32>
  // expected-note @+1 {{it is started here}}
  %p = plan.start all_gather %mine into %w : memref<64xf32>, memref<128xf32>
  // expected-error @+1 {{touches bytes 256 to 512 of 'activations' before the all_gather of them is waited for}}
  plan.launch @copy(%x, %y) : memref<64xf32>, memref<64xf32>
  plan.wait %p
}

// -----

// From a storage that all ranks have whole, each would send the same.
dist.mesh ranks 2 zero 3
plan.arena parameter @parameters bytes 512 align 64
plan.arena activation @activations bytes 1024 align 64
plan.func @evaluate {
  %w = plan.view @activations[0] : memref<128xf32>
  %mine = plan.view @parameters[0] : memref<64xf32>
  // expected-error @+1 {{expected this rank's own part of the whole, found another place in it}}
  %p = plan.start all_gather %mine into %w : memref<64xf32>, memref<128xf32>
  plan.wait %p
}

// -----

// expected-error @+1 {{expected a plan.func @micro_step, which sums gradients over ranks}}
module {
  dist.mesh ranks 2 zero 2
}
