// Gradients whose squares a kernel of @update sums: why, and how.
// RUN: llmc-opt %s --split-input-file --llmc-schedule-kernels="target=cuda" --llmc-fuse-gradient-norm="target=cuda" | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-schedule-kernels="target=cuda" --llmc-fuse-gradient-norm="target=cuda" --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK

// Columns of a table are summed in blocks that know no rows; a weight is used
// for more; the blocks of long rows do not hold them. The others have sums.
train.variable @table "table" : tensor<1024x64xf32> at 0 decay init #model.normal<0.02>
train.variable @read "read" : tensor<64x64xf32> at 65536 decay init #model.normal<0.02>
train.variable @long "long" : tensor<64x64xf32> at 69632 decay init #model.normal<0.02>
train.variable @b "b" : tensor<64xf32> at 73728 init #model.zeros

// REMARK: remark: [Missed] squares-not-fused{{.*}}the squares of the gradient of 'table' are summed by a kernel of their own: the blocks of 'sum' do not hold rows, and another kernel adds to some rows only
// REMARK: remark: [Missed] squares-not-fused{{.*}}'read' {{.*}}: 'twice' does more with it than accumulate
// REMARK: remark: [Missed] squares-not-fused{{.*}}'long' {{.*}}: the blocks of 'parts' do not hold what they store

