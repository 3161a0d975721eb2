// Products of f32 rounded to TF32: how operands in each order reach the tensor
// cores, seen in the source. Lane 4 g + t multiplies two depths of each 8.
// RUN: llmc-opt %s --pass-pipeline='builtin.module(llmc-cuda-plan-pipeline,llmc-cuda-assign-layouts,llmc-convert-tile-to-cuda,canonicalize,cse,cuda.kernel(llmc-cuda-allocate-shared,llmc-cuda-insert-barriers),llmc-cuda-print-source)' -o /dev/null | FileCheck %s
// RUN: llmc-opt %s --pass-pipeline='builtin.module(llmc-cuda-plan-pipeline,llmc-cuda-assign-layouts,llmc-convert-tile-to-cuda)' --remarks-filter=rounding --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// What is rounded is said.
// REMARK: lower-tf32.mlir:[[#]]:{{.*}}kernel 'contiguous': 1 products of f32 rounded to TF32 (relative error of an operand up to 2^-11)

module attributes {llmc.precision = "tf32"} {

// Depths in order in memory: ldmatrix brings rows of four f32.
// CHECK-LABEL: contiguous(
// CHECK:         for (int kk = 0; kk < 4; ++kk) {
// CHECK:           ldmatrix(a, tile + a_row + (a_chunk ^ {{[a-z_0-9]+}}));
// CHECK-NEXT:      a[0] = to_tf32(a[0]);
// CHECK-NEXT:      a[1] = to_tf32(a[1]);
// CHECK-NEXT:      a[2] = to_tf32(a[2]);
// CHECK-NEXT:      a[3] = to_tf32(a[3]);
// CHECK-NEXT:      unsigned b[4];
// CHECK-NEXT:      ldmatrix(b, tile_1 + b_row + (b_chunk ^ {{[a-z_0-9]+}}));
// CHECK-NEXT:      b[0] = to_tf32(b[0]);
// CHECK:           mma_tf32(&acc[n * 4], a, &b[n * 2]);
tile.func @contiguous(%x: memref<16x32xf32>, %w: memref<16x32xf32>, %y: memref<16x16xf32>)
    attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %b = tile.load %w[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %d = tile.dot %a, %b, %zero {transpose_b} : tensor<16x32xf32>, tensor<16x32xf32>, tensor<16x16xf32>
  tile.store %d, %y[%c0, %c0] : tensor<16x16xf32>, memref<16x16xf32>
  tile.return
}

// The left operand fixes the order of the depths: the right one's words are of
// rows t and t + 4.
// CHECK-LABEL: mixed(
// CHECK:         const int [[T:[a-z_0-9]+]] = lane & 3;
// CHECK-NEXT:    const int b_row = [[T]] * 128;
// CHECK:         const int b_chunk = (([[G:[a-z_0-9]+]] / 4) ^ ([[T]] & 7)) * 16 + [[G]] % 4 * 4;
// CHECK:           ldmatrix(a,
// CHECK:           load_shared<float, 1>(tile_1 + b_row + kk * 1024
// CHECK-NEXT:          + (b_chunk ^ [[N:[a-z_0-9]+]]));
// CHECK:           load_shared<float, 1>(tile_1 + b_row + ({{[a-z_0-9]+}} + 4) * 128
// CHECK-NEXT:          + (b_chunk ^ [[N]] ^ 64));
// CHECK:           mma_tf32(
tile.func @mixed(%x: memref<16x32xf32>, %w: memref<32x32xf32>, %y: memref<16x32xf32>)
    attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %a = tile.load %x[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %b = tile.load %w[%c0, %c0] : memref<32x32xf32> -> tensor<32x32xf32>
  %d = tile.dot %a, %b, %zero : tensor<16x32xf32>, tensor<32x32xf32>, tensor<16x32xf32>
  tile.store %d, %y[%c0, %c0] : tensor<16x32xf32>, memref<16x32xf32>
  tile.return
}

// No ldmatrix: words of rows 2 t and 2 t + 1 for both, in different banks.
// CHECK-LABEL: rows(
// CHECK:         const int [[ROW:[a-z_0-9]+]] = [[T:[a-z_0-9]+]] * 256;
// CHECK:         const int a_chunk = (([[G:[a-z_0-9]+]] / 4) ^ (([[T]] * 2) & 7)) * 16 + [[G]] % 4 * 4;
// CHECK-NOT:     ldmatrix
// CHECK:             const int [[AT:[a-z_0-9]+]] = [[ROW]] + kk * 1024;
// CHECK:             load_shared<float, 1>(tile + [[AT]] + (a_chunk ^ [[M:[a-z_0-9]+]]));
// CHECK:             const int [[NEXT:[a-z_0-9]+]] = [[ROW]] + ({{[a-z_0-9]+}} + 1) * 128;
// CHECK:             load_shared<float, 1>(tile + [[NEXT]]
// CHECK-NEXT:            + (a_chunk ^ [[M]] ^ 16));
// CHECK:             load_shared<float, 1>(tile_1 + [[ROW]] + kk * 1024
// CHECK-NEXT:            + (a_chunk ^ [[N:[a-z_0-9]+]]));
// CHECK:             const int [[BYTE:[a-z_0-9]+]] = [[ROW]] + ({{[a-z_0-9]+}} + 1) * 128 + (a_chunk ^ [[N]] ^ 16);
// CHECK:             load_shared<float, 1>(tile_1 + [[BYTE]])
// CHECK-NOT:     ldmatrix
// CHECK:           mma_tf32(
tile.func @rows(%x: memref<32x32xf32>, %w: memref<32x32xf32>, %y: memref<32x32xf32>)
    attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<32x32xf32>
  %a = tile.load %x[%c0, %c0] : memref<32x32xf32> -> tensor<32x32xf32>
  %b = tile.load %w[%c0, %c0] : memref<32x32xf32> -> tensor<32x32xf32>
  %d = tile.dot %a, %b, %zero {transpose_a} : tensor<32x32xf32>, tensor<32x32xf32>, tensor<32x32xf32>
  tile.store %d, %y[%c0, %c0] : tensor<32x32xf32>, memref<32x32xf32>
  tile.return
}

