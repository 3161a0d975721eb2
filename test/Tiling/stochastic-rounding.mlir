// RUN: llmc-opt %s --llmc-tile-kernels | FileCheck %s

// AdamW on bf16 parameters: computed in f32; then 16 bits of a hash of step and
// index are added below what bf16 holds, and the rest is cut off. The store's
// own rounding is exact. What is not finite stays.

// CHECK-LABEL: tile.func @adamw(
// CHECK: %[[BEGIN:.*]] = arith.muli {{.*}}, %c64
// CHECK: %[[OLD:.*]] = tile.load {{.*}}[%[[BEGIN]]] {{.*}} -> tensor<64xbf16>
// CHECK: arith.extf %[[OLD]] : tensor<64xbf16> to tensor<64xf32>
// CHECK: %[[NEW:.*]] = arith.subf {{.*}} : tensor<64xf32>
// CHECK: %[[BITS:.*]] = arith.bitcast %[[NEW]] : tensor<64xf32> to tensor<64xi32>
// CHECK: %[[F:.*]] = memref.load %{{.*}}[%c9{{.*}}] {{.*}} : memref<10xf32>
// CHECK: arith.fptosi %[[F]] : f32 to i32
// CHECK: arith.shrui {{.*}} : i32
// CHECK: arith.muli {{.*}} : i32
// CHECK: arith.muli {{.*}} : i32
// CHECK: %[[KEY:.*]] = arith.xori {{.*}} : i32
// CHECK: %[[FIRST:.*]] = arith.index_cast %[[BEGIN]] : index to i32
// CHECK: tile.splat %[[FIRST]] : i32 -> tensor<64xi32>
// CHECK: %[[INDEX:.*]] = arith.addi {{.*}} : tensor<64xi32>
// CHECK: %[[KEYS:.*]] = tile.splat %[[KEY]] : i32 -> tensor<64xi32>
// CHECK: arith.xori %[[INDEX]], %[[KEYS]] : tensor<64xi32>
// CHECK: %[[LOW:.*]] = arith.andi {{.*}} : tensor<64xi32>
// CHECK: %[[SUM:.*]] = arith.addi %[[BITS]], %[[LOW]] : tensor<64xi32>
// CHECK: %[[CUT:.*]] = arith.andi %[[SUM]], {{.*}} : tensor<64xi32>
// CHECK: %[[ROUNDED:.*]] = arith.bitcast %[[CUT]] : tensor<64xi32> to tensor<64xf32>
// CHECK: %[[FINITE:.*]] = arith.cmpi ne, {{.*}} : tensor<64xi32>
// CHECK: %[[KEPT:.*]] = arith.select %[[FINITE]], %[[ROUNDED]], %[[NEW]]
// CHECK: %[[STORED:.*]] = arith.truncf %[[KEPT]] : tensor<64xf32> to tensor<64xbf16>
// CHECK: tile.store %[[STORED]], {{.*}}[%[[BEGIN]]]
// CHECK-COUNT-2: tile.store {{.*}} : tensor<64xf32>
// CHECK-NOT: tile.store
tile.func @adamw(%p: tensor<1000xbf16>, %g: tensor<1000xf32>, %m: tensor<1000xf32>, %v: tensor<1000xf32>, %n: tensor<f32>, %h: tensor<10xf32>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 100 : i64, stochastic}
      : tensor<1000xbf16>, tensor<1000xf32>, tensor<1000xf32>, tensor<1000xf32>, tensor<f32>, tensor<10xf32>
  tile.return
}

// A part of all parameters: the index counts from its place.
// CHECK-LABEL: tile.func @part(
// CHECK: %[[AT:.*]] = arith.muli {{.*}}, %c64
// CHECK: arith.bitcast {{.*}} : tensor<64xf32> to tensor<64xi32>
// CHECK: %[[BEGIN:.*]] = arith.index_cast %[[AT]] : index to i32
// CHECK: %[[PLACE:.*]] = memref.load %{{.*}}[%c0{{.*}}] {tile.name = "first_index"} : memref<16xi32>
// CHECK: %[[FROM:.*]] = arith.addi %[[BEGIN]], %[[PLACE]] : i32
// CHECK: tile.splat %[[FROM]] : i32 -> tensor<64xi32>
tile.func @part(%p: tensor<1000xbf16>, %g: tensor<1000xf32>, %m: tensor<1000xf32>, %v: tensor<1000xf32>, %n: tensor<f32>, %h: tensor<10xf32>, %at: tensor<16xi32>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.adamw %p, %g, %m, %v, %n, %h at %at {decay_elements = 100 : i64, stochastic}
      : tensor<1000xbf16>, tensor<1000xf32>, tensor<1000xf32>, tensor<1000xf32>, tensor<f32>, tensor<10xf32>, tensor<16xi32>
  tile.return
}

// Moments in bf16: the step takes them as computed, then each is rounded with
// bits of its own, parameters f32 as they are.
// CHECK-LABEL: tile.func @narrow_moments(
// CHECK: %[[M:.*]] = tile.load {{.*}} -> tensor<64xbf16>
// CHECK: arith.extf %[[M]] : tensor<64xbf16> to tensor<64xf32>
// CHECK: %[[MEAN:.*]] = arith.addf {{.*}} : tensor<64xf32>
// CHECK: tile.load {{.*}} -> tensor<64xbf16>
// CHECK: %[[SQUARE:.*]] = arith.addf {{.*}} : tensor<64xf32>
// CHECK: arith.divf %[[MEAN]],
// CHECK: arith.divf %[[SQUARE]],
// CHECK: arith.bitcast %[[MEAN]] : tensor<64xf32> to tensor<64xi32>
// CHECK: %[[S1:.*]] = arith.constant -1640531527 : i32
// CHECK: arith.bitcast %[[SQUARE]] : tensor<64xf32> to tensor<64xi32>
// CHECK: %[[S2:.*]] = arith.constant 1013904242 : i32
// CHECK: tile.store {{.*}} : tensor<64xf32>
// CHECK: tile.store {{.*}} : tensor<64xbf16>
// CHECK: tile.store {{.*}} : tensor<64xbf16>
tile.func @narrow_moments(%p: tensor<1000xf32>, %g: tensor<1000xf32>, %m: tensor<1000xbf16>, %v: tensor<1000xbf16>, %n: tensor<f32>, %h: tensor<10xf32>)
    attributes {kind = "flat", grid = array<i64: 16, 1, 1>, schedule = {block = 64 : i64}} {
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 100 : i64}
      : tensor<1000xf32>, tensor<1000xf32>, tensor<1000xbf16>, tensor<1000xbf16>, tensor<f32>, tensor<10xf32>
  tile.return
}
