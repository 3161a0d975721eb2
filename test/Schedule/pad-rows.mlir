// Which rows get a pitch, and that all that share storage agree.
// RUN: llmc-opt %s -llmc-pad-rows | FileCheck %s
// RUN: llmc-opt %s -llmc-pad-rows -llmc-plan-memory -llmc-verify-memory-plan | FileCheck %s --check-prefix=PLAN
// RUN: llmc-opt %s -llmc-pad-rows --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: remark: [Analysis] padded{{.*}}head: rows of result 0 lie 56 elements apart instead of 50

// Logits: 50 elements, rounded up to 8 (or to 64, when rows are long).
// CHECK: tile.func @head({{.*}}) -> (tensor<2x8x50xbf16> {tile.row_pitch = 56 : i64})
// The gradient is written in place of the logits.
// CHECK: tile.func @loss(%{{[a-z0-9]+}}: tensor<2x8x50xbf16> {tile.row_pitch = 56 : i64}, %{{[a-z0-9]+}}: tensor<2x8xi32>) -> (tensor<2x8xf32>, tensor<2x8x50xbf16> {tile.row_pitch = 56 : i64})
// CHECK: tile.func @weight_grad({{.*}}: tensor<2x8x50xbf16> {tile.row_pitch = 56 : i64}, %{{[a-z0-9]+}}: tensor<50x16xf32>)
// A position's gradient is seen as one row by its kernel.
// CHECK: tile.func @back({{.*}}) -> tensor<2x8x20xbf16>
// CHECK: tile.func @positions(%{{[a-z0-9]+}}: tensor<2x8x20xbf16>, %{{[a-z0-9]+}}: tensor<8x20xf32>)
// What generate returns is a port.
// CHECK: tile.func @port({{.*}}) -> tensor<1x8x50xf32>
// CHECK: tile.func @long({{.*}}) -> (tensor<2x8x516xbf16> {tile.row_pitch = 576 : i64})

// 2 x 8 rows of 56 and of 576 elements.
// PLAN: plan.view @activations[{{[0-9]+}}] : memref<2x8x50xbf16, strided<[448, 56, 1]>>
// PLAN: plan.launch @loss
// PLAN-SAME: memref<2x8x50xbf16, strided<[448, 56, 1]>>, memref<2x8xi32>, memref<2x8xf32>, memref<2x8x50xbf16, strided<[448, 56, 1]>>

train.variable @w "w" : tensor<50x16xf32> at 0 init #model.normal<0.02>
train.variable @v "v" : tensor<20x50xf32> at 832 init #model.normal<0.02>
train.variable @u "u" : tensor<516x16xf32> at 1856 init #model.normal<0.02>
train.variable @p "p" : tensor<50x50xf32> at 10112 init #model.normal<0.02>
train.variable @wpe "wpe" : tensor<8x20xf32> at 12672 init #model.normal<0.02>

