// Where a product's operands lie when they are multiplied. AVX2: panels of 4 rows
// of A and of 24 or 16 columns of B.
// RUN: llmc-opt %s --cse --llmc-convert-tile-to-cpu --canonicalize --split-input-file | FileCheck %s

// A's rows are read from the argument, one element at a time; no buffer for them.
// While a panel of 24 columns of B is multiplied with the 8 row panels of A, the
// next one is fetched: 4 of its 32 rows beside each. In the last step along K the
// places are fetched where the sums will be stored. B's rows are packed just before
// the first row panel of A is multiplied with them; the others read what is packed.
// CHECK-LABEL: func.func @in_place
// CHECK-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[BLOCK:.*]]: i64, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK: %[[A:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<64x96xf32>
// CHECK: %[[B:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<96x48xf32>
// CHECK: %[[Y:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<64x48xf32>
// CHECK: %[[PACKED:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<768xf32>
// CHECK: scf.for %[[K:.*]] = %{{.*}} to %[[END:c96.*]] step
// CHECK: %[[NEXT:.*]] = arith.addi %[[K]], %c32
// CHECK: %[[LAST:.*]] = arith.cmpi uge, %[[NEXT]], %[[END]]
// CHECK-NOT: vector.load %[[A]]
// CHECK-COUNT-12: memref.prefetch %[[B]]{{.*}} read
// CHECK-NOT: memref.prefetch
// CHECK: scf.if %[[LAST]]
// CHECK-COUNT-12: memref.prefetch %[[Y]]{{.*}} write
// CHECK-NOT: memref.prefetch
// CHECK: scf.for
// CHECK: %[[ROW:.*]] = vector.load %[[B]]
// CHECK: vector.store %[[ROW]], %[[PACKED]]
// CHECK: memref.load %[[A]]
// CHECK: scf.for %{{.*}} = %c1 to %c8 step
// CHECK: memref.prefetch
// CHECK-NOT: vector.load %[[B]]
// CHECK: vector.load %[[PACKED]]
tile.func @in_place(%a: memref<64x96xf32>, %b: memref<96x48xf32>, %y: memref<64x48xf32>) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c96 = arith.constant 96 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c32 : index
  %zero = arith.constant dense<0.0> : tensor<32x48xf32>
  %acc = scf.for %k = %c0 to %c96 step %c32 iter_args(%sum = %zero) -> tensor<32x48xf32> {
    %x = tile.load %a[%row, %k] : memref<64x96xf32> -> tensor<32x32xf32>
    %w = tile.load %b[%k, %c0] : memref<96x48xf32> -> tensor<32x48xf32>
    %d = tile.dot %x, %w, %sum : tensor<32x32xf32>, tensor<32x48xf32>, tensor<32x48xf32>
    scf.yield %d : tensor<32x48xf32>
  }
  tile.store %acc, %y[%row, %c0] : tensor<32x48xf32>, memref<64x48xf32>
  tile.return
}

// -----

// 30 rows are no whole panels, so they are copied to where what lies beyond them
// may be anything. Too few rows to fetch much beside them.
// CHECK-LABEL: func.func @copied
// CHECK: %[[A:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<30x32xf32>
// CHECK: vector.load %[[A]]
// CHECK-NOT: memref.load %[[A]]
tile.func @copied(%a: memref<30x32xf32>, %b: memref<32x48xf32>, %y: memref<30x48xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<30x48xf32>
  %x = tile.load %a[%c0, %c0] : memref<30x32xf32> -> tensor<30x32xf32>
  %w = tile.load %b[%c0, %c0] : memref<32x48xf32> -> tensor<32x48xf32>
  %d = tile.dot %x, %w, %zero : tensor<30x32xf32>, tensor<32x48xf32>, tensor<30x48xf32>
  tile.store %d, %y[%c0, %c0] : tensor<30x48xf32>, memref<30x48xf32>
  tile.return
}

// -----

