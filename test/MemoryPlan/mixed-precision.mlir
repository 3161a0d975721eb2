// Mixed precision: copies of the parameters lie at their element offsets, at
// two bytes each; bf16 activations take two bytes an element; @prepare has no
// ports.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

// CHECK-DAG: plan.arena parameter @parameters bytes 512 align 64
// CHECK-DAG: plan.arena compute @compute bytes 256 align 64
// CHECK-DAG: plan.arena activation @activations bytes 128 align 64
// CHECK-DAG: plan.arena constant @constants bytes 256 align 64
// CHECK-DAG: plan.variable "embed" in @parameters[0] : tensor<8x8xf32>
// CHECK-DAG: plan.variable "norm" in @parameters[256] : tensor<8xf32>
// CHECK-NOT: plan.variable {{.*}} in @compute

train.variable @embed "embed" : tensor<8x8xf32> at 0 decay init #model.normal<0.02>
train.variable @norm "norm" : tensor<8xf32> at 64 init #model.ones
train.variable @cos "rope.cos" : tensor<4x8xf32> at 0 constant init #model.rope_cos<10000.0>

tile.func @embedding(%t: tensor<2x4xi32>, %w: tensor<8x8xbf16>) -> tensor<2x4x8xbf16> attributes {kind = "rows"} {
  %y = model.embedding %t, %w : (tensor<2x4xi32>, tensor<8x8xbf16>) -> tensor<2x4x8xbf16>
  tile.return %y : tensor<2x4x8xbf16>
}
tile.func @norm_kernel(%x: tensor<2x4x8xbf16>, %w: tensor<8xbf16>) -> tensor<2x4x8xbf16> attributes {kind = "rows", inplace = array<i64: 0, 0>} {
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x4x8xbf16>, tensor<8xbf16>) -> tensor<2x4x8xbf16>
  tile.return %y : tensor<2x4x8xbf16>
}
tile.func @rotate(%x: tensor<2x4x8xbf16>, %c: tensor<4x8xf32>) -> tensor<2x4x8xbf16> attributes {kind = "rows", inplace = array<i64: 0, 0>} {
  %y = model.rotate %x, %c, %c {head_size = 8 : i64} : (tensor<2x4x8xbf16>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<2x4x8xbf16>
  tile.return %y : tensor<2x4x8xbf16>
}
tile.func @loss(%x: tensor<2x4x8xbf16>, %t: tensor<2x4xi32>) -> tensor<f32> attributes {kind = "rows"} {
  %y = model.cross_entropy %x, %t : (tensor<2x4x8xbf16>, tensor<2x4xi32>) -> tensor<f32>
  tile.return %y : tensor<f32>
}
tile.func @round(%p: tensor<128xf32>, %c: tensor<128xbf16>) attributes {kind = "flat"} {
  train.round %p into %c : tensor<128xf32>, tensor<128xbf16>
  tile.return
}

// CHECK-LABEL: plan.func @evaluate
func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  // CHECK: %[[W:.*]] = plan.view @compute[0] : memref<8x8xbf16>
  %w = train.ref compute @embed : tensor<8x8xbf16>
  // CHECK: %[[N:.*]] = plan.view @compute[128] : memref<8xbf16>
  %n = train.ref compute @norm : tensor<8xbf16>
  // CHECK: %[[C:.*]] = plan.view @constants[0] : memref<4x8xf32>
  %c = train.ref value @cos : tensor<4x8xf32>
  // CHECK: %[[X:.*]] = plan.view @activations[0] : memref<2x4x8xbf16>
  // CHECK: plan.launch @embedding(%{{.*}}, %[[W]], %[[X]])
  %x = tile.launch @embedding(%tokens, %w) : (tensor<2x4xi32>, tensor<8x8xbf16>) -> tensor<2x4x8xbf16>
  // CHECK: %[[Y:.*]] = plan.view @activations[0] : memref<2x4x8xbf16>
  // CHECK: plan.launch @norm_kernel(%[[X]], %[[N]], %[[Y]])
  %y = tile.launch @norm_kernel(%x, %n) : (tensor<2x4x8xbf16>, tensor<8xbf16>) -> tensor<2x4x8xbf16>
  // CHECK: plan.launch @rotate(%[[Y]], %[[C]],
  %z = tile.launch @rotate(%y, %c) : (tensor<2x4x8xbf16>, tensor<4x8xf32>) -> tensor<2x4x8xbf16>
  %l = tile.launch @loss(%z, %targets) : (tensor<2x4x8xbf16>, tensor<2x4xi32>) -> tensor<f32>
  return %l : tensor<f32>
}

// CHECK-LABEL: plan.func @prepare
// CHECK-NEXT: %[[P:.*]] = plan.view @parameters[0] : memref<128xf32>
// CHECK-NEXT: %[[C:.*]] = plan.view @compute[0] : memref<128xbf16>
// CHECK-NEXT: plan.launch @round(%[[P]], %[[C]])
func.func @prepare() {
  %p = train.flat value : tensor<128xf32>
  %c = train.flat compute : tensor<128xbf16>
  tile.launch @round(%p, %c) : (tensor<128xf32>, tensor<128xbf16>) -> ()
  return
}
