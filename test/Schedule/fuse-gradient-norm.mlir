// The kernel that writes a gradient last leaves partial sums of its squares; the
// norm adds up all. Where no kernel can, one of @update sums the squares.
// RUN: llmc-opt %s --split-input-file --llmc-schedule-kernels --llmc-fuse-gradient-norm | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-schedule-kernels --llmc-fuse-gradient-norm --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %s --split-input-file --llmc-fuse-gradient-norm="target=cuda arch=none" 2>&1 | FileCheck %s --check-prefix=ARCH
// RUN: not llmc-opt %s --split-input-file --llmc-fuse-gradient-norm="target=tpu" 2>&1 | FileCheck %s --check-prefix=TARGET
// ARCH: error: expected one of the architectures sm_80, sm_86, sm_89, sm_90, emulated, found 'none'
// TARGET: error: expected the target 'cpu' or 'cuda', found 'tpu'

// A weight of which two chunks are accumulated: the last one counts, and has a
// kernel of its own. A bias: the kernel itself. A position table: the same.
train.variable @w "w" : tensor<64x48xf32> at 0 decay init #model.normal<0.02>
train.variable @p "p" : tensor<32x48xf32> at 3072 decay init #model.normal<0.02>
train.variable @b "b" : tensor<48xf32> at 4608 init #model.zeros
train.variable @unused "unused" : tensor<48xf32> at 4672 init #model.zeros

// REMARK: remark: [Passed] squares-fused{{.*}}dw_squares: sums the squares of what it stores: 12288 bytes of gradient less to read for the norm
// REMARK: remark: [Passed] squares-fused{{.*}}bias: sums the squares of what it stores: 192 bytes

