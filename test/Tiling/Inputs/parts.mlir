// Weight gradients, their depth whole and, as @.._parts, in 4 parts, ragged blocks
// included.

tile.func @grad(%x: tensor<2x32x24xf32>, %dy: tensor<2x32x20xf32>) -> tensor<20x24xf32>
    attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 8 : i64, block_k = 8 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x32x24xf32>, tensor<2x32x20xf32>) -> tensor<20x24xf32>
  tile.return %0 : tensor<20x24xf32>
}
tile.func @grad_parts(%x: tensor<2x32x24xf32>, %dy: tensor<2x32x20xf32>) -> tensor<4x20x24xf32>
    attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 8 : i64, block_k = 8 : i64, raster = 2 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {splits = 4 : i64} : (tensor<2x32x24xf32>, tensor<2x32x20xf32>) -> tensor<4x20x24xf32>
  tile.return %0 : tensor<4x20x24xf32>
}

tile.func @transposed(%x: tensor<2x32x24xf32>, %dy: tensor<2x32x20xf32>) -> tensor<24x20xf32>
    attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 8 : i64, block_k = 8 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<2x32x24xf32>, tensor<2x32x20xf32>) -> tensor<24x20xf32>
  tile.return %0 : tensor<24x20xf32>
}
tile.func @transposed_parts(%x: tensor<2x32x24xf32>, %dy: tensor<2x32x20xf32>) -> tensor<4x24x20xf32>
    attributes {kind = "gemm", schedule = {block_m = 16 : i64, block_n = 8 : i64, block_k = 8 : i64, raster = 2 : i64}} {
  %0 = model.linear_weight_grad %x, %dy {splits = 4 : i64, transposed} : (tensor<2x32x24xf32>, tensor<2x32x20xf32>) -> tensor<4x24x20xf32>
  tile.return %0 : tensor<4x24x20xf32>
}
