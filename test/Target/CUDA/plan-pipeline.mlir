// Which loads go through shared memory, and how many buffers take turns.
// RUN: llmc-opt %s --llmc-cuda-plan-pipeline | FileCheck %s

// Both operands move with the loop: the schedule's stages. The bias is added,
// not multiplied: it goes to registers.
// CHECK-LABEL: tile.func @gemm
// CHECK: tile.load %{{.*}}[%{{.*}}, %[[K:.*]]] {cuda.stages = 3 : i64}
// CHECK: tile.load %{{.*}}[%[[K]], %{{.*}}] {cuda.stages = 3 : i64}
// CHECK: tile.load %arg2
// CHECK-NOT: cuda.stages
// CHECK-SAME: tensor<32xf32>
tile.func @gemm(%x: memref<64x64xbf16>, %w: memref<64x32xbf16>, %bias: memref<32xf32>, %y: memref<64x32xf32>)
    attributes {schedule = {stages = 3, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<16x32xf32>) {
    %tx = tile.load %x[%c0, %k] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %tw = tile.load %w[%k, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
    %d = tile.dot %tx, %tw, %a : tensor<16x16xbf16>, tensor<16x32xbf16>, tensor<16x32xf32>
    scf.yield %d : tensor<16x32xf32>
  }
  %b = tile.load %bias[%c0] : memref<32xf32> -> tensor<32xf32>
  %bb = tile.broadcast %b axis 0 : tensor<32xf32> -> tensor<16x32xf32>
  %s = arith.addf %acc, %bb : tensor<16x32xf32>
  tile.store %s, %y[%c0, %c0] : tensor<16x32xf32>, memref<64x32xf32>
  tile.return
}

// Before the loop, and in it without moving: one buffer. What is multiplied
// and added too: registers.
// CHECK-LABEL: tile.func @other
// CHECK: tile.load %arg0{{.*}} {cuda.stages = 1 : i64}
// CHECK: scf.for
// CHECK: tile.load %arg1{{.*}} {cuda.stages = 1 : i64}
// CHECK: tile.load %arg0
// CHECK-NOT: cuda.stages
// CHECK-SAME: tensor<16x16xf32>
tile.func @other(%x: memref<64x64xf32>, %w: memref<64x16xf32>)
    attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %q = tile.load %x[%c0, %c0] : memref<64x64xf32> -> tensor<16x16xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<16x16xf32>) {
    %tw = tile.load %w[%c0, %c0] : memref<64x16xf32> -> tensor<16x16xf32>
    %d = tile.dot %q, %tw, %a : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
    %both = tile.load %x[%k, %c16] : memref<64x64xf32> -> tensor<16x16xf32>
    %e = tile.dot %q, %both, %d : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
    %f = arith.addf %e, %both : tensor<16x16xf32>
    scf.yield %f : tensor<16x16xf32>
  }
  tile.return
}

// Where one loop ends the next begins, and its loads are the same: it goes on
// with the first one's pipeline. The third begins elsewhere, the fourth has
// other loads: they fill their own.
// CHECK-LABEL: tile.func @continued
// CHECK: scf.for
// CHECK: }
// CHECK-NOT: cuda.continues
// CHECK: scf.for
// CHECK: } {cuda.continues}
// CHECK: scf.for
// CHECK-NOT: cuda.continues
// CHECK: tile.return
tile.func @continued(%x: memref<64x64xbf16>, %middle: index) attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %q = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
  %r0 = scf.for %k = %c0 to %middle step %c16 iter_args(%a = %zero) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%k, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %q, %t, %a : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  %r1 = scf.for %k = %middle to %c32 step %c16 iter_args(%a = %r0) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%k, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %q, %t, %a : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  %r2 = scf.for %k = %c16 to %c64 step %c16 iter_args(%a = %r1) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%k, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %q, %t, %a : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  %r3 = scf.for %k = %c64 to %c64 step %c16 iter_args(%a = %r2) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%k, %c16] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %q, %t, %a : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  tile.return
}

