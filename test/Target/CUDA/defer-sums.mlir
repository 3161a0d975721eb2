// Sums that a loop carries: each thread's own in the loop, one exchange behind.
// RUN: llmc-opt %s --split-input-file --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-cuda-defer-sums | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-cuda-plan-pipeline --llmc-cuda-assign-layouts --llmc-cuda-defer-sums --llmc-convert-tile-to-cuda | FileCheck %s --check-prefix=THREAD

// A scaled sum of rows, over two loops of which the second continues the first:
// four lanes share a row of mma's accumulator. The maximum stays.
// CHECK-DAG: #[[MMA:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [8, 0], [0, 8]], lanes = {{\[\[}}0, 2], [0, 4], [1, 0], [2, 0], [4, 0]], warps = [], repeat = [1, 1]>
// CHECK-DAG: #[[PARTS:.*]] = #cuda.layout<registers = {{\[\[}}8, 0]], lanes = {{\[\[}}0, 1], [0, 2], [1, 0], [2, 0], [4, 0]], warps = [], repeat = [1, 1]>
// CHECK-DAG: #[[ROWS:.*]] = #cuda.layout<registers = {{\[\[}}8]], lanes = {{\[\[}}0], [0], [1], [2], [4]], warps = [], repeat = [1]>
// CHECK-LABEL: tile.func @chain
// CHECK: %[[ZEROS:.*]] = arith.constant dense<0.000000e+00> : tensor<16x4xf32, #[[PARTS]]>
// CHECK: %[[FIRST:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %[[SUM:.*]] = %[[ZEROS]]) -> (tensor<16xf32, #[[ROWS]]>, tensor<16x4xf32, #[[PARTS]]>)
// CHECK: tile.reduce max
// CHECK: %[[PART:.*]] = cuda.partial_sum %{{.*}} axis 1 {tile.name = "row_sum"} : tensor<16x16xf32, #[[MMA]]> -> tensor<16x4xf32, #[[PARTS]]>
// CHECK: %[[SCALE:.*]] = tile.broadcast %{{.*}} axis 1 : tensor<16xf32, #[[ROWS]]> -> tensor<16x4xf32, #[[PARTS]]>
// CHECK: %[[SCALED:.*]] = arith.mulf %[[SUM]], %[[SCALE]] : tensor<16x4xf32, #[[PARTS]]>
// CHECK: arith.addf %[[SCALED]], %[[PART]]
// CHECK-NOT: tile.reduce add
// CHECK: %[[SECOND:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %[[FIRST]]#0, %{{.*}} = %[[FIRST]]#1)
// CHECK: tile.reduce max
// CHECK: cuda.partial_sum
// CHECK: cuda.continues
// CHECK: tile.reduce add %[[SECOND]]#1 axis 1 : tensor<16x4xf32, #[[PARTS]]> -> tensor<16xf32, #[[ROWS]]>
// THREAD-LABEL: cuda.kernel @chain
// THREAD-COUNT-2: scf.for
// THREAD: the sum of each row's elements that this thread holds
// THREAD: the sum of each row"
// THREAD: cuda.shuffle_xor {{.*}} 1
// THREAD: cuda.shuffle_xor {{.*}} 2
// THREAD-NOT: cuda.shuffle_xor
tile.func @chain(%x: memref<16x16xbf16>, %w: memref<64x16xbf16>, %y: memref<16xf32>)
    attributes {schedule = {stages = 2, threads = 32}} {
  %c0 = arith.constant 0 : index
  %c16 = arith.constant 16 : index
  %c32 = arith.constant 32 : index
  %c64 = arith.constant 64 : index
  %zeros = arith.constant dense<0.0> : tensor<16xf32>
  %least = arith.constant dense<-1.0> : tensor<16xf32>
  %none = arith.constant dense<0.0> : tensor<16x16xf32>
  %tx = tile.load %x[%c0, %c0] : memref<16x16xbf16> -> tensor<16x16xbf16>
  %a:2 = scf.for %k = %c0 to %c32 step %c16 iter_args(%m = %least, %s = %zeros) -> (tensor<16xf32>, tensor<16xf32>) {
    %tw = tile.load %w[%k, %c0] : memref<64x16xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %tx, %tw, %none {transpose_b} : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    %max = tile.reduce max %d axis 1 : tensor<16x16xf32> -> tensor<16xf32>
    %r = tile.reduce add %d axis 1 {tile.name = "row_sum"} : tensor<16x16xf32> -> tensor<16xf32>
    %scaled = arith.mulf %s, %max : tensor<16xf32>
    %n = arith.addf %scaled, %r : tensor<16xf32>
    scf.yield %max, %n : tensor<16xf32>, tensor<16xf32>
  }
  %b:2 = scf.for %k = %c32 to %c64 step %c16 iter_args(%m = %a#0, %s = %a#1) -> (tensor<16xf32>, tensor<16xf32>) {
    %tw = tile.load %w[%k, %c0] : memref<64x16xbf16> -> tensor<16x16xbf16>
    %d = tile.dot %tx, %tw, %none {transpose_b} : tensor<16x16xbf16>, tensor<16x16xbf16>, tensor<16x16xf32>
    %max = tile.reduce max %d axis 1 : tensor<16x16xf32> -> tensor<16xf32>
    %r = tile.reduce add %d axis 1 {tile.name = "row_sum"} : tensor<16x16xf32> -> tensor<16xf32>
    %scaled = arith.mulf %s, %max : tensor<16xf32>
    %n = arith.addf %r, %scaled : tensor<16xf32>
    scf.yield %max, %n : tensor<16xf32>, tensor<16xf32>
  }
  %sum = arith.addf %b#0, %b#1 : tensor<16xf32>
  tile.store %sum, %y[%c0] : tensor<16xf32>, memref<16xf32>
  tile.return
}

