// The verifier finds columns of a joined tensor that overlap, are missing or are
// none.
// RUN: llmc-opt %s --llmc-verify-memory-plan -split-input-file -verify-diagnostics

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @part(%x: tensor<16xf32>) -> tensor<4x8xf32> {
  %y = arith.constant dense<0.0> : tensor<4x8xf32>
  tile.return %y : tensor<4x8xf32>
}
tile.func @read(%x: tensor<4x16xf32>) -> tensor<16xf32> {
  %y = arith.constant dense<0.0> : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
// Sound: columns 0 to 8 and 8 to 16 of four rows.
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %all = plan.view @activations[0] : memref<4x16xf32>
  %a = plan.view @activations[0] of %all(memref<4x16xf32>) : memref<4x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %a) : memref<16xf32>, memref<4x8xf32, strided<[16, 1]>>
  %b = plan.view @activations[32] of %all(memref<4x16xf32>) : memref<4x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %b) : memref<16xf32>, memref<4x8xf32, strided<[16, 1]>>
  plan.launch @read(%all, %in) : memref<4x16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @part(%x: tensor<16xf32>) -> tensor<4x8xf32> {
  %y = arith.constant dense<0.0> : tensor<4x8xf32>
  tile.return %y : tensor<4x8xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %all = plan.view @activations[0] : memref<4x16xf32>
  %a = plan.view @activations[0] of %all(memref<4x16xf32>) : memref<4x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %a) : memref<16xf32>, memref<4x8xf32, strided<[16, 1]>>
  // expected-error @+1 {{are written for the second time by kernel 'part'}}
  %b = plan.view @activations[16] of %all(memref<4x16xf32>) : memref<4x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %b) : memref<16xf32>, memref<4x8xf32, strided<[16, 1]>>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @part(%x: tensor<16xf32>) -> tensor<4x8xf32> {
  %y = arith.constant dense<0.0> : tensor<4x8xf32>
  tile.return %y : tensor<4x8xf32>
}
tile.func @read(%x: tensor<4x16xf32>) -> tensor<16xf32> {
  %y = arith.constant dense<0.0> : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %all = plan.view @activations[0] : memref<4x16xf32>
  %a = plan.view @activations[32] of %all(memref<4x16xf32>) : memref<4x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %a) : memref<16xf32>, memref<4x8xf32, strided<[16, 1]>>
  // expected-error @+1 {{reads activation 0 before it is written}}
  plan.launch @read(%all, %in) : memref<4x16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @part(%x: tensor<16xf32>) -> tensor<4x8xf32> {
  %y = arith.constant dense<0.0> : tensor<4x8xf32>
  tile.return %y : tensor<4x8xf32>
}
tile.func @row(%x: tensor<16xf32>) -> tensor<16xf32> {
  %y = model.gelu %x : tensor<16xf32>
  tile.return %y : tensor<16xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %all = plan.view @activations[0] : memref<4x16xf32>
  %a = plan.view @activations[0] of %all(memref<4x16xf32>) : memref<4x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %a) : memref<16xf32>, memref<4x8xf32, strided<[16, 1]>>
  // expected-error @+1 {{expected rows 64 bytes apart, as in the other parts of the whole, found 0}}
  %b = plan.view @activations[64] of %all(memref<4x16xf32>) : memref<16xf32>
  plan.launch @row(%in, %b) : memref<16xf32>, memref<16xf32>
}

// -----

plan.arena activation @activations bytes 256 align 64
plan.arena io @io bytes 64 align 64
tile.func @part(%x: tensor<16xf32>) -> tensor<3x8xf32> {
  %y = arith.constant dense<0.0> : tensor<3x8xf32>
  tile.return %y : tensor<3x8xf32>
}
plan.func @evaluate {
  %in = plan.view @io[0] : memref<16xf32>
  %all = plan.view @activations[0] : memref<4x16xf32>
  // expected-error @+1 {{expected columns of all rows of the whole 'memref<4x16xf32>'}}
  %a = plan.view @activations[0] of %all(memref<4x16xf32>) : memref<3x8xf32, strided<[16, 1]>>
  plan.launch @part(%in, %a) : memref<16xf32>, memref<3x8xf32, strided<[16, 1]>>
}