// A product's own product: columns 2 t and 2 t + 1 are where they have been
// computed, and the right operand follows.
// CHECK-LABEL: chained(
// CHECK:           mma_tf32(&acc[n * 4], a, &b[n * 2]);
// CHECK-NOT:     store_shared
// CHECK:           const int [[P:[a-z_0-9]+]] = kk * 4;
// CHECK-NEXT:      const float [[P0:[a-z_0-9]+]] = acc{{\[}}[[P]]];
// CHECK-NEXT:      a[0] = to_tf32([[P0]] * [[P0]]);
// CHECK-NEXT:      const float [[P1:[a-z_0-9]+]] = acc{{\[}}[[P]] + 2];
// CHECK-NEXT:      a[1] = to_tf32([[P1]] * [[P1]]);
// CHECK-NEXT:      const float [[P2:[a-z_0-9]+]] = acc{{\[}}[[P]] + 1];
// CHECK-NEXT:      a[2] = to_tf32([[P2]] * [[P2]]);
// CHECK-NEXT:      const float [[P3:[a-z_0-9]+]] = acc{{\[}}[[P]] + 3];
// CHECK-NEXT:      a[3] = to_tf32([[P3]] * [[P3]]);
// CHECK:           + 1) * 128 + (b_chunk_1 ^ {{[a-z_0-9]+}} ^ 16)
// CHECK:           mma_tf32(&acc_1[n * 4], a, &b[n * 2]);
tile.func @chained(%q: memref<16x32xf32>, %k: memref<32x32xf32>, %v: memref<32x32xf32>, %y: memref<16x32xf32>)
    attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %tq = tile.load %q[%c0, %c0] : memref<16x32xf32> -> tensor<16x32xf32>
  %tk = tile.load %k[%c0, %c0] : memref<32x32xf32> -> tensor<32x32xf32>
  %tv = tile.load %v[%c0, %c0] : memref<32x32xf32> -> tensor<32x32xf32>
  %s = tile.dot %tq, %tk, %zero {transpose_b} : tensor<16x32xf32>, tensor<32x32xf32>, tensor<16x32xf32>
  %p = arith.mulf %s, %s : tensor<16x32xf32>
  %d = tile.dot %p, %tv, %zero : tensor<16x32xf32>, tensor<32x32xf32>, tensor<16x32xf32>
  tile.store %d, %y[%c0, %c0] : tensor<16x32xf32>, memref<16x32xf32>
  tile.return
}
}
