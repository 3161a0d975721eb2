// Products whose blocks run in another order as @.._scheduled.

// Three groups: two of 2 row blocks, one of 1.
tile.func @product(%x: tensor<2x20x24xf32>, %w: tensor<56x24xf32>, %r: tensor<2x20x56xf32>) -> tensor<2x20x56xf32>
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x20x24xf32>, tensor<56x24xf32>) -> tensor<2x20x56xf32>
  %1 = model.add %0, %r : tensor<2x20x56xf32>
  tile.return %1 : tensor<2x20x56xf32>
}
tile.func @product_scheduled(%x: tensor<2x20x24xf32>, %w: tensor<56x24xf32>, %r: tensor<2x20x56xf32>) -> tensor<2x20x56xf32>
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64, raster = 2 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x20x24xf32>, tensor<56x24xf32>) -> tensor<2x20x56xf32>
  %1 = model.add %0, %r : tensor<2x20x56xf32>
  tile.return %1 : tensor<2x20x56xf32>
}

// One group of all row blocks.
tile.func @tall(%x: tensor<2x20x24xf32>, %w: tensor<56x24xf32>, %r: tensor<2x20x56xf32>) -> tensor<2x20x56xf32>
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x20x24xf32>, tensor<56x24xf32>) -> tensor<2x20x56xf32>
  %1 = model.add %0, %r : tensor<2x20x56xf32>
  tile.return %1 : tensor<2x20x56xf32>
}
tile.func @tall_scheduled(%x: tensor<2x20x24xf32>, %w: tensor<56x24xf32>, %r: tensor<2x20x56xf32>) -> tensor<2x20x56xf32>
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64, raster = 9 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x20x24xf32>, tensor<56x24xf32>) -> tensor<2x20x56xf32>
  %1 = model.add %0, %r : tensor<2x20x56xf32>
  tile.return %1 : tensor<2x20x56xf32>
}

// Two products of one input.
tile.func @pair(%x: tensor<2x20x24xf32>, %a: tensor<56x24xf32>, %b: tensor<24x56xf32>, %c: tensor<56xf32>) -> (tensor<2x20x56xf32>, tensor<2x20x56xf32>)
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %a : (tensor<2x20x24xf32>, tensor<56x24xf32>) -> tensor<2x20x56xf32>
  %1 = model.linear %x, %b, %c {transposed} : (tensor<2x20x24xf32>, tensor<24x56xf32>, tensor<56xf32>) -> tensor<2x20x56xf32>
  %2 = model.mul %0, %1 : tensor<2x20x56xf32>
  tile.return %0, %2 : tensor<2x20x56xf32>, tensor<2x20x56xf32>
}
tile.func @pair_scheduled(%x: tensor<2x20x24xf32>, %a: tensor<56x24xf32>, %b: tensor<24x56xf32>, %c: tensor<56xf32>) -> (tensor<2x20x56xf32>, tensor<2x20x56xf32>)
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 16 : i64, block_k = 24 : i64, raster = 2 : i64}} {
  %0 = model.linear %x, %a : (tensor<2x20x24xf32>, tensor<56x24xf32>) -> tensor<2x20x56xf32>
  %1 = model.linear %x, %b, %c {transposed} : (tensor<2x20x24xf32>, tensor<24x56xf32>, tensor<56xf32>) -> tensor<2x20x56xf32>
  %2 = model.mul %0, %1 : tensor<2x20x56xf32>
  tile.return %0, %2 : tensor<2x20x56xf32>, tensor<2x20x56xf32>
}

