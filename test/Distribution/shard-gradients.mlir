// Gradients of a unit are added up in a window, summed bucket by bucket, and
// what is this rank's is added to its shard.
// RUN: split-file %s %t
// RUN: llmc-opt %t/step.mlir --llmc-shard-gradients | FileCheck %s
// RUN: llmc-opt %t/step.mlir --llmc-shard-gradients --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: gradients of 1536 bytes sharded: 768 bytes a rank
// RUN: not llmc-opt %t/no-units.mlir --llmc-shard-gradients 2>&1 | FileCheck %s --check-prefix=NO-UNITS
// NO-UNITS: error: expected a dist.mesh, dist.units and a function @micro_step
// RUN: not llmc-opt %t/no-writer.mlir --llmc-shard-gradients 2>&1 | FileCheck %s --check-prefix=NO-WRITER
// NO-WRITER: error: {{.*}}expected an op in @micro_step that adds to a gradient of this unit, found none

//--- step.mlir
dist.mesh ranks 2 zero 2
dist.unit "a" at 0 elements 256
dist.unit "b" at 256 elements 128
dist.bucket at 0 elements 128
dist.bucket at 128 elements 128
dist.bucket at 256 elements 128
train.variable @v "v" : tensor<10x16xf32> at 0 decay init #model.ones
train.variable @w "w" : tensor<64xf32> at 192 decay init #model.ones
train.variable @b "b" : tensor<64xf32> at 256 init #model.zeros
// CHECK-LABEL: func.func @micro_step
// CHECK: %[[MINE:.*]] = train.flat gradient sharded : tensor<192xf32>
// CHECK: %[[A:.*]] = dist.window "a" : tensor<256xf32>
// CHECK-NEXT: train.zero %[[A]]
// CHECK: %[[B:.*]] = dist.window "b" : tensor<128xf32>
// CHECK-NEXT: train.zero %[[B]]
func.func @micro_step(%dv: tensor<10x16xf32>, %dw: tensor<64xf32>) -> tensor<64xf32> {
  // CHECK-NOT: train.ref gradient
  // CHECK-DAG: %[[GV:.*]] = dist.range %[[A]][0] : tensor<256xf32> -> tensor<10x16xf32>
  // CHECK-DAG: %[[GW:.*]] = dist.range %[[A]][192] : tensor<256xf32> -> tensor<64xf32>
  // CHECK-DAG: %[[GB:.*]] = dist.range %[[B]][0] : tensor<128xf32> -> tensor<64xf32>
  // CHECK-DAG: train.ref value @w
  %gv = train.ref gradient @v : tensor<10x16xf32>
  %gw = train.ref gradient @w : tensor<64xf32>
  %gb = train.ref gradient @b : tensor<64xf32>
  %w = train.ref value @w : tensor<64xf32>
  // CHECK: train.accumulate %{{.*}} into %[[GV]]
  // CHECK-NEXT: train.accumulate %{{.*}} into %[[GW]]
  // CHECK-NEXT: train.accumulate %{{.*}} into %[[GB]]
  train.accumulate %dv into %gv : tensor<10x16xf32>, tensor<10x16xf32>
  train.accumulate %dw into %gw : tensor<64xf32>, tensor<64xf32>
  train.accumulate %dw into %gb : tensor<64xf32>, tensor<64xf32>
  // CHECK: %[[R0:.*]] = dist.range %[[A]][0] : tensor<256xf32> -> tensor<128xf32>
  // CHECK-NEXT: %[[P0:.*]] = dist.reduce_scatter_start %[[R0]] : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  // CHECK-NEXT: %[[S0:.*]] = dist.wait %[[P0]]
  // CHECK-NEXT: %[[M0:.*]] = dist.range %[[MINE]][0] : tensor<192xf32> -> tensor<64xf32>
  // CHECK-NEXT: train.add %[[S0]] into %[[M0]]
  // CHECK: dist.range %[[A]][128]
  // CHECK: %[[M1:.*]] = dist.range %[[MINE]][64] : tensor<192xf32> -> tensor<64xf32>
  // CHECK-NEXT: train.add %{{.*}} into %[[M1]]
  // CHECK: dist.range %[[B]][0]
  // CHECK: %[[M2:.*]] = dist.range %[[MINE]][128] : tensor<192xf32> -> tensor<64xf32>
  // CHECK-NEXT: train.add %{{.*}} into %[[M2]]
  // CHECK-NEXT: return
  return %w : tensor<64xf32>
}

//--- no-units.mlir
dist.mesh ranks 2 zero 2
func.func @micro_step() {
  return
}

//--- no-writer.mlir
dist.mesh ranks 2 zero 2
dist.unit "a" at 0 elements 128
dist.bucket at 0 elements 128
train.variable @u "u" : tensor<64xf32> at 0 init #model.ones
func.func @micro_step() {
  return
}
