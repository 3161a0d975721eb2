// Storage of the host has an arena of the host, what passes through the device
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
