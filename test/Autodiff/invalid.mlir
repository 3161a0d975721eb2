// RUN: llmc-opt %s --llmc-autodiff --split-input-file --verify-diagnostics

// expected-error@+1 {{expected one 'model.graph' in the module, found none}}
module {
}

// -----

model.graph @no_path(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  // expected-error@+1 {{'left' has no gradient: it does not lead to the loss}}
  %left = model.parameter "left" : tensor<8xf32> {init = #model.ones}
  // expected-error@+1 {{'right' has no gradient: it does not lead to the loss}}
  %right = model.parameter "right" : tensor<8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @no_rule(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // expected-error@+1 {{'model.rope' op lies between a parameter and the loss, but has no gradient rule}}
  %r = model.rope %x {head_size = 4 : i64, theta = 1.0e4 : f32} : tensor<2x4x8xf32>
  %loss = model.cross_entropy %r, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @not_a_loss(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // expected-note@+1 {{defined here}}
  %loss = model.mean %x : (tensor<2x4x8xf32>) -> tensor<f32>
  // expected-error@+1 {{expected a loss such as the result of 'model.cross_entropy', found the result of 'model.mean'}}
  model.return %loss : tensor<f32>
}

// -----

model.graph @argument(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>, %given: tensor<f32>) -> tensor<f32> {
  // expected-error@+1 {{expected a loss such as the result of 'model.cross_entropy', found an argument of the graph}}
  model.return %given : tensor<f32>
}

// -----

model.graph @twice(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  // expected-error@+1 {{expected to return the loss only, found 2 values}}
  model.return %loss, %w : tensor<f32>, tensor<8x8xf32>
}

// -----

model.graph @missing_part(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x16xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x16xf32>) -> tensor<2x4x16xf32>
  // expected-error@+1 {{expected every part to lead to the loss, found part 1 that does not}}
  %a, %b = model.split %x : (tensor<2x4x16xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>)
  %loss = model.cross_entropy %a, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @trained_tables(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %t = model.parameter "t" : tensor<4x4xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // expected-error@+1 {{expected tables that depend on no parameter: they have no gradient rule}}
  %r = model.rotate %x, %t, %t {head_size = 4 : i64} : (tensor<2x4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %r, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @log_sum_exp(%tokens: tensor<4x4xi32>, %targets: tensor<4x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<4x4xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<4x4xi32>, tensor<4x4xf32>) -> tensor<4x4x4xf32>
  // expected-error@+1 {{expected the log-sum-exp to have no influence on the loss other than through the output}}
  %a, %lse = model.attention %x, %x, %x {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<4x4x4xf32>, tensor<4x4x4xf32>, tensor<4x4x4xf32>) -> (tensor<4x4x4xf32>, tensor<4x4x4xf32>)
  %s = model.add %a, %lse : tensor<4x4x4xf32>
  %loss = model.cross_entropy %s, %targets : (tensor<4x4x4xf32>, tensor<4x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
