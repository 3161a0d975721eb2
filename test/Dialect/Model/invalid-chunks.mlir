// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// One case per constraint of the ops on chunks of tokens: the label is the op
// and the constraint.

model.graph @slice_tokens_batch_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a part [1, n, ..] of a static [b, t, ..] with the same further dimensions and elements, found 'tensor<2x4x16xf32>' and 'tensor<2x8x16xf32>'}}
  %a = model.slice_tokens %x {first = 0 : i64} : (tensor<2x8x16xf32>) -> tensor<2x4x16xf32>
  model.return
}

// -----

model.graph @slice_tokens_columns_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a part [1, n, ..]}}
  %a = model.slice_tokens %x {first = 0 : i64} : (tensor<2x8x16xf32>) -> tensor<1x4x8xf32>
  model.return
}

// -----

model.graph @slice_tokens_elements_c1(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected a part [1, n, ..]}}
  %a = model.slice_tokens %x {first = 0 : i64} : (tensor<2x8x16xf32>) -> tensor<1x4x16xbf16>
  model.return
}

// -----

model.graph @slice_tokens_dynamic_c1(%x: tensor<?x8x16xf32>) {
  // expected-error@+1 {{expected a part [1, n, ..]}}
  %a = model.slice_tokens %x {first = 0 : i64} : (tensor<?x8x16xf32>) -> tensor<1x4x16xf32>
  model.return
}

// -----

model.graph @slice_tokens_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{tokens 8 to 17 are not all of the 16 tokens of the input}}
  %a = model.slice_tokens %x {first = 8 : i64} : (tensor<2x8x16xf32>) -> tensor<1x9x16xf32>
  model.return
}

// -----

model.graph @slice_tokens_negative_c2(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{tokens -1 to 7 are not all of the 16 tokens of the input}}
  %a = model.slice_tokens %x {first = -1 : i64} : (tensor<2x8x16xf32>) -> tensor<1x8x16xf32>
  model.return
}

// -----

model.graph @join_tokens_c1(%x: tensor<1x16x8xf32>) {
  // expected-error@+1 {{expected a part [1, n, ..] of a static [b, t, ..] with the same further dimensions and elements, found 'tensor<1x16x8xf32>' and 'tensor<2x8x16xf32>'}}
  %a = model.join_tokens %x : (tensor<1x16x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @join_tokens_c2(%x: tensor<1x12x16xf32>) {
  // expected-error@+1 {{parts of 12 tokens in all do not make up the output 'tensor<2x8x16xf32>'}}
  %a = model.join_tokens %x : (tensor<1x12x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @cross_entropy_grad_c5(%x: tensor<2x8x97xf32>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected a mean over at least the 16 tokens of the logits, found 15}}
  %d = model.cross_entropy_grad %x, %t {tokens = 15 : i64} : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8x97xf32>
  model.return
}

// -----

model.graph @take_tokens_positions_c1(%p: tensor<2x1xi32>, %x: tensor<1x8x16xf32>) {
  // expected-error@+1 {{positions and input must be of one sequence, found 'tensor<2x1xi32>' and 'tensor<1x8x16xf32>'}}
  %a = model.take_tokens %p, %x : (tensor<2x1xi32>, tensor<1x8x16xf32>) -> tensor<1x1x16xf32>
  model.return
}

// -----

model.graph @take_tokens_input_c1(%p: tensor<1x1xi32>, %x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{positions and input must be of one sequence, found 'tensor<1x1xi32>' and 'tensor<2x8x16xf32>'}}
  %a = model.take_tokens %p, %x : (tensor<1x1xi32>, tensor<2x8x16xf32>) -> tensor<1x1x16xf32>
  model.return
}

// -----

model.graph @take_tokens_rank_c1(%p: tensor<1x1xi32>, %x: tensor<8x16xf32>) {
  // expected-error@+1 {{expected input of rank 3, found 'tensor<8x16xf32>'}}
  %a = model.take_tokens %p, %x : (tensor<1x1xi32>, tensor<8x16xf32>) -> tensor<1x1x16xf32>
  model.return
}

// -----

model.graph @take_tokens_c2(%p: tensor<1x3xi32>, %x: tensor<1x8x16xf32>) {
  // expected-error@+1 {{output}}
  %a = model.take_tokens %p, %x : (tensor<1x3xi32>, tensor<1x8x16xf32>) -> tensor<1x2x16xf32>
  model.return
}

// -----

model.graph @take_tokens_c3(%p: tensor<1x3xi32>, %x: tensor<1x8x16xf32>) {
  // expected-error@+1 {{output}}
  %a = model.take_tokens %p, %x : (tensor<1x3xi32>, tensor<1x8x16xf32>) -> tensor<1x3x16xbf16>
  model.return
}
