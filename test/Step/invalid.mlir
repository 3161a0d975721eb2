// RUN: llmc-opt %s --llmc-build-step --split-input-file --verify-diagnostics

// expected-error@+1 {{expected one 'model.graph' in the module, found none}}
module {
}

// -----

// expected-error@+1 {{expected tokens and targets of one static type [batch, sequence] of i32, found '(tensor<2x4xi32>, tensor<2x5xi32>) -> tensor<f32>'}}
model.graph @arguments(%tokens: tensor<2x4xi32>, %targets: tensor<2x5xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x5x8xf32> {init = #model.ones}
  %loss = model.cross_entropy %x, %targets : (tensor<2x5x8xf32>, tensor<2x5xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @no_loss(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x4x8xf32> {init = #model.ones}
  %mean = model.mean %x : (tensor<2x4x8xf32>) -> tensor<f32>
  // expected-error@+1 {{expected the first value to be the result of 'model.cross_entropy'}}
  model.return %mean : tensor<f32>
}

// -----

model.graph @repeat(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // expected-error@+1 {{expected a flat graph; run llmc-unroll-repeat before}}
  %y = model.repeat 2 named "h" (%h = %x) : tensor<2x4x8xf32> {
    %z = model.gelu %h : tensor<2x4x8xf32>
    model.yield %z : tensor<2x4x8xf32>
  }
  %loss = model.cross_entropy %y, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// expected-error@+1 {{expected at least one 'model.parameter' to train, found none}}
model.graph @nothing_to_train(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %t = model.constant "t" : tensor<8x8xf32> {init = #model.rope_cos<10000.0>}
  %x = model.embedding %tokens, %t : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @no_gradients(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  // expected-error@+1 {{expected the loss and 1 gradients, one per parameter, found 0 gradients; run llmc-autodiff before}}
  model.return %loss : tensor<f32>
}

// -----

model.graph @gradient_type(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<2x4x8xf32>) {
  // expected-note@+1 {{the parameter is here}}
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  // expected-error@+1 {{expected a gradient of type 'tensor<8x8xf32>' for 'w', found 'tensor<2x4x8xf32>'}}
  model.return %loss, %x : tensor<f32>, tensor<2x4x8xf32>
}

// -----

model.graph @element_types(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>, tensor<8xf64>) {
  // expected-note@+1 {{the first parameter is here}}
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  // expected-error@+1 {{'v' has elements 'f64', expected 'f32' as in the other parameters}}
  %v = model.parameter "v" : tensor<8xf64> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dx = model.cross_entropy_grad %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %dw = model.embedding_grad %tokens, %dx : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  model.return %loss, %dw, %v : tensor<f32>, tensor<8x8xf32>, tensor<8xf64>
}

// -----

model.graph @reads_targets(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  // expected-error@+1 {{expected logits that do not depend on the targets, but this op reads them}}
  %x = model.embedding %targets, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss, %w : tensor<f32>, tensor<8x8xf32>
}

// -----

model.graph @no_tokens(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<2x4x8xf32>) {
  %w = model.parameter "w" : tensor<2x4x8xf32> {init = #model.ones}
  // expected-error@+1 {{expected logits that depend on the tokens of the graph}}
  %loss = model.cross_entropy %w, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss, %w : tensor<f32>, tensor<2x4x8xf32>
}

// -----

model.graph @not_batched(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  // expected-error@+1 {{expected a result with the leading extent 2, the batch, found 'tensor<8xf32>'}}
  %s = model.sum_rows %x : (tensor<2x4x8xf32>) -> tensor<8xf32>
  %b = model.linear %x, %w, %s : (tensor<2x4x8xf32>, tensor<8x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %b, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss, %w : tensor<f32>, tensor<8x8xf32>
}

// -----

// expected-error@+1 {{the name @evaluate is reserved for a function of the training step}}
func.func private @evaluate()
model.graph @taken(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>) {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dx = model.cross_entropy_grad %x, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %dw = model.embedding_grad %tokens, %dx : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  model.return %loss, %dw : tensor<f32>, tensor<8x8xf32>
}
