// The main loop of a product: fragments of two steps of the depth in registers.
// RUN: llmc-opt %s --split-input-file --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda --canonicalize --cse --llmc-cuda-allocate-shared --llmc-cuda-insert-barriers --llmc-cuda-print-source -o /dev/null | FileCheck %s

// Two products of one left operand, whose fragments are loaded once; four steps
// of the depth in an iteration. All three buffers are filled before the loop;
// where a thread reads and writes is computed there, too.
// CHECK-LABEL: LLMC_KERNEL(64, 1) pair(
// CHECK: const int copy_to = copy_row * 128 + (copy_chunk ^ (copy_row & 7)) * 16;
// CHECK: const int copy_column = copy_chunk * 8;
// CHECK: const int from = copy_row * 256 + copy_column;
// CHECK: unsigned a[16];
// CHECK: unsigned b[16];
// CHECK: unsigned b_1[16];
// CHECK-COUNT-3: cp_async_commit();
// CHECK-NEXT: cp_async_wait<2>();
// CHECK-NEXT: barrier();
// The first step's fragments, into the first halves.
// CHECK: ldmatrix(&a[m * 4], ring + a_row + m * 2048 + a_chunk);
// CHECK: ldmatrix(&b[n * 2], ring_1 +
// CHECK: ldmatrix(&b_1[n * 2], ring_2 +
// CHECK: int stage = 0;
// CHECK-NEXT: for (int i = 0; i < 256; i += 64) {
// Steps 1 to 3 are loaded while 0 to 2 are multiplied.
// CHECK: for (int kk = 0; kk < 3; ++kk) {
// CHECK-NEXT: const int [[NEXT:[a-z_0-9]+]] = kk + 1;
// CHECK: const int [[HALF:[a-z_0-9]+]] = [[NEXT]] % 2 * 8;
// CHECK: ldmatrix(&a[[[HALF]] + m * 4], ring +
// CHECK-NOT: ldmatrix(&a
// CHECK: ldmatrix(&b[[[HALF]] + n * 2], ring_1 +
// CHECK: ldmatrix(&b_1[[[HALF]] + n * 2], ring_2 +
// CHECK: const int [[THIS:[a-z_0-9]+]] = kk % 2 * 8;
// CHECK: mma(&acc[({{[a-z_0-9]+}} + n) * 4], &a[[[THIS]] + {{[a-z_0-9]+}}], &b[[[THIS]] + n * 2]);
// CHECK: mma(&acc_1[({{[a-z_0-9]+}} + n) * 4], &a[[[THIS]] + {{[a-z_0-9]+}}], &b_1[[[THIS]] + n * 2]);
// Then the next iteration has come, and this one's buffer is free.
// CHECK: cp_async_wait<1>();
// CHECK-NOT: ldmatrix
// CHECK: barrier();
// CHECK-NEXT: if ({{[a-z_0-9]+}} < 256) {
// CHECK-NEXT: const int [[FREE:to_stage]] = stage * 4096;
// CHECK: cp_async<16>(ring + [[FREE]] + copy_to + j * 1024, x0 + from + {{[a-z_0-9]+}} + j * 2048);
// CHECK: cp_async_commit();
// CHECK-NEXT: const int next = i + 64 < 256 ? following : stage;
// CHECK: ldmatrix(&a[m * 4], ring +
// CHECK: mma(&acc[({{[a-z_0-9]+}} + n) * 4], &a[{{[a-z_0-9]+}} + 8], &b[n * 2 + 8]);
// CHECK: mma(&acc_1[({{[a-z_0-9]+}} + n) * 4], &a[{{[a-z_0-9]+}} + 8], &b_1[n * 2 + 8]);
// CHECK-NOT: barrier
// CHECK: stage = following;
tile.func @pair(%x: memref<32x256xbf16>, %w: memref<64x256xbf16>, %v: memref<64x256xbf16>, %y: memref<32x64xf32>)
    attributes {schedule = {stages = 3, threads = 64, warps_m = 1, warps_n = 2}} {
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  %c256 = arith.constant 256 : index
  %zero = arith.constant dense<0.0> : tensor<32x64xf32>
  %acc:2 = scf.for %k = %c0 to %c256 step %c64 iter_args(%a = %zero, %b = %zero) -> (tensor<32x64xf32>, tensor<32x64xf32>) {
    %tx = tile.load %x[%c0, %k] : memref<32x256xbf16> -> tensor<32x64xbf16>
    %tw = tile.load %w[%c0, %k] : memref<64x256xbf16> -> tensor<64x64xbf16>
    %tv = tile.load %v[%c0, %k] : memref<64x256xbf16> -> tensor<64x64xbf16>
    %d = tile.dot %tx, %tw, %a {transpose_b} : tensor<32x64xbf16>, tensor<64x64xbf16>, tensor<32x64xf32>
    %e = tile.dot %tx, %tv, %b {transpose_b} : tensor<32x64xbf16>, tensor<64x64xbf16>, tensor<32x64xf32>
    scf.yield %d, %e : tensor<32x64xf32>, tensor<32x64xf32>
  }
  %p = arith.mulf %acc#0, %acc#1 : tensor<32x64xf32>
  tile.store %p, %y[%c0, %c0] : tensor<32x64xf32>, memref<32x64xf32>
  tile.return
}

// -----

// A part of the depth, [begin, begin + 64): it is copied ahead as well. Columns
// behind the swizzle's period of 8 chunks are a constant further on.
// CHECK-LABEL: LLMC_KERNEL(32, 1) part(
// CHECK: const int from = ({{.*}} + copy_row) * 32
// CHECK: cp_async<16>(ring + copy_to
// CHECK: ldmatrix_trans(&b[n * 2], ring_1 + b_row + (b_chunk ^ ([[C:[a-z_0-9]+]] & 112)) + ([[C]] & 128));
// CHECK: for (int i = 0; i < 64; i += 32) {
// CHECK: cp_async_wait<0>();
// CHECK: barrier();
// CHECK: cp_async<16>(
tile.func @part(%x: memref<128x32xbf16>, %w: memref<128x128xbf16>, %y: memref<2x32x128xf32>)
    attributes {grid = array<i64: 1, 1, 2>, schedule = {stages = 2, threads = 32, warps_m = 1, warps_n = 1}} {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %c4096 = arith.constant 4096 : index
  %zero = arith.constant dense<0.0> : tensor<16x128xf32>
  %z = tile.program_id 2
  %begin = arith.muli %z, %c64 : index
  %acc = scf.for %k = %c0 to %c64 step %c32 iter_args(%a = %zero) -> (tensor<16x128xf32>) {
    %at = arith.addi %begin, %k : index
    %tx = tile.load %x[%at, %c0] : memref<128x32xbf16> -> tensor<32x16xbf16>
    %tw = tile.load %w[%at, %c0] : memref<128x128xbf16> -> tensor<32x128xbf16>
    %d = tile.dot %tx, %tw, %a {transpose_a} : tensor<32x16xbf16>, tensor<32x128xbf16>, tensor<16x128xf32>
    scf.yield %d : tensor<16x128xf32>
  }
  %offset = arith.muli %z, %c4096 : index
  %view = memref.reinterpret_cast %y to offset: [%offset], sizes: [32, 128], strides: [128, 1] : memref<2x32x128xf32> to memref<32x128xf32, strided<[128, 1], offset: ?>>
  tile.store %acc, %view[%c0, %c0] : tensor<16x128xf32>, memref<32x128xf32, strided<[128, 1], offset: ?>>
  tile.return
}