tile.func @sum(%x: tensor<2x1024x64xf32>, %g: tensor<1024x64xf32>) attributes {kind = "column_sum"} {
  %0 = model.position_embedding_grad %x : (tensor<2x1024x64xf32>) -> tensor<1024x64xf32>
  train.accumulate %0 into %g : tensor<1024x64xf32>, tensor<1024x64xf32>
  tile.return
}
tile.func @embedding(%t: tensor<2x32xi32>, %d: tensor<2x32x64xf32>, %g: tensor<1024x64xf32>) attributes {kind = "embedding_grad"} {
  %0 = model.embedding_grad %t, %d : (tensor<2x32xi32>, tensor<2x32x64xf32>) -> tensor<1024x64xf32>
  train.accumulate %0 into %g : tensor<1024x64xf32>, tensor<1024x64xf32>
  tile.return
}
tile.func @twice(%g: tensor<64x64xf32>) attributes {kind = "rows"} {
  %0 = model.add %g, %g : tensor<64x64xf32>
  train.accumulate %0 into %g : tensor<64x64xf32>, tensor<64x64xf32>
  tile.return
}
tile.func @parts(%x: tensor<64x64xf32>, %g: tensor<64x64xf32>) attributes {kind = "rows", schedule = {block_rows = 4, block_columns = 32, threads = 32, min_blocks = 1}} {
  %0 = model.gelu %x : tensor<64x64xf32>
  train.accumulate %0 into %g : tensor<64x64xf32>, tensor<64x64xf32>
  tile.return
}
tile.func @bias(%x: tensor<2x64xf32>, %g: tensor<64xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<2x64xf32>) -> tensor<64xf32>
  train.accumulate %0 into %g : tensor<64xf32>, tensor<64xf32>
  tile.return
}
// A kernel for each shape; 4,096 elements a partial sum.
// CHECK-DAG: tile.func @sums_part(%[[G:.*]]: tensor<1024x64xf32>, %[[S:.*]]: tensor<16xf32>){{.*}}kind = "flat"
// CHECK-DAG: train.sum_of_squares %[[G]] into %[[S]] : tensor<1024x64xf32>, tensor<16xf32>
// CHECK-DAG: tile.func @sums_part_0(%{{.*}}: tensor<64x64xf32>, %{{.*}}: tensor<1xf32>)
tile.func @sums(%g: tensor<73792xf32>, %s: tensor<1024xf32>) attributes {kind = "flat"} {
  train.sum_of_squares %g into %s : tensor<73792xf32>, tensor<1024xf32>
  tile.return
}
tile.func @norm(%s: tensor<1024xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = train.norm %s, %h : (tensor<1024xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}
func.func @micro_step(%t: tensor<2x32xi32>, %d: tensor<2x32x64xf32>, %x: tensor<2x1024x64xf32>, %m: tensor<64x64xf32>, %v: tensor<2x64xf32>) {
  %w = train.ref gradient @table : tensor<1024x64xf32>
  %r = train.ref gradient @read : tensor<64x64xf32>
  %l = train.ref gradient @long : tensor<64x64xf32>
  %b = train.ref gradient @b : tensor<64xf32>
  tile.launch @sum(%x, %w) : (tensor<2x1024x64xf32>, tensor<1024x64xf32>) -> ()
  tile.launch @embedding(%t, %d, %w) : (tensor<2x32xi32>, tensor<2x32x64xf32>, tensor<1024x64xf32>) -> ()
  tile.launch @twice(%r) : (tensor<64x64xf32>) -> ()
  tile.launch @parts(%m, %l) : (tensor<64x64xf32>, tensor<64x64xf32>) -> ()
  tile.launch @bias(%v, %b) : (tensor<2x64xf32>, tensor<64xf32>) -> ()
  return
}
// CHECK-LABEL: func.func @update
// CHECK: %[[G0:.*]] = train.ref gradient @table : tensor<1024x64xf32>
// CHECK: %[[S0:.*]] = train.squares [[AT:[0-9]+]] : tensor<16xf32>
// CHECK: tile.launch @sums_part(%[[G0]], %[[S0]])
// CHECK: tile.launch @sums_part_0(%{{.*}}, %{{.*}})
// CHECK: tile.launch @sums_part_0(%{{.*}}, %{{.*}})
// CHECK: tile.launch @norm
func.func @update(%h: tensor<10xf32>) -> tensor<f32> {
  %g = train.flat gradient : tensor<73792xf32>
  %s = train.squares 0 : tensor<1024xf32>
  tile.launch @sums(%g, %s) : (tensor<73792xf32>, tensor<1024xf32>) -> ()
  %n = tile.launch @norm(%s, %h) : (tensor<1024xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}

// -----

// One sum for every 16 columns of every row: one block would add them up for
// longer than all SMs need to read the table again. Nothing else has sums, so
// that all stays as it was.
train.variable @table "table" : tensor<50000x768xf32> at 0 decay init #model.normal<0.02>
// REMARK: remark: [Missed] squares-not-fused{{.*}}'table' {{.*}}: 2400000 partial sums of its writers would take {{[0-9.]+}} us, to read it again takes {{[0-9.]+}} us
tile.func @dw(%x: tensor<2x512x768xbf16>, %dy: tensor<2x512x50000xbf16>, %g: tensor<50000x768xf32>) attributes {kind = "gemm", schedule = {block_m = 128, block_n = 16, block_k = 32, warps_m = 4, warps_n = 1, stages = 3, raster = 1, threads = 128, min_blocks = 1}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x512x768xbf16>, tensor<2x512x50000xbf16>) -> tensor<50000x768xf32>
  train.accumulate %0 into %g : tensor<50000x768xf32>, tensor<50000x768xf32>
  tile.return
}
tile.func @embedding(%t: tensor<2x512xi32>, %d: tensor<2x512x768xbf16>, %g: tensor<50000x768xf32>) attributes {kind = "embedding_grad"} {
  %0 = model.embedding_grad %t, %d : (tensor<2x512xi32>, tensor<2x512x768xbf16>) -> tensor<50000x768xf32>
  train.accumulate %0 into %g : tensor<50000x768xf32>, tensor<50000x768xf32>
  tile.return
}
tile.func @sums(%g: tensor<38400000xf32>, %s: tensor<1024xf32>) attributes {kind = "flat"} {
  train.sum_of_squares %g into %s : tensor<38400000xf32>, tensor<1024xf32>
  tile.return
}
tile.func @norm(%s: tensor<1024xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = train.norm %s, %h : (tensor<1024xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}
// CHECK-LABEL: func.func @micro_step
// CHECK-NOT: train.squares
// CHECK-LABEL: func.func @update
// CHECK: tile.launch @sums(
func.func @micro_step(%t: tensor<2x512xi32>, %x: tensor<2x512x768xbf16>, %dy: tensor<2x512x50000xbf16>) {
  %w = train.ref gradient @table : tensor<50000x768xf32>
  tile.launch @dw(%x, %dy, %w) : (tensor<2x512x768xbf16>, tensor<2x512x50000xbf16>, tensor<50000x768xf32>) -> ()
  tile.launch @embedding(%t, %x, %w) : (tensor<2x512xi32>, tensor<2x512x768xbf16>, tensor<50000x768xf32>) -> ()
  return
}
func.func @update(%h: tensor<10xf32>) -> tensor<f32> {
  %g = train.flat gradient : tensor<38400000xf32>
  %s = train.squares 0 : tensor<1024xf32>
  tile.launch @sums(%g, %s) : (tensor<38400000xf32>, tensor<1024xf32>) -> ()
  %n = tile.launch @norm(%s, %h) : (tensor<1024xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}
