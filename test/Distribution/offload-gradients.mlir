// Gradients of matrices come to a window each, ahead of the launches that add to
// them, and go back behind; vectors share one. What @first_micro_step stores
// only goes, but for what lies between vectors.
// RUN: split-file %s %t
// RUN: llmc-opt %t/step.mlir --llmc-offload-gradients | FileCheck %s
// RUN: llmc-opt %t/step.mlir --llmc-offload-gradients --llmc-plan-memory --llmc-verify-memory-plan --llmc-verify-transfers | FileCheck %s --check-prefix=PLAN
// RUN: llmc-opt %t/step.mlir --llmc-offload-gradients --remarks-filter=distribution 2>&1 | FileCheck %s --check-prefix=REMARK
// With predicted times each window comes as late as its copy and those behind it
// allow.
// RUN: llmc-opt %t/late.mlir --llmc-offload-gradients | FileCheck %s --check-prefix=LATE
// RUN: sed 's/, predicted_us = [0-9.]*//' %t/late.mlir | llmc-opt - --llmc-offload-gradients | FileCheck %s --check-prefix=AHEAD
// RUN: not llmc-opt %t/step.mlir --llmc-offload-gradients="link=token-ring" 2>&1 | FileCheck %s --check-prefix=LINK
// LINK: error: expected one of pcie, p2p, nvlink, network, or GB/s, as a link, found 'token-ring'
// RUN: not llmc-opt %t/no-buckets.mlir --llmc-offload-gradients 2>&1 | FileCheck %s --check-prefix=NO-BUCKETS
// NO-BUCKETS: error: expected dist.buckets of one rank and a function @micro_step
// REMARK: remark: {{.*}}@micro_step: 3 windows of gradients of at most 512 bytes come from the host and go back
// REMARK: remark: {{.*}}@first_micro_step: 3 windows of gradients of at most 512 bytes go to the host

