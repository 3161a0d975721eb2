// Storage of the host, and what is saved there, has an arena of the host, what passes through the device
// one of staging, and transfers become copies between them.
// RUN: split-file %s %t
// RUN: llmc-opt %t/plan.mlir --llmc-plan-memory --llmc-verify-memory-plan --llmc-verify-transfers | FileCheck %s
// RUN: not llmc-opt %t/mixed.mlir --llmc-plan-memory 2>&1 | FileCheck %s --check-prefix=MIXED
// RUN: not llmc-opt %t/ref.mlir --llmc-plan-memory 2>&1 | FileCheck %s --check-prefix=REF
// MIXED: 'train.flat' op is on the device, but other handles on this storage are on the host
// REF: 'train.ref' op refers to a storage that lies in the host's memory

//--- plan.mlir
// CHECK-DAG: plan.arena gradient @gradients bytes 512 align 64{{$}}
// CHECK-DAG: plan.arena moment1 @moment1 bytes 512 align 64 host
// CHECK-DAG: plan.arena moment2 @moment2 bytes 512 align 64{{$}}
// CHECK-DAG: plan.arena staging @staging bytes 512 align 64{{$}}
// CHECK-DAG: plan.arena saved @saved bytes 192 align 64 host
train.variable @w "w" : tensor<100xf32> at 0 init #model.ones
tile.func @halve(%x: tensor<64xf32>) attributes {kind = "flat"} {
  tile.return
}
// CHECK-LABEL: plan.func @prepare
func.func @prepare() {
  %m = train.flat moment1 host : tensor<128xf32>
  // CHECK: %[[HOST:.*]] = plan.view @moment1[256] : memref<64xf32>
  %range = dist.range %m[64] : tensor<128xf32> -> tensor<64xf32>
  // CHECK: %[[PLACE:.*]] = plan.view @staging[256] : memref<64xf32>
  %s = dist.staging 256 : tensor<64xf32>
  // CHECK: %[[IN:.*]] = plan.copy to_device %[[HOST]] into %[[PLACE]] : memref<64xf32>
  %in = dist.to_device_start %range into %s : tensor<64xf32>
  // CHECK-NEXT: plan.wait %[[IN]]
  %d = dist.wait %in : !dist.pending<tensor<64xf32>>
  // CHECK-NEXT: plan.launch @halve(%[[PLACE]])
  tile.launch @halve(%d) : (tensor<64xf32>) -> ()
  // CHECK-NEXT: %[[OUT:.*]] = plan.copy to_host %[[PLACE]] into %[[HOST]] : memref<64xf32>
  %out = dist.to_host_start %d into %range : tensor<64xf32>
  // CHECK-NEXT: plan.wait %[[OUT]]
  %h = dist.wait %out : !dist.pending<tensor<64xf32>>
  return
}

tile.func @make(%p: tensor<1x4xi32>, %q: tensor<1x1xi32>) -> tensor<2x4xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<2x4xf32>
  tile.return %z : tensor<2x4xf32>
}
tile.func @use(%x: tensor<2x4xf32>) -> tensor<1x1x8xf32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<1x1x8xf32>
  tile.return %z : tensor<1x1x8xf32>
}
// CHECK-LABEL: plan.func @generate
func.func @generate(%p: tensor<1x4xi32>, %q: tensor<1x1xi32>) -> tensor<1x1x8xf32> {
  // CHECK: %[[X:.*]] = plan.view @activations[0] : memref<2x4xf32>
  // CHECK-NEXT: plan.launch @make
  %x = tile.launch @make(%p, %q) : (tensor<1x4xi32>, tensor<1x1xi32>) -> tensor<2x4xf32>
  // CHECK-NEXT: %[[SAVED:.*]] = plan.view @saved[128] : memref<2x4xf32>
  %s = dist.saved 128 : tensor<2x4xf32>
  // CHECK-NEXT: %[[OUT:.*]] = plan.copy to_host %[[X]] into %[[SAVED]] : memref<2x4xf32>
  // CHECK-NEXT: plan.wait %[[OUT]]
  %out = dist.to_host_start %x into %s : tensor<2x4xf32>
  %h = dist.wait %out : !dist.pending<tensor<2x4xf32>>
  // CHECK-NEXT: %[[W:.*]] = plan.view @activations[0] : memref<2x4xf32>
  %w = dist.window "make" : tensor<2x4xf32>
  // CHECK-NEXT: %[[IN:.*]] = plan.copy to_device %[[SAVED]] into %[[W]]
  // CHECK-NEXT: plan.wait %[[IN]]
  %in = dist.to_device_start %s into %w : tensor<2x4xf32>
  %d = dist.wait %in : !dist.pending<tensor<2x4xf32>>
  // CHECK: plan.launch @use(%[[W]],
  %y = tile.launch @use(%w) : (tensor<2x4xf32>) -> tensor<1x1x8xf32>
  return %y : tensor<1x1x8xf32>
}

//--- mixed.mlir
train.variable @w "w" : tensor<100xf32> at 0 init #model.ones
func.func @prepare() {
  %m = train.flat moment1 host : tensor<128xf32>
  %other = train.flat moment1 : tensor<128xf32>
  return
}

//--- ref.mlir
train.variable @w "w" : tensor<100xf32> at 0 init #model.ones
func.func @prepare() {
  %m = train.flat value host : tensor<128xf32>
  %other = train.ref value @w : tensor<100xf32>
  return
}
