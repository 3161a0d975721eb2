// A rank's shards of the gradients come to the device while the ranks sum, are
// added to there, and go back; all of a unit leave until the next one is added.
// In @first_micro_step they only go.
// RUN: split-file %s %t
// RUN: llmc-opt %t/step.mlir --llmc-offload-gradient-shards | FileCheck %s
// RUN: llmc-opt %t/step.mlir --llmc-offload-gradient-shards --llmc-plan-memory --llmc-verify-memory-plan --llmc-verify-collectives --llmc-verify-transfers | FileCheck %s --check-prefix=PLAN
// RUN: llmc-opt %t/step.mlir --llmc-offload-gradient-shards --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %t/step.mlir --llmc-plan-memory --llmc-verify-transfers 2>&1 | FileCheck %s --check-prefix=WITHOUT
// RUN: not llmc-opt %t/stage.mlir --llmc-offload-gradient-shards 2>&1 | FileCheck %s --check-prefix=STAGE
// RUN: not llmc-opt %t/no-sum.mlir --llmc-offload-gradient-shards 2>&1 | FileCheck %s --check-prefix=NO-SUM
// REMARK: remark: {{.*}}@micro_step: 3 shards of gradients, 768 bytes, come from the host and go back
// REMARK: remark: {{.*}}@first_micro_step: 3 shards of gradients, 768 bytes, go to the host
// WITHOUT: error: {{.*}}works on bytes 0 and on of 'gradients', which lies in the host's memory
// STAGE: error: expected a dist.mesh of stage 2 or 3 and a function @micro_step
// NO-SUM: error: {{.*}}expected the sum of a dist.reduce_scatter_start beside a shard of the gradients, found none

