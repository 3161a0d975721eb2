// Row-wise kernels: norms, sums over ranges of rows, embeddings, the loss.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// CHECK-LABEL: tile.func @residual_norm(
// CHECK-SAME: %[[X:.*]]: memref<2x6x20xf32>, %[[R:.*]]: memref<2x6x20xf32>, %[[W:.*]]: memref<20xf32>, %[[B:.*]]: memref<20xf32>, %[[SUM:.*]]: memref<2x6x20xf32>, %[[Y:.*]]: memref<2x6x20xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[ROW:.*]] = arith.muli %[[ID]], %c4
// CHECK: %[[A:.*]] = arith.addf %{{.*}}, %{{.*}} : tensor<4x20xf32>
// CHECK: %[[S:.*]] = tile.reduce add %[[A]] axis 1 {{.*}} : tensor<4x20xf32> -> tensor<4xf32>
// CHECK: %[[MEAN:.*]] = arith.mulf %[[S]], %{{.*}} {{.*}} : tensor<4xf32>
// CHECK: %[[MEANS:.*]] = tile.broadcast %[[MEAN]] axis 1
// CHECK: %[[D:.*]] = arith.subf %[[A]], %[[MEANS]]
// CHECK: %[[SQ:.*]] = arith.mulf %[[D]], %[[D]]
// CHECK: tile.reduce add %[[SQ]] axis 1
// CHECK: math.rsqrt %{{.*}} : tensor<4xf32>
// CHECK: tile.broadcast %{{.*}} axis 0 : tensor<20xf32> -> tensor<4x20xf32>
// CHECK: tile.store %[[A]], %{{.*}}[%[[ROW]], %{{.*}}]
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW]], %{{.*}}]
// CHECK-NOT: model.
// CHECK: tile.return
tile.func @residual_norm(%x: tensor<2x6x20xf32>, %r: tensor<2x6x20xf32>, %w: tensor<20xf32>, %b: tensor<20xf32>)
    -> (tensor<2x6x20xf32>, tensor<2x6x20xf32>)
    attributes {kind = "rows", grid = array<i64: 3, 1, 1>, schedule = {block_rows = 4 : i64}} {
  %0 = model.add %x, %r : tensor<2x6x20xf32>
  %1 = model.layer_norm %0, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x6x20xf32>, tensor<20xf32>, tensor<20xf32>) -> tensor<2x6x20xf32>
  tile.return %0, %1 : tensor<2x6x20xf32>, tensor<2x6x20xf32>
}

