// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// One case per constraint of the forward ops: the label is the op and the constraint.

model.graph @embedding_c1(%t: tensor<2x8xi32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight of rank 2, found 'tensor<16xf32>'}}
  %x = model.embedding %t, %w : (tensor<2x8xi32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @embedding_c2(%t: tensor<2x8xi32>, %w: tensor<97x16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x8x17xf32>'}}
  %x = model.embedding %t, %w : (tensor<2x8xi32>, tensor<97x16xf32>) -> tensor<2x8x17xf32>
  model.return
}

// -----

model.graph @position_embedding_c1(%t: tensor<2x8xi32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight of rank 2, found 'tensor<16xf32>'}}
  %x = model.position_embedding %t, %w : (tensor<2x8xi32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @position_embedding_c2(%t: tensor<2x8xi32>, %w: tensor<9x16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x9x16xf32>'}}
  %x = model.position_embedding %t, %w : (tensor<2x8xi32>, tensor<9x16xf32>) -> tensor<2x9x16xf32>
  model.return
}

// -----

model.graph @position_embedding_c3(%t: tensor<2x8xi32>, %w: tensor<7x16xf32>) {
  // expected-error@+1 {{sequence length 8 exceeds the 7 positions of the weight 'tensor<7x16xf32>'}}
  %x = model.position_embedding %t, %w : (tensor<2x8xi32>, tensor<7x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @linear_c1(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight of rank 2, found 'tensor<16xf32>'}}
  %y = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @linear_c2(%x: tensor<2x8x16xf32>, %w: tensor<32x17xf32>) {
  // expected-error@+1 {{input size 17 of the weight does not match the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<32x17xf32>) -> tensor<2x8x32xf32>
  model.return
}

// -----

model.graph @linear_transposed_c2(%x: tensor<2x8x16xf32>, %w: tensor<32x16xf32>) {
  // expected-error@+1 {{input size 32 of the transposed weight does not match the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.linear %x, %w {transposed} : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @linear_c3(%x: tensor<2x8x16xf32>, %w: tensor<32x16xf32>, %b: tensor<16xf32>) {
  // expected-error@+1 {{expected bias of shape 32, found 'tensor<16xf32>'}}
  %y = model.linear %x, %w, %b : (tensor<2x8x16xf32>, tensor<32x16xf32>, tensor<16xf32>) -> tensor<2x8x32xf32>
  model.return
}

// -----

model.graph @linear_c4(%x: tensor<2x8x16xf32>, %w: tensor<32x16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x32, found 'tensor<2x8x16xf32>'}}
  %y = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @layer_norm_c1(%x: tensor<2x8x16xf32>, %w: tensor<8xf32>, %b: tensor<16xf32>) {
  // expected-error@+1 {{weight size 8 does not match the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<8xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @layer_norm_bias_c1(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %b: tensor<1x16xf32>) {
  // expected-error@+1 {{expected bias of rank 1, found 'tensor<1x16xf32>'}}
  %y = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<1x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @layer_norm_c2(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %b: tensor<16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x16xf32>'}}
  %y = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<2x16xf32>
  model.return
}

// -----

model.graph @layer_norm_c3(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %b: tensor<16xf32>) {
  // expected-error@+1 {{expected a positive eps, found 0}}
  %y = model.layer_norm %x, %w, %b {eps = 0.0 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_c1(%x: tensor<2x8x16xf32>, %w: tensor<4xf32>) {
  // expected-error@+1 {{weight size 4 does not match the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<4xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_c2(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x4x16xf32>'}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x4x16xf32>
  model.return
}

// -----

model.graph @rms_norm_c3(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected a positive eps, found -1}}
  %y = model.rms_norm %x, %w {eps = -1.0 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rope_rank_c1(%x: tensor<8x16xf32>) {
  // expected-error@+1 {{expected input of rank 3, found 'tensor<8x16xf32>'}}
  %y = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<8x16xf32>
  model.return
}

// -----

model.graph @rope_odd_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a positive, even head_size, found 1}}
  %y = model.rope %x {head_size = 1 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rope_divides_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{head_size 6 does not divide the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.rope %x {head_size = 6 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rope_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a positive theta, found 0}}
  %y = model.rope %x {head_size = 8 : i64, theta = 0.0 : f32} : tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rotate_c1(%x: tensor<2x8x16xf32>, %c: tensor<8x6xf32>, %s: tensor<8x6xf32>) {
  // expected-error@+1 {{head_size 6 does not divide the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.rotate %x, %c, %s {head_size = 6 : i64} : (tensor<2x8x16xf32>, tensor<8x6xf32>, tensor<8x6xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rotate_c2(%x: tensor<2x8x16xf32>, %c: tensor<8x8xf32>, %s: tensor<8x4xf32>) {
  // expected-error@+1 {{expected sin of shape 8x8, found 'tensor<8x4xf32>'}}
  %y = model.rotate %x, %c, %s {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rotate_c3(%x: tensor<2x8x16xf32>, %c: tensor<8x8xf32>, %s: tensor<8x8xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %y = model.rotate %x, %c, %s {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x8xf32>
  model.return
}

// -----

model.graph @attention_c1(%q: tensor<2x8x16xf32>, %k: tensor<2x8x16xf32>, %v: tensor<2x8x16xf32>) {
  // expected-error@+1 {{heads 3 does not divide the last dimension of the query 'tensor<2x8x16xf32>'}}
  %y = model.attention %q, %k, %v {heads = 3 : i64, kv_heads = 3 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_c2(%q: tensor<2x8x16xf32>, %k: tensor<2x8x16xf32>, %v: tensor<2x8x16xf32>) {
  // expected-error@+1 {{kv_heads 3 does not divide heads 4}}
  %y = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 3 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_c3(%q: tensor<2x8x16xf32>, %k: tensor<2x8x16xf32>, %v: tensor<2x8x8xf32>) {
  // expected-error@+1 {{expected key of shape 2x8x8, found 'tensor<2x8x16xf32>'}}
  %y = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_c4(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %y = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x8xf32>
  model.return
}

// -----

model.graph @attention_c5(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>) {
  // expected-error@+1 {{expected lse of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %y, %l = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x4xf32>)
  model.return
}

// -----

model.graph @attention_c6(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>) {
  // expected-error@+1 {{expected a positive window, found 0}}
  %y = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64, window = 0 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @split_c1(%x: tensor<f32>) {
  // expected-error@+1 {{expected an input of at least rank 1 and at least one output, found 'tensor<f32>' and 1 outputs}}
  %y = model.split %x : (tensor<f32>) -> (tensor<f32>)
  model.return
}

// -----

model.graph @split_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x?, found 'tensor<2x4x8xf32>'}}
  %y, %z = model.split %x : (tensor<2x8x16xf32>) -> (tensor<2x4x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @split_c3(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{parts of 24 channels in all do not make up the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y, %z = model.split %x : (tensor<2x8x16xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x16xf32>)
  model.return
}

// -----

model.graph @cross_entropy_c1(%l: tensor<8x97xf32>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected logits of rank 3, found 'tensor<8x97xf32>'}}
  %y = model.cross_entropy %l, %t : (tensor<8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return
}

// -----

model.graph @cross_entropy_c2(%l: tensor<2x8x97xf32>, %t: tensor<2x7xi32>) {
  // expected-error@+1 {{expected targets of shape 2x8, found 'tensor<2x7xi32>'}}
  %y = model.cross_entropy %l, %t : (tensor<2x8x97xf32>, tensor<2x7xi32>) -> tensor<f32>
  model.return
}

// -----

model.graph @add_types(%x: tensor<2x8x16xf32>, %y: tensor<2x8x17xf32>) {
  // expected-error@+1 {{requires the same type for all operands and results}}
  %z = "model.add"(%x, %y) : (tensor<2x8x16xf32>, tensor<2x8x17xf32>) -> tensor<2x8x16xf32>
  model.return
}
