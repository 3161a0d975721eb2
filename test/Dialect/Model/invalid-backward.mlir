// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// One case per constraint of the backward ops except attention: the label is the
// op and the constraint.

model.graph @embedding_grad_c1(%t: tensor<2x8xi32>, %g: tensor<2x9x16xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x9x16xf32>'}}
  %d = model.embedding_grad %t, %g : (tensor<2x8xi32>, tensor<2x9x16xf32>) -> tensor<97x16xf32>
  model.return
}

// -----

model.graph @embedding_grad_c2(%t: tensor<2x8xi32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape ?x16, found 'tensor<97x17xf32>'}}
  %d = model.embedding_grad %t, %g : (tensor<2x8xi32>, tensor<2x8x16xf32>) -> tensor<97x17xf32>
  model.return
}

// -----

model.graph @position_embedding_grad_c1(%g: tensor<8x16xf32>) {
  // expected-error@+1 {{expected grad of rank 3, found 'tensor<8x16xf32>'}}
  %d = model.position_embedding_grad %g : (tensor<8x16xf32>) -> tensor<9x16xf32>
  model.return
}

// -----

model.graph @position_embedding_grad_c2(%g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape ?x16, found 'tensor<9x15xf32>'}}
  %d = model.position_embedding_grad %g : (tensor<2x8x16xf32>) -> tensor<9x15xf32>
  model.return
}

// -----

model.graph @position_embedding_grad_c3(%g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{sequence length 8 exceeds the 7 positions of the output 'tensor<7x16xf32>'}}
  %d = model.position_embedding_grad %g : (tensor<2x8x16xf32>) -> tensor<7x16xf32>
  model.return
}

// -----

model.graph @linear_weight_grad_rank_c1(%x: tensor<16x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected input and grad of the same rows, found 'tensor<16x16xf32>' and 'tensor<2x8x16xf32>'}}
  %d = model.linear_weight_grad %x, %g : (tensor<16x16xf32>, tensor<2x8x16xf32>) -> tensor<16x16xf32>
  model.return
}

// -----

model.graph @linear_weight_grad_c1(%x: tensor<2x8x16xf32>, %g: tensor<2x9x32xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x32, found 'tensor<2x9x32xf32>'}}
  %d = model.linear_weight_grad %x, %g : (tensor<2x8x16xf32>, tensor<2x9x32xf32>) -> tensor<32x16xf32>
  model.return
}

// -----

model.graph @linear_weight_grad_c2(%x: tensor<2x8x16xf32>, %g: tensor<2x8x32xf32>) {
  // expected-error@+1 {{expected output of shape 16x32, found 'tensor<32x16xf32>'}}
  %d = model.linear_weight_grad %x, %g {transposed} : (tensor<2x8x16xf32>, tensor<2x8x32xf32>) -> tensor<32x16xf32>
  model.return
}

// -----

model.graph @sum_rows_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 16, found 'tensor<8xf32>'}}
  %d = model.sum_rows %x : (tensor<2x8x16xf32>) -> tensor<8xf32>
  model.return
}

// -----

model.graph @sum_rows_splits_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 4x16, found 'tensor<8x16xf32>'}}
  %d = model.sum_rows %x {splits = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<8x16xf32>
  model.return
}

// -----

model.graph @sum_rows_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{splits 3 does not divide the rows of the input 'tensor<2x8x16xf32>'}}
  %d = model.sum_rows %x {splits = 3 : i64} : (tensor<2x8x16xf32>) -> tensor<3x16xf32>
  model.return
}

// -----

model.graph @layer_norm_grad_c1(%x: tensor<2x8x16xf32>, %w: tensor<8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected weight of shape 16, found 'tensor<8xf32>'}}
  %d = model.layer_norm_grad %x, %w, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<8xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @layer_norm_grad_c2(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %g: tensor<2x8x97xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x97xf32>'}}
  %d = model.layer_norm_grad %x, %w, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x97xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @layer_norm_grad_c3(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a positive eps, found 0}}
  %d = model.layer_norm_grad %x, %w, %g {eps = 0.0 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @layer_norm_weight_grad_c1(%x: tensor<2x8x16xf32>, %g: tensor<2x8x97xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x97xf32>'}}
  %d = model.layer_norm_weight_grad %x, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x97xf32>) -> tensor<16xf32>
  model.return
}

// -----

model.graph @layer_norm_weight_grad_c2(%x: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 16, found 'tensor<2x16xf32>'}}
  %d = model.layer_norm_weight_grad %x, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x16xf32>
  model.return
}

// -----

