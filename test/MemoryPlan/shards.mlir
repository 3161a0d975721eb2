// Places of ranges and shards, sharded arenas, and collectives between them.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

// The storage ends where the last bucket does; moments have half of it.
// CHECK-DAG: plan.arena parameter @parameters bytes 1024 align 64{{$}}
// CHECK-DAG: plan.arena gradient @gradients bytes 1024 align 64{{$}}
// CHECK-DAG: plan.arena moment1 @moment1 bytes 512 align 64 sharded
// CHECK-DAG: plan.arena squares @squares bytes 128 align 64
// Room for one other rank's part of the larger bucket.
// CHECK-DAG: plan.arena communication @communication bytes 256 align 64
// CHECK: dist.mesh ranks 2 zero 1
dist.mesh ranks 2 zero 1
dist.bucket at 0 elements 128
dist.bucket at 128 elements 128
train.variable @w "w" : tensor<100xf32> at 0 init #model.ones
tile.func @zero(%x: tensor<64xf32>, %m: tensor<64xf32>) attributes {kind = "flat"} {
  tile.return
}
tile.func @sums(%x: tensor<64xf32>, %s: tensor<16xf32>) attributes {kind = "flat"} {
  tile.return
}
// CHECK-LABEL: plan.func @prepare
func.func @prepare() {
  // CHECK: %[[G:.*]] = plan.view @gradients[0] : memref<256xf32>
  %g = train.flat gradient : tensor<256xf32>
  // CHECK: %[[M:.*]] = plan.view @moment1[0] : memref<128xf32>
  %m = train.flat moment1 sharded : tensor<128xf32>
  // CHECK: %[[RANGE:.*]] = plan.view @gradients[512] : memref<128xf32>
  %range = dist.range %g[128] : tensor<256xf32> -> tensor<128xf32>
  // CHECK: %[[SHARD:.*]] = plan.view @gradients[512 + rank * 256] : memref<64xf32>
  %shard = dist.shard %range : tensor<128xf32> -> tensor<64xf32>
  // CHECK: %[[OWN:.*]] = plan.view @moment1[256] : memref<64xf32>
  %own = dist.range %m[64] : tensor<128xf32> -> tensor<64xf32>
  // CHECK: %[[SUMS:.*]] = plan.view @gradients[512 + rank * 256] : memref<64xf32>
  // CHECK: %[[SCRATCH:.*]] = plan.view @communication[0] : memref<64xf32>
  // CHECK: %[[P:.*]] = plan.start reduce_scatter %[[RANGE]] into %[[SUMS]] using %[[SCRATCH]]
  %p = dist.reduce_scatter_start %range : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  // CHECK-NEXT: plan.wait %[[P]]
  %sum = dist.wait %p : !dist.pending<tensor<64xf32>>
  // What the wait gives is the shard.
  // CHECK-NEXT: plan.launch @zero(%[[SUMS]], %[[OWN]])
  tile.launch @zero(%sum, %own) : (tensor<64xf32>, tensor<64xf32>) -> ()
  // A part of a shard.
  // CHECK: plan.view @squares[0 + rank * 64] : memref<16xf32>
  %q = train.squares 0 : tensor<32xf32>
  %mine = dist.shard %q : tensor<32xf32> -> tensor<16xf32>
  // CHECK: %[[PART:.*]] = plan.view @squares[0 + rank * 64] : memref<16xf32>
  %part = dist.range %mine[0] : tensor<16xf32> -> tensor<16xf32>
  // CHECK: plan.launch @sums(%[[SHARD]], %[[PART]])
  tile.launch @sums(%shard, %part) : (tensor<64xf32>, tensor<16xf32>) -> ()
  // CHECK: plan.start all_gather %{{.*}} into %{{.*}} : memref<16xf32>, memref<32xf32>
  %a = dist.all_gather_start %mine : tensor<16xf32> -> !dist.pending<tensor<32xf32>>
  %all = dist.wait %a : !dist.pending<tensor<32xf32>>
  return
}
