// Products: a pipeline around tensor cores, and f32 by threads; what the kernel's
// text says after all passes.
// RUN: llmc-opt %s --split-input-file --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-convert-tile-to-cuda --canonicalize --cse --llmc-cuda-allocate-shared --llmc-cuda-insert-barriers --llmc-cuda-print-source -o /dev/null | FileCheck %s

// Three stages: two groups under way before the loop, one wait and one barrier
// an iteration, then one refill of the buffer that was read last.
// CHECK-LABEL: LLMC_KERNEL(64, 1) gemm(
// CHECK: LLMC_SHARED(6144);
// Lane l addresses row l mod 16 of the left operand; its chunk is swizzled.
// CHECK: const int [[ROW:lane_row]] = (lane & 7) + ((lane >> 3) & 1) * 8;
// CHECK: const int a_row = ([[ROW]] + {{[a-z_0-9]+}}) * 32;
// CHECK: const int a_chunk = ({{[a-z_0-9]+}} ^ (([[ROW]] >> 2) & 1)) * 16;
// CHECK: const int b_chunk = ({{[a-z_0-9]+}} ^ (([[ROW]] >> 1) & 3)) * 16;
// CHECK-COUNT-2: cp_async<16>(
// CHECK-NEXT: cp_async_commit();
// CHECK-COUNT-2: cp_async<16>(
// CHECK-NEXT: cp_async_commit();
// CHECK-NOT: cp_async
// CHECK: for (int i = 0; i < 64; i += 16) {
// CHECK-NEXT: cp_async_wait<1>();
// CHECK-NEXT: const int [[NEXT:ahead]] = i + 32;
// CHECK-NEXT: const int left = stage == 0 ? 2 : stage - 1;
// CHECK-NEXT: barrier();
// CHECK-NEXT: if ([[NEXT]] < 64) {
// CHECK-COUNT-2: cp_async<16>(
// CHECK-NEXT: }
// A group an iteration, empty at the end.
// CHECK-NEXT: cp_async_commit();
// CHECK-NOT: barrier
// CHECK: ldmatrix(a, ring + [[PLACE:stage_byte]] + a_row + a_chunk);
// The right operand is stored [K, N]: transposed on the way.
// CHECK: ldmatrix_trans(&b[n * 2], ring_1 + [[PLACE]] + b_row + (b_chunk ^ (n * 16)));
// CHECK: mma(&acc[n * 4], a, &b[n * 2]);
// CHECK-NOT: barrier
// CHECK: stage = next_stage == 3 ? 0
// CHECK: cp_async_wait<0>();
// Two bits of lanes change places with two of registers; no shared memory.
// CHECK: shuffle_xor(upper ? {{.*}}, 1);
// CHECK: shuffle_xor(upper_1 ? {{.*}}, 2);
// CHECK-NOT: shared
// CHECK: load_global<bf16, 8>(x2 + column);
// bf16 + bf16 of the model: rounded before and after.
// CHECK: to_bf16(to_float(to_bf16(converted[i])) + to_float(tile[c]));
// CHECK: const Pack<bf16, 8>
// CHECK: store_global(x3 +
tile.func @gemm(%x: memref<64x64xbf16>, %w: memref<64x32xbf16>, %bias: memref<32xbf16>, %y: memref<64x32xbf16>)
    attributes {schedule = {stages = 3, threads = 64, warps_m = 2, warps_n = 1}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<32x32xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<32x32xf32>) {
    %tx = tile.load %x[%c0, %k] : memref<64x64xbf16> -> tensor<32x16xbf16>
    %tw = tile.load %w[%k, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
    %d = tile.dot %tx, %tw, %a : tensor<32x16xbf16>, tensor<16x32xbf16>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  %b = tile.load %bias[%c0] : memref<32xbf16> -> tensor<32xbf16>
  %bb = tile.broadcast %b axis 0 : tensor<32xbf16> -> tensor<32x32xbf16>
  %r = arith.truncf %acc : tensor<32x32xf32> to tensor<32x32xbf16>
  %s = arith.addf %r, %bb : tensor<32x32xbf16>
  tile.store %s, %y[%c0, %c0] : tensor<32x32xbf16>, memref<64x32xbf16>
  tile.return
}

// -----

// Without tensor cores: four steps of the depth at a time, four columns a pack,
// nothing to convert at the end.
// CHECK-LABEL: LLMC_KERNEL(32, 1) simt(
// CHECK: cp_async_wait<0>();
// CHECK: barrier();
// CHECK: for (int k = 0; k < 16; k += 4) {
// CHECK: const int [[BYTE:[a-z_0-9]+]] = stage_byte + [[A:[a-z_0-9]+]] * 64 + ((k / 4) ^ (([[A]] >> 1) & 3)) * 16;
// CHECK: 4>(ring + [[BYTE]]);
// CHECK: load_shared<float, 4>(ring_1 +
// CHECK: fma_f32(
// CHECK-NOT: shuffle
// CHECK: store_global(x2 +
// CHECK-NEXT: Pack<float, 4>{acc[i], acc[i + 1], acc[i + 2], acc[i + 3]});
tile.func @simt(%x: memref<64x64xf32>, %w: memref<64x32xf32>, %y: memref<64x32xf32>)
    attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<32x32xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<32x32xf32>) {
    %tx = tile.load %x[%c0, %k] : memref<64x64xf32> -> tensor<32x16xf32>
    %tw = tile.load %w[%k, %c0] : memref<64x32xf32> -> tensor<16x32xf32>
    %d = tile.dot %tx, %tw, %a : tensor<32x16xf32>, tensor<16x32xf32>, tensor<32x32xf32>
    scf.yield %d : tensor<32x32xf32>
  }
  tile.store %acc, %y[%c0, %c0] : tensor<32x32xf32>, memref<64x32xf32>
  tile.return
}
