// Every diagnostic of llmc-schedule-kernels.
// RUN: llmc-opt %s -split-input-file -verify-diagnostics -llmc-schedule-kernels
// RUN: not llmc-opt %s -split-input-file -llmc-schedule-kernels="target=tpu" 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not llmc-opt %s -split-input-file -llmc-schedule-kernels="cores=0" 2>&1 | FileCheck %s --check-prefix=CORES
// TARGET: error: expected the target 'cpu' or 'cuda', found 'tpu'
// CORES: error: expected at least 1 core and 1 byte of cache, found 0 and 524288

// expected-error@+1 {{'tile.func' op expected the attribute `kind`, found none}}
tile.func @no_kind(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  tile.return %x : tensor<2x8xf32>
}

// -----

// expected-error@+1 {{'tile.func' op has the unknown kind 'stencil'}}
tile.func @unknown_kind(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {kind = "stencil"} {
  tile.return %x : tensor<2x8xf32>
}

// -----

// expected-error@+1 {{'tile.func' op of kind 'gemm' holds no op of that kind}}
tile.func @no_product(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {kind = "gemm"} {
  %0 = model.gelu %x : tensor<2x8xf32>
  tile.return %0 : tensor<2x8xf32>
}

// -----

// expected-error@+1 {{'tile.func' op of kind 'rows' holds no op on rows}}
tile.func @no_rows(%x: tensor<2x8xf32>) -> tensor<2x8xf32> attributes {kind = "rows"} {
  tile.return %x : tensor<2x8xf32>
}

// -----

tile.func @two_splits(%x: tensor<2x8x16xf32>) -> (tensor<2x16xf32>, tensor<4x16xf32>) attributes {kind = "rows"} {
  %0 = model.sum_rows %x {splits = 2 : i64} : (tensor<2x8x16xf32>) -> tensor<2x16xf32>
  // expected-error@+1 {{'model.sum_rows' op sums over 4 ranges of rows, expected 2 as in the same kernel before}}
  %1 = model.sum_rows %x {splits = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<4x16xf32>
  tile.return %0, %1 : tensor<2x16xf32>, tensor<4x16xf32>
}

// -----

// expected-error@+1 {{'tile.func' op expected a `block` in its schedule, found {}}}
tile.func @incomplete(%x: tensor<8x64xf32>) -> tensor<64xf32> attributes {kind = "column_sum", schedule = {}} {
  %0 = model.sum_rows %x : (tensor<8x64xf32>) -> tensor<64xf32>
  tile.return %0 : tensor<64xf32>
}

// -----

// expected-error@+1 {{'tile.func' op expected a `block_rows` that divides the 16 rows of a range, found 3}}
tile.func @ragged(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> attributes {kind = "rows", schedule = {block_rows = 3 : i64}} {
  %0 = model.gelu %x : tensor<2x8x16xf32>
  tile.return %0 : tensor<2x8x16xf32>
}

// -----

// expected-error@+1 {{has an unknown `blok` in its schedule, expected block, block_columns, raster}}
tile.func @unknown_name(%x: tensor<8x64xf32>) -> tensor<64xf32> attributes {kind = "column_sum", schedule = {block = 16 : i64, blok = 3 : i64}} {
  %0 = model.sum_rows %x : (tensor<8x64xf32>) -> tensor<64xf32>
  tile.return %0 : tensor<64xf32>
}

// -----

// expected-error@+1 {{'tile.func' op expected a `block` of 1 to 65536 in its schedule, found 65537}}
tile.func @too_large(%x: tensor<8x64xf32>) -> tensor<64xf32> attributes {kind = "column_sum", schedule = {block = 65537 : i64}} {
  %0 = model.sum_rows %x : (tensor<8x64xf32>) -> tensor<64xf32>
  tile.return %0 : tensor<64xf32>
}

// -----

// expected-error@+1 {{'tile.func' op expected a `raster` of 1 to 65536 in its schedule, found 0}}
tile.func @zero(%x: tensor<8x64xf32>) -> tensor<64xf32> attributes {kind = "column_sum", schedule = {block = 64 : i64, raster = 0 : i64}} {
  %0 = model.sum_rows %x : (tensor<8x64xf32>) -> tensor<64xf32>
  tile.return %0 : tensor<64xf32>
}

// -----

// expected-error@+1 {{'tile.func' op has a `split_k` in its schedule, and the target cuts no products}}
tile.func @splits(%x: tensor<2x512x32xf32>, %dy: tensor<2x512x48xf32>, %g: tensor<48x32xf32>) attributes {kind = "gemm", schedule = {split_k = 2 : i64}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x512x32xf32>, tensor<2x512x48xf32>) -> tensor<48x32xf32>
  train.accumulate %0 into %g : tensor<48x32xf32>, tensor<48x32xf32>
  tile.return
}
