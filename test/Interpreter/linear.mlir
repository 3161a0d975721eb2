// model.linear: the gradient in input, weight and bias.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 30 of 30 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient w: 40 of 40 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient bias: 8 of 8 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @linear(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x3x5xf32> {init = #model.normal<0.5>}
  %w = model.parameter "w" : tensor<8x5xf32> {init = #model.normal<0.5>}
  %bias = model.parameter "bias" : tensor<8xf32> {init = #model.normal<0.5>}
  %y = model.linear %x, %w, %bias : (tensor<2x3x5xf32>, tensor<8x5xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
  %head = model.parameter "head" : tensor<11x8xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x8xf32>, tensor<11x8xf32>) -> tensor<2x3x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
