// model.embedding: six tokens of a vocabulary of four, so that rows are summed.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient w: 32 of 32 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @embedding(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<4x8xf32> {init = #model.normal<0.5>}
  %y = model.embedding %tokens, %w : (tensor<2x3xi32>, tensor<4x8xf32>) -> tensor<2x3x8xf32>
  %head = model.parameter "head" : tensor<4x8xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x8xf32>, tensor<4x8xf32>) -> tensor<2x3x4xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x4xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