// CHECK: tile.func @dw(%{{.*}}: tensor<2x32x48xf32>, %{{.*}}: tensor<2x32x64xf32>, %{{.*}}: tensor<64x48xf32>) attributes
// CHECK: tile.func @dw_squares(%{{.*}}: tensor<2x32x48xf32>, %{{.*}}: tensor<2x32x64xf32>, %[[G:.*]]: tensor<64x48xf32>, %[[S:.*]]: tensor<[[N:[0-9]+]]xf32>)
// CHECK-SAME: part_of = "dw"
// CHECK: train.accumulate %{{.*}} into %[[G]] squares %[[S]]
tile.func @dw(%x: tensor<2x32x48xf32>, %dy: tensor<2x32x64xf32>, %g: tensor<64x48xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x32x48xf32>, tensor<2x32x64xf32>) -> tensor<64x48xf32>
  train.accumulate %0 into %g : tensor<64x48xf32>, tensor<64x48xf32>
  tile.return
}
// CHECK: tile.func @bias(%{{.*}}: tensor<2x48xf32>, %{{.*}}: tensor<48xf32>, %{{.*}}: tensor<1xf32>)
// CHECK-NOT: part_of
// CHECK: tile.func @positions(%{{.*}}, %{{.*}}: tensor<32x48xf32>, %{{.*}}: tensor<6xf32>)
tile.func @bias(%x: tensor<2x48xf32>, %g: tensor<48xf32>) attributes {kind = "column_sum"} {
  %0 = model.sum_rows %x : (tensor<2x48xf32>) -> tensor<48xf32>
  train.accumulate %0 into %g : tensor<48xf32>, tensor<48xf32>
  tile.return
}
tile.func @positions(%x: tensor<2x32x48xf32>, %g: tensor<32x48xf32>) attributes {kind = "column_sum"} {
  %0 = model.position_embedding_grad %x : (tensor<2x32x48xf32>) -> tensor<32x48xf32>
  train.accumulate %0 into %g : tensor<32x48xf32>, tensor<32x48xf32>
  tile.return
}
// CHECK-NOT: tile.func @sums
tile.func @sums(%g: tensor<4736xf32>, %s: tensor<64xf32>) attributes {kind = "flat"} {
  train.sum_of_squares %g into %s : tensor<4736xf32>, tensor<64xf32>
  tile.return
}
// CHECK: tile.func @norm(%{{[a-z0-9]+}}: tensor<[[ALL:[0-9]+]]xf32>
// CHECK-NOT: clear
tile.func @norm(%s: tensor<64xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = train.norm %s, %h : (tensor<64xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @micro_step
// CHECK: tile.launch @dw(
// CHECK: %[[S0:.*]] = train.squares 0 : tensor<[[N]]xf32>
// CHECK: tile.launch @dw_squares(%{{.*}}, %{{.*}}, %{{.*}}, %[[S0]])
// CHECK: %[[S1:.*]] = train.squares 32 : tensor<1xf32>
// CHECK: tile.launch @bias(%{{.*}}, %{{.*}}, %[[S1]])
// CHECK: %[[S2:.*]] = train.squares 16 : tensor<6xf32>
// CHECK: tile.launch @positions(%{{.*}}, %{{.*}}, %[[S2]])
func.func @micro_step(%x: tensor<2x32x48xf32>, %dy: tensor<2x32x64xf32>, %d: tensor<2x48xf32>) {
  %w = train.ref gradient @w : tensor<64x48xf32>
  %p = train.ref gradient @p : tensor<32x48xf32>
  %b = train.ref gradient @b : tensor<48xf32>
  tile.launch @dw(%x, %dy, %w) : (tensor<2x32x48xf32>, tensor<2x32x64xf32>, tensor<64x48xf32>) -> ()
  tile.launch @dw(%x, %dy, %w) : (tensor<2x32x48xf32>, tensor<2x32x64xf32>, tensor<64x48xf32>) -> ()
  tile.launch @bias(%d, %b) : (tensor<2x48xf32>, tensor<48xf32>) -> ()
  tile.launch @positions(%x, %p) : (tensor<2x32x48xf32>, tensor<32x48xf32>) -> ()
  return
}

// CHECK-LABEL: func.func @update
// CHECK-NOT: @sums
// CHECK: %[[S:.*]] = train.squares 0 : tensor<[[ALL]]xf32>
// CHECK-NEXT: tile.launch @norm(%[[S]], %{{.*}})
func.func @update(%h: tensor<10xf32>) -> tensor<f32> {
  %g = train.flat gradient : tensor<4736xf32>
  %s = train.squares 0 : tensor<64xf32>
  tile.launch @sums(%g, %s) : (tensor<4736xf32>, tensor<64xf32>) -> ()
  %n = tile.launch @norm(%s, %h) : (tensor<64xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}

// -----

// Two tables. All rows of the first are written by a product, some of them by
// an embedding after it: sums by rows. Some rows of the second are written and
// no others: its sums must be zero where the next micro-step leaves them alone.
train.variable @tied "tied" : tensor<97x48xf32> at 0 decay init #model.normal<0.02>
train.variable @table "table" : tensor<97x48xf32> at 4672 decay init #model.normal<0.02>

tile.func @dw(%x: tensor<2x32x48xf32>, %dy: tensor<2x32x97xf32>, %g: tensor<97x48xf32>) attributes {kind = "gemm", schedule = {block_m = 32, block_n = 16, block_k = 16}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x32x48xf32>, tensor<2x32x97xf32>) -> tensor<97x48xf32>
  train.accumulate %0 into %g : tensor<97x48xf32>, tensor<97x48xf32>
  tile.return
}
tile.func @embedding(%t: tensor<2x32xi32>, %d: tensor<2x32x48xf32>, %g: tensor<97x48xf32>) attributes {kind = "embedding_grad"} {
  %0 = model.embedding_grad %t, %d : (tensor<2x32xi32>, tensor<2x32x48xf32>) -> tensor<97x48xf32>
  train.accumulate %0 into %g : tensor<97x48xf32>, tensor<97x48xf32>
  tile.return
}
tile.func @sums(%g: tensor<9344xf32>, %s: tensor<64xf32>) attributes {kind = "flat"} {
  train.sum_of_squares %g into %s : tensor<9344xf32>, tensor<64xf32>
  tile.return
}
// CHECK: tile.func @norm(%{{.*}}: tensor<416xf32>
// CHECK: train.norm %{{.*}}, %{{.*}} {clear}
tile.func @norm(%s: tensor<64xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = train.norm %s, %h : (tensor<64xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// The embedding of the first table comes before the product once, too.
// CHECK-LABEL: func.func @micro_step
// CHECK: tile.launch @embedding(%{{.*}}, %{{.*}}, %[[TIED:.*]]) :
// CHECK: %[[S0:.*]] = train.squares 0 : tensor<3x97xf32>
// CHECK: tile.launch @dw(%{{.*}}, %{{.*}}, %[[TIED]], %[[S0]])
// CHECK: %[[S1:.*]] = train.squares 0 : tensor<3x97xf32>
// CHECK: tile.launch @embedding_squares(%{{.*}}, %{{.*}}, %[[TIED]], %[[S1]])
// CHECK: %[[S2:.*]] = train.squares 304 : tensor<1x97xf32>
// CHECK: tile.launch @embedding_squares_{{[0-9]+}}(%{{.*}}, %{{.*}}, %{{.*}}, %[[S2]])
func.func @micro_step(%t: tensor<2x32xi32>, %x: tensor<2x32x48xf32>, %dy: tensor<2x32x97xf32>) {
  %w = train.ref gradient @tied : tensor<97x48xf32>
  %e = train.ref gradient @table : tensor<97x48xf32>
  tile.launch @embedding(%t, %x, %w) : (tensor<2x32xi32>, tensor<2x32x48xf32>, tensor<97x48xf32>) -> ()
  tile.launch @dw(%x, %dy, %w) : (tensor<2x32x48xf32>, tensor<2x32x97xf32>, tensor<97x48xf32>) -> ()
  tile.launch @embedding(%t, %x, %w) : (tensor<2x32xi32>, tensor<2x32x48xf32>, tensor<97x48xf32>) -> ()
  tile.launch @embedding(%t, %x, %e) : (tensor<2x32xi32>, tensor<2x32x48xf32>, tensor<97x48xf32>) -> ()
  return
}
func.func @update(%h: tensor<10xf32>) -> tensor<f32> {
  %g = train.flat gradient : tensor<9344xf32>
  %s = train.squares 0 : tensor<64xf32>
  tile.launch @sums(%g, %s) : (tensor<9344xf32>, tensor<64xf32>) -> ()
  %n = tile.launch @norm(%s, %h) : (tensor<64xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}

// -----

// A product that is launched in two forms, each with sums: one of them is the
// kernel itself, so that none is left that is never launched.
train.variable @tied "tied" : tensor<97x48xf32> at 0 decay init #model.normal<0.02>
train.variable @head "head" : tensor<97x48xf32> at 4672 decay init #model.normal<0.02>

// CHECK: tile.func @dw(%{{.*}}: tensor<2x32x48xf32>, %{{.*}}: tensor<2x32x97xf32>, %{{.*}}: tensor<97x48xf32>, %{{.*}}: tensor<[[BLOCKS:[0-9]+]]xf32>)
// CHECK: tile.func @dw_squares(%{{.*}}: tensor<2x32x48xf32>, %{{.*}}: tensor<2x32x97xf32>, %{{.*}}: tensor<97x48xf32>, %{{.*}}: tensor<3x97xf32>)
tile.func @dw(%x: tensor<2x32x48xf32>, %dy: tensor<2x32x97xf32>, %g: tensor<97x48xf32>) attributes {kind = "gemm", schedule = {block_m = 32, block_n = 16, block_k = 16}} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x32x48xf32>, tensor<2x32x97xf32>) -> tensor<97x48xf32>
  train.accumulate %0 into %g : tensor<97x48xf32>, tensor<97x48xf32>
  tile.return
}
tile.func @embedding(%t: tensor<2x32xi32>, %d: tensor<2x32x48xf32>, %g: tensor<97x48xf32>) attributes {kind = "embedding_grad"} {
  %0 = model.embedding_grad %t, %d : (tensor<2x32xi32>, tensor<2x32x48xf32>) -> tensor<97x48xf32>
  train.accumulate %0 into %g : tensor<97x48xf32>, tensor<97x48xf32>
  tile.return
}
tile.func @sums(%g: tensor<9344xf32>, %s: tensor<64xf32>) attributes {kind = "flat"} {
  train.sum_of_squares %g into %s : tensor<9344xf32>, tensor<64xf32>
  tile.return
}
tile.func @norm(%s: tensor<64xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = train.norm %s, %h : (tensor<64xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @micro_step
// CHECK: tile.launch @dw_squares({{.*}}, tensor<3x97xf32>) -> ()
// CHECK: tile.launch @embedding({{.*}}, tensor<3x97xf32>) -> ()
// CHECK: tile.launch @dw({{.*}}, tensor<[[BLOCKS]]xf32>) -> ()
func.func @micro_step(%t: tensor<2x32xi32>, %x: tensor<2x32x48xf32>, %dy: tensor<2x32x97xf32>) {
  %w = train.ref gradient @tied : tensor<97x48xf32>
  %h = train.ref gradient @head : tensor<97x48xf32>
  tile.launch @dw(%x, %dy, %w) : (tensor<2x32x48xf32>, tensor<2x32x97xf32>, tensor<97x48xf32>) -> ()
  tile.launch @embedding(%t, %x, %w) : (tensor<2x32xi32>, tensor<2x32x48xf32>, tensor<97x48xf32>) -> ()
  tile.launch @dw(%x, %dy, %h) : (tensor<2x32x48xf32>, tensor<2x32x97xf32>, tensor<97x48xf32>) -> ()
  return
}

func.func @update(%h: tensor<10xf32>) -> tensor<f32> {
  %g = train.flat gradient : tensor<9344xf32>
  %s = train.squares 0 : tensor<64xf32>
  tile.launch @sums(%g, %s) : (tensor<9344xf32>, tensor<64xf32>) -> ()
  %n = tile.launch @norm(%s, %h) : (tensor<64xf32>, tensor<10xf32>) -> tensor<f32>
  return %n : tensor<f32>
}
