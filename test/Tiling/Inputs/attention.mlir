// Attention in one block, all of it masked, and as @.._scheduled in many, of
// which those that no edge of the mask crosses are not masked: 37 positions,
// causal, or with a window that begins and ends within a block. Blocks of
// queries are larger than those of keys, or smaller.


tile.func @forward(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
    attributes {kind = "attention", grid = array<i64: 1, 4, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
  tile.return %o, %lse : tensor<1x37x32xf32>, tensor<1x4x37xf32>
}
tile.func @forward_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
    attributes {kind = "attention", grid = array<i64: 5, 4, 1>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
  tile.return %o, %lse : tensor<1x37x32xf32>, tensor<1x4x37xf32>
}

tile.func @forward_window(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
    attributes {kind = "attention", grid = array<i64: 1, 4, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64, window = 21 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
  tile.return %o, %lse : tensor<1x37x32xf32>, tensor<1x4x37xf32>
}
tile.func @forward_window_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
    attributes {kind = "attention", grid = array<i64: 10, 4, 1>, schedule = {block_q = 4 : i64, block_k = 8 : i64}} {
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64, window = 21 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>) -> (tensor<1x37x32xf32>, tensor<1x4x37xf32>)
  tile.return %o, %lse : tensor<1x37x32xf32>, tensor<1x4x37xf32>
}

tile.func @query_grad(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
    attributes {kind = "attention_query_grad", grid = array<i64: 1, 4, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
  tile.return %dq : tensor<1x37x32xf32>
}
tile.func @query_grad_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
    attributes {kind = "attention_query_grad", grid = array<i64: 5, 4, 1>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
  tile.return %dq : tensor<1x37x32xf32>
}

tile.func @query_grad_window(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
    attributes {kind = "attention_query_grad", grid = array<i64: 1, 4, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 21 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
  tile.return %dq : tensor<1x37x32xf32>
}
tile.func @query_grad_window_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
    attributes {kind = "attention_query_grad", grid = array<i64: 10, 4, 1>, schedule = {block_q = 4 : i64, block_k = 8 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 21 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> tensor<1x37x32xf32>
  tile.return %dq : tensor<1x37x32xf32>
}

tile.func @key_value_grad(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 1, 2, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}
tile.func @key_value_grad_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 10, 2, 1>, schedule = {block_q = 8 : i64, block_k = 4 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}

tile.func @key_value_grad_window(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 1, 2, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 21 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}
tile.func @key_value_grad_window_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 5, 2, 1>, schedule = {block_q = 4 : i64, block_k = 8 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 21 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}

// The last query that sees a block of keys, 8 + 22 - 2 behind its first, is the
// first of its own block.
tile.func @key_value_grad_edge(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 1, 2, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 22 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}
tile.func @key_value_grad_edge_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 5, 2, 1>, schedule = {block_q = 4 : i64, block_k = 8 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 22 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}

// Blocks so small that a query's own key is the last but one of its block.
tile.func @key_value_grad_pairs(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 1, 2, 1>, schedule = {block_q = 37 : i64, block_k = 37 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}
tile.func @key_value_grad_pairs_scheduled(%q: tensor<1x37x32xf32>, %k: tensor<1x37x16xf32>, %v: tensor<1x37x16xf32>, %do: tensor<1x37x32xf32>, %lse: tensor<1x4x37xf32>, %delta: tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
    attributes {kind = "attention_key_value_grad", grid = array<i64: 19, 2, 1>, schedule = {block_q = 2 : i64, block_k = 2 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<1x37x32xf32>, tensor<1x37x16xf32>, tensor<1x37x16xf32>, tensor<1x37x32xf32>, tensor<1x4x37xf32>, tensor<1x4x37xf32>) -> (tensor<1x37x16xf32>, tensor<1x37x16xf32>)
  tile.return %dk, %dv : tensor<1x37x16xf32>, tensor<1x37x16xf32>
}
