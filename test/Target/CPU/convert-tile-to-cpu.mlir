// What tile programs become: which ops share a loop nest, where tiles get
// memory, and when an access is masked.
// RUN: llmc-opt %s --cse --llmc-convert-tile-to-cpu --canonicalize --split-input-file | FileCheck %s

// Two stores of one shape share a nest, and what they share runs once.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: (%[[ARGS:.*]]: !llvm.ptr, %[[X:.*]]: i64, %{{.*}}: i64, %{{.*}}: i64, %{{.*}}: !llvm.ptr)
// CHECK-SAME: workspace_bytes = 0 : i64
// CHECK: scf.for
// CHECK: scf.for
// CHECK: vector.load
// CHECK-NEXT: %[[E:.*]] = math.exp
// CHECK-NEXT: %[[D:.*]] = arith.addf %[[E]], %[[E]] : vector<8xf32>
// CHECK: vector.store %[[E]]
// CHECK: vector.store %[[D]]
// CHECK-NOT: scf.for
// CHECK: return
tile.func @shared(%x: memref<64x32xf32>, %y: memref<64x32xf32>, %z: memref<64x32xf32>) {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %i = tile.program_id 0
  %row = arith.muli %i, %c8 : index
  %v = tile.load %x[%row, %c0] : memref<64x32xf32> -> tensor<8x32xf32>
  %e = math.exp %v : tensor<8x32xf32>
  %d = arith.addf %e, %e : tensor<8x32xf32>
  tile.store %e, %y[%row, %c0] : tensor<8x32xf32>, memref<64x32xf32>
  tile.store %d, %z[%row, %c0] : tensor<8x32xf32>, memref<64x32xf32>
  tile.return
}

// -----

// 24 does not divide 64, so the last block is masked and the others are not.
// CHECK-LABEL: func.func @ragged
// CHECK: scf.if
// CHECK: vector.load
// CHECK-NOT: vector.maskedload
// CHECK: } else {
// CHECK: vector.maskedload
// CHECK: vector.maskedstore
tile.func @ragged(%x: memref<64xf32>, %y: memref<64xf32>) {
  %c24 = arith.constant 24 : index
  %i = tile.program_id 0
  %first = arith.muli %i, %c24 : index
  %v = tile.load %x[%first] : memref<64xf32> -> tensor<24xf32>
  tile.store %v, %y[%first] : tensor<24xf32>, memref<64xf32>
  tile.return
}

// -----

// The row's value is read before the column loop.
// CHECK-LABEL: func.func @hoisted
// CHECK: scf.for %[[ROW:.*]] =
// CHECK-NEXT: %[[S:.*]] = memref.load %{{.*}}[%[[ROW]]]
// CHECK-NEXT: math.rsqrt %[[S]] : f32
// CHECK: scf.for
// CHECK-NOT: math.rsqrt
tile.func @hoisted(%s: memref<8xf32>, %y: memref<8x32xf32>) {
  %c0 = arith.constant 0 : index
  %v = tile.load %s[%c0] : memref<8xf32> -> tensor<8xf32>
  %r = math.rsqrt %v : tensor<8xf32>
  %b = tile.broadcast %r axis 1 : tensor<8xf32> -> tensor<8x32xf32>
  tile.store %b, %y[%c0, %c0] : tensor<8x32xf32>, memref<8x32xf32>
  tile.return
}

// -----

// The accumulator stays in one buffer: zeroed once, no copy in the loop.
// CHECK-LABEL: func.func @product
// CHECK: scf.for
// CHECK: vector.fma
// CHECK: vector.fma
// CHECK: vector.store
// CHECK: return
tile.func @product(%x: memref<12x64xf32>, %w: memref<64x16xf32>, %y: memref<12x16xf32>) {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant dense<0.0> : tensor<12x16xf32>
  %r = scf.for %k = %c0 to %c64 step %c16 iter_args(%acc = %zero) -> tensor<12x16xf32> {
    %a = tile.load %x[%c0, %k] : memref<12x64xf32> -> tensor<12x16xf32>
    %b = tile.load %w[%k, %c0] : memref<64x16xf32> -> tensor<16x16xf32>
    %d = tile.dot %a, %b, %acc : tensor<12x16xf32>, tensor<16x16xf32>, tensor<12x16xf32>
    scf.yield %d : tensor<12x16xf32>
  }
  tile.store %r, %y[%c0, %c0] : tensor<12x16xf32>, memref<12x16xf32>
  tile.return
}

// -----

// The one element of a reduction is read behind the loop that makes it, and
// bounds a loop of the program.
// CHECK-LABEL: func.func @item
// CHECK: memref.store %{{.*}}, %[[BUFFER:.*]][%{{.*}}] : memref<{{.*}}xi32>
// CHECK: %[[COUNT:.*]] = memref.load %[[BUFFER]][%{{.*}}] : memref<{{.*}}xi32>
// CHECK: %[[END:.*]] = arith.index_cast %[[COUNT]] : i32 to index
// CHECK: scf.for %{{.*}} = %{{.*}} to %[[END]] step
tile.func @item(%x: memref<32xi32>, %y: memref<32xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %one = arith.constant dense<1.0> : tensor<1xf32>
  %t = tile.load %x[%c0] : memref<32xi32> -> tensor<32xi32>
  %s = tile.reduce add %t axis 0 : tensor<32xi32> -> tensor<1xi32>
  %n = tile.item %s : tensor<1xi32> -> i32
  %end = arith.index_cast %n : i32 to index
  scf.for %i = %c0 to %end step %c1 {
    tile.store %one, %y[%i] : tensor<1xf32>, memref<32xf32>
  }
  tile.return
}