tile.func @head(%x: tensor<2x8x16xbf16>, %w: tensor<50x16xbf16>) -> tensor<2x8x50xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<2x8x16xbf16>, tensor<50x16xbf16>) -> tensor<2x8x50xbf16>
  tile.return %0 : tensor<2x8x50xbf16>
}
tile.func @loss(%l: tensor<2x8x50xbf16>, %t: tensor<2x8xi32>) -> (tensor<2x8xf32>, tensor<2x8x50xbf16>) attributes {kind = "rows", inplace = array<i64: 1, 0>} {
  %0 = model.token_loss %l, %t : (tensor<2x8x50xbf16>, tensor<2x8xi32>) -> tensor<2x8xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x8x50xbf16>, tensor<2x8xi32>) -> tensor<2x8x50xbf16>
  tile.return %0, %1 : tensor<2x8xf32>, tensor<2x8x50xbf16>
}
tile.func @weight_grad(%x: tensor<2x8x16xbf16>, %dy: tensor<2x8x50xbf16>, %g: tensor<50x16xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<2x8x16xbf16>, tensor<2x8x50xbf16>) -> tensor<50x16xf32>
  train.accumulate %0 into %g : tensor<50x16xf32>, tensor<50x16xf32>
  tile.return
}
tile.func @back(%x: tensor<2x8x50xbf16>, %w: tensor<20x50xbf16>) -> tensor<2x8x20xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<2x8x50xbf16>, tensor<20x50xbf16>) -> tensor<2x8x20xbf16>
  tile.return %0 : tensor<2x8x20xbf16>
}
tile.func @positions(%dy: tensor<2x8x20xbf16>, %g: tensor<8x20xf32>) attributes {kind = "column_sum"} {
  %0 = model.position_embedding_grad %dy : (tensor<2x8x20xbf16>) -> tensor<8x20xf32>
  train.accumulate %0 into %g : tensor<8x20xf32>, tensor<8x20xf32>
  tile.return
}
tile.func @mean(%x: tensor<2x8xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = model.mean %x : (tensor<2x8xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}
tile.func @first(%t: tensor<2x8xi32>, %w: tensor<50x16xbf16>) -> tensor<2x8x16xbf16> attributes {kind = "rows"} {
  %0 = model.embedding %t, %w : (tensor<2x8xi32>, tensor<50x16xbf16>) -> tensor<2x8x16xbf16>
  tile.return %0 : tensor<2x8x16xbf16>
}
tile.func @port(%t: tensor<1x8xi32>, %w: tensor<50x50xf32>) -> tensor<1x8x50xf32> attributes {kind = "rows"} {
  %0 = model.embedding %t, %w : (tensor<1x8xi32>, tensor<50x50xf32>) -> tensor<1x8x50xf32>
  tile.return %0 : tensor<1x8x50xf32>
}
tile.func @long(%x: tensor<2x8x16xbf16>, %w: tensor<516x16xbf16>) -> tensor<2x8x516xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<2x8x16xbf16>, tensor<516x16xbf16>) -> tensor<2x8x516xbf16>
  tile.return %0 : tensor<2x8x516xbf16>
}

func.func @micro_step(%tokens: tensor<2x8xi32>, %targets: tensor<2x8xi32>) -> tensor<f32> {
  %w = train.ref compute @w : tensor<50x16xbf16>
  %v = train.ref compute @v : tensor<20x50xbf16>
  %u = train.ref compute @u : tensor<516x16xbf16>
  %dw = train.ref gradient @w : tensor<50x16xf32>
  %dp = train.ref gradient @wpe : tensor<8x20xf32>
  %x = tile.launch @first(%tokens, %w) : (tensor<2x8xi32>, tensor<50x16xbf16>) -> tensor<2x8x16xbf16>
  %l = tile.launch @head(%x, %w) : (tensor<2x8x16xbf16>, tensor<50x16xbf16>) -> tensor<2x8x50xbf16>
  %n:2 = tile.launch @loss(%l, %targets) : (tensor<2x8x50xbf16>, tensor<2x8xi32>) -> (tensor<2x8xf32>, tensor<2x8x50xbf16>)
  tile.launch @weight_grad(%x, %n#1, %dw) : (tensor<2x8x16xbf16>, tensor<2x8x50xbf16>, tensor<50x16xf32>) -> ()
  %dy = tile.launch @back(%n#1, %v) : (tensor<2x8x50xbf16>, tensor<20x50xbf16>) -> tensor<2x8x20xbf16>
  tile.launch @positions(%dy, %dp) : (tensor<2x8x20xbf16>, tensor<8x20xf32>) -> ()
  %o = tile.launch @long(%x, %u) : (tensor<2x8x16xbf16>, tensor<516x16xbf16>) -> tensor<2x8x516xbf16>
  %m = tile.launch @mean(%n#0) : (tensor<2x8xf32>) -> tensor<f32>
  return %m : tensor<f32>
}
func.func @generate(%prompt: tensor<1x8xi32>, %position: tensor<1x1xi32>) -> tensor<1x8x50xf32> {
  %w = train.ref value @p : tensor<50x50xf32>
  %l = tile.launch @port(%prompt, %w) : (tensor<1x8xi32>, tensor<50x50xf32>) -> tensor<1x8x50xf32>
  return %l : tensor<1x8x50xf32>
}
