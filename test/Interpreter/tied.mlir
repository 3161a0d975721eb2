// A tied head: one parameter is both the embedding and the last weight.
// RUN: llmc-interpret %s --batch 2 --seq 3 --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient w: 88 of 88 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @tied(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<11x8xf32> {init = #model.normal<0.5>}
  %x = model.embedding %tokens, %w : (tensor<?x?xi32>, tensor<11x8xf32>) -> tensor<?x?x8xf32>
  %y = model.gelu %x : tensor<?x?x8xf32>
  %logits = model.linear %y, %w : (tensor<?x?x8xf32>, tensor<11x8xf32>) -> tensor<?x?x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x11xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
