// Partial sums of squares lie in an arena of their own, which micro-steps and
// the update share; it ends where the last of them does.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

// 16 + 2 * 8 elements of 4 bytes.
// CHECK: plan.arena squares @squares bytes 128 align 64
train.variable @w "w" : tensor<8x8xf32> at 0 decay init #model.normal<0.02>

tile.func @dw(%g: tensor<8x8xf32>, %s: tensor<2x8xf32>, %x: tensor<2x4xi32>) -> tensor<f32> attributes {kind = "rows"} {
  train.accumulate %g into %g squares %s : tensor<8x8xf32>, tensor<8x8xf32>, tensor<2x8xf32>
  %l = arith.constant dense<0.0> : tensor<f32>
  tile.return %l : tensor<f32>
}
tile.func @norm(%s: tensor<32xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %n = train.norm %s, %h : (tensor<32xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %n : tensor<f32>
}

// CHECK-LABEL: plan.func @micro_step
func.func @micro_step(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %g = train.ref gradient @w : tensor<8x8xf32>
  // CHECK: %[[S:.*]] = plan.view @squares[64] : memref<2x8xf32>
  %s = train.squares 16 : tensor<2x8xf32>
  // CHECK: plan.launch @dw(%{{.*}}, %[[S]],
  %l = tile.launch @dw(%g, %s, %tokens) : (tensor<8x8xf32>, tensor<2x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  return %l : tensor<f32>
}

// CHECK-LABEL: plan.func @update
func.func @update(%hyper: tensor<10xf32>) -> tensor<f32> {
  // CHECK: %[[ALL:.*]] = plan.view @squares[0] : memref<32xf32>
  %s = train.squares 0 : tensor<32xf32>
  // CHECK: plan.launch @norm(%[[ALL]],
  %n = tile.launch @norm(%s, %hyper) : (tensor<32xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}
