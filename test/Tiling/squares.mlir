// Sums of the squares of what a block has stored, where it accumulates.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// One a block: rows, then columns, of 100 x 40 in blocks of 32 x 16.
// CHECK-LABEL: tile.func @dw(
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<12xf32>)
// CHECK-DAG: %[[X:.*]] = tile.program_id 0
// CHECK-DAG: %[[Y:.*]] = tile.program_id 1
// CHECK: %[[NEW:.*]] = arith.addf %{{.*}}, %{{.*}} : tensor<32x16xf32>
// CHECK: tile.store %[[NEW]]
// CHECK: %[[SQ:.*]] = arith.mulf %[[NEW]], %[[NEW]]
// CHECK: %[[R:.*]] = tile.reduce add %[[SQ]] axis 1 : tensor<32x16xf32> -> tensor<32xf32>
// CHECK: %[[ALL:.*]] = tile.reduce add %[[R]] axis 0 : tensor<32xf32> -> tensor<1xf32>
// CHECK: tile.store %[[ALL]], %[[S]][%[[NUMBER:.*]]] : tensor<1xf32>
tile.func @dw(%x: tensor<1x64x40xbf16>, %dy: tensor<1x64x100xbf16>, %g: tensor<100x40xf32>, %s: tensor<12xf32>)
    attributes {kind = "gemm", grid = array<i64: 3, 4, 1>, schedule = {block_m = 32 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<1x64x40xbf16>, tensor<1x64x100xbf16>) -> tensor<100x40xf32>
  train.accumulate %0 into %g squares %s : tensor<100x40xf32>, tensor<100x40xf32>, tensor<12xf32>
  tile.return
}

// One for each row and block of columns; rows beyond the last are not stored.
// CHECK-LABEL: tile.func @dw_rows(
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<3x100xf32>)
// CHECK: %[[R:.*]] = tile.reduce add %{{.*}} axis 1 : tensor<32x16xf32> -> tensor<32xf32>
// CHECK-NOT: axis 0
// CHECK: %[[AT:.*]] = arith.muli %{{.*}}, %c100
// CHECK: %[[V:.*]] = memref.reinterpret_cast %[[S]] to offset: [%[[AT]]], sizes: [100], strides: [1]
// CHECK: tile.store %[[R]], %[[V]][%{{.*}}] : tensor<32xf32>
tile.func @dw_rows(%x: tensor<1x64x40xbf16>, %dy: tensor<1x64x100xbf16>, %g: tensor<100x40xf32>, %s: tensor<3x100xf32>)
    attributes {kind = "gemm", grid = array<i64: 3, 4, 1>, schedule = {block_m = 32 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<1x64x40xbf16>, tensor<1x64x100xbf16>) -> tensor<100x40xf32>
  train.accumulate %0 into %g squares %s : tensor<100x40xf32>, tensor<100x40xf32>, tensor<3x100xf32>
  tile.return
}

// CHECK-LABEL: tile.func @bias(
// CHECK-SAME: %[[S:[a-z0-9]+]]: memref<3xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[NEW:.*]] = arith.addf %{{.*}}, %{{.*}} : tensor<8xf32>
// CHECK: %[[SQ:.*]] = arith.mulf %[[NEW]], %[[NEW]]
// CHECK: %[[ALL:.*]] = tile.reduce add %[[SQ]] axis 0 : tensor<8xf32> -> tensor<1xf32>
// CHECK: tile.store %[[ALL]], %[[S]][%[[ID]]]
tile.func @bias(%p: tensor<4x20xf32>, %g: tensor<20xf32>, %s: tensor<3xf32>)
    attributes {kind = "column_sum", grid = array<i64: 3, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = model.sum_rows %p : (tensor<4x20xf32>) -> tensor<20xf32>
  train.accumulate %0 into %g squares %s : tensor<20xf32>, tensor<20xf32>, tensor<3xf32>
  tile.return
}

// CHECK-LABEL: tile.func @rows(
// CHECK: %[[R:.*]] = tile.reduce add %{{.*}} axis 1 : tensor<4x20xf32> -> tensor<4xf32>
// CHECK: tile.store %[[R]], %{{.*}}[%{{.*}}] : tensor<4xf32>
tile.func @rows(%a: tensor<8x20xf32>, %g: tensor<8x20xf32>, %s: tensor<1x8xf32>)
    attributes {kind = "rows", grid = array<i64: 2, 1, 1>, schedule = {block_rows = 4 : i64}} {
  %0 = model.gelu %a : tensor<8x20xf32>
  train.accumulate %0 into %g squares %s : tensor<8x20xf32>, tensor<8x20xf32>, tensor<1x8xf32>
  tile.return
}

// A row that is added to has its sums replaced: all in the first part.
// CHECK-LABEL: tile.func @embedding(
// CHECK-SAME: %[[G:[a-z0-9]+]]: memref<50x20xf32>, %[[S:[a-z0-9]+]]: memref<3x50xf32>)
// CHECK: scf.if
// CHECK: } {tile.name = "chunk"
// CHECK: %[[ROW:.*]] = arith.index_cast %{{.*}} : i32 to index
// CHECK: %[[NEW:.*]] = arith.addf
// CHECK: tile.store %[[NEW]]
// CHECK: %[[SQ:.*]] = arith.mulf %[[NEW]], %[[NEW]]
// CHECK: %[[ALL:.*]] = tile.reduce add %[[SQ]] axis 0 : tensor<20xf32> -> tensor<1xf32>
// CHECK: %[[FIRST:.*]] = memref.reinterpret_cast %[[S]] to offset: [0], sizes: [50], strides: [1]
// CHECK: tile.store %[[ALL]], %[[FIRST]][%[[ROW]]]
// CHECK: scf.for %[[PART:.*]] = %c1{{.*}} to %c3
// CHECK: arith.muli %[[PART]], %c50
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW]]] : tensor<1xf32>
tile.func @embedding(%t: tensor<2x6xi32>, %dy: tensor<2x6x20xf32>, %g: tensor<50x20xf32>, %s: tensor<3x50xf32>)
    attributes {kind = "embedding_grad", grid = array<i64: 12, 1, 1>} {
  %0 = model.embedding_grad %t, %dy : (tensor<2x6xi32>, tensor<2x6x20xf32>) -> tensor<50x20xf32>
  train.accumulate %0 into %g squares %s : tensor<50x20xf32>, tensor<50x20xf32>, tensor<3x50xf32>
  tile.return
}

// Sums that not every micro-step writes are zero after the norm has read them.
// CHECK-LABEL: tile.func @norm(
// CHECK: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<8xf32>
// CHECK: scf.for %[[I:.*]] = %c0
// CHECK: tile.load %[[V:.*]][%[[I]]]
// CHECK: tile.store %[[ZERO]], %[[V]][%[[I]]]
tile.func @norm(%s: tensor<30xf32>, %h: tensor<9xf32>) -> tensor<f32>
    attributes {kind = "reduce", grid = array<i64: 1, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = train.norm %s, %h {clear} : (tensor<30xf32>, tensor<9xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}
