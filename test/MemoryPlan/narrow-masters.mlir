// bf16 masters: parameters lie in the arena of the copies, at two bytes an
// element and as they are there; there is no other, and gradients and moments
// are as large as ever.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

// CHECK-NOT: @parameters
// CHECK-DAG: plan.arena gradient @gradients bytes 512 align 64
// CHECK-DAG: plan.arena moment1 @moment1 bytes 512 align 64
// CHECK-DAG: plan.arena moment2 @moment2 bytes 512 align 64
// CHECK-DAG: plan.arena compute @compute bytes 256 align 64
// CHECK-DAG: plan.variable "embed" in @compute[0] : tensor<8x8xbf16> decay
// CHECK-DAG: plan.variable "norm" in @compute[128] : tensor<8xbf16>
// CHECK-DAG: plan.variable "rope.cos" in @constants[0] : tensor<4x8xf32>
// CHECK-NOT: @parameters

train.variable @embed "embed" : tensor<8x8xf32> at 0 decay init #model.normal<0.02>
train.variable @norm "norm" : tensor<8xf32> at 64 init #model.ones
train.variable @cos "rope.cos" : tensor<4x8xf32> at 0 constant init #model.rope_cos<10000.0>

tile.func @adamw(%p: tensor<128xbf16>, %g: tensor<128xf32>, %m: tensor<128xf32>, %v: tensor<128xf32>, %c: tensor<4x8xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "flat"} {
  %n = train.gradient_norm %g, %h : (tensor<128xf32>, tensor<10xf32>) -> tensor<f32>
  train.adamw %p, %g, %m, %v, %n, %h {decay_elements = 64, stochastic} : tensor<128xbf16>, tensor<128xf32>, tensor<128xf32>, tensor<128xf32>, tensor<f32>, tensor<10xf32>
  tile.return %n : tensor<f32>
}

// CHECK-LABEL: plan.func @update
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  // CHECK: %[[P:.*]] = plan.view @compute[0] : memref<128xbf16>
  %p = train.flat compute : tensor<128xbf16>
  // CHECK: %[[G:.*]] = plan.view @gradients[0] : memref<128xf32>
  %g = train.flat gradient : tensor<128xf32>
  %m = train.flat moment1 : tensor<128xf32>
  %v = train.flat moment2 : tensor<128xf32>
  // A constant's value is no master.
  %c = train.ref value @cos : tensor<4x8xf32>
  // CHECK: plan.launch @adamw(%[[P]], %[[G]],
  %n = tile.launch @adamw(%p, %g, %m, %v, %c, %hyper) : (tensor<128xbf16>, tensor<128xf32>, tensor<128xf32>, tensor<128xf32>, tensor<4x8xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}
