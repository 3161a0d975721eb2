// Round trip of every op and attribute of the cuda dialect.
// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK-DAG: #[[PLANE:layout.*]] = #cuda.layout<registers = {{\[}}[0, 1]], lanes = {{\[}}[0, 2], [0, 4], [1, 0]], warps = [], repeat = [1, 1]>
// CHECK-DAG: #[[LINE:layout.*]] = #cuda.layout<registers = [], lanes = {{\[}}[1], [2], [4], [8], [16]], warps = {{\[}}[32], [0]], repeat = [4]>

// CHECK-LABEL: cuda.kernel @copy(%{{.*}}: memref<64xf32>, %{{.*}}: memref<64xf32>)
// CHECK-SAME: attributes {grid = array<i64: 2, 1, 1>, threads = 32 : i64}
cuda.kernel @copy(%x: memref<64xf32>, %y: memref<64xf32>)
    attributes {threads = 32 : i64, grid = array<i64: 2, 1, 1>} {
  // CHECK: %[[T:.*]] = cuda.thread_id
  %t = cuda.thread_id
  // CHECK: cuda.block_id 2
  %b = cuda.block_id 2
  // CHECK: %[[V:.*]] = cuda.load_global %{{.*}}[%[[T]]] : memref<64xf32> -> vector<1xf32>
  %v = cuda.load_global %x[%t] : memref<64xf32> -> vector<1xf32>
  // CHECK: cuda.store_global %[[V]], %{{.*}}[%[[T]]] : vector<1xf32>, memref<64xf32>
  cuda.store_global %v, %y[%t] : vector<1xf32>, memref<64xf32>
  // CHECK: cuda.return
  cuda.return
}

// CHECK-LABEL: cuda.kernel private @options
// CHECK-SAME: approximate
// CHECK-SAME: min_blocks = 2 : i64
// CHECK-SAME: shared_bytes = 4096 : i64
cuda.kernel private @options(%x: memref<8x64xbf16> {tile.name = "x"})
    attributes {threads = 1024 : i64, grid = array<i64: 1, 2, 3>, approximate, min_blocks = 2 : i64, shared_bytes = 4096 : i64} {
  cuda.return
}

// Conditions, offsets and attributes of the program's own.
// CHECK-LABEL: cuda.kernel @memory
cuda.kernel @memory(%x: memref<8x64xbf16>, %y: memref<64xf32>)
    attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %i = cuda.thread_id
  %c64 = arith.constant 64 : index
  %inside = arith.cmpi slt, %i, %c64 : index
  // CHECK: cuda.load_global %{{.*}}[%{{.*}}] if %[[IN:.*]] : memref<8x64xbf16> -> vector<8xbf16>
  %v = cuda.load_global %x[%i] if %inside : memref<8x64xbf16> -> vector<8xbf16>
  // CHECK: %[[S:.*]] = cuda.shared {cuda.name = "s", offset = 128 : i64} : memref<1024xi8, 3>
  %s = cuda.shared {cuda.name = "s", offset = 128 : i64} : memref<1024xi8, 3>
  // CHECK: cuda.shared : memref<16xi8, 3>
  %r = cuda.shared : memref<16xi8, 3>
  // CHECK: %[[W:.*]] = cuda.load_shared %[[S]][%{{.*}}] : memref<1024xi8, 3> -> vector<4xf32>
  %w = cuda.load_shared %s[%i] : memref<1024xi8, 3> -> vector<4xf32>
  // CHECK: cuda.store_global %[[W]], %{{.*}}[%{{.*}}] if %[[IN]] : vector<4xf32>, memref<64xf32>
  cuda.store_global %w, %y[%i] if %inside : vector<4xf32>, memref<64xf32>
  // CHECK: cuda.store_shared %[[W]], %[[S]][%{{.*}}] : vector<4xf32>, memref<1024xi8, 3>
  cuda.store_shared %w, %s[%i] : vector<4xf32>, memref<1024xi8, 3>
  // CHECK: cuda.store_shared %{{.*}}, %[[S]][%{{.*}}] if %[[IN]] : vector<8xbf16>, memref<1024xi8, 3>
  cuda.store_shared %v, %s[%i] if %inside : vector<8xbf16>, memref<1024xi8, 3>
  // CHECK: cuda.cp_async 16 %[[S]][%{{.*}}], %{{.*}}[%{{.*}}] : memref<1024xi8, 3>, memref<8x64xbf16>
  cuda.cp_async 16 %s[%i], %x[%i] : memref<1024xi8, 3>, memref<8x64xbf16>
  // CHECK: cuda.cp_async 4 %[[S]][%{{.*}}], %{{.*}}[%{{.*}}] of %{{.*}} : memref<1024xi8, 3>, memref<64xf32>
  cuda.cp_async 4 %s[%i], %y[%i] of %i : memref<1024xi8, 3>, memref<64xf32>
  // CHECK: cuda.cp_async_commit
  cuda.cp_async_commit
  // CHECK: cuda.cp_async_wait 2
  cuda.cp_async_wait 2
  // CHECK: cuda.barrier
  cuda.barrier
  cuda.return
}

