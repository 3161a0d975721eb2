// Products that leave most of the GPU idle are cut along their depth, if that
// is expected to pay.
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" -llmc-split-reduction | FileCheck %s
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" -llmc-split-reduction -llmc-pad-rows -llmc-plan-memory -llmc-verify-memory-plan | FileCheck %s --check-prefix=PLAN
// RUN: llmc-opt %s -llmc-schedule-kernels="target=cuda" -llmc-split-reduction --remarks-filter=schedule --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %s -llmc-split-reduction="arch=none" 2>&1 | FileCheck %s --check-prefix=ARCH
// ARCH: error: expected one of the architectures sm_80, sm_86, sm_89, sm_90, emulated, found 'none'
// REMARK: remark: [Passed] split{{.*}}deep: depth 16384 cut into {{[0-9]+}} parts, which are summed in order: 0.{{[0-9]+}} of the GPU filled before

train.variable @w "w" : tensor<256x256xf32> at 0 init #model.normal<0.02>
train.variable @v "v" : tensor<8192x256xf32> at 65536 init #model.normal<0.02>

// CHECK-NOT: tile.func @deep(
// CHECK: tile.func @deep_partial(%[[X:.*]]: tensor<4x4096x256xbf16>, %[[DY:.*]]: tensor<4x4096x256xbf16>) -> tensor<[[S:[0-9]+]]x256x256xf32>
// CHECK-SAME: grid = array<i64: {{[0-9]+}}, {{[0-9]+}}, [[S]]>
// CHECK-SAME: kind = "gemm"
// CHECK-SAME: splits = [[S]] : i64
// CHECK: model.linear_weight_grad %[[X]], %[[DY]] {splits = [[S]] : i64, transposed}
// CHECK: tile.func @deep_sum(%[[P:.*]]: tensor<[[S]]x256x256xf32>, %[[G:.*]]: tensor<256x256xf32>)
// CHECK-SAME: kind = "column_sum"
// CHECK: %[[T:.*]] = model.position_embedding_grad %[[P]]
// CHECK: train.accumulate %[[T]] into %[[G]]
tile.func @deep(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x256xbf16>, %g: tensor<256x256xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy {transposed} : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>) -> tensor<256x256xbf16>
  train.accumulate %0 into %g : tensor<256x256xbf16>, tensor<256x256xf32>
  tile.return
}

// Blocks enough.
// CHECK: tile.func @wide(
tile.func @wide(%x: tensor<4x4096x256xbf16>, %dy: tensor<4x4096x8192xbf16>, %g: tensor<8192x256xf32>) attributes {kind = "gemm"} {
  %0 = model.linear_weight_grad %x, %dy : (tensor<4x4096x256xbf16>, tensor<4x4096x8192xbf16>) -> tensor<8192x256xbf16>
  train.accumulate %0 into %g : tensor<8192x256xbf16>, tensor<8192x256xf32>
  tile.return
}

tile.func @first(%t: tensor<4x4096xi32>, %w: tensor<256x256xbf16>) -> tensor<4x4096x256xbf16> attributes {kind = "rows"} {
  %0 = model.embedding %t, %w : (tensor<4x4096xi32>, tensor<256x256xbf16>) -> tensor<4x4096x256xbf16>
  tile.return %0 : tensor<4x4096x256xbf16>
}
tile.func @wide_rows(%x: tensor<4x4096x256xbf16>, %w: tensor<8192x256xbf16>) -> tensor<4x4096x8192xbf16> attributes {kind = "gemm"} {
  %0 = model.linear %x, %w : (tensor<4x4096x256xbf16>, tensor<8192x256xbf16>) -> tensor<4x4096x8192xbf16>
  tile.return %0 : tensor<4x4096x8192xbf16>
}
tile.func @loss(%x: tensor<4x4096x256xbf16>, %t: tensor<4x4096xi32>) -> tensor<4x4096xf32> attributes {kind = "rows"} {
  %0 = model.token_loss %x, %t : (tensor<4x4096x256xbf16>, tensor<4x4096xi32>) -> tensor<4x4096xf32>
  tile.return %0 : tensor<4x4096xf32>
}
tile.func @mean(%x: tensor<4x4096xf32>) -> tensor<f32> attributes {kind = "reduce"} {
  %0 = model.mean %x : (tensor<4x4096xf32>) -> tensor<f32>
  tile.return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @micro_step
// CHECK: %[[P:.*]] = tile.launch @deep_partial(%[[X:.*]], %[[X]]) :
// CHECK-NEXT: tile.launch @deep_sum(%[[P]], %{{.*}})
// CHECK-NEXT: tile.launch @wide
// PLAN: %[[PARTS:.*]] = plan.view @activations[{{[0-9]+}}] : memref<[[S:[0-9]+]]x256x256xf32>
// PLAN: plan.launch @deep_partial(%{{.*}}, %{{.*}}, %[[PARTS]])
// PLAN: plan.launch @deep_sum(%[[PARTS]], %{{.*}})
func.func @micro_step(%tokens: tensor<4x4096xi32>, %targets: tensor<4x4096xi32>) -> tensor<f32> {
  %c = train.ref compute @w : tensor<256x256xbf16>
  %w = train.ref gradient @w : tensor<256x256xf32>
  %v = train.ref gradient @v : tensor<8192x256xf32>
  %d = train.ref compute @v : tensor<8192x256xbf16>
  %x = tile.launch @first(%tokens, %c) : (tensor<4x4096xi32>, tensor<256x256xbf16>) -> tensor<4x4096x256xbf16>
  %y = tile.launch @first(%targets, %c) : (tensor<4x4096xi32>, tensor<256x256xbf16>) -> tensor<4x4096x256xbf16>
  %z = tile.launch @wide_rows(%y, %d) : (tensor<4x4096x256xbf16>, tensor<8192x256xbf16>) -> tensor<4x4096x8192xbf16>
  tile.launch @deep(%x, %x, %w) : (tensor<4x4096x256xbf16>, tensor<4x4096x256xbf16>, tensor<256x256xf32>) -> ()
  tile.launch @wide(%y, %z, %v) : (tensor<4x4096x256xbf16>, tensor<4x4096x8192xbf16>, tensor<8192x256xf32>) -> ()
  %l = tile.launch @loss(%x, %targets) : (tensor<4x4096x256xbf16>, tensor<4x4096xi32>) -> tensor<4x4096xf32>
  %m = tile.launch @mean(%l) : (tensor<4x4096xf32>) -> tensor<f32>
  return %m : tensor<f32>
}