// Attention: heads of both sequences side by side, the last queries first.
tile.func @attention(%q: tensor<2x20x32xf32>, %k: tensor<2x20x16xf32>, %v: tensor<2x20x16xf32>) -> (tensor<2x20x32xf32>, tensor<2x4x20xf32>)
    attributes {kind = "attention", schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x20x32xf32>, tensor<2x20x16xf32>, tensor<2x20x16xf32>) -> (tensor<2x20x32xf32>, tensor<2x4x20xf32>)
  tile.return %o, %lse : tensor<2x20x32xf32>, tensor<2x4x20xf32>
}
tile.func @attention_scheduled(%q: tensor<2x20x32xf32>, %k: tensor<2x20x16xf32>, %v: tensor<2x20x16xf32>) -> (tensor<2x20x32xf32>, tensor<2x4x20xf32>)
    attributes {kind = "attention", schedule = {block_q = 8 : i64, block_k = 8 : i64, raster = 8 : i64}} {
  %o, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x20x32xf32>, tensor<2x20x16xf32>, tensor<2x20x16xf32>) -> (tensor<2x20x32xf32>, tensor<2x4x20xf32>)
  tile.return %o, %lse : tensor<2x20x32xf32>, tensor<2x4x20xf32>
}

tile.func @query_grad(%q: tensor<2x20x32xf32>, %k: tensor<2x20x16xf32>, %v: tensor<2x20x16xf32>, %do: tensor<2x20x32xf32>, %lse: tensor<2x4x20xf32>, %delta: tensor<2x4x20xf32>) -> tensor<2x20x32xf32>
    attributes {kind = "attention_query_grad", schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x20x32xf32>, tensor<2x20x16xf32>, tensor<2x20x16xf32>, tensor<2x20x32xf32>, tensor<2x4x20xf32>, tensor<2x4x20xf32>) -> tensor<2x20x32xf32>
  tile.return %dq : tensor<2x20x32xf32>
}
tile.func @query_grad_scheduled(%q: tensor<2x20x32xf32>, %k: tensor<2x20x16xf32>, %v: tensor<2x20x16xf32>, %do: tensor<2x20x32xf32>, %lse: tensor<2x4x20xf32>, %delta: tensor<2x4x20xf32>) -> tensor<2x20x32xf32>
    attributes {kind = "attention_query_grad", schedule = {block_q = 8 : i64, block_k = 8 : i64, raster = 2 : i64}} {
  %dq = model.attention_query_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x20x32xf32>, tensor<2x20x16xf32>, tensor<2x20x16xf32>, tensor<2x20x32xf32>, tensor<2x4x20xf32>, tensor<2x4x20xf32>) -> tensor<2x20x32xf32>
  tile.return %dq : tensor<2x20x32xf32>
}

tile.func @key_value_grad(%q: tensor<2x20x32xf32>, %k: tensor<2x20x16xf32>, %v: tensor<2x20x16xf32>, %do: tensor<2x20x32xf32>, %lse: tensor<2x4x20xf32>, %delta: tensor<2x4x20xf32>) -> (tensor<2x20x16xf32>, tensor<2x20x16xf32>)
    attributes {kind = "attention_key_value_grad", schedule = {block_q = 8 : i64, block_k = 8 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x20x32xf32>, tensor<2x20x16xf32>, tensor<2x20x16xf32>, tensor<2x20x32xf32>, tensor<2x4x20xf32>, tensor<2x4x20xf32>) -> (tensor<2x20x16xf32>, tensor<2x20x16xf32>)
  tile.return %dk, %dv : tensor<2x20x16xf32>, tensor<2x20x16xf32>
}
tile.func @key_value_grad_scheduled(%q: tensor<2x20x32xf32>, %k: tensor<2x20x16xf32>, %v: tensor<2x20x16xf32>, %do: tensor<2x20x32xf32>, %lse: tensor<2x4x20xf32>, %delta: tensor<2x4x20xf32>) -> (tensor<2x20x16xf32>, tensor<2x20x16xf32>)
    attributes {kind = "attention_key_value_grad", schedule = {block_q = 8 : i64, block_k = 8 : i64, raster = 4 : i64}} {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %do, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x20x32xf32>, tensor<2x20x16xf32>, tensor<2x20x16xf32>, tensor<2x20x32xf32>, tensor<2x4x20xf32>, tensor<2x4x20xf32>) -> (tensor<2x20x16xf32>, tensor<2x20x16xf32>)
  tile.return %dk, %dv : tensor<2x20x16xf32>, tensor<2x20x16xf32>
}
