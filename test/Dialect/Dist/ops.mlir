// Every op of the dist dialect parses, prints and parses again.
// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK: dist.mesh ranks 4 zero 1
dist.mesh ranks 4 zero 1
// CHECK-NEXT: dist.unit "model.layers.0" at 0 elements 512
dist.unit "model.layers.0" at 0 elements 512
// CHECK-NEXT: dist.unit "norms and biases" at 512 elements 256
dist.unit "norms and biases" at 512 elements 256
// CHECK-NEXT: dist.bucket at 0 elements 512
dist.bucket at 0 elements 512
// CHECK-NEXT: dist.bucket at 512 elements 256
dist.bucket at 512 elements 256

// CHECK-LABEL: func.func @collectives
func.func @collectives() {
  // CHECK: %[[G:.*]] = train.flat gradient : tensor<768xf32>
  %g = train.flat gradient : tensor<768xf32>
  // CHECK: train.flat moment1 sharded : tensor<192xf32>
  %m = train.flat moment1 sharded : tensor<192xf32>
  // CHECK: %[[RANGE:.*]] = dist.range %[[G]][512] : tensor<768xf32> -> tensor<256xf32>
  %range = dist.range %g[512] : tensor<768xf32> -> tensor<256xf32>
  // CHECK: %[[SHARD:.*]] = dist.shard %[[RANGE]] : tensor<256xf32> -> tensor<64xf32>
  %shard = dist.shard %range : tensor<256xf32> -> tensor<64xf32>
  // CHECK: %[[P:.*]] = dist.all_reduce_start %[[RANGE]] : tensor<256xf32> -> !dist.pending<tensor<256xf32>>
  %p0 = dist.all_reduce_start %range : tensor<256xf32> -> !dist.pending<tensor<256xf32>>
  // CHECK: dist.wait %[[P]] : !dist.pending<tensor<256xf32>>
  %r0 = dist.wait %p0 : !dist.pending<tensor<256xf32>>
  // CHECK: dist.reduce_scatter_start %[[RANGE]] : tensor<256xf32> -> !dist.pending<tensor<64xf32>>
  %p1 = dist.reduce_scatter_start %range : tensor<256xf32> -> !dist.pending<tensor<64xf32>>
  %r1 = dist.wait %p1 : !dist.pending<tensor<64xf32>>
  // CHECK: dist.all_gather_start %[[SHARD]] : tensor<64xf32> -> !dist.pending<tensor<256xf32>>
  %p2 = dist.all_gather_start %shard : tensor<64xf32> -> !dist.pending<tensor<256xf32>>
  %r2 = dist.wait %p2 : !dist.pending<tensor<256xf32>>
  // CHECK: %[[WINDOW:.*]] = dist.window "model.layers.0" : tensor<256xf32>
  %window = dist.window "model.layers.0" : tensor<256xf32>
  // CHECK: dist.range %[[WINDOW]][64] : tensor<256xf32> -> tensor<4x8xf32>
  %part = dist.range %window[64] : tensor<256xf32> -> tensor<4x8xf32>
  // CHECK: dist.all_gather_start %[[SHARD]] into %[[WINDOW]] : tensor<64xf32>, tensor<256xf32> -> !dist.pending<tensor<256xf32>>
  %p3 = dist.all_gather_start %shard into %window : tensor<64xf32>, tensor<256xf32> -> !dist.pending<tensor<256xf32>>
  %r3 = dist.wait %p3 : !dist.pending<tensor<256xf32>>
  return
}

// CHECK-LABEL: func.func @transfers
func.func @transfers() {
  // CHECK: %[[M:.*]] = train.flat moment1 sharded host : tensor<192xf32>
  %m = train.flat moment1 sharded host : tensor<192xf32>
  %range = dist.range %m[64] : tensor<192xf32> -> tensor<64xf32>
  // CHECK: %[[S:.*]] = dist.staging 256 : tensor<64xf32>
  %s = dist.staging 256 : tensor<64xf32>
  // CHECK: %[[P:.*]] = dist.to_device_start %{{.*}} into %[[S]] : tensor<64xf32>
  %p0 = dist.to_device_start %range into %s : tensor<64xf32>
  // CHECK: %[[D:.*]] = dist.wait %[[P]] : !dist.pending<tensor<64xf32>>
  %d = dist.wait %p0 : !dist.pending<tensor<64xf32>>
  // CHECK: dist.to_host_start %[[D]] into %{{.*}} : tensor<64xf32>
  %p1 = dist.to_host_start %d into %range : tensor<64xf32>
  %h = dist.wait %p1 : !dist.pending<tensor<64xf32>>
  return
}

// CHECK-LABEL: func.func @activations
func.func @activations(%x: tensor<2x4x8xbf16>) {
  // CHECK: %[[S:.*]] = dist.saved 64 : tensor<2x4x8xbf16>
  %s = dist.saved 64 : tensor<2x4x8xbf16>
  // CHECK: dist.to_host_start %{{.*}} into %[[S]] : tensor<2x4x8xbf16>
  %p = dist.to_host_start %x into %s : tensor<2x4x8xbf16>
  // CHECK: dist.wait %{{.*}} : !dist.pending<tensor<2x4x8xbf16>>
  %h = dist.wait %p : !dist.pending<tensor<2x4x8xbf16>>
  // CHECK: %[[W:.*]] = dist.window "layer" : tensor<2x4x8xbf16>
  %w = dist.window "layer" : tensor<2x4x8xbf16>
  // CHECK: dist.to_device_start %[[S]] into %[[W]]
  %q = dist.to_device_start %s into %w : tensor<2x4x8xbf16>
  %d = dist.wait %q : !dist.pending<tensor<2x4x8xbf16>>
  return
}
