// Rows worked on in parts: passes over the columns, masks, what is declined.
// RUN: llmc-opt %s -split-input-file -verify-diagnostics -llmc-tile-columns | FileCheck %s
// RUN: llmc-opt %s -split-input-file -verify-diagnostics -llmc-tile-columns | llmc-opt -split-input-file -llmc-tile-columns | FileCheck %s

// The greatest element, then the sum of differences, then the result. What
// lies beyond column 40 counts for neither reduction.
// CHECK-LABEL: tile.func @centered
// CHECK-DAG: %[[ROWS:.*]] = tile.load %{{.*}} -> tensor<2xi32>
// CHECK-DAG: %[[LEAST:.*]] = arith.constant dense<0xFF800000> : tensor<2x16xf32>
// CHECK: %[[M:.*]] = scf.for %[[C:[a-z0-9]+]] = %c0{{.*}} to %c40{{.*}} step %c16{{.*}} iter_args(%[[OLD:.*]] = %[[LEAST]])
// CHECK: %[[X:.*]] = tile.load %[[V:.*]][%{{.*}}, %[[C]]] : {{.*}} -> tensor<2x16xf32>
// CHECK: %[[N:.*]] = tile.iota %[[C]] axis 1 : tensor<2x16xi32>
// CHECK: %[[IN:.*]] = arith.cmpi slt, %[[N]], %{{.*}}
// CHECK: %[[VALID:.*]] = arith.select %[[IN]], %[[X]], %[[LEAST]]
// CHECK: arith.maximumf %[[OLD]], %[[VALID]]
// CHECK: %[[MAX:.*]] = tile.reduce max %[[M]] axis 1 : tensor<2x16xf32> -> tensor<2xf32>
// CHECK: %[[S:.*]] = scf.for
// CHECK: tile.load %[[V]]
// CHECK: tile.broadcast %[[MAX]] axis 1 : tensor<2xf32> -> tensor<2x16xf32>
// CHECK-NOT: tile.store
// CHECK: %[[SUM:.*]] = tile.reduce add %[[S]] axis 1
// CHECK: %[[HALF:.*]] = arith.mulf %[[SUM]]
// CHECK: scf.for %[[C:[a-z0-9]+]] =
// CHECK: tile.gather %{{.*}}[%[[ROWS]], %[[C]]] : {{.*}} -> tensor<2x16xf32>
// CHECK: tile.broadcast %[[HALF]] axis 1
// CHECK: tile.store %{{.*}}[%{{.*}}, %[[C]]] : tensor<2x16xf32>
// CHECK: }
// CHECK: tile.store %[[HALF]]
tile.func @centered(%x: memref<8x40xf32>, %i: memref<8xi32>, %t: memref<9x40xf32>, %y: memref<8x40xf32>, %s: memref<8xf32>) attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_rows = 2 : i64, block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %id = tile.program_id 0
  %row = arith.muli %id, %c2 : index
  %half = arith.constant dense<5.000000e-01> : tensor<2xf32>
  %a = tile.load %x[%row, %c0] : memref<8x40xf32> -> tensor<2x40xf32>
  %max = tile.reduce max %a axis 1 : tensor<2x40xf32> -> tensor<2xf32>
  %maxs = tile.broadcast %max axis 1 : tensor<2xf32> -> tensor<2x40xf32>
  %d = arith.subf %a, %maxs : tensor<2x40xf32>
  %sum = tile.reduce add %d axis 1 : tensor<2x40xf32> -> tensor<2xf32>
  %h = arith.mulf %sum, %half : tensor<2xf32>
  tile.store %h, %s[%row] : tensor<2xf32>, memref<8xf32>
  %hs = tile.broadcast %h axis 1 : tensor<2xf32> -> tensor<2x40xf32>
  %rows = tile.load %i[%row] : memref<8xi32> -> tensor<2xi32>
  %g = tile.gather %t[%rows, %c0] : memref<9x40xf32>, tensor<2xi32> -> tensor<2x40xf32>
  %r = arith.addf %g, %hs : tensor<2x40xf32>
  tile.store %r, %y[%row, %c0] : tensor<2x40xf32>, memref<8x40xf32>
  tile.return
}

