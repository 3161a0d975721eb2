// What must not be left after Fusion, and what may.
// RUN: llmc-opt %s -split-input-file -verify-diagnostics -llmc-verify-fused

func.func @launches_only(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %0 = tile.launch @kernel(%x) : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}
tile.func @kernel(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {kind = "rows"} {
  %0 = model.gelu %x : tensor<2x8xf32>
  tile.return %0 : tensor<2x8xf32>
}

// -----

func.func @op_left(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  // expected-error@+1 {{'model.gelu' op must not be left after Fusion; expected train.ref, train.flat, train.squares, tile.launch, ops of dist and places of tokens only}}
  %0 = model.gelu %x : tensor<2x8xf32>
  return %0 : tensor<2x8xf32>
}

// -----

// expected-error@+1 {{'tile.func' op expected the attribute `kind`, found none}}
tile.func @no_kind(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  tile.return %x : tensor<2x8xf32>
}
