// Which rows get a pitch, and that all that share storage agree.
// RUN: llmc-opt %s -llmc-pad-rows | FileCheck %s
// RUN: llmc-opt %s -llmc-pad-rows -llmc-plan-memory -llmc-verify-memory-plan | FileCheck %s --check-prefix=PLAN
// RUN: llmc-opt %s -llmc-pad-rows --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// REMARK: remark: [Analysis] padded{{.*}}head: rows of result 0 lie 64 elements apart instead of 50

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