// Two sums in four ranges of three rows. The statistics that both norm
// gradients need are computed once.
// CHECK-LABEL: tile.func @norm_grads(
// CHECK-SAME: %[[DX:[a-z0-9]+]]: memref<2x6x20xf32>, %[[PW:[a-z0-9]+]]: memref<4x20xf32>, %[[PB:[a-z0-9]+]]: memref<4x20xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[BEGIN:.*]] = arith.muli %[[ID]], %c3
// CHECK: %[[END:.*]] = arith.addi %[[BEGIN]], %c3
// CHECK: %[[SUMS:.*]]:2 = scf.for %[[ROW:[a-z0-9]+]] = %[[BEGIN]] to %[[END]] step %{{.*}} iter_args(%[[SW:.*]] = %{{.*}}, %[[SB:.*]] = %{{.*}}) -> (tensor<20xf32>, tensor<20xf32>)
// CHECK: math.rsqrt
// CHECK-NOT: math.rsqrt
// CHECK-DAG: %[[CW:.*]] = tile.reduce add %{{.*}} axis 0 : tensor<1x20xf32> -> tensor<20xf32>
// CHECK-DAG: %[[NW:.*]] = arith.addf %[[SW]], %[[CW]]
// CHECK-DAG: %[[CB:.*]] = tile.reduce add %{{.*}} axis 0 : tensor<1x20xf32> -> tensor<20xf32>
// CHECK-DAG: %[[NB:.*]] = arith.addf %[[SB]], %[[CB]]
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW]], %{{.*}}] : tensor<1x20xf32>
// CHECK: scf.yield %[[NW]], %[[NB]]
// CHECK: %[[OFFSET:.*]] = arith.muli %[[ID]], %c20
// CHECK: %[[V:.*]] = memref.reinterpret_cast %[[PW]] to offset: [%[[OFFSET]]], sizes: [20], strides: [1]
// CHECK: tile.store %[[SUMS]]#0, %[[V]]
// CHECK: %[[V:.*]] = memref.reinterpret_cast %[[PB]] to offset: [%[[OFFSET]]]
// CHECK: tile.store %[[SUMS]]#1, %[[V]]
tile.func @norm_grads(%x: tensor<2x6x20xf32>, %w: tensor<20xf32>, %dy: tensor<2x6x20xf32>)
    -> (tensor<2x6x20xf32>, tensor<4x20xf32>, tensor<4x20xf32>)
    attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_rows = 1 : i64, splits = 4 : i64}} {
  %0 = model.layer_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x6x20xf32>, tensor<20xf32>, tensor<2x6x20xf32>) -> tensor<2x6x20xf32>
  %1 = model.layer_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, splits = 4 : i64} : (tensor<2x6x20xf32>, tensor<2x6x20xf32>) -> tensor<4x20xf32>
  %2 = model.sum_rows %dy {splits = 4 : i64} : (tensor<2x6x20xf32>) -> tensor<4x20xf32>
  tile.return %0, %1, %2 : tensor<2x6x20xf32>, tensor<4x20xf32>, tensor<4x20xf32>
}

// Blocks of 3 rows stay within a sequence of 6: positions are loaded as rows.
// CHECK-LABEL: tile.func @embeddings(
// CHECK-SAME: %[[T:.*]]: memref<2x6xi32>, %[[WTE:.*]]: memref<50x20xf32>, %[[WPE:.*]]: memref<9x20xf32>
// CHECK: %[[TV:.*]] = memref.reinterpret_cast %[[T]] to offset: [0], sizes: [12], strides: [1]
// CHECK: %[[IDS:.*]] = tile.load %[[TV]][%[[ROW:.*]]] : {{.*}} -> tensor<3xi32>
// CHECK: tile.gather %{{.*}}[%[[IDS]], %c0{{.*}}] {{.*}} : {{.*}} -> tensor<3x20xf32>
// CHECK: %[[POS:.*]] = arith.remui %[[ROW]], %c6
// CHECK: tile.load %{{.*}}[%[[POS]], %c0{{.*}}] : {{.*}} -> tensor<3x20xf32>
tile.func @embeddings(%t: tensor<2x6xi32>, %wte: tensor<50x20xf32>, %wpe: tensor<9x20xf32>) -> tensor<2x6x20xf32>
    attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_rows = 3 : i64}} {
  %0 = model.embedding %t, %wte : (tensor<2x6xi32>, tensor<50x20xf32>) -> tensor<2x6x20xf32>
  %1 = model.position_embedding %t, %wpe : (tensor<2x6xi32>, tensor<9x20xf32>) -> tensor<2x6x20xf32>
  %2 = model.add %0, %1 : tensor<2x6x20xf32>
  tile.return %2 : tensor<2x6x20xf32>
}

