// The head in chunks of tokens: forward, loss, and the gradients of input,
// weight and bias; what stays whole, with the reason.
// RUN: llmc-opt %s --llmc-chunk-head=tokens=128 --split-input-file | FileCheck %s
// RUN: llmc-opt %s --llmc-chunk-head=tokens=128 --split-input-file --remarks-filter=step --remark-format=emitRemark 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s --llmc-chunk-head=tokens=0 --split-input-file | FileCheck %s --check-prefix=OFF
// RUN: not llmc-opt %s --llmc-chunk-head=tokens=100 --split-input-file 2>&1 | FileCheck %s --check-prefix=ODD

// OFF-NOT: model.slice_tokens
// ODD: expected chunks of a multiple of 64 tokens, found 100

// 192 tokens: 128 and 64.
// CHECK-LABEL: func.func @micro_step(
// CHECK-SAME: %[[T:.*]]: tensor<2x96xi32>, %[[X:.*]]: tensor<2x96x8xbf16>) -> (tensor<f32>, tensor<2x96x8xbf16>)
// CHECK: %[[W:.*]] = train.ref compute @w
// CHECK: %[[B:.*]] = train.ref compute @b
// CHECK: %[[X0:.*]] = model.slice_tokens %[[X]] {first = 0 : i64} : (tensor<2x96x8xbf16>) -> tensor<1x128x8xbf16>
// CHECK: %[[T0:.*]] = model.slice_tokens %[[T]] {first = 0 : i64} : (tensor<2x96xi32>) -> tensor<1x128xi32>
// CHECK: %[[Y0:.*]] = model.linear %[[X0]], %[[W]], %[[B]] {{.*}} -> tensor<1x128x97xbf16>
// CHECK: %[[L0:.*]] = model.token_loss %[[Y0]], %[[T0]] {{.*}} -> tensor<1x128xf32>
// CHECK: %[[D0:.*]] = model.cross_entropy_grad %[[Y0]], %[[T0]] {tokens = 192 : i64}
// CHECK: %[[DW0:.*]] = model.linear_weight_grad %[[X0]], %[[D0]] {{.*}} -> tensor<97x8xf32>
// CHECK: %[[GW0:.*]] = train.ref gradient @w
// CHECK: train.accumulate %[[DW0]] into %[[GW0]]
// CHECK: %[[DB0:.*]] = model.sum_rows %[[D0]]
// CHECK: train.accumulate %[[DB0]] into
// CHECK: %[[DX0:.*]] = model.linear %[[D0]], %[[W]] {transposed} {{.*}} -> tensor<1x128x8xbf16>
// CHECK: %[[X1:.*]] = model.slice_tokens %[[X]] {first = 128 : i64} : (tensor<2x96x8xbf16>) -> tensor<1x64x8xbf16>
// CHECK: %[[T1:.*]] = model.slice_tokens %[[T]] {first = 128 : i64}
// CHECK: %[[Y1:.*]] = model.linear %[[X1]], %[[W]], %[[B]] {{.*}} -> tensor<1x64x97xbf16>
// CHECK: %[[L1:.*]] = model.token_loss %[[Y1]], %[[T1]]
// CHECK: %[[D1:.*]] = model.cross_entropy_grad %[[Y1]], %[[T1]] {tokens = 192 : i64}
// CHECK: %[[DW1:.*]] = model.linear_weight_grad %[[X1]], %[[D1]]
// CHECK: train.accumulate %[[DW1]] into
// CHECK: train.accumulate %{{.*}} into
// CHECK: %[[DX1:.*]] = model.linear %[[D1]], %[[W]] {transposed} {{.*}} -> tensor<1x64x8xbf16>
// CHECK: %[[L:.*]] = model.join_tokens %[[L0]], %[[L1]] : (tensor<1x128xf32>, tensor<1x64xf32>) -> tensor<2x96xf32>
// CHECK: %[[LOSS:.*]] = model.mean %[[L]]
// CHECK: %[[DX:.*]] = model.join_tokens %[[DX0]], %[[DX1]]
// CHECK-NOT: model.linear
// CHECK: %[[G:.*]] = model.gelu_grad %[[X]], %[[DX]]
// CHECK: return %[[LOSS]], %[[G]]
// REMARK: remark: {{.*}}head-chunked{{.*}}logits of 192 tokens in chunks of at most 128
train.variable @w "w" : tensor<97x8xf32> at 0 init #model.ones
train.variable @b "b" : tensor<97xf32> at 832 init #model.zeros
func.func @micro_step(%t: tensor<2x96xi32>, %x: tensor<2x96x8xbf16>) -> (tensor<f32>, tensor<2x96x8xbf16>) {
  %w = train.ref compute @w : tensor<97x8xbf16>
  %b = train.ref compute @b : tensor<97xbf16>
  %y = model.linear %x, %w, %b : (tensor<2x96x8xbf16>, tensor<97x8xbf16>, tensor<97xbf16>) -> tensor<2x96x97xbf16>
  %loss = model.cross_entropy %y, %t : (tensor<2x96x97xbf16>, tensor<2x96xi32>) -> tensor<f32>
  %d = model.cross_entropy_grad %y, %t : (tensor<2x96x97xbf16>, tensor<2x96xi32>) -> tensor<2x96x97xbf16>
  %dw = model.linear_weight_grad %x, %d : (tensor<2x96x8xbf16>, tensor<2x96x97xbf16>) -> tensor<97x8xf32>
  %gw = train.ref gradient @w : tensor<97x8xf32>
  train.accumulate %dw into %gw : tensor<97x8xf32>, tensor<97x8xf32>
  %db = model.sum_rows %d : (tensor<2x96x97xbf16>) -> tensor<97xf32>
  %gb = train.ref gradient @b : tensor<97xf32>
  train.accumulate %db into %gb : tensor<97xf32>, tensor<97xf32>
  %dx = model.linear %d, %w {transposed} : (tensor<2x96x97xbf16>, tensor<97x8xbf16>) -> tensor<2x96x8xbf16>
  %g = model.gelu_grad %x, %dx : tensor<2x96x8xbf16>
  return %loss, %g : tensor<f32>, tensor<2x96x8xbf16>
}

