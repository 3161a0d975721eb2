// Kernels whose rows are worked on whole and, as @.._scheduled, in parts. `results`
// is how many trailing arguments are results.

// Three passes: maximum and the target, the sum of exponentials, the gradient over the logits.
tile.func @loss(%l: tensor<2x6x50xf32>, %t: tensor<2x6xi32>) -> (tensor<2x6xf32>, tensor<2x6x50xf32>)
    attributes {kind = "rows", inplace = array<i64: 1, 0>, results = 2 : i64, schedule = {block_rows = 2 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x50xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x6x50xf32>, tensor<2x6xi32>) -> tensor<2x6x50xf32>
  tile.return %0, %1 : tensor<2x6xf32>, tensor<2x6x50xf32>
}
tile.func @loss_scheduled(%l: tensor<2x6x50xf32>, %t: tensor<2x6xi32>) -> (tensor<2x6xf32>, tensor<2x6x50xf32>)
    attributes {kind = "rows", inplace = array<i64: 1, 0>, results = 2 : i64, schedule = {block_rows = 2 : i64, block_columns = 16 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x50xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x6x50xf32>, tensor<2x6xi32>) -> tensor<2x6x50xf32>
  tile.return %0, %1 : tensor<2x6xf32>, tensor<2x6x50xf32>
}

// Nothing is stored by columns, and no part reaches over the edge.
tile.func @even_loss(%l: tensor<2x6x48xf32>, %t: tensor<2x6xi32>) -> tensor<2x6xf32>
    attributes {kind = "rows", schedule = {block_rows = 3 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x48xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  tile.return %0 : tensor<2x6xf32>
}
tile.func @even_loss_scheduled(%l: tensor<2x6x48xf32>, %t: tensor<2x6xi32>) -> tensor<2x6xf32>
    attributes {kind = "rows", schedule = {block_rows = 3 : i64, block_columns = 16 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x48xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  tile.return %0 : tensor<2x6xf32>
}

// The sum, of level 0, overwrites what later passes read: it has to wait.
tile.func @residual_norm(%x: tensor<2x6x40xf32>, %r: tensor<2x6x40xf32>, %w: tensor<40xf32>, %b: tensor<40xf32>) -> (tensor<2x6x40xf32>, tensor<2x6x40xf32>)
    attributes {kind = "rows", inplace = array<i64: 0, 0>, results = 2 : i64, schedule = {block_rows = 4 : i64}} {
  %0 = model.add %x, %r : tensor<2x6x40xf32>
  %1 = model.layer_norm %0, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x6x40xf32>, tensor<40xf32>, tensor<40xf32>) -> tensor<2x6x40xf32>
  tile.return %0, %1 : tensor<2x6x40xf32>, tensor<2x6x40xf32>
}
tile.func @residual_norm_scheduled(%x: tensor<2x6x40xf32>, %r: tensor<2x6x40xf32>, %w: tensor<40xf32>, %b: tensor<40xf32>) -> (tensor<2x6x40xf32>, tensor<2x6x40xf32>)
    attributes {kind = "rows", inplace = array<i64: 0, 0>, results = 2 : i64, schedule = {block_rows = 4 : i64, block_columns = 16 : i64}} {
  %0 = model.add %x, %r : tensor<2x6x40xf32>
  %1 = model.layer_norm %0, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x6x40xf32>, tensor<40xf32>, tensor<40xf32>) -> tensor<2x6x40xf32>
  tile.return %0, %1 : tensor<2x6x40xf32>, tensor<2x6x40xf32>
}

// Sums over rows, which the loop over rows keeps in memory.
tile.func @norm_grads(%x: tensor<2x6x40xf32>, %w: tensor<40xf32>, %dy: tensor<2x6x40xf32>, %r: tensor<2x6x40xf32>) -> (tensor<2x6x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>)
    attributes {kind = "rows", inplace = array<i64: 0, 3>, results = 3 : i64, schedule = {block_rows = 1 : i64, splits = 4 : i64}} {
  %0 = model.layer_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x6x40xf32>, tensor<40xf32>, tensor<2x6x40xf32>) -> tensor<2x6x40xf32>
  %1 = model.layer_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, splits = 4 : i64} : (tensor<2x6x40xf32>, tensor<2x6x40xf32>) -> tensor<4x40xf32>
  %2 = model.add %r, %0 : tensor<2x6x40xf32>
  %3 = model.sum_rows %2 {splits = 4 : i64} : (tensor<2x6x40xf32>) -> tensor<4x40xf32>
  tile.return %2, %1, %3 : tensor<2x6x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>
}
tile.func @norm_grads_scheduled(%x: tensor<2x6x40xf32>, %w: tensor<40xf32>, %dy: tensor<2x6x40xf32>, %r: tensor<2x6x40xf32>) -> (tensor<2x6x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>)
    attributes {kind = "rows", inplace = array<i64: 0, 3>, results = 3 : i64, schedule = {block_rows = 1 : i64, splits = 4 : i64, block_columns = 12 : i64}} {
  %0 = model.layer_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x6x40xf32>, tensor<40xf32>, tensor<2x6x40xf32>) -> tensor<2x6x40xf32>
  %1 = model.layer_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, splits = 4 : i64} : (tensor<2x6x40xf32>, tensor<2x6x40xf32>) -> tensor<4x40xf32>
  %2 = model.add %r, %0 : tensor<2x6x40xf32>
  %3 = model.sum_rows %2 {splits = 4 : i64} : (tensor<2x6x40xf32>) -> tensor<4x40xf32>
  tile.return %2, %1, %3 : tensor<2x6x40xf32>, tensor<4x40xf32>, tensor<4x40xf32>
}

