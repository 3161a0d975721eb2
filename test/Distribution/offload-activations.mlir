// Activations that wait while most bytes are alive go to the host and come back,
// beside the launches; the first ones needed, and those that cannot, stay.
// RUN: split-file %s %t
// RUN: llmc-opt %t/step.mlir --llmc-offload-activations | FileCheck %s
// RUN: llmc-opt %t/step.mlir --llmc-offload-activations --llmc-plan-memory --llmc-verify-memory-plan --llmc-verify-transfers | FileCheck %s --check-prefix=PLAN
// RUN: llmc-opt %t/step.mlir --llmc-offload-activations --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: remark: {{.*}}@micro_step: 2 activations, 768 bytes, wait on the host while launch 8 of 15 runs

// As many as the host has room for.
// RUN: llmc-opt %t/step.mlir --llmc-offload-activations=most-bytes=767 --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=MOST
// MOST: remark: {{.*}}@micro_step: 1 activations, 384 bytes, wait on the host
// RUN: not llmc-opt %t/step.mlir --llmc-offload-activations=most-bytes=-1 2>&1 | FileCheck %s --check-prefix=LEAST
// LEAST: error: expected at least 0 bytes on the host, found -1

// With times that kernels predict, a launch takes 1 us here: at 512 bytes a
// microsecond a copy takes about one, at 64 none has time, nor with a latency of
// 1 ms.
// RUN: sed 's/kind = "rows"/kind = "rows", predicted_us = 1.0/' %t/step.mlir > %t/timed.mlir
// RUN: llmc-opt %t/timed.mlir --llmc-offload-activations="rate=512e6 latency=0" --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefixes=FAST
// FAST: remark: {{.*}}@micro_step: 4 activations, 1536 bytes, wait on the host
// FAST: %[[OUT:.*]] = dist.to_host_start
// FAST-NEXT: tile.launch @same(
// FAST-NEXT: dist.saved
// FAST-NEXT: dist.to_host_start
// FAST-NEXT: dist.wait %[[OUT]]
// RUN: llmc-opt %t/timed.mlir --llmc-offload-activations="rate=64e6 latency=0" --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefixes=NONE
// RUN: llmc-opt %t/timed.mlir --llmc-offload-activations="rate=24.4e9 latency=1e-3" --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefixes=NONE
// What is on the bus leaves copies a part of it: a collective that takes as long
// as all launches, on a link as fast as copies, half of it. In two microseconds
// each only half as many leave; with NVLink, which has wires of its own, all.
// RUN: sed 's!// BUS !!' %t/timed.mlir > %t/busy.mlir
// RUN: llmc-opt %t/busy.mlir --llmc-offload-activations="link=0.5 rate=512e6 latency=0" --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=BUSY
// RUN: llmc-opt %t/busy.mlir --llmc-offload-activations="link=nvlink rate=512e6 latency=0" --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=FAST
// BUSY: remark: {{.*}}@micro_step: 2 activations, 768 bytes, wait on the host
// NONE: remark: {{.*}}@micro_step: 0 activations, 0 bytes, wait on the host
// NONE-NOT: dist.

// Rows with gaps, whole numbers, and parts of something else stay.
// RUN: llmc-opt %t/stay.mlir --llmc-offload-activations --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not llmc-opt %t/step.mlir --llmc-offload-activations="rate=-1" 2>&1 | FileCheck %s --check-prefix=RATE
// RUN: not llmc-opt %t/nothing.mlir --llmc-offload-activations 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not llmc-opt %t/step.mlir --llmc-offload-activations="link=token-ring" 2>&1 | FileCheck %s --check-prefix=LINK
// RATE: error: expected a rate and a latency of at least 0, found -1{{.*}} and
// LINK: error: expected one of pcie, p2p, nvlink, network, or GB/s, as a link, found 'token-ring'
// NOTHING: error: expected a function @micro_step