// Parts that divide the row need no mask; a sum that is carried is kept in
// memory, where the first round finds nothing of use.
// CHECK-LABEL: tile.func @carried
// CHECK-NOT: tile.store
// CHECK: scf.for %[[R:[a-z0-9]+]] = %c0{{.*}} to %c8{{.*}} step %c2{{[^ ]*}} {
// CHECK: scf.for %[[C:[a-z0-9]+]] =
// CHECK-DAG: %[[OLD:.*]] = tile.load %[[S:arg1]][%[[C]]]
// CHECK-DAG: %[[FIRST:.*]] = arith.cmpi eq
// CHECK-DAG: %[[SUM:.*]] = arith.select %[[FIRST]], %{{.*}}, %[[OLD]]
// CHECK-DAG: %[[ADD:.*]] = tile.reduce add %{{.*}} axis 0 : tensor<2x16xf32> -> tensor<16xf32>
// CHECK: %[[NEW:.*]] = arith.addf %[[SUM]], %[[ADD]]
// CHECK: tile.store %[[NEW]], %[[S]][%[[C]]]
tile.func @carried(%x: memref<8x32xf32>, %s: memref<32xf32>) attributes {kind = "rows", grid = array<i64: 1, 1, 1>, schedule = {block_rows = 2 : i64, block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.000000e+00> : tensor<32xf32>
  %sum = scf.for %r = %c0 to %c8 step %c2 iter_args(%old = %zero) -> (tensor<32xf32>) {
    %a = tile.load %x[%r, %c0] : memref<8x32xf32> -> tensor<2x32xf32>
    %d = tile.reduce add %a axis 0 : tensor<2x32xf32> -> tensor<32xf32>
    %new = arith.addf %old, %d : tensor<32xf32>
    scf.yield %new : tensor<32xf32>
  }
  tile.store %sum, %s[%c0] : tensor<32xf32>, memref<32xf32>
  tile.return
}

// Narrow rows stay as they are.
// CHECK-LABEL: tile.func @narrow
// CHECK-NOT: scf.for
tile.func @narrow(%x: memref<8x16xf32>, %y: memref<8x16xf32>) attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_rows = 2 : i64, block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<8x16xf32> -> tensor<2x16xf32>
  tile.store %a, %y[%c0, %c0] : tensor<2x16xf32>, memref<8x16xf32>
  tile.return
}

// -----

tile.func @cut(%x: memref<8x48xf32>, %y: memref<8x48xf32>) attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  %a = tile.load %x[%c0, %c0] : memref<8x48xf32> -> tensor<2x48xf32>
  // expected-error @+1 {{works on groups of 24 columns, which parts of 16 columns would cut}}
  %b = tile.swap_halves %a {group = 24 : i64} : tensor<2x48xf32>
  tile.store %b, %y[%c0, %c0] : tensor<2x48xf32>, memref<8x48xf32>
  tile.return
}

// -----

tile.func @product(%x: memref<8x48xf32>, %y: memref<8x8xf32>) attributes {kind = "rows", grid = array<i64: 4, 1, 1>, schedule = {block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.000000e+00> : tensor<8x8xf32>
  %a = tile.load %x[%c0, %c0] : memref<8x48xf32> -> tensor<8x48xf32>
  // expected-error @+1 {{cannot be computed in parts of 16 columns}}
  %b = tile.dot %a, %a, %zero {transpose_b} : tensor<8x48xf32>, tensor<8x48xf32>, tensor<8x8xf32>
  tile.store %b, %y[%c0, %c0] : tensor<8x8xf32>, memref<8x8xf32>
  tile.return
}

// -----

tile.func @tall(%x: memref<32x48xf32>, %y: memref<32x48xf32>) attributes {kind = "rows", grid = array<i64: 1, 1, 1>, schedule = {block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  // expected-error @+1 {{has 32 rows, more than the 16 columns of a part}}
  %a = tile.load %x[%c0, %c0] : memref<32x48xf32> -> tensor<32x48xf32>
  tile.store %a, %y[%c0, %c0] : tensor<32x48xf32>, memref<32x48xf32>
  tile.return
}

// -----

tile.func @kept(%x: memref<8x32xf32>, %s: memref<32xf32>) attributes {kind = "rows", grid = array<i64: 1, 1, 1>, schedule = {block_columns = 16 : i64}} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant dense<0.000000e+00> : tensor<32xf32>
  // expected-error @+1 {{carries a tile of type 'tensor<32xf32>' that is not only stored}}
  %sum = scf.for %r = %c0 to %c8 step %c2 iter_args(%old = %zero) -> (tensor<32xf32>) {
    scf.yield %old : tensor<32xf32>
  }
  %twice = arith.addf %sum, %sum : tensor<32xf32>
  tile.store %twice, %s[%c0] : tensor<32xf32>, memref<32xf32>
  tile.return
}

// -----

// expected-error @+1 {{expected a positive `block_columns`, found 0}}
tile.func @zero() attributes {kind = "rows", grid = array<i64: 1, 1, 1>, schedule = {block_columns = 0 : i64}} {
  tile.return
}
