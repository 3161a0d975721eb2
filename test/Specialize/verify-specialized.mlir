// RUN: llmc-opt %s --llmc-verify-specialized -split-input-file -verify-diagnostics -o /dev/null

// What must not be left after Specialize.

// A bigram model is accepted.
model.graph @accepted(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// expected-error@+1 {{expected one 'model.graph' in the module, found none}}
module {
}

// -----

// expected-note@+1 {{the first is here}}
model.graph @first(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// expected-error@+1 {{expected one 'model.graph' in the module, found @first and @second}}
model.graph @second(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// expected-error@+1 {{expected two arguments, tokens and targets, of one type tensor<BxTxi32>, found ('tensor<2x8xi32>')}}
model.graph @one_argument(%tokens: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %tokens : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// expected-error@+1 {{expected static shapes, found arguments ('tensor<?x8xi32>', 'tensor<?x8xi32>')}}
model.graph @dynamic_arguments(%tokens: tensor<?x8xi32>, %targets: tensor<?x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<?x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<?x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @dynamic_result(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  // expected-error@+1 {{expected static shapes, found result 'tensor<2x?x97xf32>'}}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x?x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x?x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @repeat_left(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  // expected-error@+1 {{expected no 'model.repeat' after specialization}}
  %y = model.repeat 2 named "h" (%h = %x) : tensor<2x8x97xf32> {
    model.yield %h : tensor<2x8x97xf32>
  }
  %loss = model.cross_entropy %y, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @rope_left(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x8xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x8xf32>) -> tensor<2x8x8xf32>
  // expected-error@+1 {{expected no 'model.rope' after specialization}}
  %y = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x8xf32>
  %loss = model.cross_entropy %y, %targets : (tensor<2x8x8xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @parameter_below(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  // expected-error@+1 {{expected 'b' at the top of the graph, found it below 'model.embedding'}}
  %b = model.parameter "b" : tensor<97x97xf32> {init = #model.ones}
  %y = model.linear %x, %b : (tensor<2x8x97xf32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %y, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @duplicated_name(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  // expected-note@+1 {{the first is here}}
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  // expected-error@+1 {{expected one parameter 'w', found another}}
  %b = model.parameter "w" : tensor<97x97xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @gradient_already(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> (tensor<f32>, tensor<f32>) {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  // expected-error@+1 {{expected one value, the loss, found 2}}
  model.return %loss, %loss : tensor<f32>, tensor<f32>
}

// -----

model.graph @no_loss(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<2x8x97xf32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  // expected-error@+1 {{expected the loss of a 'model.cross_entropy', found a value of type 'tensor<2x8x97xf32>'}}
  model.return %x : tensor<2x8x97xf32>
}

// -----

model.graph @loss_of_tokens(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  // expected-error@+1 {{expected the graph's second argument as targets}}
  %loss = model.cross_entropy %x, %tokens : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @unused(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x97xf32> {init = #model.normal<0.02>}
  // expected-error@+1 {{the loss does not depend on parameter 'b': use it or remove it}}
  %b = model.parameter "b" : tensor<97x97xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %y = model.linear %x, %b : (tensor<2x8x97xf32>, tensor<97x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// The program would read and write past the end of the table.
model.graph @short_table(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<50x97xf32> {init = #model.normal<0.02>}
  // expected-error@+1 {{expected at least as many rows as the logits have tokens, 97, found weight 'tensor<50x97xf32>'}}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<50x97xf32>) -> tensor<2x8x97xf32>
  // expected-note@+1 {{the logits are used here}}
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// Rows that no token chooses are no mistake.
model.graph @long_table(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<128x97xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<128x97xf32>) -> tensor<2x8x97xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

model.graph @narrow(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  // expected-error@+1 {{expected parameter 'w' to be of f32, found 'tensor<11x11xf16>': precision is an option of llmc compile, not of the model}}
  %w = model.parameter "w" : tensor<11x11xf16> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x8xi32>, tensor<11x11xf16>) -> tensor<2x8x11xf16>
  %loss = model.cross_entropy %x, %targets : (tensor<2x8x11xf16>, tensor<2x8xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
