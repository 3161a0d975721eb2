// Chunks of tokens are places between launches, behind what they need; chunks
// of one size share their kernels.
// RUN: llmc-opt %s -llmc-decompose -llmc-fuse-kernels -llmc-verify-fused | FileCheck %s

// CHECK-LABEL: func.func @chunks
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x64x8xf32>, %[[W:[^:]*]]: tensor<97x8xf32>, %[[T:[^:]*]]: tensor<2x64xi32>
// CHECK: %[[A:.*]] = tile.launch @gelu_0(%[[X]])
// CHECK: %[[A0:.*]] = model.slice_tokens %[[A]] {first = 0 : i64}
// CHECK: %[[Y0:.*]] = tile.launch @linear_1(%[[A0]], %[[W]])
// CHECK: %[[T0:.*]] = model.slice_tokens %[[T]] {first = 0 : i64}
// CHECK: %[[L0:.*]]:2 = tile.launch @token_loss_cross_entropy_grad_2(%[[Y0]], %[[T0]])
// CHECK: %[[D0:.*]] = tile.launch @linear_3(%[[L0]]#1, %[[W]])
// CHECK: %[[A1:.*]] = model.slice_tokens %[[A]] {first = 64 : i64}
// CHECK: %[[Y1:.*]] = tile.launch @linear_1(%[[A1]], %[[W]])
// CHECK: %[[T1:.*]] = model.slice_tokens %[[T]] {first = 64 : i64}
// CHECK: %[[L1:.*]]:2 = tile.launch @token_loss_cross_entropy_grad_2(%[[Y1]], %[[T1]])
// CHECK: %[[D1:.*]] = tile.launch @linear_3(%[[L1]]#1, %[[W]])
// CHECK: %[[L:.*]] = model.join_tokens %[[L0]]#0, %[[L1]]#0
// CHECK: %[[M:.*]] = tile.launch @mean_4(%[[L]])
// CHECK: %[[D:.*]] = model.join_tokens %[[D0]], %[[D1]]
// CHECK: %[[G:.*]] = tile.launch @gelu_grad_5(%[[X]], %[[D]])
// CHECK: return %[[M]], %[[G]]
func.func @chunks(%x: tensor<2x64x8xf32>, %w: tensor<97x8xf32>, %t: tensor<2x64xi32>) -> (tensor<f32>, tensor<2x64x8xf32>) {
  %a = model.gelu %x : tensor<2x64x8xf32>
  %a0 = model.slice_tokens %a {first = 0 : i64} : (tensor<2x64x8xf32>) -> tensor<1x64x8xf32>
  %t0 = model.slice_tokens %t {first = 0 : i64} : (tensor<2x64xi32>) -> tensor<1x64xi32>
  %y0 = model.linear %a0, %w : (tensor<1x64x8xf32>, tensor<97x8xf32>) -> tensor<1x64x97xf32>
  %l0 = model.token_loss %y0, %t0 : (tensor<1x64x97xf32>, tensor<1x64xi32>) -> tensor<1x64xf32>
  %g0 = model.cross_entropy_grad %y0, %t0 {tokens = 128 : i64} : (tensor<1x64x97xf32>, tensor<1x64xi32>) -> tensor<1x64x97xf32>
  %d0 = model.linear %g0, %w {transposed} : (tensor<1x64x97xf32>, tensor<97x8xf32>) -> tensor<1x64x8xf32>
  %a1 = model.slice_tokens %a {first = 64 : i64} : (tensor<2x64x8xf32>) -> tensor<1x64x8xf32>
  %t1 = model.slice_tokens %t {first = 64 : i64} : (tensor<2x64xi32>) -> tensor<1x64xi32>
  %y1 = model.linear %a1, %w : (tensor<1x64x8xf32>, tensor<97x8xf32>) -> tensor<1x64x97xf32>
  %l1 = model.token_loss %y1, %t1 : (tensor<1x64x97xf32>, tensor<1x64xi32>) -> tensor<1x64xf32>
  %g1 = model.cross_entropy_grad %y1, %t1 {tokens = 128 : i64} : (tensor<1x64x97xf32>, tensor<1x64xi32>) -> tensor<1x64x97xf32>
  %d1 = model.linear %g1, %w {transposed} : (tensor<1x64x97xf32>, tensor<97x8xf32>) -> tensor<1x64x8xf32>
  %l = model.join_tokens %l0, %l1 : (tensor<1x64xf32>, tensor<1x64xf32>) -> tensor<2x64xf32>
  %d = model.join_tokens %d0, %d1 : (tensor<1x64x8xf32>, tensor<1x64x8xf32>) -> tensor<2x64x8xf32>
  %m = model.mean %l : (tensor<2x64xf32>) -> tensor<f32>
  %g = model.gelu_grad %x, %d : tensor<2x64x8xf32>
  return %m, %g : tensor<f32>, tensor<2x64x8xf32>
}
