// Blocks that share a product's depth: places by the ticket, parts of the depth,
// and sums that grow in turns.
// RUN: llmc-opt %s -llmc-tile-kernels -split-input-file -verify-diagnostics | FileCheck %s

// 2 x 3 blocks, 4 equal parts of 32 steps of 16. The place is worked out again
// behind the loop.
// CHECK-LABEL: tile.func @even(
// CHECK-SAME: %[[G:[a-z0-9]+]]: memref<96x32xf32>)
// CHECK: %[[TICKET:.*]] = tile.ticket
// CHECK: %[[COLUMN:.*]] = arith.remui %[[TICKET]], %c2
// CHECK: %[[REST:.*]] = arith.divui %[[TICKET]], %c2
// CHECK: %[[ROW:.*]] = arith.remui %[[REST]], %c3
// CHECK: %[[PART:.*]] = arith.divui %[[REST]], %c3
// CHECK: %[[BEGIN:.*]] = arith.muli %[[PART]], %c128
// CHECK: %[[SUM:.*]] = scf.for %[[K:.*]] = %c0{{.*}} to %c128{{.*}} step %c16
// CHECK: arith.addi %[[BEGIN]], %[[K]]
// CHECK: %[[AGAIN:.*]] = tile.ticket
// CHECK: %[[REST2:.*]] = arith.divui %[[AGAIN]], %c2
// CHECK: %[[PART2:.*]] = arith.divui %[[REST2]], %c3
// CHECK: tile.in_turn %[[PART2]] of 4 at %{{.*}} of 6 {
// CHECK-NOT: scf.if
// CHECK: %[[BEFORE:.*]] = tile.load
// CHECK-NEXT: %[[AFTER:.*]] = arith.addf %[[BEFORE]], %[[SUM]]
// CHECK-NEXT: tile.store %[[AFTER]]
// CHECK-NEXT: }
// CHECK-NEXT: tile.return
tile.func @even(%x: tensor<1x512x32xbf16>, %dy: tensor<1x512x96xbf16>, %g: tensor<96x32xf32>)
    attributes {kind = "gemm", grid = array<i64: 2, 3, 4>, schedule = {block_m = 32 : i64, block_n = 16 : i64, block_k = 16 : i64, split_k = 4 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<1x512x32xbf16>, tensor<1x512x96xbf16>) -> tensor<96x32xf32>
  train.accumulate %0 into %g : tensor<96x32xf32>, tensor<96x32xf32>
  tile.return
}

// -----

// 32 steps in 3 parts: 10, 11, 11. The first term of the sum is stored by the
// first turn; the last one has all of it, and sums its squares.
// CHECK-LABEL: tile.func @uneven(
// CHECK: %[[PART:.*]] = arith.divui %{{.*}}, %c3{{.*}} {tile.name = "part"}
// CHECK: %[[STEPS:.*]] = arith.muli %[[PART]], %c32{{.*}} : index
// CHECK: %[[FROM:.*]] = arith.divui %[[STEPS]], %c3
// CHECK: %[[BEGIN:.*]] = arith.muli %[[FROM]], %c16
// CHECK: %[[END:.*]] = arith.muli %{{.*}}, %c16
// CHECK: %[[SUM:.*]] = scf.for %{{.*}} = %[[BEGIN]] to %[[END]] step %c16
// CHECK: tile.in_turn %[[TURN:.*]] of 3 at %[[PLACE:.*]] of 6 {
// CHECK: %[[FIRST:.*]] = arith.cmpi eq, %[[TURN]], %c0
// CHECK: scf.if %[[FIRST]] {
// CHECK-NEXT: tile.store %[[SUM]]
// CHECK-NEXT: } else {
// CHECK: %[[AFTER:.*]] = arith.addf %{{.*}}, %[[SUM]]
// CHECK-NEXT: tile.store %[[AFTER]]
// CHECK: %[[LAST:.*]] = arith.cmpi eq, %[[TURN]], %c2
// CHECK: scf.if %[[LAST]] {
// CHECK: arith.mulf %[[AFTER]], %[[AFTER]]
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[PLACE]]] : tensor<1xf32>
tile.func @uneven(%x: tensor<1x512x32xbf16>, %dy: tensor<1x512x96xbf16>, %g: tensor<96x32xf32>, %s: tensor<6xf32>)
    attributes {kind = "gemm", grid = array<i64: 2, 3, 3>, schedule = {block_m = 32 : i64, block_n = 16 : i64, block_k = 16 : i64, split_k = 3 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<1x512x32xbf16>, tensor<1x512x96xbf16>) -> tensor<96x32xf32>
  train.accumulate %0 into %g squares %s {first} : tensor<96x32xf32>, tensor<96x32xf32>, tensor<6xf32>
  tile.return
}

// -----

tile.func @returned(%x: tensor<1x512x32xbf16>, %dy: tensor<1x512x96xbf16>) -> tensor<96x32xf32>
    attributes {kind = "gemm", grid = array<i64: 2, 3, 4>, schedule = {block_m = 32 : i64, block_n = 16 : i64, block_k = 16 : i64, split_k = 4 : i64}} {
  // expected-error @+1 {{has its depth cut by `split_k` in a kernel that does more than add it to a gradient}}
  %0 = model.linear_weight_grad %x, %dy : (tensor<1x512x32xbf16>, tensor<1x512x96xbf16>) -> tensor<96x32xf32>
  tile.return %0 : tensor<96x32xf32>
}