//--- step.mlir
dist.mesh ranks 2 zero 2
dist.unit "a" at 0 elements 256
dist.unit "b" at 256 elements 128
dist.bucket at 0 elements 128
dist.bucket at 128 elements 128
dist.bucket at 256 elements 128
train.variable @v "v" : tensor<256xf32> at 0 decay init #model.ones
train.variable @b "b" : tensor<128xf32> at 256 init #model.zeros
tile.func @zero(%g: tensor<256xf32>) attributes {kind = "flat"} {
  train.zero %g : tensor<256xf32>
  tile.return
}
tile.func @zero_b(%g: tensor<128xf32>) attributes {kind = "flat"} {
  train.zero %g : tensor<128xf32>
  tile.return
}
tile.func @add(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add %x into %g : tensor<64xf32>
  tile.return
}
tile.func @add_first(%x: tensor<64xf32>, %g: tensor<64xf32>) attributes {kind = "flat"} {
  train.add first %x into %g : tensor<64xf32>
  tile.return
}
tile.func @loss(%x: tensor<1x4xi32>) -> tensor<f32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
// CHECK-LABEL: func.func @micro_step
func.func @micro_step(%x: tensor<1x4xi32>, %y: tensor<1x4xi32>) -> tensor<f32> {
  // CHECK: %[[MINE:.*]] = train.flat gradient sharded host : tensor<192xf32>
  %mine = train.flat gradient sharded host : tensor<192xf32>
  // CHECK: %[[M0:.*]] = dist.range %[[MINE]][0]
  // CHECK: %[[M1:.*]] = dist.range %[[MINE]][64]
  // CHECK: %[[M2:.*]] = dist.range %[[MINE]][128]
  %m0 = dist.range %mine[0] : tensor<192xf32> -> tensor<64xf32>
  %m1 = dist.range %mine[64] : tensor<192xf32> -> tensor<64xf32>
  %m2 = dist.range %mine[128] : tensor<192xf32> -> tensor<64xf32>
  %a = dist.window "a" : tensor<256xf32>
  %b = dist.window "b" : tensor<128xf32>
  %a0 = dist.range %a[0] : tensor<256xf32> -> tensor<128xf32>
  %a1 = dist.range %a[128] : tensor<256xf32> -> tensor<128xf32>
  %b0 = dist.range %b[0] : tensor<128xf32> -> tensor<128xf32>
  tile.launch @zero(%a) : (tensor<256xf32>) -> ()
  // CHECK: dist.reduce_scatter_start
  // CHECK-NEXT: %[[W0:.*]] = dist.window "a" : tensor<64xf32>
  // CHECK-NEXT: %[[IN0:.*]] = dist.to_device_start %[[M0]] into %[[W0]]
  %p0 = dist.reduce_scatter_start %a0 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  // CHECK-NEXT: dist.reduce_scatter_start
  // CHECK-NEXT: %[[W1:.*]] = dist.window "a" : tensor<64xf32>
  // CHECK-NEXT: %[[IN1:.*]] = dist.to_device_start %[[M1]] into %[[W1]]
  %p1 = dist.reduce_scatter_start %a1 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  // CHECK: tile.launch @loss
  %l = tile.launch @loss(%x) : (tensor<1x4xi32>) -> tensor<f32>
  // CHECK-NEXT: %[[S0:.*]] = dist.wait
  // CHECK-NEXT: dist.wait %[[IN0]]
  // CHECK-NEXT: tile.launch @add(%[[S0]], %[[W0]])
  // CHECK-NEXT: %[[OUT0:.*]] = dist.to_host_start %[[W0]] into %[[M0]]
  %s0 = dist.wait %p0 : !dist.pending<tensor<64xf32>>
  tile.launch @add(%s0, %m0) : (tensor<64xf32>, tensor<64xf32>) -> ()
  // CHECK-NEXT: %[[S1:.*]] = dist.wait
  // CHECK-NEXT: dist.wait %[[IN1]]
  // CHECK-NEXT: tile.launch @add(%[[S1]], %[[W1]])
  // CHECK-NEXT: %[[OUT1:.*]] = dist.to_host_start %[[W1]] into %[[M1]]
  %s1 = dist.wait %p1 : !dist.pending<tensor<64xf32>>
  tile.launch @add(%s1, %m1) : (tensor<64xf32>, tensor<64xf32>) -> ()
  tile.launch @zero_b(%b) : (tensor<128xf32>) -> ()
  // CHECK: dist.reduce_scatter_start
  // CHECK: %[[IN2:.*]] = dist.to_device_start %[[M2]] into %[[W2:.*]] :
  %p2 = dist.reduce_scatter_start %b0 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  // CHECK: dist.wait %[[IN2]]
  // CHECK-NEXT: dist.wait %[[OUT0]]
  // CHECK-NEXT: dist.wait %[[OUT1]]
  // CHECK-NEXT: tile.launch @add(%{{.*}}, %[[W2]])
  // CHECK-NEXT: %[[OUT2:.*]] = dist.to_host_start %[[W2]] into %[[M2]]
  // CHECK-NEXT: dist.wait %[[OUT2]]
  // CHECK-NEXT: return
  %s2 = dist.wait %p2 : !dist.pending<tensor<64xf32>>
  tile.launch @add(%s2, %m2) : (tensor<64xf32>, tensor<64xf32>) -> ()
  return %l : tensor<f32>
}
// PLAN: plan.arena gradient @gradients bytes 768 align 64 sharded host
// PLAN-LABEL: plan.func @micro_step
// PLAN: plan.copy to_device
// PLAN: plan.launch @add
// CHECK-LABEL: func.func @first_micro_step
// PLAN-LABEL: plan.func @first_micro_step
func.func @first_micro_step(%x: tensor<1x4xi32>, %y: tensor<1x4xi32>) -> tensor<f32> {
  %mine = train.flat gradient sharded host : tensor<192xf32>
  %m0 = dist.range %mine[0] : tensor<192xf32> -> tensor<64xf32>
  %m1 = dist.range %mine[64] : tensor<192xf32> -> tensor<64xf32>
  %m2 = dist.range %mine[128] : tensor<192xf32> -> tensor<64xf32>
  %a = dist.window "a" : tensor<256xf32>
  %b = dist.window "b" : tensor<128xf32>
  %a0 = dist.range %a[0] : tensor<256xf32> -> tensor<128xf32>
  %a1 = dist.range %a[128] : tensor<256xf32> -> tensor<128xf32>
  %b0 = dist.range %b[0] : tensor<128xf32> -> tensor<128xf32>
  // CHECK-NOT: dist.to_device_start
  // CHECK: %[[W0:.*]] = dist.window "a" : tensor<64xf32>
  // CHECK-NOT: dist.to_device_start
  // CHECK: tile.launch @add_first(%{{.*}}, %[[W0]])
  // CHECK-NEXT: dist.to_host_start %[[W0]] into
  // CHECK-NOT: dist.to_device_start
  // CHECK: return
  // PLAN-NOT: plan.copy to_device
  // PLAN-COUNT-3: plan.copy to_host
  tile.launch @zero(%a) : (tensor<256xf32>) -> ()
  %p0 = dist.reduce_scatter_start %a0 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %p1 = dist.reduce_scatter_start %a1 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %l = tile.launch @loss(%x) : (tensor<1x4xi32>) -> tensor<f32>
  %s0 = dist.wait %p0 : !dist.pending<tensor<64xf32>>
  tile.launch @add_first(%s0, %m0) : (tensor<64xf32>, tensor<64xf32>) -> ()
  %s1 = dist.wait %p1 : !dist.pending<tensor<64xf32>>
  tile.launch @add_first(%s1, %m1) : (tensor<64xf32>, tensor<64xf32>) -> ()
  tile.launch @zero_b(%b) : (tensor<128xf32>) -> ()
  %p2 = dist.reduce_scatter_start %b0 : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  %s2 = dist.wait %p2 : !dist.pending<tensor<64xf32>>
  tile.launch @add_first(%s2, %m2) : (tensor<64xf32>, tensor<64xf32>) -> ()
  return %l : tensor<f32>
}

//--- stage.mlir
dist.mesh ranks 2 zero 1
func.func @micro_step() {
  return
}

//--- no-sum.mlir
dist.mesh ranks 2 zero 2
tile.func @add(%g: tensor<64xf32>) attributes {kind = "flat"} {
  train.zero %g : tensor<64xf32>
  tile.return
}
func.func @micro_step() {
  %mine = train.flat gradient sharded host : tensor<64xf32>
  %m0 = dist.range %mine[0] : tensor<64xf32> -> tensor<64xf32>
  tile.launch @add(%m0) : (tensor<64xf32>) -> ()
  return
}
