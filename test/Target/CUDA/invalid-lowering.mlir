// Errors of the passes from tiles to threads.
// RUN: llmc-opt %s --split-input-file --verify-diagnostics --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda

// expected-error @below {{'tile.func' op expected a schedule with `threads`}}
tile.func @no_threads(%x: memref<64xf32>) attributes {schedule = {block = 64}} {
  tile.return
}

// -----

tile.func @narrow(%x: memref<64x64xbf16>) attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x8xf32>
  %a = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
  %b = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x8xbf16>
  // expected-error @below {{'tile.dot' op of 16 x 8 is no multiple of 16 x 16, which tensor cores multiply}}
  %d = tile.dot %a, %b, %zero : tensor<16x16xbf16>, tensor<16x8xbf16>, tensor<16x8xf32>
  tile.return
}

// -----

tile.func @shallow(%x: memref<64x64xbf16>) attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x8xbf16>
  %b = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<8x16xbf16>
  // expected-error @below {{'tile.dot' op multiplies over 8, tensor cores over multiples of 16}}
  %d = tile.dot %a, %b, %zero : tensor<16x8xbf16>, tensor<8x16xbf16>, tensor<16x16xf32>
  tile.return
}

// -----

tile.func @f16(%x: memref<64x64xf16>) attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %x[%c0, %c0] : memref<64x64xf16> -> tensor<16x16xf16>
  // expected-error @below {{'tile.dot' op multiplies 'f16', expected bf16 or f32}}
  %d = tile.dot %a, %a, %zero : tensor<16x16xf16>, tensor<16x16xf16>, tensor<16x16xf32>
  tile.return
}

// -----

module attributes {llmc.precision = "tf32"} {
  tile.func @tf32_depth(%x: memref<32x4xf32>, %y: memref<32x32xf32>) attributes {schedule = {threads = 32}} {
    %c0 = arith.constant 0 : index
    %zero = arith.constant dense<0.0> : tensor<32x32xf32>
    %a = tile.load %x[%c0, %c0] : memref<32x4xf32> -> tensor<32x4xf32>
    // expected-error @below {{'tile.dot' op multiplies over 4, tensor cores over multiples of 8}}
    %d = tile.dot %a, %a, %zero {transpose_b} : tensor<32x4xf32>, tensor<32x4xf32>, tensor<32x32xf32>
    tile.store %d, %y[%c0, %c0] : tensor<32x32xf32>, memref<32x32xf32>
    tile.return
  }
}
