// RUN: rm -rf %t && mkdir %t
// RUN: llmc-opt %s --llmc-cuda-print-source -o /dev/null > %t/product.cu
// RUN: %bin/llmc-compile-images --ptx --header=%source/compiler/Target/CUDA/Intrinsics/llmc_device.h %t/product.cu | FileCheck %s
// REQUIRES: nvrtc

// What NVRTC makes of a kernel: arrays in registers, no local memory, packs read
// and written by one instruction.

// CHECK-DAG: product: image 0, product_{{[0-9a-f]+}}, {{[0-9]+}} registers, 0 bytes spilled, cubin ELF
// CHECK-NOT: .local
// CHECK:     .visible .entry product_
// CHECK-NOT: .local
// CHECK:     cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16;
// CHECK:     cp.async.cg.shared.global [{{.*}}], [{{.*}}], 16, {{.*}};
// CHECK:     cp.async.wait_group 0;
// CHECK:     bar.sync
// CHECK:     ldmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK:     ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16
// CHECK:     mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32
// CHECK:     ld.global.nc.v4
// CHECK:     cvt.rn.bf16x2.f32
// CHECK:     st.global.v4
// CHECK-NOT: .local

// y = x w + b on 64x64 tiles, 4 warps of 32x32; rows of w beyond 200 are zeros.
cuda.kernel @product(%x: memref<256x256xbf16> {cuda.name = "x"}, %w: memref<256x256xbf16> {cuda.name = "w"},
                     %bias: memref<256xf32> {cuda.name = "bias"}, %y: memref<256x256xbf16> {cuda.name = "y"})
    attributes {threads = 128 : i64, min_blocks = 2 : i64, grid = array<i64: 4, 4, 1>, shared_bytes = 8192 : i64} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c2 = arith.constant 2 : index
  %c4 = arith.constant 4 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %c128 = arith.constant 128 : index
  %c200 = arith.constant 200 : index
  %c256 = arith.constant 256 : index
  %c1024 = arith.constant 1024 : index
  %c2048 = arith.constant 2048 : index
  %zero = arith.constant 0.0 : f32
  %thread = cuda.thread_id
  %rb = cuda.block_id 1
  %row0 = arith.muli %rb, %c64 {cuda.name = "row"} : index
  %cb = cuda.block_id 0
  %column0 = arith.muli %cb, %c64 {cuda.name = "column"} : index
  %lane = arith.remui %thread, %c32 {cuda.name = "lane"} : index
  %warp = arith.divui %thread, %c32 {cuda.name = "warp"} : index
  %xs = cuda.shared {offset = 0 : i64, cuda.name = "x_tile"} : memref<4096xi8, 3>
  %ws = cuda.shared {offset = 4096 : i64, cuda.name = "w_tile"} : memref<4096xi8, 3>
  %acc = cuda.registers {cuda.name = "acc"} : memref<32xf32, 5>
  %a = cuda.registers {cuda.name = "a"} : memref<8xi32, 5>
  %b = cuda.registers {cuda.name = "b"} : memref<8xi32, 5>
  cuda.unroll %i to 32 {
    memref.store %zero, %acc[%i] : memref<32xf32, 5>
  }
  %warp_row = arith.divui %warp, %c2 {cuda.name = "warp_row"} : index
  %warp_column = arith.remui %warp, %c2 {cuda.name = "warp_column"} : index
  scf.for %k = %c0 to %c256 step %c32 {
    cuda.unroll %i to 2 {
      // x: 64 rows of 4 chunks; w: 32 rows of 8 chunks.
      %n0 = arith.muli %i, %c128 : index
      %n = arith.addi %n0, %thread {cuda.name = "chunk"} : index
      %byte = arith.muli %n, %c16 {cuda.name = "byte"} : index
      %xr0 = arith.divui %n, %c4 : index
      %xr = arith.addi %xr0, %row0 : index
      %xr1 = arith.muli %xr, %c256 : index
      %xc0 = arith.remui %n, %c4 : index
      %xc1 = arith.muli %xc0, %c8 : index
      %xc = arith.addi %xc1, %k : index
      %xi = arith.addi %xr1, %xc : index
      cuda.cp_async 16 %xs[%byte], %x[%xi] : memref<4096xi8, 3>, memref<256x256xbf16>
      %wr0 = arith.divui %n, %c8 : index
      %wr = arith.addi %wr0, %k {cuda.name = "w_row"} : index
      %wr1 = arith.muli %wr, %c256 : index
      %wc0 = arith.remui %n, %c8 : index
      %wc1 = arith.muli %wc0, %c8 : index
      %wc = arith.addi %wc1, %column0 : index
      %wi = arith.addi %wr1, %wc : index
      %inside = arith.cmpi ult, %wr, %c200 : index
      %bytes = arith.select %inside, %c16, %c0 : index
      cuda.cp_async 16 %ws[%byte], %w[%wi] of %bytes : memref<4096xi8, 3>, memref<256x256xbf16>
    }
    cuda.cp_async_commit
    cuda.cp_async_wait 0
    cuda.barrier
    cuda.unroll %kk to 2 {
      cuda.unroll %i to 2 {
        // Row 32 warp_row + 16 i + lane % 16, chunk 2 kk + lane / 16.
        %r0 = arith.muli %warp_row, %c2048 : index
        %r1 = arith.muli %i, %c1024 : index
        %r2 = arith.remui %lane, %c16 : index
        %r3 = arith.muli %r2, %c64 : index
        %r4 = arith.addi %r0, %r1 : index
        %r5 = arith.addi %r4, %r3 : index
        %q0 = arith.muli %kk, %c32 : index
        %q1 = arith.divui %lane, %c16 : index
        %q2 = arith.muli %q1, %c16 : index
        %q3 = arith.addi %q0, %q2 : index
        %at = arith.addi %r5, %q3 : index
        %to = arith.muli %i, %c4 : index
        cuda.ldmatrix %xs[%at], %a[%to] : memref<4096xi8, 3>, memref<8xi32, 5>
        // Row 16 kk + lane % 16, chunk 4 warp_column + 2 i + lane / 16.
        %s0 = arith.muli %kk, %c2048 : index
        %s1 = arith.muli %r2, %c128 : index
        %s2 = arith.muli %warp_column, %c64 : index
        %s3 = arith.muli %i, %c32 : index
        %s4 = arith.addi %s0, %s1 : index
        %s5 = arith.addi %s2, %s3 : index
        %s6 = arith.addi %s4, %s5 : index
        %s7 = arith.addi %s6, %q2 : index
        cuda.ldmatrix %ws[%s7], %b[%to] trans : memref<4096xi8, 3>, memref<8xi32, 5>
      }
      cuda.unroll %i to 2 {
        cuda.unroll %j to 4 {
          %i16 = arith.muli %i, %c16 : index
          %j4 = arith.muli %j, %c4 : index
          %to = arith.addi %i16, %j4 : index
          %i4 = arith.muli %i, %c4 : index
          %j2 = arith.muli %j, %c2 : index
          cuda.mma %acc[%to], %a[%i4], %b[%j2] : memref<32xf32, 5>, memref<8xi32, 5>, memref<8xi32, 5>
        }
      }
    }
    cuda.barrier
  }
  // Each thread's 32 results, anywhere: only the instructions matter here.
  %i = arith.muli %lane, %c4 : index
  %j = arith.addi %column0, %i : index
  %v = cuda.load_global %bias[%j] {cuda.name = "v"} : memref<256xf32> -> vector<4xf32>
  %v0 = vector.extract %v[0] : f32 from vector<4xf32>
  %v1 = vector.extract %v[1] : f32 from vector<4xf32>
  %v2 = vector.extract %v[2] : f32 from vector<4xf32>
  %v3 = vector.extract %v[3] : f32 from vector<4xf32>
  %yr = arith.addi %row0, %thread : index
  %yi = arith.muli %yr, %c256 {cuda.name = "y_row"} : index
  cuda.unroll %n to 32 step 8 {
    %o1 = arith.constant 1 : index
    %n1 = arith.addi %n, %o1 : index
    %o2 = arith.constant 2 : index
    %n2 = arith.addi %n, %o2 : index
    %o3 = arith.constant 3 : index
    %n3 = arith.addi %n, %o3 : index
    %o4 = arith.constant 4 : index
    %n4 = arith.addi %n, %o4 : index
    %o5 = arith.constant 5 : index
    %n5 = arith.addi %n, %o5 : index
    %o6 = arith.constant 6 : index
    %n6 = arith.addi %n, %o6 : index
    %o7 = arith.constant 7 : index
    %n7 = arith.addi %n, %o7 : index
    %e0 = memref.load %acc[%n] : memref<32xf32, 5>
    %f0 = arith.addf %e0, %v0 : f32
    %g0 = arith.truncf %f0 : f32 to bf16
    %e1 = memref.load %acc[%n1] : memref<32xf32, 5>
    %f1 = arith.addf %e1, %v1 : f32
    %g1 = arith.truncf %f1 : f32 to bf16
    %e2 = memref.load %acc[%n2] : memref<32xf32, 5>
    %f2 = arith.addf %e2, %v2 : f32
    %g2 = arith.truncf %f2 : f32 to bf16
    %e3 = memref.load %acc[%n3] : memref<32xf32, 5>
    %f3 = arith.addf %e3, %v3 : f32
    %g3 = arith.truncf %f3 : f32 to bf16
    %e4 = memref.load %acc[%n4] : memref<32xf32, 5>
    %f4 = arith.addf %e4, %v0 : f32
    %g4 = arith.truncf %f4 : f32 to bf16
    %e5 = memref.load %acc[%n5] : memref<32xf32, 5>
    %f5 = arith.addf %e5, %v1 : f32
    %g5 = arith.truncf %f5 : f32 to bf16
    %e6 = memref.load %acc[%n6] : memref<32xf32, 5>
    %f6 = arith.addf %e6, %v2 : f32
    %g6 = arith.truncf %f6 : f32 to bf16
    %e7 = memref.load %acc[%n7] : memref<32xf32, 5>
    %f7 = arith.addf %e7, %v3 : f32
    %g7 = arith.truncf %f7 : f32 to bf16
    %p = vector.from_elements %g0, %g1, %g2, %g3, %g4, %g5, %g6, %g7 {cuda.name = "p"} : vector<8xbf16>
    %to = arith.addi %yi, %n : index
    cuda.store_global %p, %y[%to] : vector<8xbf16>, memref<256x256xbf16>
  }
  cuda.return
}
