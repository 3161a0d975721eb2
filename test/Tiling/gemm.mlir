// Matrix products: the loop over the depth, operand orders, epilogues, grids.
// RUN: llmc-opt %s -llmc-tile-kernels | FileCheck %s

// The accumulator goes from the loop into the dot and from the dot into the
// loop, nowhere else. The bias, the activation and an extra operand are taken
// at the block's place, and stores come last.
// CHECK-LABEL: tile.func @bias_gelu_add(
// CHECK-SAME: %[[X:.*]]: memref<2x8x48xf32>, %[[W:.*]]: memref<40x48xf32>, %[[B:.*]]: memref<40xf32>, %[[R:.*]]: memref<2x8x40xf32>, %[[PRE:.*]]: memref<2x8x40xf32>, %[[Y:.*]]: memref<2x8x40xf32>)
// CHECK-DAG: %[[C0:.*]] = arith.constant 0 : index
// CHECK-DAG: %[[C16:.*]] = arith.constant 16 : index
// CHECK-DAG: %[[C48:.*]] = arith.constant 48 : index
// CHECK-DAG: %[[C20:.*]] = arith.constant 20 : index
// CHECK-DAG: %[[C8:.*]] = arith.constant 8 : index
// CHECK-DAG: %[[ZERO:.*]] = arith.constant dense<0.000000e+00> : tensor<8x16xf32>
// CHECK-DAG: %[[N:.*]] = tile.program_id 0
// CHECK-DAG: %[[M:.*]] = tile.program_id 1
// CHECK-DAG: %[[COL:.*]] = arith.muli %[[N]], %[[C16]]
// CHECK-DAG: %[[ROW:.*]] = arith.muli %[[M]], %[[C8]]
// CHECK-DAG: %[[XV:.*]] = memref.reinterpret_cast %[[X]] to offset: [0], sizes: [16, 48], strides: [48, 1]
// CHECK-DAG: %[[WV:.*]] = memref.reinterpret_cast %[[W]] to offset: [0], sizes: [40, 48], strides: [48, 1]
// CHECK: %[[SUM:.*]] = scf.for %[[K:.*]] = %[[C0]] to %[[C48]] step %[[C20]] iter_args(%[[ACC:.*]] = %[[ZERO]]) -> (tensor<8x16xf32>)
// CHECK-NEXT: %[[A:.*]] = tile.load %[[XV]][%[[ROW]], %[[K]]] : {{.*}} -> tensor<8x20xf32>
// CHECK-NEXT: %[[BT:.*]] = tile.load %[[WV]][%[[COL]], %[[K]]] : {{.*}} -> tensor<16x20xf32>
// CHECK-NEXT: %[[DOT:.*]] = tile.dot %[[A]], %[[BT]], %[[ACC]] {transpose_b}
// CHECK-NEXT: scf.yield %[[DOT]]
// CHECK: %[[BV:.*]] = memref.reinterpret_cast %[[B]] to offset: [0], sizes: [40]
// CHECK: %[[BIAS:.*]] = tile.load %[[BV]][%[[COL]]]
// CHECK: %[[BIASES:.*]] = tile.broadcast %[[BIAS]] axis 0
// CHECK: %[[LIN:.*]] = arith.addf %[[SUM]], %[[BIASES]]
// CHECK: math.tanh
// CHECK: %[[RV:.*]] = memref.reinterpret_cast %[[R]]
// CHECK: %[[RT:.*]] = tile.load %[[RV]][%[[ROW]], %[[COL]]] : {{.*}} -> tensor<8x16xf32>
// CHECK: %[[OUT:.*]] = arith.addf %{{.*}}, %[[RT]]
// CHECK: %[[PV:.*]] = memref.reinterpret_cast %[[PRE]]
// CHECK: tile.store %[[LIN]], %[[PV]][%[[ROW]], %[[COL]]]
// CHECK: %[[YV:.*]] = memref.reinterpret_cast %[[Y]]
// CHECK: tile.store %[[OUT]], %[[YV]][%[[ROW]], %[[COL]]]
// CHECK-NOT: model.
// CHECK: tile.return
tile.func @bias_gelu_add(%x: tensor<2x8x48xf32>, %w: tensor<40x48xf32>, %b: tensor<40xf32>, %r: tensor<2x8x40xf32>)
    -> (tensor<2x8x40xf32>, tensor<2x8x40xf32>)
    attributes {kind = "gemm", grid = array<i64: 3, 2, 1>, inplace = array<i64: 1, 3>,
                schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 20 : i64}} {
  %0 = model.linear %x, %w, %b : (tensor<2x8x48xf32>, tensor<40x48xf32>, tensor<40xf32>) -> tensor<2x8x40xf32>
  %1 = model.gelu %0 : tensor<2x8x40xf32>
  %2 = model.add %1, %r : tensor<2x8x40xf32>
  tile.return %0, %2 : tensor<2x8x40xf32>, tensor<2x8x40xf32>
}