// Loss and gradient share maximum, exponentials and sum; the gradient may
// overwrite the logits, which are read before anything is stored.
// CHECK-LABEL: tile.func @loss(
// CHECK-SAME: %[[L:.*]]: memref<2x6x50xf32>, %[[T:.*]]: memref<2x6xi32>, %[[LOSS:.*]]: memref<2x6xf32>, %[[D:.*]]: memref<2x6x50xf32>)
// CHECK: %[[X:.*]] = tile.load
// CHECK: %[[MAX:.*]] = tile.reduce max %[[X]] axis 1
// CHECK-COUNT-1: math.exp
// CHECK-NOT: tile.reduce max
// CHECK-NOT: math.exp
// CHECK: tile.iota %c0{{.*}} axis 1 : tensor<2x50xi32>
// CHECK: %[[HIT:.*]] = arith.cmpi eq
// CHECK: %[[PICK:.*]] = arith.select %[[HIT]], %[[X]]
// CHECK: tile.reduce add %[[PICK]] axis 1
// CHECK: %[[LOG:.*]] = math.log
// CHECK-NOT: tile.load
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW:.*]]] : tensor<2xf32>
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ROW]], %c0{{.*}}] : tensor<2x50xf32>
tile.func @loss(%l: tensor<2x6x50xf32>, %t: tensor<2x6xi32>) -> (tensor<2x6xf32>, tensor<2x6x50xf32>)
    attributes {kind = "rows", grid = array<i64: 6, 1, 1>, inplace = array<i64: 1, 0>, schedule = {block_rows = 2 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x50xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x6x50xf32>, tensor<2x6xi32>) -> tensor<2x6x50xf32>
  tile.return %0, %1 : tensor<2x6xf32>, tensor<2x6x50xf32>
}

// delta[b, h, t]: blocks of 4 rows reach over the end of a sequence of 6, so
// two rows at a time.
// CHECK-LABEL: tile.func @delta
// CHECK: scf.for %[[ROW:[a-z0-9]+]] = %{{.*}} to %{{.*}} step %c2{{[^ ]*}} {
// CHECK: %[[B:.*]] = arith.divui %[[ROW]], %c6
// CHECK: %[[T:.*]] = arith.remui %[[ROW]], %c6
// CHECK: scf.for %[[H:[a-z0-9]+]] =
// CHECK: %[[COL:.*]] = arith.muli %[[H]], %c5
// CHECK: tile.load %{{.*}}[%[[ROW]], %[[COL]]] : {{.*}} -> tensor<2x5xf32>
// CHECK: %[[BH:.*]] = arith.muli %[[B]], %c4
// CHECK: %[[R:.*]] = arith.addi %[[BH]], %[[H]]
// CHECK: %[[O:.*]] = arith.muli %[[R]], %c6
// CHECK: %[[V:.*]] = memref.reinterpret_cast %{{.*}} to offset: [%[[O]]], sizes: [6], strides: [1]
// CHECK: tile.store %{{.*}}, %[[V]][%[[T]]] : tensor<2xf32>
tile.func @delta(%o: tensor<2x6x20xf32>, %g: tensor<2x6x20xf32>) -> tensor<2x4x6xf32>
    attributes {kind = "rows", grid = array<i64: 3, 1, 1>, schedule = {block_rows = 4 : i64}} {
  %0 = model.attention_delta %o, %g {heads = 4 : i64} : (tensor<2x6x20xf32>, tensor<2x6x20xf32>) -> tensor<2x4x6xf32>
  tile.return %0 : tensor<2x4x6xf32>
}

// Parts are loaded from, and stored to, their columns.
// CHECK-LABEL: tile.func @split_concat(
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [12, 12], strides: [20, 1]
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [12], sizes: [12, 8], strides: [20, 1]
// CHECK: tile.store %{{.*}}[%{{.*}}, %c0{{.*}}] : tensor<4x8xf32>, memref<12x20xf32
// CHECK: tile.store %{{.*}}[%{{.*}}, %c8{{.*}}] : tensor<4x12xf32>, memref<12x20xf32
tile.func @split_concat(%x: tensor<2x6x20xf32>) -> tensor<2x6x20xf32>
    attributes {kind = "rows", grid = array<i64: 3, 1, 1>, schedule = {block_rows = 4 : i64}} {
  %0:2 = model.split %x : (tensor<2x6x20xf32>) -> (tensor<2x6x12xf32>, tensor<2x6x8xf32>)
  %1 = model.silu %0#1 : tensor<2x6x8xf32>
  %2 = model.concat %1, %0#0 : (tensor<2x6x8xf32>, tensor<2x6x12xf32>) -> tensor<2x6x20xf32>
  tile.return %2 : tensor<2x6x20xf32>
}
