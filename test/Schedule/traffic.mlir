// The least traffic of a kernel: an embedding reads the rows it needs of its
// table, and what is updated in place is read and written.
// RUN: llmc-opt %s --llmc-schedule-kernels | FileCheck %s

// 4 x 8 tokens of 4 bytes, 32 rows of 64 read, 32 rows of 64 written.
// CHECK: tile.func @lookup
// CHECK-SAME: bytes = 16512 : i64
tile.func @lookup(%t: tensor<4x8xi32>, %w: tensor<50000x64xf32>) -> tensor<4x8x64xf32> attributes {kind = "rows"} {
  %y = model.embedding %t, %w : (tensor<4x8xi32>, tensor<50000x64xf32>) -> tensor<4x8x64xf32>
  tile.return %y : tensor<4x8x64xf32>
}

// Four arrays of 4096 read and written, the norm and nine scalars read.
// CHECK: tile.func @step
// CHECK-SAME: bytes = 131112 : i64
tile.func @step(%p: tensor<4096xf32>, %g: tensor<4096xf32>, %m: tensor<4096xf32>, %v: tensor<4096xf32>, %n: tensor<f32>, %h: tensor<9xf32>) attributes {kind = "flat"} {
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 2048} : tensor<4096xf32>, tensor<4096xf32>, tensor<4096xf32>, tensor<4096xf32>, tensor<f32>, tensor<9xf32>
  tile.return
}
