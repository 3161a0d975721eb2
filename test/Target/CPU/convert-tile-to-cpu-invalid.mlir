// What the conversion declines.
// RUN: llmc-opt %s --llmc-convert-tile-to-cpu --split-input-file --verify-diagnostics

// expected-error @+1 {{returns tensors: it is not a tile program yet}}
tile.func @tensors(%x: tensor<8xf32>) -> tensor<8xf32> {
  tile.return %x : tensor<8xf32>
}

// -----

// expected-error @+1 {{has an argument with elements 'bf16'; the target cpu computes in f32 only}}
tile.func @narrow(%x: memref<8xbf16>) {
  tile.return
}

// -----

// expected-error @+1 {{argument 0 of a tile program is a memref of static shape and identity layout, found 'memref<?xf32>'}}
tile.func @dynamic(%x: memref<?xf32>) {
  tile.return
}
