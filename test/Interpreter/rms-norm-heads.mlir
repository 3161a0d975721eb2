// model.rms_norm of heads: the gradient in input and weight, which all heads
// share, through a rotation. The large eps shows.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 72 of 72 elements, largest {{[1-9][.0-9]+}}e{{-0[1-4]|[+]00}},
// CHECK: gradient w: 4 of 4 elements, largest {{[1-9][.0-9]+}}e{{-0[1-4]|[+]00}},
model.graph @rms_norm_heads(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x3x12xf32> {init = #model.normal<0.5>}
  %w = model.parameter "w" : tensor<4xf32> {init = #model.ones}
  %n = model.rms_norm %x, %w {eps = 1.0e-2 : f32, head_size = 4 : i64} : (tensor<2x3x12xf32>, tensor<4xf32>) -> tensor<2x3x12xf32>
  %y = model.rope %n {head_size = 4 : i64, theta = 1.0e2 : f32} : tensor<2x3x12xf32>
  %head = model.parameter "head" : tensor<11x12xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x12xf32>, tensor<11x12xf32>) -> tensor<2x3x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
