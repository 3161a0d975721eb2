// The least traffic of a kernel: an embedding reads the rows it needs of its
// table, what is updated in place is read and written, and the first term of a
// sum is written only.
// RUN: llmc-opt %s --llmc-schedule-kernels | FileCheck %s

// 4 x 8 tokens of 4 bytes, 32 rows of 64 read, 32 rows of 64 written.
// CHECK: tile.func @lookup
// CHECK-SAME: bytes = 16512 : i64
tile.func @lookup(%t: tensor<4x8xi32>, %w: tensor<50000x64xf32>) -> tensor<4x8x64xf32> attributes {kind = "rows"} {
  %y = model.embedding %t, %w : (tensor<4x8xi32>, tensor<50000x64xf32>) -> tensor<4x8x64xf32>
  tile.return %y : tensor<4x8x64xf32>
}

// Three arrays of 4096 read and written, the gradients, the norm and nine
// scalars read.
// CHECK: tile.func @step
// CHECK-SAME: bytes = 114728 : i64
tile.func @step(%p: tensor<4096xf32>, %g: tensor<4096xf32>, %m: tensor<4096xf32>, %v: tensor<4096xf32>, %n: tensor<f32>, %h: tensor<9xf32>) attributes {kind = "flat"} {
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 2048} : tensor<4096xf32>, tensor<4096xf32>, tensor<4096xf32>, tensor<4096xf32>, tensor<f32>, tensor<9xf32>
  tile.return
}

// 2 x 48 read; 48 read and written, or written.
// CHECK: tile.func @sum
// CHECK-SAME: bytes = 768 : i64
tile.func @sum(%x: tensor<2x48xf32>, %g: tensor<48xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<2x48xf32>) -> tensor<48xf32>
  train.accumulate %0 into %g : tensor<48xf32>, tensor<48xf32>
  tile.return
}
// CHECK: tile.func @first_sum
// CHECK-SAME: bytes = 576 : i64
tile.func @first_sum(%x: tensor<2x48xf32>, %g: tensor<48xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<2x48xf32>) -> tensor<48xf32>
  train.accumulate first %0 into %g : tensor<48xf32>, tensor<48xf32>
  tile.return
}