// -----

// Without gradients; a chunk may hold everything: whole.
// CHECK-LABEL: func.func @evaluate(
// CHECK-COUNT-2: model.token_loss
// CHECK-NOT: model.cross_entropy
// CHECK-LABEL: func.func @small(
// CHECK-NOT: model.slice_tokens
// CHECK: model.cross_entropy
func.func @evaluate(%t: tensor<2x128xi32>, %x: tensor<2x128x8xf32>, %w: tensor<97x8xf32>) -> tensor<f32> {
  %y = model.linear %x, %w : (tensor<2x128x8xf32>, tensor<97x8xf32>) -> tensor<2x128x97xf32>
  %loss = model.cross_entropy %y, %t : (tensor<2x128x97xf32>, tensor<2x128xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}
func.func @small(%t: tensor<2x64xi32>, %x: tensor<2x64x8xf32>, %w: tensor<97x8xf32>) -> tensor<f32> {
  %y = model.linear %x, %w : (tensor<2x64x8xf32>, tensor<97x8xf32>) -> tensor<2x64x97xf32>
  %loss = model.cross_entropy %y, %t : (tensor<2x64x97xf32>, tensor<2x64xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// -----

// Declined.
// CHECK-LABEL: func.func @no_product(
// CHECK-NOT: model.slice_tokens
// REMARK: remark: {{.*}}head-whole{{.*}}logits of all 192 tokens at once: the logits are not those of a product
func.func @no_product(%t: tensor<2x96xi32>, %y: tensor<2x96x97xf32>) -> tensor<f32> {
  %loss = model.cross_entropy %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<f32>
  return %loss : tensor<f32>
}

// REMARK: remark: {{.*}}the logits are used for more than the loss
func.func @more_uses(%t: tensor<2x96xi32>, %x: tensor<2x96x8xf32>, %w: tensor<97x8xf32>) -> (tensor<f32>, tensor<2x96x97xf32>) {
  %y = model.linear %x, %w : (tensor<2x96x8xf32>, tensor<97x8xf32>) -> tensor<2x96x97xf32>
  %loss = model.cross_entropy %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<f32>
  return %loss, %y : tensor<f32>, tensor<2x96x97xf32>
}

// REMARK: remark: {{.*}}an op that knows no chunks reads the gradient of the logits
func.func @gradient_use(%t: tensor<2x96xi32>, %x: tensor<2x96x8xf32>, %w: tensor<97x8xf32>) -> (tensor<f32>, tensor<2x96x97xf32>) {
  %y = model.linear %x, %w : (tensor<2x96x8xf32>, tensor<97x8xf32>) -> tensor<2x96x97xf32>
  %loss = model.cross_entropy %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<f32>
  %d = model.cross_entropy_grad %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<2x96x97xf32>
  %g = model.gelu %d : tensor<2x96x97xf32>
  return %loss, %g : tensor<f32>, tensor<2x96x97xf32>
}

// REMARK: remark: {{.*}}the gradient of the weight is not only accumulated
func.func @weight_use(%t: tensor<2x96xi32>, %x: tensor<2x96x8xf32>, %w: tensor<97x8xf32>) -> (tensor<f32>, tensor<97x8xf32>) {
  %y = model.linear %x, %w : (tensor<2x96x8xf32>, tensor<97x8xf32>) -> tensor<2x96x97xf32>
  %loss = model.cross_entropy %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<f32>
  %d = model.cross_entropy_grad %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<2x96x97xf32>
  %dw = model.linear_weight_grad %x, %d : (tensor<2x96x8xf32>, tensor<2x96x97xf32>) -> tensor<97x8xf32>
  return %loss, %dw : tensor<f32>, tensor<97x8xf32>
}

// REMARK: remark: {{.*}}the gradient of the weight is of another product
func.func @other_input(%t: tensor<2x96xi32>, %x: tensor<2x96x8xf32>, %z: tensor<2x96x8xf32>, %w: tensor<97x8xf32>, %g: tensor<97x8xf32>) -> tensor<f32> {
  %y = model.linear %x, %w : (tensor<2x96x8xf32>, tensor<97x8xf32>) -> tensor<2x96x97xf32>
  %loss = model.cross_entropy %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<f32>
  %d = model.cross_entropy_grad %y, %t : (tensor<2x96x97xf32>, tensor<2x96xi32>) -> tensor<2x96x97xf32>
  %dw = model.linear_weight_grad %z, %d : (tensor<2x96x8xf32>, tensor<2x96x97xf32>) -> tensor<97x8xf32>
  train.accumulate %dw into %g : tensor<97x8xf32>, tensor<97x8xf32>
  return %loss : tensor<f32>
}
