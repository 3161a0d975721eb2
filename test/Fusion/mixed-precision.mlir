// Mixed precision: in-place results have their argument's type, sums over rows
// keep f32, the copies are one more tensor of the update.
// RUN: llmc-opt %s -split-input-file -llmc-decompose -llmc-fuse-kernels -llmc-verify-fused | FileCheck %s

// The gradient of bf16 logits takes their place beside f32 losses.
// CHECK-LABEL: func.func @head
// CHECK: tile.func @linear_0({{.*}}tensor<2x8x32xbf16>
// CHECK: tile.func @token_loss_cross_entropy_grad_1(%{{.*}}: tensor<2x8x32xbf16>, %{{.*}}: tensor<2x8xi32>) -> (tensor<2x8xf32>, tensor<2x8x32xbf16>) attributes {inplace = array<i64: 1, 0>
func.func @head(%x: tensor<2x8x16xbf16>, %w: tensor<32x16xbf16>, %t: tensor<2x8xi32>) -> (tensor<f32>, tensor<2x8x32xbf16>) {
  %0 = model.linear %x, %w : (tensor<2x8x16xbf16>, tensor<32x16xbf16>) -> tensor<2x8x32xbf16>
  %1 = model.cross_entropy %0, %t : (tensor<2x8x32xbf16>, tensor<2x8xi32>) -> tensor<f32>
  %2 = model.cross_entropy_grad %0, %t : (tensor<2x8x32xbf16>, tensor<2x8xi32>) -> tensor<2x8x32xbf16>
  return %1, %2 : tensor<f32>, tensor<2x8x32xbf16>
}

// -----

// Partial sums and their sum are f32.
// CHECK-LABEL: func.func @bias_grad
// CHECK: %[[P:.*]] = tile.launch @sum_rows_0(%{{.*}}) : (tensor<2x8x16xbf16>) -> tensor<16x16xf32>
// CHECK: tile.launch @sum_rows_accumulate_1(%[[P]], %{{.*}}) : (tensor<16x16xf32>, tensor<16xf32>) -> ()
train.variable @b "b" : tensor<16xf32> at 0 init #model.zeros
func.func @bias_grad(%dy: tensor<2x8x16xbf16>) {
  %0 = model.sum_rows %dy : (tensor<2x8x16xbf16>) -> tensor<16xf32>
  %g = train.ref gradient @b : tensor<16xf32>
  train.accumulate %0 into %g : tensor<16xf32>, tensor<16xf32>
  return
}

// -----

// CHECK-LABEL: func.func @prepare
// CHECK: %[[P:.*]] = train.flat value
// CHECK: %[[C:.*]] = train.flat compute
// CHECK: tile.launch @round_0(%[[P]], %[[C]]) : (tensor<64xf32>, tensor<64xbf16>) -> ()
// CHECK: tile.func @round_0{{.*}} attributes {kind = "flat"}
func.func @prepare() {
  %p = train.flat value : tensor<64xf32>
  %c = train.flat compute : tensor<64xbf16>
  train.round %p into %c : tensor<64xf32>, tensor<64xbf16>
  return
}