//--- step.mlir
dist.bucket at 0 elements 192
dist.bucket at 192 elements 128
train.variable @u "u" : tensor<8x8xf32> at 0 decay init #model.ones
train.variable @v "v" : tensor<16x8xf32> at 64 decay init #model.ones
train.variable @b "b" : tensor<8xf32> at 192 init #model.ones
train.variable @c "c" : tensor<8xf32> at 256 init #model.ones
tile.func @add64(%x: tensor<1x4xi32>, %g: tensor<8x8xf32>, %b: tensor<8xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
tile.func @add128(%x: tensor<1x4xi32>, %g: tensor<16x8xf32>, %c: tensor<8xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
tile.func @first64(%x: tensor<1x4xi32>, %g: tensor<8x8xf32>, %b: tensor<8xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %m = arith.constant dense<0.0> : tensor<8x8xf32>
  %v = arith.constant dense<0.0> : tensor<8xf32>
  train.accumulate first %m into %g : tensor<8x8xf32>, tensor<8x8xf32>
  train.accumulate first %v into %b : tensor<8xf32>, tensor<8xf32>
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
tile.func @first128(%x: tensor<1x4xi32>, %g: tensor<16x8xf32>, %c: tensor<8xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %m = arith.constant dense<0.0> : tensor<16x8xf32>
  %v = arith.constant dense<0.0> : tensor<8xf32>
  train.accumulate first %m into %g : tensor<16x8xf32>, tensor<16x8xf32>
  train.accumulate first %v into %c : tensor<8xf32>, tensor<8xf32>
  %z = arith.constant dense<0.0> : tensor<f32>
  tile.return %z : tensor<f32>
}
// CHECK-LABEL: func.func @micro_step
func.func @micro_step(%x: tensor<1x4xi32>, %y: tensor<1x4xi32>) -> tensor<f32> {
  // CHECK-NOT: train.ref
  %gu = train.ref gradient @u : tensor<8x8xf32>
  %gv = train.ref gradient @v : tensor<16x8xf32>
  %gb = train.ref gradient @b : tensor<8xf32>
  %gc = train.ref gradient @c : tensor<8xf32>
  // CHECK-DAG: %[[ALL:.*]] = train.flat gradient host : tensor<320xf32>
  // CHECK-DAG: %[[V:.*]] = dist.window "v" : tensor<128xf32>
  // CHECK-DAG: %[[U:.*]] = dist.window "u" : tensor<64xf32>
  // CHECK-DAG: %[[B:.*]] = dist.window "norms and biases" : tensor<72xf32>
  // CHECK-DAG: %[[HOME:.*]] = dist.range %[[ALL]][64] : tensor<320xf32> -> tensor<128xf32>
  // CHECK-DAG: %[[GV:.*]] = dist.range %[[V]][0] : tensor<128xf32> -> tensor<16x8xf32>
  // CHECK-DAG: %[[GC:.*]] = dist.range %[[B]][64] : tensor<72xf32> -> tensor<8xf32>
  // The first ones, and with them the next.
  // CHECK: %[[IN:.*]] = dist.to_device_start %[[HOME]] into %[[V]]
  // CHECK: dist.wait %[[IN]]
  // CHECK: dist.to_device_start %{{.*}} into %[[B]]
  // CHECK: %[[INU:.*]] = dist.to_device_start %{{.*}} into %[[U]]
  // CHECK: tile.launch @add128(%{{.*}}, %[[GV]], %[[GC]])
  // CHECK-NEXT: %[[OUT:.*]] = dist.to_host_start %[[V]] into %[[HOME]]
  // CHECK: dist.wait %[[INU]]
  // CHECK: tile.launch @add64(
  // CHECK-COUNT-2: dist.to_host_start
  // CHECK-COUNT-3: dist.wait
  // CHECK-NEXT: return
  %l = tile.launch @add128(%x, %gv, %gc) : (tensor<1x4xi32>, tensor<16x8xf32>, tensor<8xf32>) -> tensor<f32>
  %m = tile.launch @add64(%y, %gu, %gb) : (tensor<1x4xi32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<f32>
  return %m : tensor<f32>
}
// PLAN: plan.arena gradient @gradients bytes 1280 align 64 host
// PLAN-LABEL: plan.func @micro_step
// PLAN: plan.copy to_device
// PLAN: plan.launch @add128
// CHECK-LABEL: func.func @first_micro_step
// PLAN-LABEL: plan.func @first_micro_step
func.func @first_micro_step(%x: tensor<1x4xi32>, %y: tensor<1x4xi32>) -> tensor<f32> {
  %gu = train.ref gradient @u : tensor<8x8xf32>
  %gv = train.ref gradient @v : tensor<16x8xf32>
  %gb = train.ref gradient @b : tensor<8xf32>
  %gc = train.ref gradient @c : tensor<8xf32>
  // CHECK: %[[B:.*]] = dist.window "norms and biases"
  // CHECK: %[[V:.*]] = dist.window "v" : tensor<128xf32>
  // CHECK: %[[HOME:.*]] = dist.range %{{.*}}[64] : tensor<320xf32> -> tensor<128xf32>
  // CHECK-NOT: dist.to_device_start
  // CHECK: %[[IN:.*]] = dist.to_device_start %{{.*}} into %[[B]]
  // CHECK-NEXT: dist.wait %[[IN]]
  // CHECK-NEXT: tile.launch @first128(
  // CHECK-NEXT: dist.to_host_start %[[V]] into %[[HOME]]
  // CHECK-NOT: dist.to_device_start
  // CHECK: tile.launch @first64(
  // CHECK-COUNT-2: dist.to_host_start
  // CHECK-COUNT-3: dist.wait
  // CHECK-NEXT: return
  // PLAN-COUNT-1: plan.copy to_device
  // PLAN-COUNT-3: plan.copy to_host
  %l = tile.launch @first128(%x, %gv, %gc) : (tensor<1x4xi32>, tensor<16x8xf32>, tensor<8xf32>) -> tensor<f32>
  %m = tile.launch @first64(%y, %gu, %gb) : (tensor<1x4xi32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<f32>
  return %m : tensor<f32>
}

// A copy takes 10 us, a quarter more is allowed for: 12.5 us. Launches take 10 us
// and, those that add, 5: the last window is needed at 45 us, the one before at
// 40, so that they start at 32.5 and 20 us, in launches 4 and 3. Without times
// the first starts where it is needed.
//--- late.mlir
dist.bucket at 0 elements 192
train.variable @u "u" : tensor<8x8xf32> at 0 decay init #model.ones
train.variable @v "v" : tensor<16x8xf32> at 64 decay init #model.ones
tile.func @same(%x: tensor<4xf32>) -> tensor<4xf32> attributes {kind = "rows", predicted_us = 10.0} {
  tile.return %x : tensor<4xf32>
}
tile.func @add64(%x: tensor<4xf32>, %g: tensor<8x8xf32>) -> tensor<4xf32> attributes {kind = "rows", predicted_us = 5.0} {
  tile.return %x : tensor<4xf32>
}
tile.func @add128(%x: tensor<4xf32>, %g: tensor<16x8xf32>) -> tensor<4xf32> attributes {kind = "rows", predicted_us = 5.0} {
  tile.return %x : tensor<4xf32>
}
// LATE-LABEL: func.func @micro_step
// AHEAD-LABEL: func.func @micro_step
func.func @micro_step(%x: tensor<4xf32>) -> tensor<4xf32> {
  %gu = train.ref gradient @u : tensor<8x8xf32>
  %gv = train.ref gradient @v : tensor<16x8xf32>
  // LATE-COUNT-1: tile.launch @same
  // LATE: dist.to_device_start {{.*}} : tensor<128xf32>
  // LATE-NEXT: tile.launch @same
  // LATE: dist.to_device_start {{.*}} : tensor<64xf32>
  // LATE-NEXT: tile.launch @same
  // LATE-NEXT: dist.wait
  // LATE-NEXT: tile.launch @add128
  // AHEAD-COUNT-4: tile.launch @same
  // AHEAD-NEXT: dist.to_device_start {{.*}} : tensor<128xf32>
  // AHEAD-NEXT: dist.wait
  // AHEAD-NEXT: dist.to_device_start {{.*}} : tensor<64xf32>
  // AHEAD-NEXT: tile.launch @add128
  %a = tile.launch @same(%x) : (tensor<4xf32>) -> tensor<4xf32>
  %b = tile.launch @same(%a) : (tensor<4xf32>) -> tensor<4xf32>
  %c = tile.launch @same(%b) : (tensor<4xf32>) -> tensor<4xf32>
  %d = tile.launch @same(%c) : (tensor<4xf32>) -> tensor<4xf32>
  %e = tile.launch @add128(%d, %gv) : (tensor<4xf32>, tensor<16x8xf32>) -> tensor<4xf32>
  %f = tile.launch @add64(%e, %gu) : (tensor<4xf32>, tensor<8x8xf32>) -> tensor<4xf32>
  return %f : tensor<4xf32>
}

//--- no-buckets.mlir
func.func @micro_step() {
  return
}
