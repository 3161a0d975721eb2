// Kernels on rows without gaps and, as @.._scheduled, on rows 24 elements apart.
tile.func @head(%x: tensor<2x6x16xf32>, %w: tensor<21x16xf32>) -> (tensor<2x6x21xf32>)
    attributes {kind = "gemm", schedule = {block_m = 4 : i64, block_n = 8 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x6x16xf32>, tensor<21x16xf32>) -> tensor<2x6x21xf32>
  tile.return %0 : tensor<2x6x21xf32>
}
tile.func @loss(%l: tensor<2x6x21xf32>, %t: tensor<2x6xi32>) -> (tensor<2x6xf32>, tensor<2x6x21xf32>)
    attributes {kind = "rows", inplace = array<i64: 1, 0>, results = 2 : i64, schedule = {block_rows = 2 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x21xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x6x21xf32>, tensor<2x6xi32>) -> tensor<2x6x21xf32>
  tile.return %0, %1 : tensor<2x6xf32>, tensor<2x6x21xf32>
}
tile.func @weight_grad(%x: tensor<2x6x16xf32>, %dy: tensor<2x6x21xf32>, %g: tensor<21x16xf32>)
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 8 : i64, block_k = 8 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x6x16xf32>, tensor<2x6x21xf32>) -> tensor<21x16xf32>
  train.accumulate %0 into %g : tensor<21x16xf32>, tensor<21x16xf32>
  tile.return
}
tile.func @parts(%x: tensor<2x6x21xf32>) -> (tensor<2x6x21xf32>)
    attributes {kind = "rows", schedule = {block_rows = 2 : i64}} {
  %0:2 = model.split %x : (tensor<2x6x21xf32>) -> (tensor<2x6x8xf32>, tensor<2x6x13xf32>)
  %1 = model.concat %0#1, %0#0 : (tensor<2x6x13xf32>, tensor<2x6x8xf32>) -> tensor<2x6x21xf32>
  tile.return %1 : tensor<2x6x21xf32>
}
tile.func @head_scheduled(%x: tensor<2x6x16xf32>, %w: tensor<21x16xf32>) -> (tensor<2x6x21xf32> {tile.row_pitch = 24 : i64})
    attributes {kind = "gemm", schedule = {block_m = 4 : i64, block_n = 8 : i64, block_k = 16 : i64}} {
  %0 = model.linear %x, %w : (tensor<2x6x16xf32>, tensor<21x16xf32>) -> tensor<2x6x21xf32>
  tile.return %0 : tensor<2x6x21xf32>
}
tile.func @loss_scheduled(%l: tensor<2x6x21xf32> {tile.row_pitch = 24 : i64}, %t: tensor<2x6xi32>) -> (tensor<2x6xf32>, tensor<2x6x21xf32> {tile.row_pitch = 24 : i64})
    attributes {kind = "rows", inplace = array<i64: 1, 0>, results = 2 : i64, schedule = {block_rows = 2 : i64, block_columns = 8 : i64}} {
  %0 = model.token_loss %l, %t : (tensor<2x6x21xf32>, tensor<2x6xi32>) -> tensor<2x6xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x6x21xf32>, tensor<2x6xi32>) -> tensor<2x6x21xf32>
  tile.return %0, %1 : tensor<2x6xf32>, tensor<2x6x21xf32>
}
tile.func @weight_grad_scheduled(%x: tensor<2x6x16xf32>, %dy: tensor<2x6x21xf32> {tile.row_pitch = 24 : i64}, %g: tensor<21x16xf32>)
    attributes {kind = "gemm", schedule = {block_m = 8 : i64, block_n = 8 : i64, block_k = 8 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x6x16xf32>, tensor<2x6x21xf32>) -> tensor<21x16xf32>
  train.accumulate %0 into %g : tensor<21x16xf32>, tensor<21x16xf32>
  tile.return
}
tile.func @parts_scheduled(%x: tensor<2x6x21xf32> {tile.row_pitch = 24 : i64}) -> (tensor<2x6x21xf32> {tile.row_pitch = 24 : i64})
    attributes {kind = "rows", schedule = {block_rows = 2 : i64}} {
  %0:2 = model.split %x : (tensor<2x6x21xf32>) -> (tensor<2x6x8xf32>, tensor<2x6x13xf32>)
  %1 = model.concat %0#1, %0#0 : (tensor<2x6x13xf32>, tensor<2x6x8xf32>) -> tensor<2x6x21xf32>
  tile.return %1 : tensor<2x6x21xf32>
}
