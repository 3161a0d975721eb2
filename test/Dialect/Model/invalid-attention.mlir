// RUN: llmc-opt %s -verify-diagnostics -split-input-file

// One case per constraint of the backward ops of attention: the label is the op
// and the constraint.

model.graph @attention_grad_c1(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{kv_heads 3 does not divide heads 4}}
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %l, %g {heads = 4 : i64, kv_heads = 3 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_grad_c2(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x8xf32>, %l: tensor<2x4x8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected output of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %l, %g {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_grad_c3(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x16xf32>, %l: tensor<2x8x4xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected lse of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %l, %g {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x8x4xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_grad_query_c4(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected query gradient of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %l, %g {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_grad_key_c4(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected key gradient of shape 2x8x8, found 'tensor<2x8x16xf32>'}}
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %l, %g {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_grad_value_c4(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected value gradient of shape 2x8x8, found 'tensor<2x8x16xf32>'}}
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %l, %g {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>)
  model.return
}

// -----

model.graph @attention_delta_c1(%o: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{heads 3 does not divide the last dimension of the output 'tensor<2x8x16xf32>'}}
  %d = model.attention_delta %o, %g {heads = 3 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x3x8xf32>
  model.return
}

// -----

model.graph @attention_delta_grad_c1(%o: tensor<2x8x16xf32>, %g: tensor<2x8x8xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %d = model.attention_delta %o, %g {heads = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>) -> tensor<2x4x8xf32>
  model.return
}

// -----

model.graph @attention_delta_c2(%o: tensor<2x8x16xf32>, %g: tensor<2x8x16xf32>) {
  // expected-error@+1 {{expected delta of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %d = model.attention_delta %o, %g {heads = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x4xf32>
  model.return
}

// -----

model.graph @attention_query_grad_c1(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{kv_heads 3 does not divide heads 4}}
  %r = model.attention_query_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 3 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_query_grad_c2(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x8xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %r = model.attention_query_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_query_grad_lse_c3(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x8x4xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected lse of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %r = model.attention_query_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x8x4xf32>, tensor<2x4x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_query_grad_delta_c3(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x8x4xf32>) {
  // expected-error@+1 {{expected delta of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %r = model.attention_query_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x4xf32>) -> tensor<2x8x16xf32>
  model.return
}

// -----

model.graph @attention_query_grad_c4(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected query gradient of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %r = model.attention_query_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x8x8xf32>
  model.return
}

// -----

model.graph @attention_key_value_grad_c1(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{kv_heads 3 does not divide heads 4}}
  %r, %s = model.attention_key_value_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 3 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_key_value_grad_c2(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x8xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected grad of shape 2x8x16, found 'tensor<2x8x8xf32>'}}
  %r, %s = model.attention_key_value_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_key_value_grad_lse_c3(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x8x4xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected lse of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %r, %s = model.attention_key_value_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x8x4xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_key_value_grad_delta_c3(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x8x4xf32>) {
  // expected-error@+1 {{expected delta of shape 2x4x8, found 'tensor<2x8x4xf32>'}}
  %r, %s = model.attention_key_value_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x4xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// -----

model.graph @attention_key_value_grad_c4(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %g: tensor<2x8x16xf32>, %l: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  // expected-error@+1 {{expected value gradient of shape 2x8x8, found 'tensor<2x8x16xf32>'}}
  %r, %s = model.attention_key_value_grad %q, %k, %v, %g, %l, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x16xf32>)
  model.return
}
