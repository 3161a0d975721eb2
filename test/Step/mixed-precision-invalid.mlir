// What cannot be computed in bf16.
// RUN: llmc-opt %s --llmc-build-step=precision=bf16 --split-input-file --verify-diagnostics

model.graph @logits_of_a_table(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  // expected-error@+1 {{expected logits that 'model.linear' computes and nothing else reads, to widen them to 'tensor<1x1x8xf32>', found 'tensor<1x1x8xbf16>'}}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dx = model.cross_entropy_grad %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %dw = model.embedding_grad %tokens, %dx : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  model.return %loss, %dw : tensor<f32>, tensor<8x8xf32>
}

// -----

// expected-error@+1 {{expected f32 parameters for precision bf16, found parameters with elements 'f64'}}
model.graph @wide(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf64>) {
  %w = model.parameter "w" : tensor<8x8xf64> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf64>) -> tensor<2x4x8xf64>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf64>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss, %w : tensor<f32>, tensor<8x8xf64>
}

// -----

// The gradient of a weight that was computed from others.
model.graph @product_of_weights(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %y = model.linear %x, %w : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %y, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dy = model.cross_entropy_grad %y, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %dw = model.linear_weight_grad %x, %dy : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  // expected-error@+1 {{has operands of f32 and of 'bf16': the gradient of a parameter beside an activation}}
  %dv = model.mul %dw, %w : tensor<8x8xf32>
  model.return %loss, %dv : tensor<f32>, tensor<8x8xf32>
}
