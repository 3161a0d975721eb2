// model.cross_entropy: the gradient in the logits themselves.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: loss {{[0-9]}}
// CHECK: gradient logits: 66 of 66 elements, largest {{[1-9][.0-9]+}}e-01
model.graph @cross_entropy(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %logits = model.parameter "logits" : tensor<2x3x11xf32> {init = #model.normal<2.0>}
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
