// Places of variables, ports and activations; a result written over an
// argument when that is allowed and the argument is not needed again.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

// Padding counts: 64 + 8 elements end at 128 elements.
// CHECK-DAG: plan.arena parameter @parameters bytes 512 align 64
// CHECK-DAG: plan.arena gradient @gradients bytes 512 align 64
// CHECK-DAG: plan.arena moment1 @moment1 bytes 512 align 64
// CHECK-DAG: plan.arena moment2 @moment2 bytes 512 align 64
// CHECK-DAG: plan.arena constant @constants bytes 256 align 64
// CHECK-DAG: plan.arena activation @activations bytes 512 align 64
// CHECK-DAG: plan.arena io @io bytes 320 align 64
// CHECK-DAG: plan.arena workspace @workspace bytes 0 align 64
// CHECK-DAG: plan.variable "embed" in @parameters[0] : tensor<8x8xf32> decay init #model.normal<0.02>
// CHECK-DAG: plan.variable "norm" in @parameters[256] : tensor<8xf32> init #model.ones
// CHECK-DAG: plan.variable "rope.cos" in @constants[0] : tensor<4x4xf32> init #model.rope_cos
// CHECK-DAG: plan.port "tokens"[0] : tensor<2x4xi32>
// CHECK-DAG: plan.port "targets"[64] : tensor<2x4xi32>
// CHECK-DAG: plan.port "loss"[128] : tensor<f32>
// CHECK-DAG: plan.port "hyper"[192] : tensor<9xf32>
// CHECK-DAG: plan.port "norm"[256] : tensor<f32>

train.variable @embed "embed" : tensor<8x8xf32> at 0 decay init #model.normal<0.02>
train.variable @norm "norm" : tensor<8xf32> at 64 init #model.ones
train.variable @cos "rope.cos" : tensor<4x4xf32> at 0 constant init #model.rope_cos<10000.0>

tile.func @embedding(%t: tensor<2x4xi32>, %w: tensor<8x8xf32>) -> tensor<2x4x8xf32> attributes {kind = "rows"} {
  %y = model.embedding %t, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  tile.return %y : tensor<2x4x8xf32>
}
tile.func @gelu(%x: tensor<2x4x8xf32>) -> tensor<2x4x8xf32> attributes {kind = "rows", inplace = array<i64: 0, 0>} {
  %y = model.gelu %x : tensor<2x4x8xf32>
  tile.return %y : tensor<2x4x8xf32>
}
tile.func @loss(%x: tensor<2x4x8xf32>, %t: tensor<2x4xi32>) -> tensor<f32> attributes {kind = "rows"} {
  %y = model.cross_entropy %x, %t : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  tile.return %y : tensor<f32>
}
tile.func @norm_kernel(%g: tensor<128xf32>, %h: tensor<9xf32>) -> tensor<f32> attributes {kind = "flat"} {
  %y = train.gradient_norm %g, %h : (tensor<128xf32>, tensor<9xf32>) -> tensor<f32>
  tile.return %y : tensor<f32>
}

// CHECK-LABEL: plan.func @evaluate
func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  // CHECK: %[[TOKENS:.*]] = plan.view @io[0] : memref<2x4xi32>
  // CHECK: %[[TARGETS:.*]] = plan.view @io[64] : memref<2x4xi32>
  // CHECK: %[[W:.*]] = plan.view @parameters[0] : memref<8x8xf32>
  %w = train.ref value @embed : tensor<8x8xf32>
  // CHECK: %[[X:.*]] = plan.view @activations[[XAT:.*]] : memref<2x4x8xf32>
  // CHECK: plan.launch @embedding(%[[TOKENS]], %[[W]], %[[X]])
  %x = tile.launch @embedding(%tokens, %w) : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // The last use of %x: written in place.
  // CHECK: %[[Y:.*]] = plan.view @activations[[XAT]] :
  // CHECK: plan.launch @gelu(%[[X]], %[[Y]])
  %y = tile.launch @gelu(%x) : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  // Declined: %y is read once more.
  // CHECK-NOT: plan.view @activations[[XAT]] :
  // CHECK: plan.launch @gelu(%[[Y]],
  %z = tile.launch @gelu(%y) : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  // CHECK: plan.view @activations[[XAT]] :
  %u = tile.launch @gelu(%y) : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %d = tile.launch @gelu(%z) : (tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  // CHECK: %[[L:.*]] = plan.view @io[128] : memref<f32>
  // CHECK: plan.launch @loss(%{{.*}}, %[[TARGETS]], %[[L]])
  %l = tile.launch @loss(%u, %targets) : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  return %l : tensor<f32>
}

// CHECK-LABEL: plan.func @update
func.func @update(%hyper: tensor<9xf32>) -> tensor<f32> {
  // CHECK: %[[H:.*]] = plan.view @io[192] : memref<9xf32>
  // CHECK: %[[G:.*]] = plan.view @gradients[0] : memref<128xf32>
  %g = train.flat gradient : tensor<128xf32>
  // CHECK: %[[N:.*]] = plan.view @io[256] : memref<f32>
  // CHECK: plan.launch @norm_kernel(%[[G]], %[[H]], %[[N]])
  %n = tile.launch @norm_kernel(%g, %hyper) : (tensor<128xf32>, tensor<9xf32>) -> tensor<f32>
  return %n : tensor<f32>
}
