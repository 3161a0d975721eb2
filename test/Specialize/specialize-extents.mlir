// RUN: not llmc-opt %s --split-input-file --llmc-specialize="batch=2 seq=8" 2>&1 | FileCheck %s

// Tensors without elements, and with more than can be counted in bytes.

// CHECK: :[[#@LINE+2]]:{{.*}}error: expected extents of at least 1, found 'tensor<0x16xf32>'
model.graph @empty(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<0x16xf32> {init = #model.normal<0.02>}
  %t = model.embedding %tokens, %w : (tensor<?x?xi32>, tensor<0x16xf32>) -> tensor<?x?x16xf32>
  %logits = model.linear %t, %w : (tensor<?x?x16xf32>, tensor<0x16xf32>) -> tensor<?x?x0xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x0xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// CHECK: :[[#@LINE+2]]:{{.*}}error: expected a tensor of at most 1099511627776 elements, found 'tensor<1000000000000x16xf32>'
model.graph @huge(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<1000000000000x16xf32> {init = #model.normal<0.02>}
  %t = model.embedding %tokens, %w : (tensor<?x?xi32>, tensor<1000000000000x16xf32>) -> tensor<?x?x16xf32>
  %logits = model.linear %t, %w : (tensor<?x?x16xf32>, tensor<1000000000000x16xf32>) -> tensor<?x?x1000000000000xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x1000000000000xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