// -----

// Sums of columns over rows: warps have a row each, so that a loop without the
// pass would exchange them through shared memory behind a barrier. What a
// thread adds is its own element.
// CHECK-DAG: #[[ROWS:.*]] = #cuda.layout<registers = {{\[\[}}0, 1], [0, 2]], lanes = {{\[\[}}0, 4], [0, 8], [0, 16], [0, 32], [0, 64]], warps = {{\[\[}}1, 0]], repeat = [1, 1]>
// CHECK-LABEL: tile.func @columns
// CHECK: %[[SUM:.*]] = scf.for {{.*}} -> (tensor<2x128xf32, #[[ROWS]]>)
// CHECK: %[[ROW:.*]] = tile.load
// CHECK-NOT: cuda.partial_sum
// CHECK: arith.addf %{{.*}}, %[[ROW]] : tensor<2x128xf32, #[[ROWS]]>
// CHECK: tile.reduce add %[[SUM]] axis 0
// THREAD-LABEL: cuda.kernel @columns
// THREAD: scf.for
// THREAD-NOT: store_shared
// THREAD: the sum of each column"
// THREAD: cuda.store_shared
tile.func @columns(%x: memref<64x128xf32>, %y: memref<128xf32>) attributes {schedule = {threads = 64}} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %zeros = arith.constant dense<0.0> : tensor<128xf32>
  %sum = scf.for %row = %c0 to %c64 step %c2 iter_args(%s = %zeros) -> (tensor<128xf32>) {
    %t = tile.load %x[%row, %c0] : memref<64x128xf32> -> tensor<2x128xf32>
    %r = tile.reduce add %t axis 0 : tensor<2x128xf32> -> tensor<128xf32>
    %n = arith.addf %s, %r : tensor<128xf32>
    scf.yield %n : tensor<128xf32>
  }
  tile.store %sum, %y[%c0] : tensor<128xf32>, memref<128xf32>
  tile.return
}

// -----

// Declined: each thread has its columns alone.
// CHECK-LABEL: tile.func @alone
// CHECK-NOT: cuda.partial_sum
// CHECK: scf.yield
tile.func @alone(%x: memref<64x128xf32>, %y: memref<128xf32>) attributes {schedule = {threads = 32}} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %zeros = arith.constant dense<0.0> : tensor<128xf32>
  %sum = scf.for %row = %c0 to %c64 step %c2 iter_args(%s = %zeros) -> (tensor<128xf32>) {
    %t = tile.load %x[%row, %c0] : memref<64x128xf32> -> tensor<2x128xf32>
    %r = tile.reduce add %t axis 0 : tensor<2x128xf32> -> tensor<128xf32>
    %n = arith.addf %s, %r : tensor<128xf32>
    scf.yield %n : tensor<128xf32>
  }
  tile.store %sum, %y[%c0] : tensor<128xf32>, memref<128xf32>
  tile.return
}

// -----

// Declined: the sum is wanted in each iteration (%a), begins with what is not
// zero (%b), has more added to it than a sum (%c), is a maximum (%d).
// CHECK-LABEL: tile.func @declined
// CHECK-NOT: cuda.partial_sum
// CHECK: scf.yield
tile.func @declined(%x: memref<64x128xf32>, %y: memref<64x2xf32>) attributes {schedule = {threads = 64}} {
  %c0 = arith.constant 0 : index
  %c2 = arith.constant 2 : index
  %c64 = arith.constant 64 : index
  %zeros = arith.constant dense<0.0> : tensor<2xf32>
  %ones = arith.constant dense<1.0> : tensor<2xf32>
  %all:4 = scf.for %row = %c0 to %c64 step %c2 iter_args(%a = %zeros, %b = %ones, %c = %zeros, %d = %zeros)
      -> (tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>) {
    %t = tile.load %x[%row, %c0] : memref<64x128xf32> -> tensor<2x128xf32>
    %ra = tile.reduce add %t axis 1 : tensor<2x128xf32> -> tensor<2xf32>
    %na = arith.addf %a, %ra : tensor<2xf32>
    %wide = tile.broadcast %na axis 1 : tensor<2xf32> -> tensor<2x128xf32>
    %u = arith.subf %t, %wide : tensor<2x128xf32>
    %rb = tile.reduce add %u axis 1 : tensor<2x128xf32> -> tensor<2xf32>
    %nb = arith.addf %b, %rb : tensor<2xf32>
    %rc = tile.reduce add %u axis 1 : tensor<2x128xf32> -> tensor<2xf32>
    %more = arith.addf %rc, %ra : tensor<2xf32>
    %nc = arith.addf %c, %more : tensor<2xf32>
    %rd = tile.reduce max %u axis 1 : tensor<2x128xf32> -> tensor<2xf32>
    %nd = arith.addf %d, %rd : tensor<2xf32>
    scf.yield %na, %nb, %nc, %nd : tensor<2xf32>, tensor<2xf32>, tensor<2xf32>, tensor<2xf32>
  }
  %ab = arith.addf %all#0, %all#1 : tensor<2xf32>
  %cd = arith.addf %all#2, %all#3 : tensor<2xf32>
  %sum = arith.addf %ab, %cd : tensor<2xf32>
  %tile = tile.broadcast %sum axis 1 : tensor<2xf32> -> tensor<2x2xf32>
  tile.store %tile, %y[%c0, %c0] : tensor<2x2xf32>, memref<64x2xf32>
  tile.return
}
