// What llmc-verify-collectives refuses of gradients that lie on the host: sums
// are added where a copy has brought a shard, and the shard is taken back.
// RUN: llmc-opt %s --llmc-verify-collectives -verify-diagnostics -split-input-file

dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64 sharded host
plan.arena activation @activations bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %home = plan.view @gradients[0] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %in = plan.copy to_device %home into %place : memref<64xf32>
  %p = plan.start reduce_scatter %w into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
  plan.wait %in
  plan.launch @add(%own, %place) : memref<64xf32>, memref<64xf32>
  %out = plan.copy to_host %place into %home : memref<64xf32>
  plan.wait %out
}

// -----

// Not taken back.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64 sharded host
plan.arena activation @activations bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
// expected-error @+1 {{bytes 0 to 256 of this rank's gradients are not taken back to the host in @micro_step, expected once}}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %home = plan.view @gradients[0] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %in = plan.copy to_device %home into %place : memref<64xf32>
  %p = plan.start reduce_scatter %w into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
  plan.wait %in
  plan.launch @add(%own, %place) : memref<64xf32>, memref<64xf32>
}

// -----

// Taken back to where another shard lies.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 512 align 64 sharded host
plan.arena activation @activations bytes 1024 align 64
plan.func @micro_step {
  %home = plan.view @gradients[0] : memref<64xf32>
  %other = plan.view @gradients[256] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %in = plan.copy to_device %home into %place : memref<64xf32>
  plan.wait %in
  // expected-error @+1 {{takes to the gradients what was not brought from there}}
  %out = plan.copy to_host %place into %other : memref<64xf32>
  plan.wait %out
}

// -----

// Brought and taken back without a sum.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64 sharded host
plan.arena activation @activations bytes 1024 align 64
// expected-error @+1 {{bytes 0 to 256 of this rank's gradients are not added to in @micro_step, expected once}}
plan.func @micro_step {
  %home = plan.view @gradients[0] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %in = plan.copy to_device %home into %place : memref<64xf32>
  plan.wait %in
  %out = plan.copy to_host %place into %home : memref<64xf32>
  plan.wait %out
}

// -----

// A rank's own gradient is added instead of the sum.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64 sharded host
plan.arena activation @activations bytes 1024 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %x = plan.view @activations[0] : memref<64xf32>
  %home = plan.view @gradients[0] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %in = plan.copy to_device %home into %place : memref<64xf32>
  plan.wait %in
  // expected-error @+1 {{adds to the gradients what no reduce_scatter that was waited for has summed}}
  plan.launch @add(%x, %place) : memref<64xf32>, memref<64xf32>
  %out = plan.copy to_host %place into %home : memref<64xf32>
  plan.wait %out
}

// -----

// The first micro-step takes to the host what no sum was stored in.
dist.mesh ranks 2 zero 2
plan.arena gradient @gradients bytes 256 align 64 sharded host
plan.arena activation @activations bytes 1024 align 64
plan.arena communication @communication bytes 256 align 64
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
plan.func @micro_step {
  %w = plan.view @activations[0] : memref<128xf32>
  %own = plan.view @activations[0 + rank * 256] of %w (memref<128xf32>) : memref<64xf32>
  %scratch = plan.view @communication[0] : memref<64xf32>
  %home = plan.view @gradients[0] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %in = plan.copy to_device %home into %place : memref<64xf32>
  %p = plan.start reduce_scatter %w into %own using %scratch : memref<128xf32>, memref<64xf32>, memref<64xf32>
  plan.wait %p
  plan.wait %in
  plan.launch @add(%own, %place) : memref<64xf32>, memref<64xf32>
  %out = plan.copy to_host %place into %home : memref<64xf32>
  plan.wait %out
}
// expected-error @+1 {{bytes 0 to 256 of this rank's gradients are not added to in @first_micro_step, expected once}}
plan.func @first_micro_step {
  %home = plan.view @gradients[0] : memref<64xf32>
  %place = plan.view @activations[512] : memref<64xf32>
  %out = plan.copy to_host %place into %home : memref<64xf32>
  plan.wait %out
}
