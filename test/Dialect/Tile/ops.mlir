// Round trip of every op of the tile dialect.
// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK-LABEL: tile.func @matmul
// CHECK-SAME: attributes {grid = array<i64: 2, 3, 1>, kind = "gemm"}
tile.func @matmul(%a: memref<32x64xf32>, %b: memref<48x64xf32>,
                  %c: memref<32x48xf32>)
    attributes {grid = array<i64: 2, 3, 1>, kind = "gemm"} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  // CHECK: %[[I:.*]] = tile.program_id 0
  %i = tile.program_id 0
  %j = tile.program_id 1
  %row = arith.muli %i, %c16 : index
  %col = arith.muli %j, %c16 : index
  %zero = arith.constant dense<0.0> : tensor<16x16xf32>
  %acc = scf.for %k = %c0 to %c64 step %c16 iter_args(%s = %zero) -> tensor<16x16xf32> {
    // CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}] : memref<32x64xf32> -> tensor<16x16xf32>
    %x = tile.load %a[%row, %k] : memref<32x64xf32> -> tensor<16x16xf32>
    %w = tile.load %b[%col, %k] : memref<48x64xf32> -> tensor<16x16xf32>
    // CHECK: tile.dot %{{.*}}, %{{.*}}, %{{.*}} {transpose_b}
    %d = tile.dot %x, %w, %s {transpose_b} : tensor<16x16xf32>, tensor<16x16xf32>, tensor<16x16xf32>
    scf.yield %d : tensor<16x16xf32>
  }
  // CHECK: tile.store
  tile.store %acc, %c[%row, %col] : tensor<16x16xf32>, memref<32x48xf32>
  tile.return
}

// CHECK-LABEL: tile.func @rows
tile.func @rows(%x: memref<8x32xf32>, %ids: memref<8xi32>, %y: memref<8x32xf32>) {
  %c0 = arith.constant 0 : index
  %t = tile.load %ids[%c0] : memref<8xi32> -> tensor<8xi32>
  // CHECK: tile.gather %{{.*}}[%{{.*}}, %{{.*}}]
  %g = tile.gather %x[%t, %c0] : memref<8x32xf32>, tensor<8xi32> -> tensor<8x32xf32>
  // CHECK: tile.reduce max %{{.*}} axis 1
  %m = tile.reduce max %g axis 1 : tensor<8x32xf32> -> tensor<8xf32>
  // CHECK: %[[ALL:.*]] = tile.reduce max %{{.*}} axis 0 : tensor<8xf32> -> tensor<1xf32>
  %all = tile.reduce max %m axis 0 : tensor<8xf32> -> tensor<1xf32>
  // CHECK: tile.item %[[ALL]] : tensor<1xf32> -> f32
  %item = tile.item %all : tensor<1xf32> -> f32
  // CHECK: tile.broadcast %{{.*}} axis 1
  %b = tile.broadcast %m axis 1 : tensor<8xf32> -> tensor<8x32xf32>
  %f = arith.constant 2.0 : f32
  // CHECK: tile.splat
  %s = tile.splat %f : f32 -> tensor<8x32xf32>
  // CHECK: tile.iota %{{.*}} axis 1
  %i = tile.iota %c0 axis 1 : tensor<8x32xi32>
  // CHECK: tile.swap_halves %{{.*}} {group = 16 : i64}
  %w = tile.swap_halves %b {group = 16} : tensor<8x32xf32>
  %p = tile.load %x[%c0, %c0] : memref<8x32xf32> -> tensor<8x16xf32>
  // CHECK: tile.repeat_columns
  %r = tile.repeat_columns %p : tensor<8x16xf32> -> tensor<8x32xf32>
  %z = arith.addf %w, %s : tensor<8x32xf32>
  tile.store %z, %y[%c0, %c0] : tensor<8x32xf32>, memref<8x32xf32>
  tile.return
}

// CHECK-LABEL: func.func @launch
// CHECK: tile.launch @group(%{{.*}}) : (tensor<4xf32>) -> tensor<4xf32>
tile.func @group(%x: tensor<4xf32>) -> tensor<4xf32> {
  tile.return %x : tensor<4xf32>
}
func.func @launch(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = tile.launch @group(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// CHECK-LABEL: tile.func @turns
tile.func @turns(%y: memref<8x32xf32>, %t: tensor<8x32xf32>) {
  %c0 = arith.constant 0 : index
  // CHECK: %[[N:.*]] = tile.ticket
  %n = tile.ticket
  // CHECK: tile.in_turn %[[N]] of 4 at %{{.*}} of 2 {
  // CHECK-NEXT: tile.store
  // CHECK-NEXT: }
  tile.in_turn %n of 4 at %c0 of 2 {
    tile.store %t, %y[%c0, %c0] : tensor<8x32xf32>, memref<8x32xf32>
  }
  // CHECK: tile.ticket
  %again = tile.ticket
  tile.return
}
