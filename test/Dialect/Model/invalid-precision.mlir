// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// Element types that do not belong together: the label is the op and the
// constraint.

model.graph @embedding_c3(%t: tensor<2x8xi32>, %w: tensor<97x16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.embedding %t, %w : (tensor<2x8xi32>, tensor<97x16xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @position_embedding_c4(%t: tensor<2x8xi32>, %w: tensor<97x16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.position_embedding %t, %w : (tensor<2x8xi32>, tensor<97x16xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @linear_weight_c5(%x: tensor<2x8x16xbf16>, %w: tensor<16x16xf32>) {
  // expected-error@+1 {{expected weight with elements 'bf16', found 'tensor<16x16xf32>'}}
  %y = model.linear %x, %w : (tensor<2x8x16xbf16>, tensor<16x16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @linear_bias_c5(%x: tensor<2x8x16xbf16>, %w: tensor<16x16xbf16>, %b: tensor<16xf32>) {
  // expected-error@+1 {{expected bias with elements 'bf16', found 'tensor<16xf32>'}}
  %y = model.linear %x, %w, %b : (tensor<2x8x16xbf16>, tensor<16x16xbf16>, tensor<16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @linear_narrow_c5(%x: tensor<2x8x16xf32>, %w: tensor<16x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<2x8x16xbf16>'}}
  %y = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @linear_wide_c5(%x: tensor<2x8x16xbf16>, %w: tensor<16x16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16' or f32, found 'tensor<2x8x16xf64>'}}
  %y = model.linear %x, %w : (tensor<2x8x16xbf16>, tensor<16x16xbf16>) -> tensor<2x8x16xf64>
  model.return
}

// -----

model.graph @layer_norm_weight_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xf32>, %b: tensor<16xbf16>) {
  // expected-error@+1 {{expected weight with elements 'bf16', found 'tensor<16xf32>'}}
  %y = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xf32>, tensor<16xbf16>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @layer_norm_bias_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xbf16>, %b: tensor<16xf32>) {
  // expected-error@+1 {{expected bias with elements 'bf16', found 'tensor<16xf32>'}}
  %y = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xbf16>, tensor<16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @layer_norm_output_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xbf16>, %b: tensor<16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xbf16>, tensor<16xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight with elements 'bf16', found 'tensor<16xf32>'}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @rms_norm_output_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rotate_tables_c4(%x: tensor<2x8x16xf32>, %c: tensor<8x8xbf16>) {
  // expected-error@+1 {{expected cos with elements 'f32', found 'tensor<8x8xbf16>'}}
  %y = model.rotate %x, %c, %c {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xbf16>, tensor<8x8xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rotate_output_c4(%x: tensor<2x8x16xbf16>, %c: tensor<8x8xf32>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.rotate %x, %c, %c {head_size = 8 : i64} : (tensor<2x8x16xbf16>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_key_c7(%q: tensor<2x8x16xbf16>, %k: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected key with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.attention %q, %k, %q {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xf32>, tensor<2x8x16xbf16>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @attention_value_c7(%q: tensor<2x8x16xbf16>, %v: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected value with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.attention %q, %q, %v {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @attention_output_c7(%q: tensor<2x8x16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %y = model.attention %q, %q, %q {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_lse_c7(%q: tensor<2x8x16xbf16>) {
  // expected-error@+1 {{expected lse with elements 'f32', found 'tensor<2x2x8xbf16>'}}
  %y, %l = model.attention %q, %q, %q {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> (tensor<2x8x16xbf16>, tensor<2x2x8xbf16>)
  model.return
}

// -----

model.graph @split_c4(%x: tensor<2x8x16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x8xf32>'}}
  %y, %z = model.split %x : (tensor<2x8x16xbf16>) -> (tensor<2x8x8xbf16>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @embedding_grad_c3(%t: tensor<2x8xi32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<97x16xbf16>'}}
  %d = model.embedding_grad %t, %g : (tensor<2x8xi32>, tensor<2x8x16xf32>) -> tensor<97x16xbf16>
  model.return
}

// -----

model.graph @position_embedding_grad_c4(%g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<8x16xbf16>'}}
  %d = model.position_embedding_grad %g : (tensor<2x8x16xf32>) -> tensor<8x16xbf16>
  model.return
}

// -----

model.graph @linear_weight_grad_operands_c3(%x: tensor<2x8x16xbf16>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected grad with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %d = model.linear_weight_grad %x, %g : (tensor<2x8x16xbf16>, tensor<2x8x16xf32>) -> tensor<16x16xf32>
  model.return
}

// -----

model.graph @linear_weight_grad_c3(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<16x16xbf16>'}}
  %d = model.linear_weight_grad %x, %x : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16x16xbf16>
  model.return
}

// -----

model.graph @sum_rows_c3(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<16xbf16>'}}
  %d = model.sum_rows %x : (tensor<2x8x16xf32>) -> tensor<16xbf16>
  model.return
}

// -----

model.graph @sum_rows_splits_c3(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<4x16xbf16>'}}
  %d = model.sum_rows %x {splits = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<4x16xbf16>
  model.return
}

// -----

model.graph @layer_norm_grad_weight_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xf32>) {
  // expected-error@+1 {{expected weight with elements 'bf16', found 'tensor<16xf32>'}}
  %d = model.layer_norm_grad %x, %w, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xf32>, tensor<2x8x16xbf16>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @layer_norm_grad_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xbf16>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected grad with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %d = model.layer_norm_grad %x, %w, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xbf16>, tensor<2x8x16xf32>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @layer_norm_weight_grad_operands_c5(%x: tensor<2x8x16xbf16>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected grad with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %d = model.layer_norm_weight_grad %x, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<2x8x16xf32>) -> tensor<16xf32>
  model.return
}

// -----

model.graph @layer_norm_weight_grad_c5(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<16xbf16>'}}
  %d = model.layer_norm_weight_grad %x, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xbf16>
  model.return
}

// -----

model.graph @rms_norm_grad_c4(%x: tensor<2x8x16xbf16>, %w: tensor<16xbf16>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %d = model.rms_norm_grad %x, %w, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xbf16>, tensor<2x8x16xbf16>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @rms_norm_weight_grad_c5(%x: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<16xbf16>'}}
  %d = model.rms_norm_weight_grad %x, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xbf16>
  model.return
}

// -----

model.graph @attention_grad_lse_c5(%x: tensor<2x8x16xbf16>, %l: tensor<2x2x8xbf16>) {
  // expected-error@+1 {{expected lse with elements 'f32', found 'tensor<2x2x8xbf16>'}}
  %q, %k, %v = model.attention_grad %x, %x, %x, %x, %l, %x {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x2x8xbf16>, tensor<2x8x16xbf16>) -> (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>)
  model.return
}

// -----

model.graph @attention_grad_c5(%x: tensor<2x8x16xbf16>, %l: tensor<2x2x8xf32>) {
  // expected-error@+1 {{expected key gradient with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %q, %k, %v = model.attention_grad %x, %x, %x, %x, %l, %x {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x2x8xf32>, tensor<2x8x16xbf16>) -> (tensor<2x8x16xbf16>, tensor<2x8x16xf32>, tensor<2x8x16xbf16>)
  model.return
}

// -----

model.graph @attention_delta_grad_c3(%x: tensor<2x8x16xbf16>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected grad with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %d = model.attention_delta %x, %g {heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xf32>) -> tensor<2x2x8xf32>
  model.return
}

// -----

model.graph @attention_delta_c3(%x: tensor<2x8x16xbf16>) {
  // expected-error@+1 {{expected delta with elements 'f32', found 'tensor<2x2x8xbf16>'}}
  %d = model.attention_delta %x, %x {heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> tensor<2x2x8xbf16>
  model.return
}

// -----

model.graph @attention_query_grad_delta_c5(%x: tensor<2x8x16xbf16>, %l: tensor<2x2x8xf32>, %d: tensor<2x2x8xbf16>) {
  // expected-error@+1 {{expected delta with elements 'f32', found 'tensor<2x2x8xbf16>'}}
  %q = model.attention_query_grad %x, %x, %x, %x, %l, %d {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x2x8xf32>, tensor<2x2x8xbf16>) -> tensor<2x8x16xbf16>
  model.return
}

// -----

model.graph @attention_query_grad_c5(%x: tensor<2x8x16xbf16>, %l: tensor<2x2x8xf32>) {
  // expected-error@+1 {{expected query gradient with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %q = model.attention_query_grad %x, %x, %x, %x, %l, %l {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_key_value_grad_operand_c5(%x: tensor<2x8x16xbf16>, %g: tensor<2x8x16xf32>, %l: tensor<2x2x8xf32>) {
  // expected-error@+1 {{expected grad with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %k, %v = model.attention_key_value_grad %x, %x, %x, %g, %l, %l {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xf32>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>)
  model.return
}

// -----

model.graph @attention_key_value_grad_c5(%x: tensor<2x8x16xbf16>, %l: tensor<2x2x8xf32>) {
  // expected-error@+1 {{expected value gradient with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %k, %v = model.attention_key_value_grad %x, %x, %x, %x, %l, %l {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> (tensor<2x8x16xbf16>, tensor<2x8x16xf32>)
  model.return
}

// -----

model.graph @concat_c4(%x: tensor<2x8x16xbf16>, %y: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected input with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %z = model.concat %x, %y : (tensor<2x8x16xbf16>, tensor<2x8x16xf32>) -> tensor<2x8x32xbf16>
  model.return
}

// -----

model.graph @cross_entropy_grad_c4(%x: tensor<2x8x16xbf16>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected output with elements 'bf16', found 'tensor<2x8x16xf32>'}}
  %d = model.cross_entropy_grad %x, %t : (tensor<2x8x16xbf16>, tensor<2x8xi32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @token_loss_c4(%x: tensor<2x8x16xbf16>, %t: tensor<2x8xi32>) {
  // expected-error@+1 {{expected output with elements 'f32', found 'tensor<2x8xbf16>'}}
  %l = model.token_loss %x, %t : (tensor<2x8x16xbf16>, tensor<2x8xi32>) -> tensor<2x8xbf16>
  model.return
}

// -----

model.graph @mean_c1(%x: tensor<2x8x16xbf16>) {
  // expected-error@+1 {{expected input with elements 'f32', found 'tensor<2x8x16xbf16>'}}
  %l = model.mean %x : (tensor<2x8x16xbf16>) -> tensor<f32>
  model.return
}