// CHECK-LABEL: cuda.kernel @products
cuda.kernel @products() attributes {threads = 32 : i64, grid = array<i64: 1, 1, 1>} {
  %i = cuda.thread_id
  %s = cuda.shared : memref<8192xi8, 3>
  // CHECK: %[[ACC:.*]] = cuda.registers {cuda.name = "acc"} : memref<64xf32, 5>
  %acc = cuda.registers {cuda.name = "acc"} : memref<64xf32, 5>
  // CHECK: %[[A:.*]] = cuda.registers : memref<16xi32, 5>
  %a = cuda.registers : memref<16xi32, 5>
  // CHECK: cuda.ldmatrix %{{.*}}[%{{.*}}], %[[A]][%{{.*}}] : memref<8192xi8, 3>, memref<16xi32, 5>
  cuda.ldmatrix %s[%i], %a[%i] : memref<8192xi8, 3>, memref<16xi32, 5>
  // CHECK: cuda.ldmatrix %{{.*}}[%{{.*}}], %[[A]][%{{.*}}] trans : memref<8192xi8, 3>, memref<16xi32, 5>
  cuda.ldmatrix %s[%i], %a[%i] trans : memref<8192xi8, 3>, memref<16xi32, 5>
  // CHECK: cuda.unroll %[[J:.*]] to 64 step 4 {
  cuda.unroll %j to 64 step 4 {
    // CHECK: cuda.unroll %{{.*}} to 2 attributes {cuda.name = "inner"} {
    cuda.unroll %k to 2 attributes {cuda.name = "inner"} {
      // CHECK: cuda.mma %[[ACC]][%[[J]]], %[[A]][%{{.*}}], %[[A]][%{{.*}}] : memref<64xf32, 5>, memref<16xi32, 5>, memref<16xi32, 5>
      cuda.mma %acc[%j], %a[%i], %a[%k] : memref<64xf32, 5>, memref<16xi32, 5>, memref<16xi32, 5>
      // CHECK: cuda.mma_tf32 %[[ACC]][%[[J]]], %[[A]][%{{.*}}], %[[A]][%{{.*}}] : memref<64xf32, 5>, memref<16xi32, 5>, memref<16xi32, 5>
      cuda.mma_tf32 %acc[%j], %a[%i], %a[%k] : memref<64xf32, 5>, memref<16xi32, 5>, memref<16xi32, 5>
    }
    %f = memref.load %acc[%j] : memref<64xf32, 5>
    %n = memref.load %a[%j] : memref<16xi32, 5>
    // CHECK: cuda.shuffle_xor %{{.*}} 16 : f32
    %g = cuda.shuffle_xor %f 16 : f32
    // CHECK: cuda.shuffle_xor %{{.*}} 1 : i32
    %m = cuda.shuffle_xor %n 1 : i32
    // CHECK: cuda.pack_bf16 %{{.*}}, %{{.*}}
    %p = cuda.pack_bf16 %f, %g
    // CHECK: cuda.to_tf32 %{{.*}} : f32
    %q = cuda.to_tf32 %f : f32
    // CHECK: cuda.to_tf32 %{{.*}} : i32
    %r = cuda.to_tf32 %n : i32
  }
  cuda.return
}

// CHECK-LABEL: func.func private @layouts
// CHECK-SAME: tensor<2x8xf32, #[[PLANE]]>, tensor<256xf32, #[[LINE]]>
func.func private @layouts(
    tensor<2x8xf32, #cuda.layout<registers = [[0, 1]], lanes = [[0, 2], [0, 4], [1, 0]], warps = [], repeat = [1, 1]>>,
    tensor<256xf32, #cuda.layout<registers = [], lanes = [[1], [2], [4], [8], [16]], warps = [[32], [0]], repeat = [4]>>)

// CHECK-LABEL: func.func @tiles
func.func @tiles(%x: tensor<4x8xf32, #cuda.layout<registers = [[0, 1]], lanes = [[0, 2], [0, 4], [1, 0]], warps = [], repeat = [1, 1]>>) {
  // CHECK: cuda.convert_layout %{{.*}} : tensor<4x8xf32, #[[PLANE]]> -> tensor<4x8xf32>
  %y = cuda.convert_layout %x : tensor<4x8xf32, #cuda.layout<registers = [[0, 1]], lanes = [[0, 2], [0, 4], [1, 0]], warps = [], repeat = [1, 1]>> -> tensor<4x8xf32>
  // CHECK: cuda.partial_sum %{{.*}} axis 1 : tensor<4x8xf32, #[[PLANE]]> -> tensor<4x4xf32>
  %z = cuda.partial_sum %x axis 1 : tensor<4x8xf32, #cuda.layout<registers = [[0, 1]], lanes = [[0, 2], [0, 4], [1, 0]], warps = [], repeat = [1, 1]>> -> tensor<4x4xf32>
  return
}

// CHECK-LABEL: cuda.kernel @turns
cuda.kernel @turns() attributes {threads = 32 : i64, grid = array<i64: 2, 3, 1>} {
  %c1 = arith.constant 1 : index
  // CHECK: %[[T:.*]] = cuda.next_ticket of 6 : i32
  %t = cuda.next_ticket of 6 : i32
  // CHECK: cuda.again %[[T]] : i32
  %u = cuda.again %t : i32
  // CHECK: cuda.await_turn %[[C1:.*]] of 3 at %[[C1]] of 2
  cuda.await_turn %c1 of 3 at %c1 of 2
  // CHECK: cuda.end_turn %[[C1]] of 3 at %[[C1]] of 2
  cuda.end_turn %c1 of 3 at %c1 of 2
  cuda.return
}
