// The verifier finds what a wrong planner would do.
// RUN: llmc-opt %s --llmc-verify-memory-plan -split-input-file -verify-diagnostics

plan.arena activation @activations bytes 128 align 64
plan.arena io @io bytes 64 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @sum(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> {
  %z = model.add %x, %y : tensor<16xf32>
  tile.return %z : tensor<16xf32>
}
// Sound: in place, and a place used again.
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %a = plan.view @activations[0] : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  %b = plan.view @activations[0] : memref<16xf32>
  plan.launch @copy(%a, %b) : memref<16xf32>, memref<16xf32>
  %c = plan.view @activations[64] : memref<16xf32>
  plan.launch @sum(%b, %in, %c) : memref<16xf32>, memref<16xf32>, memref<16xf32>
  %d = plan.view @activations[0] : memref<16xf32>
  plan.launch @sum(%c, %c, %d) : memref<16xf32>, memref<16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 128 align 64
plan.arena io @io bytes 64 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  // expected-note @+1 {{bytes 0 to 64 are still needed}}
  %a = plan.view @activations[0] : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  // The kernel does not allow its result to be written over its argument.
  // expected-error @+1 {{bytes 0 to 64 are taken when kernel 'copy' writes them}}
  %b = plan.view @activations[0] : memref<16xf32>
  plan.launch @copy(%a, %b) : memref<16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @wide(%x: tensor<16xf32>) -> tensor<32xf32> {
  %y = model.concat %x, %x : (tensor<16xf32>, tensor<16xf32>) -> tensor<32xf32>
  tile.return %y : tensor<32xf32>
}
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @first(%x: tensor<32xf32>) -> tensor<16xf32> {
  %y, %z = model.split %x : (tensor<32xf32>) -> (tensor<16xf32>, tensor<16xf32>)
  tile.return %y : tensor<16xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  // expected-note @+1 {{bytes 0 to 128 are still needed}}
  %a = plan.view @activations[0] : memref<32xf32>
  plan.launch @wide(%in, %a) : memref<16xf32>, memref<32xf32>
  // Begins within a place that lives on.
  // expected-error @+1 {{bytes 64 to 128 are taken when kernel 'copy' writes them}}
  %b = plan.view @activations[64] : memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  %c = plan.view @activations[128] : memref<16xf32>
  plan.launch @first(%a, %c) : memref<32xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 128 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
plan.func @evaluate {
  %a = plan.view @activations[0] : memref<16xf32>
  %b = plan.view @activations[64] : memref<16xf32>
  // expected-error @+1 {{reads activation 0 before it is written}}
  plan.launch @copy(%a, %b) : memref<16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 128 align 64
plan.func @evaluate {
  // expected-error @+1 {{expected an offset that is a multiple of 64, found 32}}
  %a = plan.view @activations[32] : memref<16xf32>
}

// -----

// expected-error @+1 {{expected only plan ops and kernels after memory planning}}
func.func @evaluate(%tokens: tensor<2x4xi32>) -> tensor<2x4xi32> {
  return %tokens : tensor<2x4xi32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @two(%x: tensor<32xf32>) -> tensor<32xf32> {
  %y = model.gelu %x : tensor<32xf32>
  tile.return %y : tensor<32xf32>
}
// Sound: parts are written one by one, read whole, and read in parts.
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %w = plan.view @activations[0] : memref<32xf32>
  %b = plan.view @activations[64] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  %a = plan.view @activations[0] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%in, %a) : memref<16xf32>, memref<16xf32>
  %v = plan.view @activations[128] : memref<32xf32>
  plan.launch @two(%w, %v) : memref<32xf32>, memref<32xf32>
  %s = plan.view @activations[192] of %v(memref<32xf32>) : memref<16xf32>
  %r = plan.view @activations[0] : memref<16xf32>
  plan.launch @copy(%s, %r) : memref<16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @two(%x: tensor<32xf32>) -> tensor<32xf32> {
  %y = model.gelu %x : tensor<32xf32>
  tile.return %y : tensor<32xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %w = plan.view @activations[0] : memref<32xf32>
  %b = plan.view @activations[64] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  %v = plan.view @activations[128] : memref<32xf32>
  // The first half was not written.
  // expected-error @+1 {{reads activation 0 before it is written}}
  plan.launch @two(%w, %v) : memref<32xf32>, memref<32xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @two(%x: tensor<32xf32>) -> tensor<32xf32> {
  %y = model.gelu %x : tensor<32xf32>
  tile.return %y : tensor<32xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  // expected-note @+1 {{bytes 0 to 128 are still needed}}
  %w = plan.view @activations[0] : memref<32xf32>
  %b = plan.view @activations[64] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  // The first half is free yet, but not any more when it is needed.
  // expected-error @+1 {{bytes 0 to 64 are taken when kernel 'copy' writes them}}
  %c = plan.view @activations[0] : memref<16xf32>
  plan.launch @copy(%in, %c) : memref<16xf32>, memref<16xf32>
  %a = plan.view @activations[0] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%c, %a) : memref<16xf32>, memref<16xf32>
  %v = plan.view @activations[128] : memref<32xf32>
  plan.launch @two(%w, %v) : memref<32xf32>, memref<32xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @copy(%x: tensor<16xf32>) -> tensor<16xf32> attributes {inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
tile.func @two(%x: tensor<32xf32>) -> tensor<32xf32> {
  %y = model.gelu %x : tensor<32xf32>
  tile.return %y : tensor<32xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %w = plan.view @activations[0] : memref<32xf32>
  %b = plan.view @activations[64] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%in, %b) : memref<16xf32>, memref<16xf32>
  // expected-error @+1 {{bytes 64 to 128 are written for the second time by kernel 'copy'}}
  %c = plan.view @activations[64] of %w(memref<32xf32>) : memref<16xf32>
  plan.launch @copy(%in, %c) : memref<16xf32>, memref<16xf32>
}

// -----

// The second rank's shard would end beyond the arena.
dist.mesh ranks 2 zero 1
plan.arena gradient @gradients bytes 384 align 64
plan.func @prepare {
  // expected-error @+1 {{ends at byte 512 of an arena of 384 bytes}}
  %g = plan.view @gradients[0 + rank * 256] : memref<64xf32>
}

// -----

dist.mesh ranks 2 zero 1
plan.arena gradient @gradients bytes 384 align 64
plan.func @prepare {
  // expected-error @+1 {{expected a rank stride that is a multiple of 64, found 32}}
  %g = plan.view @gradients[0 + rank * 32] : memref<8xf32>
}