// The weight [in, out] is not transposed.
// CHECK-LABEL: tile.func @transposed_weight
// CHECK: scf.for %[[K:[a-z0-9]+]] =
// CHECK: tile.load %{{.*}}[%{{.*}}, %[[K]]] : {{.*}} -> tensor<8x16xf32>
// CHECK: tile.load %{{.*}}[%[[K]], %{{.*}}] : {{.*}} -> tensor<16x4xf32>
// CHECK: tile.dot %{{.*}}, %{{.*}}, %{{[^ ]*}} : tensor<8x16xf32>, tensor<16x4xf32>
tile.func @transposed_weight(%x: tensor<1x8x48xf32>, %w: tensor<48x40xf32>) -> tensor<1x8x40xf32>
    attributes {kind = "gemm", grid = array<i64: 10, 1, 1>,
                schedule = {block_m = 8 : i64, block_n = 4 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w {transposed} : (tensor<1x8x48xf32>, tensor<48x40xf32>) -> tensor<1x8x40xf32>
  tile.return %0 : tensor<1x8x40xf32>
}

// dw [out, in] = dy^T x, added to the gradient where it lies. A grid of the
// same number of blocks but of another shape numbers them.
// CHECK-LABEL: tile.func @weight_grad(
// CHECK-SAME: %[[X:.*]]: memref<2x8x48xf32>, %[[DY:.*]]: memref<2x8x40xf32>, %[[G:.*]]: memref<40x48xf32>)
// CHECK: %[[ID:.*]] = tile.program_id 0
// CHECK: arith.remui %[[ID]]
// CHECK: arith.divui %[[ID]]
// CHECK-DAG: %[[XV:.*]] = memref.reinterpret_cast %[[X]]
// CHECK-DAG: %[[DYV:.*]] = memref.reinterpret_cast %[[DY]]
// CHECK: %[[SUM:.*]] = scf.for %[[R:[a-z0-9]+]] =
// CHECK-NEXT: %[[A:.*]] = tile.load %[[DYV]][%[[R]], %[[ROW:.*]]] : {{.*}} -> tensor<16x20xf32>
// CHECK-NEXT: %[[B:.*]] = tile.load %[[XV]][%[[R]], %[[COL:.*]]] : {{.*}} -> tensor<16x24xf32>
// CHECK-NEXT: tile.dot %[[A]], %[[B]], %{{.*}} {transpose_a}
// CHECK: %[[GV:.*]] = memref.reinterpret_cast %[[G]]
// CHECK: %[[OLD:.*]] = tile.load %[[GV]][%[[ROW]], %[[COL]]]
// CHECK: %[[NEW:.*]] = arith.addf %[[OLD]], %[[SUM]]
// CHECK: tile.store %[[NEW]], %[[GV]][%[[ROW]], %[[COL]]]
tile.func @weight_grad(%x: tensor<2x8x48xf32>, %dy: tensor<2x8x40xf32>, %g: tensor<40x48xf32>)
    attributes {kind = "gemm", grid = array<i64: 4, 1, 1>,
                schedule = {block_m = 20 : i64, block_n = 24 : i64, block_k = 16 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x8x48xf32>, tensor<2x8x40xf32>) -> tensor<40x48xf32>
  train.accumulate %0 into %g : tensor<40x48xf32>, tensor<40x48xf32>
  tile.return
}

// Rotary tables in an epilogue: row r uses position r mod 8, which a block of
// 12 rows takes one by one; a head is 4 of the 16 columns.
// CHECK-LABEL: tile.func @rotate
// CHECK: tile.swap_halves %{{.*}} {group = 4 : i64} : tensor<12x16xf32>
// CHECK: %[[I:.*]] = tile.iota %{{.*}} axis 0 : tensor<12xi32>
// CHECK: %[[P:.*]] = arith.remsi %[[I]], %{{.*}} : tensor<12xi32>
// CHECK: %[[COS:.*]] = tile.gather %{{.*}}[%[[P]], %{{.*}}] : {{.*}} -> tensor<12x4xf32>
// CHECK: tile.repeat_columns %[[COS]] : tensor<12x4xf32> -> tensor<12x16xf32>
tile.func @rotate(%x: tensor<3x8x32xf32>, %w: tensor<16x32xf32>, %c: tensor<8x4xf32>, %s: tensor<8x4xf32>) -> tensor<3x8x16xf32>
    attributes {kind = "gemm", grid = array<i64: 1, 2, 1>,
                schedule = {block_m = 12 : i64, block_n = 16 : i64, block_k = 32 : i64}} {
  %0 = model.linear %x, %w : (tensor<3x8x32xf32>, tensor<16x32xf32>) -> tensor<3x8x16xf32>
  %1 = model.rotate %0, %c, %s {head_size = 4 : i64} : (tensor<3x8x16xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<3x8x16xf32>
  tile.return %1 : tensor<3x8x16xf32>
}

// Blocks are numbered column by column in groups of 2 row blocks; the third
// group has one.
// CHECK-LABEL: tile.func @raster
// CHECK-DAG: %[[N:.*]] = tile.program_id 0
// CHECK-DAG: %[[M:.*]] = tile.program_id 1
// CHECK-DAG: %[[BEFORE:.*]] = arith.muli %[[M]], %c3
// CHECK-DAG: %[[NUMBER:.*]] = arith.addi %[[N]], %[[BEFORE]]
// CHECK: %[[GROUP:.*]] = arith.divui %[[NUMBER]], %c6
// CHECK: %[[FIRST:.*]] = arith.muli %[[GROUP]], %c2
// CHECK: %[[WITHIN:.*]] = arith.remui %[[NUMBER]], %c6
// CHECK: %[[LEFT:.*]] = arith.subi %c5{{[^,]*}}, %[[FIRST]]
// CHECK: %[[ROWS:.*]] = arith.minui %c2{{[^,]*}}, %[[LEFT]]
// CHECK-DAG: %[[COLUMN:.*]] = arith.divui %[[WITHIN]], %[[ROWS]]
// CHECK-DAG: %[[REST:.*]] = arith.remui %[[WITHIN]], %[[ROWS]]
// CHECK-DAG: %[[ROW:.*]] = arith.addi %[[FIRST]], %[[REST]]
// CHECK-DAG: arith.muli %[[COLUMN]], %c16
// CHECK-DAG: arith.muli %[[ROW]], %c8
tile.func @raster(%x: tensor<2x20x16xf32>, %w: tensor<48x16xf32>) -> tensor<2x20x48xf32>
    attributes {kind = "gemm", grid = array<i64: 3, 5, 1>, schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64, raster = 2 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x20x16xf32>, tensor<48x16xf32>) -> tensor<2x20x48xf32>
  tile.return %0 : tensor<2x20x48xf32>
}

// Two products of one input: its tile is loaded once, and each accumulator
// goes from the loop into its dot and back, nowhere else. Each has its own
// bias and its own transposition.
// CHECK-LABEL: tile.func @pair(
// CHECK-SAME: %[[X:.*]]: memref<1x8x48xf32>, %[[A:.*]]: memref<40x48xf32>, %[[B:.*]]: memref<48x40xf32>, %[[C:.*]]: memref<40xf32>, %[[Y:.*]]: memref<1x8x40xf32>)
// CHECK-DAG: %[[XV:.*]] = memref.reinterpret_cast %[[X]]
// CHECK-DAG: %[[AV:.*]] = memref.reinterpret_cast %[[A]]
// CHECK-DAG: %[[BV:.*]] = memref.reinterpret_cast %[[B]]
// CHECK: %[[SUMS:.*]]:2 = scf.for %[[K:[a-z0-9]+]] = {{.*}} iter_args(%[[ACC0:.*]] = %[[ZERO:.*]], %[[ACC1:.*]] = %[[ZERO]]) -> (tensor<8x16xf32>, tensor<8x16xf32>)
// CHECK-NEXT: %[[XT:.*]] = tile.load %[[XV]][%{{.*}}, %[[K]]] : {{.*}} -> tensor<8x16xf32>
// CHECK-NEXT: %[[AT:.*]] = tile.load %[[AV]][%[[COL:.*]], %[[K]]] : {{.*}} -> tensor<16x16xf32>
// CHECK-NEXT: %[[BT:.*]] = tile.load %[[BV]][%[[K]], %[[COL]]] : {{.*}} -> tensor<16x16xf32>
// CHECK-NEXT: %[[DOT0:.*]] = tile.dot %[[XT]], %[[AT]], %[[ACC0]] {transpose_b}
// CHECK-NEXT: %[[DOT1:.*]] = tile.dot %[[XT]], %[[BT]], %[[ACC1]] :
// CHECK-NEXT: scf.yield %[[DOT0]], %[[DOT1]]
// CHECK: %[[BIASES:.*]] = tile.broadcast
// CHECK: %[[LIN:.*]] = arith.addf %[[SUMS]]#1, %[[BIASES]]
// CHECK: %[[OUT:.*]] = arith.mulf %[[SUMS]]#0, %[[LIN]]
// CHECK: tile.store %[[OUT]]
// CHECK-NOT: tile.store
// CHECK: tile.return
tile.func @pair(%x: tensor<1x8x48xf32>, %a: tensor<40x48xf32>, %b: tensor<48x40xf32>, %c: tensor<40xf32>) -> tensor<1x8x40xf32>
    attributes {kind = "gemm", grid = array<i64: 3, 1, 1>, schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %a : (tensor<1x8x48xf32>, tensor<40x48xf32>) -> tensor<1x8x40xf32>
  %1 = model.linear %x, %b, %c {transposed} : (tensor<1x8x48xf32>, tensor<48x40xf32>, tensor<40xf32>) -> tensor<1x8x40xf32>
  %2 = model.mul %0, %1 : tensor<1x8x40xf32>
  tile.return %2 : tensor<1x8x40xf32>
}
