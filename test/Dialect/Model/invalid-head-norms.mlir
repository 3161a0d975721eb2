// RUN: llmc-opt %s -split-input-file -verify-diagnostics

// Norms of heads and their gradients: the labels are those of the constraints.

model.graph @rms_norm_heads_c1(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight of shape 8, found 'tensor<16xf32>'}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_positive_c5(%x: tensor<2x8x16xf32>, %w: tensor<8xf32>) {
  // expected-error@+1 {{expected a positive head_size, found 0}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 0 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_c5(%x: tensor<2x8x16xf32>, %w: tensor<6xf32>) {
  // expected-error@+1 {{head_size 6 does not divide the last dimension of the input 'tensor<2x8x16xf32>'}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32, head_size = 6 : i64} : (tensor<2x8x16xf32>, tensor<6xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_grad_heads_c1(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight of shape 8, found 'tensor<16xf32>'}}
  %d = model.rms_norm_grad %x, %w, %x {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_grad_c5(%x: tensor<2x8x16xf32>, %w: tensor<6xf32>) {
  // expected-error@+1 {{head_size 6 does not divide the last dimension of the input 'tensor<2x8x16xf32>'}}
  %d = model.rms_norm_grad %x, %w, %x {eps = 1.0e-5 : f32, head_size = 6 : i64} : (tensor<2x8x16xf32>, tensor<6xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_heads_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 8, found 'tensor<16xf32>'}}
  %d = model.rms_norm_weight_grad %x, %x {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_splits_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 4x8, found 'tensor<4x16xf32>'}}
  %d = model.rms_norm_weight_grad %x, %x {eps = 1.0e-5 : f32, head_size = 8 : i64, splits = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<4x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_c6(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{head_size 6 does not divide the last dimension of the input 'tensor<2x8x16xf32>'}}
  %d = model.rms_norm_weight_grad %x, %x {eps = 1.0e-5 : f32, head_size = 6 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<6xf32>
  model.return
}