// Tables are read by columns, too.
tile.func @embed(%t: tensor<2x6xi32>, %wte: tensor<50x40xf32>, %wpe: tensor<9x40xf32>, %w: tensor<40xf32>) -> (tensor<2x6x40xf32>, tensor<2x6x40xf32>)
    attributes {kind = "rows", schedule = {block_rows = 3 : i64}} {
  %0 = model.embedding %t, %wte : (tensor<2x6xi32>, tensor<50x40xf32>) -> tensor<2x6x40xf32>
  %1 = model.position_embedding %t, %wpe : (tensor<2x6xi32>, tensor<9x40xf32>) -> tensor<2x6x40xf32>
  %2 = model.add %0, %1 : tensor<2x6x40xf32>
  %3 = model.rms_norm %2, %w {eps = 1.0e-5 : f32} : (tensor<2x6x40xf32>, tensor<40xf32>) -> tensor<2x6x40xf32>
  tile.return %2, %3 : tensor<2x6x40xf32>, tensor<2x6x40xf32>
}
tile.func @embed_scheduled(%t: tensor<2x6xi32>, %wte: tensor<50x40xf32>, %wpe: tensor<9x40xf32>, %w: tensor<40xf32>) -> (tensor<2x6x40xf32>, tensor<2x6x40xf32>)
    attributes {kind = "rows", schedule = {block_rows = 3 : i64, block_columns = 16 : i64}} {
  %0 = model.embedding %t, %wte : (tensor<2x6xi32>, tensor<50x40xf32>) -> tensor<2x6x40xf32>
  %1 = model.position_embedding %t, %wpe : (tensor<2x6xi32>, tensor<9x40xf32>) -> tensor<2x6x40xf32>
  %2 = model.add %0, %1 : tensor<2x6x40xf32>
  %3 = model.rms_norm %2, %w {eps = 1.0e-5 : f32} : (tensor<2x6x40xf32>, tensor<40xf32>) -> tensor<2x6x40xf32>
  tile.return %2, %3 : tensor<2x6x40xf32>, tensor<2x6x40xf32>
}

// A part beyond the end of its tensor must not reach into the next one.
tile.func @concat(%x: tensor<2x6x60xf32>, %c: tensor<6x4xf32>, %s: tensor<6x4xf32>, %g: tensor<2x6x60xf32>) -> tensor<2x6x60xf32>
    attributes {kind = "rows", schedule = {block_rows = 2 : i64}} {
  %0:3 = model.split %x : (tensor<2x6x60xf32>) -> (tensor<2x6x28xf32>, tensor<2x6x20xf32>, tensor<2x6x12xf32>)
  %1 = model.rotate %0#0, %c, %s {head_size = 4 : i64} : (tensor<2x6x28xf32>, tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<2x6x28xf32>
  %2 = model.silu %0#1 : tensor<2x6x20xf32>
  %3 = model.concat %2, %1, %0#2 : (tensor<2x6x20xf32>, tensor<2x6x28xf32>, tensor<2x6x12xf32>) -> tensor<2x6x60xf32>
  tile.return %3 : tensor<2x6x60xf32>
}
tile.func @concat_scheduled(%x: tensor<2x6x60xf32>, %c: tensor<6x4xf32>, %s: tensor<6x4xf32>, %g: tensor<2x6x60xf32>) -> tensor<2x6x60xf32>
    attributes {kind = "rows", schedule = {block_rows = 2 : i64, block_columns = 16 : i64}} {
  %0:3 = model.split %x : (tensor<2x6x60xf32>) -> (tensor<2x6x28xf32>, tensor<2x6x20xf32>, tensor<2x6x12xf32>)
  %1 = model.rotate %0#0, %c, %s {head_size = 4 : i64} : (tensor<2x6x28xf32>, tensor<6x4xf32>, tensor<6x4xf32>) -> tensor<2x6x28xf32>
  %2 = model.silu %0#1 : tensor<2x6x20xf32>
  %3 = model.concat %2, %1, %0#2 : (tensor<2x6x20xf32>, tensor<2x6x28xf32>, tensor<2x6x12xf32>) -> tensor<2x6x60xf32>
  tile.return %3 : tensor<2x6x60xf32>
}

// Storage is added to once.
tile.func @weights(%x: tensor<2x6x40xf32>, %dy: tensor<2x6x40xf32>, %s: tensor<2x6x40xf32>) -> tensor<4x40xf32>
    attributes {kind = "rows", schedule = {block_rows = 3 : i64, splits = 4 : i64}} {
  %1 = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, splits = 4 : i64} : (tensor<2x6x40xf32>, tensor<2x6x40xf32>) -> tensor<4x40xf32>
  train.accumulate %dy into %s : tensor<2x6x40xf32>, tensor<2x6x40xf32>
  tile.return %1 : tensor<4x40xf32>
}
tile.func @weights_scheduled(%x: tensor<2x6x40xf32>, %dy: tensor<2x6x40xf32>, %s: tensor<2x6x40xf32>) -> tensor<4x40xf32>
    attributes {kind = "rows", schedule = {block_rows = 3 : i64, splits = 4 : i64, block_columns = 32 : i64}} {
  %1 = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, splits = 4 : i64} : (tensor<2x6x40xf32>, tensor<2x6x40xf32>) -> tensor<4x40xf32>
  train.accumulate %dy into %s : tensor<2x6x40xf32>, tensor<2x6x40xf32>
  tile.return %1 : tensor<4x40xf32>
}