//--- step.mlir
// BUS dist.mesh ranks 2 zero 3
train.variable @w "w" : tensor<64xf32> at 0 init #model.ones
tile.func @make(%t: tensor<1x4xi32>) -> tensor<2x48xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<2x48xf32>
  tile.return %z : tensor<2x48xf32>
}
tile.func @same(%x: tensor<2x48xf32>) -> tensor<2x48xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<2x48xf32>
  tile.return %z : tensor<2x48xf32>
}
tile.func @grad(%x: tensor<2x48xf32>, %dy: tensor<2x48xf32>) -> tensor<2x48xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<2x48xf32>
  tile.return %z : tensor<2x48xf32>
}
tile.func @loss(%x: tensor<2x48xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
// CHECK-LABEL: func.func @micro_step
func.func @micro_step(%t: tensor<1x4xi32>, %u: tensor<1x4xi32>) -> tensor<f32> {
  // CHECK: %[[A:.*]] = tile.launch @make
  // CHECK-NEXT: %[[B:.*]] = tile.launch @same(%[[A]])
  // CHECK-NEXT: %[[HA:.*]] = dist.saved 0 : tensor<2x48xf32>
  // CHECK-NEXT: %[[OUTA:.*]] = dist.to_host_start %[[A]] into %[[HA]] : tensor<2x48xf32>
  // BUS %window = dist.window "unit" : tensor<16384xf32>
  // BUS %all = train.flat value sharded : tensor<8192xf32>
  // BUS %pending = dist.all_gather_start %all into %window : tensor<8192xf32>, tensor<16384xf32> -> !dist.pending<tensor<16384xf32>>
  %a = tile.launch @make(%t) : (tensor<1x4xi32>) -> tensor<2x48xf32>
  %b = tile.launch @same(%a) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK-NEXT: %[[C:.*]] = tile.launch @same(%[[B]])
  // CHECK-NEXT: %[[HB:.*]] = dist.saved 384 : tensor<2x48xf32>
  // CHECK-NEXT: %[[OUTB:.*]] = dist.to_host_start %[[B]] into %[[HB]]
  %c = tile.launch @same(%b) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK-NEXT: tile.launch @same(%[[C]])
  // CHECK-NEXT: tile.launch @same(
  // CHECK-NEXT: dist.wait %[[OUTA]]
  // CHECK-NEXT: tile.launch @same(
  // CHECK-NEXT: tile.launch @loss(
  %d = tile.launch @same(%c) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  %e = tile.launch @same(%d) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  %f = tile.launch @same(%e) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  %l = tile.launch @loss(%f) : (tensor<2x48xf32>) -> tensor<f32>
  // Most bytes are alive here.
  // CHECK-NEXT: dist.wait %[[OUTB]]
  // CHECK-NEXT: tile.launch @grad(
  // CHECK-NEXT: tile.launch @grad(
  %df = tile.launch @grad(%f, %f) : (tensor<2x48xf32>, tensor<2x48xf32>) -> tensor<2x48xf32>
  %de = tile.launch @grad(%e, %df) : (tensor<2x48xf32>, tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK-NEXT: %[[WB:.*]] = dist.window "same" : tensor<2x48xf32>
  // CHECK-NEXT: %[[INB:.*]] = dist.to_device_start %[[HB]] into %[[WB]]
  %dd = tile.launch @grad(%d, %de) : (tensor<2x48xf32>, tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK: tile.launch @grad(%[[C]],
  %dc = tile.launch @grad(%c, %dd) : (tensor<2x48xf32>, tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK: %[[WA:.*]] = dist.window "make" : tensor<2x48xf32>
  // CHECK-NEXT: %[[INA:.*]] = dist.to_device_start %[[HA]] into %[[WA]]
  // CHECK: tile.launch @same
  %x = tile.launch @same(%dc) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK: dist.wait %[[INB]]
  // CHECK-NEXT: tile.launch @grad(%[[WB]],
  %db = tile.launch @grad(%b, %x) : (tensor<2x48xf32>, tensor<2x48xf32>) -> tensor<2x48xf32>
  %y = tile.launch @same(%db) : (tensor<2x48xf32>) -> tensor<2x48xf32>
  // CHECK: dist.wait %[[INA]]
  // CHECK-NEXT: tile.launch @grad(%[[WA]],
  %da = tile.launch @grad(%a, %y) : (tensor<2x48xf32>, tensor<2x48xf32>) -> tensor<2x48xf32>
  // BUS %gathered = dist.wait %pending : !dist.pending<tensor<16384xf32>>
  return %l : tensor<f32>
}
// PLAN: plan.arena saved @saved bytes 768 align 64 host
// PLAN-LABEL: plan.func @micro_step
// PLAN: plan.copy to_host %{{.*}} into %{{.*}} : memref<2x48xf32>
// PLAN: plan.copy to_device %{{.*}} into %{{.*}} : memref<2x48xf32>

//--- stay.mlir
tile.func @make(%t: tensor<1x4xi32>) -> (tensor<2x12xf32> {tile.row_pitch = 16 : i64}, tensor<2x12xi32>, tensor<1x2x12xf32>) attributes {kind = "rows"} {
  %x = arith.constant dense<0.0> : tensor<2x12xf32>
  %y = arith.constant dense<0> : tensor<2x12xi32>
  %z = arith.constant dense<0.0> : tensor<1x2x12xf32>
  tile.return %x, %y, %z : tensor<2x12xf32>, tensor<2x12xi32>, tensor<1x2x12xf32>
}
tile.func @next(%x: tensor<1x4xf32>) -> tensor<1x4xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  tile.return %z : tensor<1x4xf32>
}
tile.func @first(%t: tensor<1x4xi32>) -> tensor<1x4xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<1x4xf32>
  tile.return %z : tensor<1x4xf32>
}
tile.func @big(%t: tensor<1x4xi32>) -> tensor<64xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<64xf32>
  tile.return %z : tensor<64xf32>
}
tile.func @use(%p: tensor<2x12xf32> {tile.row_pitch = 16 : i64}, %i: tensor<2x12xi32>, %s: tensor<1x1x12xf32>, %x: tensor<1x4xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
func.func @micro_step(%t: tensor<1x4xi32>, %u: tensor<1x4xi32>) -> tensor<f32> {
  %m:3 = tile.launch @make(%t) : (tensor<1x4xi32>) -> (tensor<2x12xf32>, tensor<2x12xi32>, tensor<1x2x12xf32>)
  %s = model.slice_tokens %m#2 {first = 1 : i64} : (tensor<1x2x12xf32>) -> tensor<1x1x12xf32>
  %a = tile.launch @first(%t) : (tensor<1x4xi32>) -> tensor<1x4xf32>
  %b = tile.launch @next(%a) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %c = tile.launch @next(%b) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %big = tile.launch @big(%t) : (tensor<1x4xi32>) -> tensor<64xf32>
  %d = tile.launch @next(%c) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %e = tile.launch @next(%d) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %f = tile.launch @next(%e) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %g = tile.launch @next(%f) : (tensor<1x4xf32>) -> tensor<1x4xf32>
  %l = tile.launch @use(%m#0, %m#1, %s, %g) : (tensor<2x12xf32>, tensor<2x12xi32>, tensor<1x1x12xf32>, tensor<1x4xf32>) -> tensor<f32>
  return %l : tensor<f32>
}

//--- nothing.mlir
func.func @evaluate() {
  return
}
