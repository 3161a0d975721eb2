// A left operand of products in loops is read into registers once, before them;
// what the loop copies then lies where it lay.
// RUN: llmc-opt %s --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda --canonicalize --cse --llmc-cuda-allocate-shared --llmc-cuda-insert-barriers --llmc-cuda-print-source -o /dev/null | FileCheck %s

// Two buffers of [16, 64] in bf16, and no third place of that size.
// CHECK-LABEL: LLMC_KERNEL(64, 1) kept(
// CHECK: LLMC_SHARED(4096);
// CHECK-DAG: const int tile = 0; // 4096 bytes
// CHECK-DAG: const int ring = 0; // 4096 bytes
// CHECK: cp_async<16>(tile +
// CHECK: cp_async_commit();
// The copies have landed and are seen by all before they are read,
// CHECK: cp_async_wait<0>();
// CHECK: unsigned fragments[16];
// CHECK: barrier();
// CHECK: for (int kk = 0; kk < 4; ++kk) {
// CHECK: ldmatrix(&fragments[kk * 4], tile + a_row + (a_chunk ^ (kk * 32)));
// and have been read by all before the ring takes their place.
// CHECK-NOT: cp_async<
// CHECK: barrier();
// CHECK: cp_async<16>(ring +
// CHECK: for (int i = 0; i < 64; i += 16) {
// CHECK: cp_async_wait<0>();
// CHECK-NOT: ldmatrix(&fragments
// CHECK-NOT: ldmatrix(a
// CHECK: ldmatrix(b, ring +
// CHECK: mma(&acc[n * 4], &fragments[{{[a-z_0-9]+}}], &b[n * 2]);
tile.func @kept(%x: memref<32x64xbf16>, %w: memref<64x64xbf16>, %y: memref<32x16xf32>)
    attributes {schedule = {stages = 2, threads = 64, warps_m = 2, warps_n = 1, keep_fragments = 1}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<32x16xf32>
  %left = tile.load %x[%c0, %c0] : memref<32x64xbf16> -> tensor<32x64xbf16>
  %r = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<32x16xf32>) {
    %t = tile.load %w[%k, %c0] : memref<64x64xbf16> -> tensor<16x64xbf16>
    %d = tile.dot %left, %t, %a {transpose_b} : tensor<32x64xbf16>, tensor<16x64xbf16>, tensor<32x16xf32>
    scf.yield %d : tensor<32x16xf32>
  }
  tile.store %r, %y[%c0, %c0] : tensor<32x16xf32>, memref<32x16xf32>
  tile.return
}
