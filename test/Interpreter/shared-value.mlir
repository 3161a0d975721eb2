// A value with several uses, and one op that uses it twice: gradients are summed.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 48 of 48 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @shared_value(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x3x8xf32> {init = #model.normal<0.5>}
  %g = model.gelu %x : tensor<2x3x8xf32>
  %s = model.silu %x : tensor<2x3x8xf32>
  %m = model.mul %g, %s : tensor<2x3x8xf32>
  %square = model.mul %m, %m : tensor<2x3x8xf32>
  %y = model.add %square, %x : tensor<2x3x8xf32>
  %head = model.parameter "head" : tensor<11x8xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x8xf32>, tensor<11x8xf32>) -> tensor<2x3x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