// A part of the depth begins where its block says: what moves is a sum.
// CHECK-LABEL: tile.func @part
// CHECK: tile.load %arg0{{.*}} {cuda.stages = 3 : i64}
// CHECK: tile.load %arg1{{.*}} {cuda.stages = 3 : i64}
tile.func @part(%x: memref<64x64xbf16>, %w: memref<64x32xbf16>)
    attributes {schedule = {stages = 3, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %part = tile.program_id 2
  %begin = arith.muli %part, %c32 : index
  %zero = arith.constant dense<0.0> : tensor<16x32xf32>
  %acc = scf.for %k = %c0 to %c32 step %c16 iter_args(%a = %zero) -> (tensor<16x32xf32>) {
    %at = arith.addi %begin, %k : index
    %tx = tile.load %x[%c0, %at] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %tw = tile.load %w[%at, %c0] : memref<64x32xbf16> -> tensor<16x32xbf16>
    %d = tile.dot %tx, %tw, %a : tensor<16x16xbf16>, tensor<16x32xbf16>, tensor<16x32xf32>
    scf.yield %d : tensor<16x32xf32>
  }
  tile.return
}

// A loop that only multiplies holds two steps' fragments, if its depth is an
// even number of steps; a part of the depth moves like all of it.
// CHECK-LABEL: tile.func @products
// CHECK: scf.for
// CHECK: tile.load {{.*}} {cuda.stages = 2 : i64}
// CHECK: } {cuda.double_buffer}
// An odd number.
// CHECK: scf.for
// CHECK-NOT: cuda.double_buffer
// CHECK: tile.return
tile.func @products(%x: memref<64x128xbf16>, %begin: index) attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %r0 = scf.for %k = %c0 to %c64 step %c32 iter_args(%a = %zero) -> (tensor<16x16xf32>) {
    %at = arith.addi %begin, %k : index
    %t = tile.load %x[%c0, %at] : memref<64x128xbf16> -> tensor<16x32xbf16>
    %u = tile.load %x[%c16, %at] : memref<64x128xbf16> -> tensor<16x32xbf16>
    %d = tile.dot %t, %u, %a {transpose_b} : tensor<16x32xbf16>, tensor<16x32xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  %r1 = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %r0) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%c0, %k] : memref<64x128xbf16> -> tensor<16x16xbf16>
    %u = tile.load %x[%c16, %k] : memref<64x128xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %t, %u, %a {transpose_b} : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  tile.return
}

// 64 x 128 on one warp are 256 registers of accumulators alone: no room for
// more fragments than one step's. f32 is multiplied by threads.
// CHECK-LABEL: tile.func @declined
// CHECK-NOT: cuda.double_buffer
// CHECK: tile.return
tile.func @declined(%x: memref<128x64xbf16>, %f: memref<64x64xf32>) attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<64x128xf32>
  %zero16 = arith.constant dense<0.0> : tensor<16x16xf32>
  %r0 = scf.for %k = %c0 to %c64 step %c32 iter_args(%a = %zero) -> (tensor<64x128xf32>) {
    %t = tile.load %x[%c0, %k] : memref<128x64xbf16> -> tensor<64x32xbf16>
    %u = tile.load %x[%c0, %k] : memref<128x64xbf16> -> tensor<128x32xbf16>
    %d = tile.dot %t, %u, %a {transpose_b} : tensor<64x32xbf16>, tensor<128x32xbf16>, tensor<64x128xf32>
    scf.yield %d : tensor<64x128xf32>
  }
  %r1 = scf.for %k = %c0 to %c64 step %c32 iter_args(%a = %zero16) -> (tensor<16x16xf32>) {
    %t = tile.load %f[%c0, %k] : memref<64x64xf32> -> tensor<16x32xf32>
    %d = tile.dot %t, %t, %a {transpose_b} : tensor<16x32xf32>, tensor<16x32xf32>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  tile.return
}

// With `keep_fragments`, a left operand from before the loops is kept in
// registers; not a right operand, one that is transposed, one of f32.
// CHECK-LABEL: tile.func @kept
// CHECK: tile.load %arg0[%c0, %c0] {cuda.kept, cuda.stages = 1 : i64}
// CHECK: tile.load %arg0[%c16, %c0] {cuda.stages = 1 : i64}
// CHECK: tile.load %arg0[%c0, %c16] {cuda.stages = 1 : i64}
// CHECK: tile.load %arg1{{.*}} {cuda.stages = 1 : i64}
// CHECK: scf.for
tile.func @kept(%x: memref<64x64xbf16>, %f: memref<64x64xf32>) attributes {schedule = {stages = 2, threads = 32, keep_fragments = 1}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %left = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
  %right = tile.load %x[%c16, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
  %turned = tile.load %x[%c0, %c16] : memref<64x64xbf16> -> tensor<16x16xbf16>
  %other = tile.load %f[%c0, %c0] : memref<64x64xf32> -> tensor<16x16xf32>
  %r = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%k, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %u = tile.load %f[%k, %c0] : memref<64x64xf32> -> tensor<16x16xf32>
    %d = tile.dot %left, %t, %a : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    %e = tile.dot %t, %right, %d : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    %g = tile.dot %turned, %t, %e {transpose_a} : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    %h = tile.dot %other, %u, %g : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
    scf.yield %h : tensor<16x16xf32>
  }
  tile.return
}

// Without it, nothing is.
// CHECK-LABEL: tile.func @not_kept
// CHECK-NOT: cuda.kept
// CHECK: tile.return
tile.func @not_kept(%x: memref<64x64xbf16>) attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %left = tile.load %x[%c0, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
  %r = scf.for %k = %c0 to %c64 step %c16 iter_args(%a = %zero) -> (tensor<16x16xf32>) {
    %t = tile.load %x[%k, %c0] : memref<64x64xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %left, %t, %a : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  tile.return
}
