// model.layer_norm: the gradient in input, weight and bias. The large eps shows.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 48 of 48 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient w: 8 of 8 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient bias: 8 of 8 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @layer_norm(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x3x8xf32> {init = #model.normal<0.5>}
  %w = model.parameter "w" : tensor<8xf32> {init = #model.ones}
  %bias = model.parameter "bias" : tensor<8xf32> {init = #model.zeros}
  %y = model.layer_norm %x, %w, %bias {eps = 1.0e-2 : f32} : (tensor<2x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
  %head = model.parameter "head" : tensor<11x8xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x8xf32>, tensor<11x8xf32>) -> tensor<2x3x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
