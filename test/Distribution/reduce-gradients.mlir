// @last_micro_step launches what @micro_step does and sums each bucket right
// behind the last launch that adds to it; so does @only_micro_step with the
// launches of @first_micro_step.
// RUN: split-file %s %t
// RUN: sed s/STAGE/0/ %t/step.mlir | llmc-opt --llmc-reduce-gradients | FileCheck %s --check-prefixes=CHECK,ZERO
// RUN: sed s/STAGE/1/ %t/step.mlir | llmc-opt --llmc-reduce-gradients | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: sed s/STAGE/0/ %t/step.mlir | llmc-opt --llmc-reduce-gradients --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %t/no-mesh.mlir --llmc-reduce-gradients 2>&1 | FileCheck %s --check-prefix=NO-MESH
// NO-MESH: error: expected a dist.mesh, dist.buckets and a function @micro_step
// RUN: not llmc-opt %t/no-writer.mlir --llmc-reduce-gradients 2>&1 | FileCheck %s --check-prefix=NO-WRITER
// NO-WRITER: error: {{.*}}expected a launch in @micro_step that adds to a gradient of this bucket, found none

// @v crosses from the first bucket into the second one.
//--- step.mlir
dist.mesh ranks 2 zero STAGE
dist.bucket at 0 elements 128
dist.bucket at 128 elements 128
train.variable @u "u" : tensor<64xf32> at 0 init #model.ones
train.variable @v "v" : tensor<128xf32> at 64 init #model.ones
train.variable @w "w" : tensor<64xf32> at 192 init #model.ones
tile.func @add64(%x: tensor<64xf32>, %g: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows", flops = 64 : i64} {
  tile.return %x : tensor<64xf32>
}
tile.func @add128(%x: tensor<64xf32>, %g: tensor<128xf32>) -> tensor<64xf32> attributes {kind = "rows", flops = 128 : i64} {
  tile.return %x : tensor<64xf32>
}
tile.func @first(%x: tensor<64xf32>, %g: tensor<64xf32>) -> tensor<64xf32> attributes {kind = "rows", flops = 64 : i64} {
  tile.return %x : tensor<64xf32>
}
// CHECK-LABEL: func.func @micro_step
// CHECK-NOT: dist.
// CHECK-LABEL: func.func @last_micro_step
// CHECK: %[[ALL:.*]] = train.flat gradient : tensor<256xf32>
func.func @micro_step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %gu = train.ref gradient @u : tensor<64xf32>
  %gv = train.ref gradient @v : tensor<128xf32>
  %gw = train.ref gradient @w : tensor<64xf32>
  // CHECK: tile.launch @add64(
  %a = tile.launch @add64(%x, %gw) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  // CHECK-NEXT: tile.launch @add128(
  %b = tile.launch @add128(%a, %gv) : (tensor<64xf32>, tensor<128xf32>) -> tensor<64xf32>
  // CHECK-NEXT: %[[R1:.*]] = dist.range %[[ALL]][128] : tensor<256xf32> -> tensor<128xf32>
  // ZERO-NEXT: %[[P1:.*]] = dist.all_reduce_start %[[R1]] : tensor<128xf32> -> !dist.pending<tensor<128xf32>>
  // ONE-NEXT: %[[P1:.*]] = dist.reduce_scatter_start %[[R1]] : tensor<128xf32> -> !dist.pending<tensor<64xf32>>
  // REMARK-DAG: gradients 128 to 256 are complete after launch 2 of 3: 1 launches with 64 flops run while they are summed
  // CHECK-NEXT: tile.launch @add64(
  %c = tile.launch @add64(%b, %gu) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  // CHECK-NEXT: %[[R0:.*]] = dist.range %[[ALL]][0]
  // CHECK-NEXT: %[[P0:.*]] = dist.{{.*}}_start %[[R0]]
  // REMARK-DAG: gradients 0 to 128 are complete after launch 3 of 3: 0 launches with 0 flops run while they are summed
  // CHECK-NEXT: dist.wait %[[P1]]
  // CHECK-NEXT: dist.wait %[[P0]]
  // CHECK-NEXT: return
  return %c : tensor<64xf32>
}
// CHECK-LABEL: func.func @first_micro_step
// CHECK-NOT: dist.
// CHECK-LABEL: func.func @only_micro_step
func.func @first_micro_step(%x: tensor<64xf32>) -> tensor<64xf32> {
  %gu = train.ref gradient @u : tensor<64xf32>
  %gv = train.ref gradient @v : tensor<128xf32>
  %gw = train.ref gradient @w : tensor<64xf32>
  // CHECK: tile.launch @add64(
  // CHECK-NEXT: tile.launch @add128(
  // CHECK-NEXT: dist.range %{{.*}}[128]
  // CHECK-NEXT: %[[P1:.*]] = dist.{{all_reduce|reduce_scatter}}_start
  // CHECK-NEXT: tile.launch @first(
  // CHECK-NEXT: dist.range %{{.*}}[0]
  // CHECK-NEXT: %[[P0:.*]] = dist.{{all_reduce|reduce_scatter}}_start
  // CHECK-NEXT: dist.wait %[[P1]]
  // CHECK-NEXT: dist.wait %[[P0]]
  // CHECK-NEXT: return
  %a = tile.launch @add64(%x, %gw) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  %b = tile.launch @add128(%a, %gv) : (tensor<64xf32>, tensor<128xf32>) -> tensor<64xf32>
  %c = tile.launch @first(%b, %gu) : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
  return %c : tensor<64xf32>
}

//--- no-mesh.mlir
func.func @micro_step() {
  return
}

//--- no-writer.mlir
dist.mesh ranks 2 zero 0
dist.bucket at 0 elements 128
train.variable @u "u" : tensor<64xf32> at 0 init #model.ones
func.func @micro_step() {
  return
}
