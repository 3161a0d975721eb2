// model.split: every part's gradient arrives at its place.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 144 of 144 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @split(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x3x24xf32> {init = #model.normal<0.5>}
  %a, %b, %c = model.split %x : (tensor<2x3x24xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>)
  %ab = model.mul %a, %b : tensor<2x3x8xf32>
  %y = model.add %ab, %c : tensor<2x3x8xf32>
  %head = model.parameter "head" : tensor<11x8xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x8xf32>, tensor<11x8xf32>) -> tensor<2x3x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
