// Kernels over all parameters, reductions to a number, sums of few rows, and
// the gradient of the token embedding.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// 1000 elements in 3 ranges: 334 rounded up to blocks of 64 is 384.
// CHECK-LABEL: tile.func @sum_of_squares
// CHECK: %[[BEGIN:.*]] = arith.muli %[[ID:.*]], %c384
// CHECK: %[[BEYOND:.*]] = arith.addi %[[BEGIN]], %c384
// CHECK: %[[END:.*]] = arith.minui %[[BEYOND]], %c1000
// CHECK: %[[S:.*]] = scf.for %[[I:[a-z0-9]+]] = %[[BEGIN]] to %[[END]] step %c64{{.*}} iter_args(%[[A:.*]] = %{{.*}})
// CHECK: %[[X:.*]] = tile.load %{{.*}}[%[[I]]]
// CHECK: %[[X2:.*]] = arith.mulf %[[X]], %[[X]]
// CHECK: arith.addf %[[A]], %[[X2]]
// CHECK: tile.reduce add %[[S]] axis 0 : tensor<64xf32> -> tensor<1xf32>
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[ID]]]
tile.func @sum_of_squares(%g: tensor<1000xf32>, %s: tensor<3xf32>)
    attributes {kind = "flat", grid = array<i64: 3, 1, 1>, schedule = {block = 64 : i64}} {
  train.sum_of_squares %g into %s : tensor<1000xf32>, tensor<3xf32>
  tile.return
}

// Decay stops at element 100: what is left of the block, at most all of it.
// CHECK-LABEL: tile.func @adamw(
// CHECK-SAME: %[[P:.*]]: memref<1000xf32>, %[[G:.*]]: memref<1000xf32>, %[[M:.*]]: memref<1000xf32>, %[[V:.*]]: memref<1000xf32>, %[[N:.*]]: memref<f32>, %[[H:.*]]: memref<9xf32>)
// CHECK: %[[BEGIN:.*]] = arith.muli %{{.*}}, %c64
// CHECK: memref.load %[[N]][]
// CHECK: %[[CLIP:.*]] = memref.load %[[H]][%c5
// CHECK: arith.cmpf oeq, %[[CLIP]]
// CHECK: math.sqrt %{{.*}} : tensor<64xf32>
// CHECK: %[[MAX:.*]] = arith.maxui %c100{{.*}}, %[[BEGIN]]
// CHECK: %[[LEFT:.*]] = arith.subi %[[MAX]], %[[BEGIN]]
// CHECK: arith.minui %[[LEFT]], %c64
// CHECK: %[[POS:.*]] = tile.iota %c0{{.*}} axis 0
// CHECK: arith.cmpi slt, %[[POS]]
// CHECK-COUNT-3: tile.store %{{.*}}, %{{.*}}[%[[BEGIN]]]
// CHECK-NOT: tile.store
tile.func @adamw(%p: tensor<1000xf32>, %g: tensor<1000xf32>, %m: tensor<1000xf32>, %v: tensor<1000xf32>, %n: tensor<f32>, %h: tensor<9xf32>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 100 : i64}
      : tensor<1000xf32>, tensor<1000xf32>, tensor<1000xf32>, tensor<1000xf32>, tensor<f32>, tensor<9xf32>
  tile.return
}