model.graph @layer_norm_weight_grad_c3(%x: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{splits 0 does not divide the rows of the input 'tensor<2x8x16xf32>'}}
  %d = model.layer_norm_weight_grad %x, %g {eps = 1.0e-5 : f32, splits = 0 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x16xf32>
  model.return
}

// -----

model.graph @layer_norm_weight_grad_c4(%x: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a positive eps, found 0}}
  %d = model.layer_norm_weight_grad %x, %g {eps = 0.0 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
  model.return
}

// -----

model.graph @rms_norm_grad_c1(%x: tensor<2x8x16xf32>, %w: tensor<8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected weight of shape 16, found 'tensor<8xf32>'}}
  %d = model.rms_norm_grad %x, %w, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<8xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_grad_c2(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %g: tensor<2x8x97xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x97xf32>'}}
  %d = model.rms_norm_grad %x, %w, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x97xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_grad_c3(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a positive eps, found 0}}
  %d = model.rms_norm_grad %x, %w, %g {eps = 0.0 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_c1(%x: tensor<2x8x16xf32>, %g: tensor<2x8x97xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x97xf32>'}}
  %d = model.rms_norm_weight_grad %x, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x97xf32>) -> tensor<16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_c2(%x: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 16, found 'tensor<2x16xf32>'}}
  %d = model.rms_norm_weight_grad %x, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_c3(%x: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{splits 0 does not divide the rows of the input 'tensor<2x8x16xf32>'}}
  %d = model.rms_norm_weight_grad %x, %g {eps = 1.0e-5 : f32, splits = 0 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_c4(%x: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a positive eps, found 0}}
  %d = model.rms_norm_weight_grad %x, %g {eps = 0.0 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
  model.return
}

// -----

model.graph @concat_c1(%x: tensor<f32>) {
  // expected-error@+1 {{expected an output of at least rank 1 and at least one input, found 'tensor<f32>' and 1 inputs}}
  %y = model.concat %x : (tensor<f32>) -> tensor<f32>
  model.return
}

// -----

model.graph @concat_c2(%x: tensor<2x8x16xf32>, %y: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected input of shape 2x8x?, found 'tensor<2x4x8xf32>'}}
  %z = model.concat %x, %y : (tensor<2x8x16xf32>, tensor<2x4x8xf32>) -> tensor<2x8x24xf32>
  model.return
}

// -----

model.graph @concat_c3(%x: tensor<2x8x16xf32>, %y: tensor<2x8x8xf32>) {
  // expected-error@+1 {{parts of 24 channels in all do not make up the last dimension of the output 'tensor<2x8x32xf32>'}}
  %z = model.concat %x, %y : (tensor<2x8x16xf32>, tensor<2x8x8xf32>) -> tensor<2x8x32xf32>
  model.return
}

// -----

model.graph @cross_entropy_grad_c1(%l: tensor<8x97xf32>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected logits of rank 3, found 'tensor<8x97xf32>'}}
  %y = model.cross_entropy_grad %l, %t : (tensor<8x97xf32>, tensor<2x8xi32>) -> tensor<2x8x97xf32>
  model.return
}

// -----

model.graph @cross_entropy_grad_c2(%l: tensor<2x8x97xf32>, %t: tensor<2x7xi32>) {
  // expected-error@+1 {{expected targets of shape 2x8, found 'tensor<2x7xi32>'}}
  %y = model.cross_entropy_grad %l, %t : (tensor<2x8x97xf32>, tensor<2x7xi32>) -> tensor<2x8x97xf32>
  model.return
}

// -----

model.graph @cross_entropy_grad_c3(%l: tensor<2x8x97xf32>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected output of shape 2x8x97, found 'tensor<2x8x16xf32>'}}
  %y = model.cross_entropy_grad %l, %t : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @token_loss_c1(%l: tensor<8x97xf32>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected logits of rank 3, found 'tensor<8x97xf32>'}}
  %y = model.token_loss %l, %t : (tensor<8x97xf32>, tensor<2x8xi32>) -> tensor<2x8xf32>
  model.return
}

// -----

model.graph @token_loss_c2(%l: tensor<2x8x97xf32>, %t: tensor<2x7xi32>) {
  // expected-error@+1 {{expected targets of shape 2x8, found 'tensor<2x7xi32>'}}
  %y = model.token_loss %l, %t : (tensor<2x8x97xf32>, tensor<2x7xi32>) -> tensor<2x7xf32>
  model.return
}

// -----

model.graph @token_loss_c3(%l: tensor<2x8x97xf32>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected output of shape 2x8, found 'tensor<16xf32>'}}
  %y = model.token_loss %l, %t : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<16xf32>
  model.return
}