// A block at the edge copies its rows of A, the others read them in place.
// CHECK-LABEL: func.func @either
// CHECK: %[[A:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<60x32xf32>
// CHECK: scf.if
// CHECK: memref.load %[[A]]
// CHECK: } else {
// CHECK: vector.load %[[A]]
// CHECK-NOT: memref.load %[[A]]
tile.func @either(%a: memref<60x32xf32>, %b: memref<32x48xf32>, %y: memref<60x48xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c16 : index
  %zero = arith.constant dense<0.0> : tensor<16x48xf32>
  %x = tile.load %a[%row, %c0] : memref<60x32xf32> -> tensor<16x32xf32>
  %w = tile.load %b[%c0, %c0] : memref<32x48xf32> -> tensor<32x48xf32>
  %d = tile.dot %x, %w, %zero : tensor<16x32xf32>, tensor<32x48xf32>, tensor<16x48xf32>
  tile.store %d, %y[%row, %c0] : tensor<16x48xf32>, memref<60x48xf32>
  tile.return
}

// -----

// What is added to the sums is fetched where it is stored, once; what is of
// another shape or stored at a place that is only known later is not.
// CHECK-LABEL: func.func @accumulated
// CHECK: %[[Y:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<64x48xf32>
// CHECK: %[[Z:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<64x48xf32>
// CHECK: %[[V:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<48xf32>
// CHECK: scf.if
// CHECK-COUNT-12: memref.prefetch %[[Y]]{{.*}} write
// CHECK-NOT: memref.prefetch
// CHECK: scf.for
tile.func @accumulated(%a: memref<64x96xf32>, %b: memref<96x48xf32>, %y: memref<64x48xf32>, %z: memref<64x48xf32>, %v: memref<48xf32>) {
  %c0 = arith.constant 0 : index
  %c32 = arith.constant 32 : index
  %c96 = arith.constant 96 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c32 : index
  %zero = arith.constant dense<0.0> : tensor<32x48xf32>
  %acc = scf.for %k = %c0 to %c96 step %c32 iter_args(%sum = %zero) -> tensor<32x48xf32> {
    %x = tile.load %a[%row, %k] : memref<64x96xf32> -> tensor<32x32xf32>
    %w = tile.load %b[%k, %c0] : memref<96x48xf32> -> tensor<32x48xf32>
    %d = tile.dot %x, %w, %sum : tensor<32x32xf32>, tensor<32x48xf32>, tensor<32x48xf32>
    scf.yield %d : tensor<32x48xf32>
  }
  %sofar = tile.load %y[%row, %c0] : memref<64x48xf32> -> tensor<32x48xf32>
  %added = arith.addf %sofar, %acc : tensor<32x48xf32>
  tile.store %added, %y[%row, %c0] : tensor<32x48xf32>, memref<64x48xf32>
  %later = arith.addi %i, %i : index
  tile.store %added, %z[%later, %c0] : tensor<32x48xf32>, memref<64x48xf32>
  %sums = tile.reduce add %added axis 0 : tensor<32x48xf32> -> tensor<48xf32>
  tile.store %sums, %v[%c0] : tensor<48xf32>, memref<48xf32>
  tile.return
}

// -----

// A transposed B is packed by squares, a whole panel first: they need the registers
// of the sums.
// CHECK-LABEL: func.func @transposed
// CHECK: %[[B:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<48x32xf32>
// CHECK: %[[PACKED:.*]] = builtin.unrealized_conversion_cast %{{.*}} to memref<768xf32>
// CHECK-COUNT-8: vector.load %[[B]]
// CHECK: vector.shuffle
// CHECK-COUNT-8: vector.store %{{.*}}, %[[PACKED]]
// CHECK: scf.for %{{.*}} = %c0 to %c8 step
tile.func @transposed(%a: memref<32x32xf32>, %b: memref<48x32xf32>, %y: memref<32x48xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : tensor<32x48xf32>
  %x = tile.load %a[%c0, %c0] : memref<32x32xf32> -> tensor<32x32xf32>
  %w = tile.load %b[%c0, %c0] : memref<48x32xf32> -> tensor<48x32xf32>
  %d = tile.dot %x, %w, %zero {transpose_b} : tensor<32x32xf32>, tensor<48x32xf32>, tensor<32x48xf32>
  tile.store %d, %y[%c0, %c0] : tensor<32x48xf32>, memref<32x48xf32>
  tile.return
}