// CHECK-LABEL: tile.func @mean(
// CHECK-SAME: %[[X:.*]]: memref<2x6xf32>, %[[Y:.*]]: memref<f32>)
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %c12{{.*}} step %c8
// CHECK: %[[S:.*]] = tile.reduce add
// CHECK: %[[N:.*]] = arith.constant dense<1.200000e+01>
// CHECK: %[[MEAN:.*]] = arith.divf %[[S]], %[[N]]
// CHECK: memref.reinterpret_cast %[[Y]] to offset: [0], sizes: [1], strides: [1] : memref<f32>
// CHECK: tile.store %[[MEAN]]
tile.func @mean(%x: tensor<2x6xf32>) -> tensor<f32>
    attributes {kind = "reduce", grid = array<i64: 1, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = model.mean %x : (tensor<2x6xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// CHECK-LABEL: tile.func @norm(
// CHECK: %[[S:.*]] = tile.reduce add
// CHECK: memref.load %{{.*}}[%c6
// CHECK: %[[ROOT:.*]] = math.sqrt %[[S]]
// CHECK: arith.mulf %[[ROOT]]
tile.func @norm(%x: tensor<3xf32>, %h: tensor<9xf32>) -> tensor<f32>
    attributes {kind = "reduce", grid = array<i64: 1, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = train.norm %x, %h : (tensor<3xf32>, tensor<9xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// CHECK-LABEL: tile.func @bias_grad(
// CHECK: %[[COL:.*]] = arith.muli %{{.*}}, %c8
// CHECK: %[[T:.*]] = tile.load %{{.*}}[%c0{{.*}}, %[[COL]]] : {{.*}} -> tensor<4x8xf32>
// CHECK: %[[S:.*]] = tile.reduce add %[[T]] axis 0
// CHECK: %[[OLD:.*]] = tile.load %{{.*}}[%[[COL]]]
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[S]]
// CHECK: tile.store %[[NEW]], %{{.*}}[%[[COL]]]
tile.func @bias_grad(%p: tensor<4x20xf32>, %g: tensor<20xf32>)
    attributes {kind = "column_sum", grid = array<i64: 3, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = model.sum_rows %p : (tensor<4x20xf32>) -> tensor<20xf32>
  train.accumulate %0 into %g : tensor<20xf32>, tensor<20xf32>
  tile.return
}

// What a sum begins with is stored.
// CHECK-LABEL: tile.func @first_bias_grad(
// CHECK-SAME: %[[G:.*]]: memref<20xf32>)
// CHECK: %[[COL:.*]] = arith.muli %{{.*}}, %c8
// CHECK: tile.load
// CHECK: %[[S:.*]] = tile.reduce add
// CHECK-NOT: tile.load
// CHECK: tile.store %[[S]], %{{.*}}[%[[COL]]]
tile.func @first_bias_grad(%p: tensor<4x20xf32>, %g: tensor<20xf32>)
    attributes {kind = "column_sum", grid = array<i64: 3, 1, 1>, schedule = {block = 8 : i64}} {
  %0 = model.sum_rows %p : (tensor<4x20xf32>) -> tensor<20xf32>
  train.accumulate first %0 into %g : tensor<20xf32>, tensor<20xf32>
  tile.return
}

// CHECK-LABEL: tile.func @first_shard(
// CHECK: %[[X:.*]] = tile.load
// CHECK-NEXT: tile.store %[[X]]
tile.func @first_shard(%x: tensor<128xf32>, %g: tensor<128xf32>)
    attributes {kind = "flat", grid = array<i64: 2, 1, 1>, schedule = {block = 64 : i64}} {
  train.add first %x into %g : tensor<128xf32>
  tile.return
}

// CHECK-LABEL: tile.func @zero_table(
// CHECK: %[[Z:.*]] = arith.constant dense<0.000000e+00>
// CHECK: %[[ALL:.*]] = memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [180], strides: [1]
// CHECK: tile.store %[[Z]], %[[ALL]]
tile.func @zero_table(%g: tensor<9x20xf32>)
    attributes {kind = "flat", grid = array<i64: 3, 1, 1>, schedule = {block = 64 : i64}} {
  train.zero %g : tensor<9x20xf32>
  tile.return
}

// A table of 9 positions, of which the sequence uses 6: 6 * 20 columns.
// CHECK-LABEL: tile.func @position_grad(
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [2, 120], strides: [120, 1]
// CHECK: memref.reinterpret_cast %{{.*}} to offset: [0], sizes: [180], strides: [1]
tile.func @position_grad(%dy: tensor<2x6x20xf32>, %g: tensor<9x20xf32>)
    attributes {kind = "column_sum", grid = array<i64: 2, 1, 1>, schedule = {block = 64 : i64}} {
  %0 = model.position_embedding_grad %dy : (tensor<2x6x20xf32>) -> tensor<9x20xf32>
  train.accumulate %0 into %g : tensor<9x20xf32>, tensor<9x20xf32>
  tile.return
}

// CHECK-LABEL: tile.func @embedding_grad(
// CHECK-SAME: %[[T:.*]]: memref<2x6xi32>, %[[DY:.*]]: memref<2x6x20xf32>, %[[G:.*]]: memref<50x20xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[TV:.*]] = memref.reinterpret_cast %[[T]]
// CHECK: %[[TOKEN:.*]] = memref.load %[[TV]][%[[ID]]]
// All tokens of a chunk at once: whether one of those before is the same,
// CHECK: %[[SEEN:.*]] = scf.for %[[C:.*]] = %c0{{.*}} to %[[ID]] step %c16{{.*}} -> (tensor<16xi32>)
// CHECK: %[[AT:.*]] = tile.iota %[[C]] axis 0
// CHECK: %[[HERE:.*]] = arith.index_cast %[[ID]]
// CHECK: %[[LIMIT:.*]] = tile.splat %[[HERE]]
// CHECK: %[[BEFORE:.*]] = arith.cmpi slt, %[[AT]], %[[LIMIT]]
// CHECK: %[[TS:.*]] = tile.load %[[TV]][%[[C]]]
// CHECK: %[[OWN:.*]] = tile.splat %[[TOKEN]]
// CHECK: %[[SAME:.*]] = arith.cmpi eq, %[[TS]], %[[OWN]]
// CHECK: arith.andi %[[SAME]], %[[BEFORE]]
// CHECK: %[[ANY:.*]] = tile.reduce max %[[SEEN]] axis 0 : tensor<16xi32> -> tensor<1xi32>
// CHECK: %[[ITEM:.*]] = tile.item %[[ANY]]
// CHECK: %[[YES:.*]] = arith.cmpi ne, %[[ITEM]]
// CHECK: %[[FIRST:.*]] = arith.xori %[[YES]]
// CHECK: scf.if %[[FIRST]] {
// then how many of a chunk are, and the next of them each time.
// CHECK: %[[SUM:.*]] = scf.for %[[C:.*]] = {{.*}} to %c12{{.*}} step %c16{{.*}} iter_args(%[[OUTER:.*]] = %{{.*}}) -> (tensor<20xf32>)
// CHECK: %[[N:.*]] = tile.reduce add %{{.*}} axis 0 : tensor<16xi32> -> tensor<1xi32>
// CHECK: %[[COUNT:.*]] = tile.item %[[N]]
// CHECK: %[[END:.*]] = arith.index_cast %[[COUNT]]
// CHECK: scf.for %{{.*}} = %c0{{.*}} to %[[END]] step %c1{{.*}} iter_args(%[[ACC:.*]] = %[[OUTER]], %[[FROM:.*]] = %{{.*}})
// CHECK: tile.splat %[[FROM]]
// CHECK: %[[M:.*]] = tile.reduce max
// CHECK: %[[MOST:.*]] = tile.item %[[M]]
// CHECK: %[[NEXT:.*]] = arith.subi %c12_i32{{.*}}, %[[MOST]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[NEXT]]
// CHECK: %[[AT:.*]] = arith.muli %[[ROW]], %c20
// CHECK: %[[DROW:.*]] = tile.load %{{.*}}[%[[AT]]] : {{.*}} -> tensor<20xf32>
// CHECK: %[[NEW:.*]] = arith.addf %[[ACC]], %[[DROW]]
// CHECK: arith.addi %[[NEXT]]
// CHECK: %[[ROW:.*]] = arith.index_cast %[[TOKEN]]
// CHECK: %[[TO:.*]] = arith.muli %[[ROW]], %c20
// CHECK: %[[OLD:.*]] = tile.load %{{.*}}[%[[TO]]] : {{.*}} -> tensor<20xf32>
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[SUM]]
// CHECK: tile.store %[[NEW]], %{{.*}}[%[[TO]]]
tile.func @embedding_grad(%t: tensor<2x6xi32>, %dy: tensor<2x6x20xf32>, %g: tensor<50x20xf32>)
    attributes {kind = "embedding_grad", grid = array<i64: 12, 1, 1>} {
  %0 = model.embedding_grad %t, %dy : (tensor<2x6xi32>, tensor<2x6x20xf32>) -> tensor<50x20xf32>
  train.accumulate %0 into %g : tensor<50x20xf32>, tensor<50x20xf32>
  tile.return
}

// CHECK-LABEL: tile.func @zero(
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[BEGIN:.*]] = arith.muli %[[ID]], %c64
// CHECK: tile.store %{{.*}}, %{{.*}}[%[[BEGIN]]] : tensor<64xf32>
// CHECK-NOT: tile.load
tile.func @zero(%g: tensor<1000xf32>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.zero %g : tensor<1000xf32>
  tile.return
}

// CHECK-LABEL: tile.func @add(
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: %[[BEGIN:.*]] = arith.muli %[[ID]], %c64
// CHECK: %[[OLD:.*]] = tile.load %[[G:.*]][%[[BEGIN]]]
// CHECK: %[[NEW:.*]] = tile.load %{{.*}}[%[[BEGIN]]]
// CHECK: %[[SUM:.*]] = arith.addf %[[OLD]], %[[NEW]]
// CHECK: tile.store %[[SUM]], %[[G]][%[[BEGIN]]]
tile.func @add(%x: tensor<1000xf32>, %g: tensor<1000xf32>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.add %x into %g : tensor<1000xf32>
  tile.return
}
