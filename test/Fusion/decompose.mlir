// Ops that need more than one kernel are cut; what one kernel computes stays.
// RUN: llmc-opt %s -llmc-decompose | FileCheck %s
// RUN: llmc-opt %s -llmc-decompose="max-splits=5 norm-splits=3" | FileCheck %s --check-prefix=FEW

// CHECK-LABEL: func.func @sum_rows
// CHECK-SAME: %[[X:.*]]: tensor<4x48x8xf32>
// CHECK: %[[P:.*]] = model.sum_rows %[[X]] {splits = 64 : i64} : (tensor<4x48x8xf32>) -> tensor<64x8xf32>
// CHECK: %[[S:.*]] = model.sum_rows %[[P]] : (tensor<64x8xf32>) -> tensor<8xf32>
// CHECK: return %[[S]]
// FEW-LABEL: func.func @sum_rows
// FEW: model.sum_rows %{{.*}} {splits = 4 : i64} : (tensor<4x48x8xf32>) -> tensor<4x8xf32>
func.func @sum_rows(%x: tensor<4x48x8xf32>) -> tensor<8xf32> {
  %0 = model.sum_rows %x : (tensor<4x48x8xf32>) -> tensor<8xf32>
  return %0 : tensor<8xf32>
}

// The last step, and what is cut already.
// CHECK-LABEL: func.func @sum_of_partials
// CHECK-NEXT: model.sum_rows %{{.*}} : (tensor<64x8xf32>) -> tensor<8xf32>
// CHECK-NEXT: model.sum_rows %{{.*}} {splits = 4 : i64} : (tensor<4x48x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: return
func.func @sum_of_partials(%x: tensor<64x8xf32>, %y: tensor<4x48x8xf32>) -> (tensor<8xf32>, tensor<4x8xf32>) {
  %0 = model.sum_rows %x : (tensor<64x8xf32>) -> tensor<8xf32>
  %1 = model.sum_rows %y {splits = 4 : i64} : (tensor<4x48x8xf32>) -> tensor<4x8xf32>
  return %0, %1 : tensor<8xf32>, tensor<4x8xf32>
}

// Splits divide the rows: 51 is the largest divisor of 2 * 51 up to 64.
// CHECK-LABEL: func.func @weight_grads
// CHECK: model.rms_norm_weight_grad %{{.*}} {eps = {{.*}} : f32, splits = 51 : i64} : {{.*}} -> tensor<51x8xf32>
// CHECK-NEXT: model.sum_rows %{{.*}} : (tensor<51x8xf32>) -> tensor<8xf32>
// CHECK: model.layer_norm_weight_grad %{{.*}} {eps = {{.*}} : f32, splits = 51 : i64} : {{.*}} -> tensor<51x8xf32>
// CHECK-NEXT: model.sum_rows %{{.*}} : (tensor<51x8xf32>) -> tensor<8xf32>
func.func @weight_grads(%x: tensor<2x51x8xf32>, %dy: tensor<2x51x8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
  %0 = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32} : (tensor<2x51x8xf32>, tensor<2x51x8xf32>) -> tensor<8xf32>
  %1 = model.layer_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32} : (tensor<2x51x8xf32>, tensor<2x51x8xf32>) -> tensor<8xf32>
  return %0, %1 : tensor<8xf32>, tensor<8xf32>
}

// Partial sums of a norm of heads are as long as a head.
// CHECK-LABEL: func.func @head_weight_grad
// CHECK: model.rms_norm_weight_grad %{{.*}} {eps = {{.*}} : f32, head_size = 4 : i64, splits = 51 : i64} : {{.*}} -> tensor<51x4xf32>
// CHECK-NEXT: model.sum_rows %{{.*}} : (tensor<51x4xf32>) -> tensor<4xf32>
func.func @head_weight_grad(%x: tensor<2x51x8xf32>, %dy: tensor<2x51x8xf32>) -> tensor<4xf32> {
  %0 = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, head_size = 4 : i64} : (tensor<2x51x8xf32>, tensor<2x51x8xf32>) -> tensor<4xf32>
  return %0 : tensor<4xf32>
}

// CHECK-LABEL: func.func @cross_entropy
// CHECK-SAME: %[[L:.*]]: tensor<2x4x10xf32>, %[[T:.*]]: tensor<2x4xi32>
// CHECK: %[[LOSS:.*]] = model.token_loss %[[L]], %[[T]] : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<2x4xf32>
// CHECK: model.mean %[[LOSS]] : (tensor<2x4xf32>) -> tensor<f32>
func.func @cross_entropy(%logits: tensor<2x4x10xf32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %0 = model.cross_entropy %logits, %targets : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<f32>
  return %0 : tensor<f32>
}

// CHECK-LABEL: func.func @attention_grad
// CHECK-SAME: %[[Q:[^:]*]]: tensor<2x8x16xf32>, %[[K:[^:]*]]: tensor<2x8x8xf32>, %[[V:[^:]*]]: tensor<2x8x8xf32>, %[[O:[^:]*]]: tensor<2x8x16xf32>, %[[LSE:[^:]*]]: tensor<2x4x8xf32>, %[[D:[^:]*]]: tensor<2x8x16xf32>
// CHECK: %[[DELTA:.*]] = model.attention_delta %[[O]], %[[D]] {heads = 4 : i64}
// CHECK: %[[DQ:.*]] = model.attention_query_grad %[[Q]], %[[K]], %[[V]], %[[D]], %[[LSE]], %[[DELTA]] {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64}
// CHECK: %[[DK:.*]], %[[DV:.*]] = model.attention_key_value_grad %[[Q]], %[[K]], %[[V]], %[[D]], %[[LSE]], %[[DELTA]] {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64}
// CHECK: return %[[DQ]], %[[DK]], %[[DV]]
func.func @attention_grad(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %o: tensor<2x8x16xf32>, %lse: tensor<2x4x8xf32>, %d: tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) {
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %o, %lse, %d {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  return %dq, %dk, %dv : tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>
}

// CHECK-LABEL: func.func @gradient_norm
// CHECK: %[[S:.*]] = train.squares 0 : tensor<256xf32>
// CHECK: train.sum_of_squares %{{.*}} into %[[S]] : tensor<4096xf32>, tensor<256xf32>
// CHECK: train.norm %[[S]], %{{.*}} : (tensor<256xf32>, tensor<9xf32>) -> tensor<f32>
// FEW-LABEL: func.func @gradient_norm
// FEW: train.sum_of_squares %{{.*}} into %{{.*}} : tensor<4096xf32>, tensor<3xf32>
func.func @gradient_norm(%hyper: tensor<9xf32>) -> tensor<f32> {
  %g = train.flat gradient : tensor<4096xf32>
  %0 = train.gradient_norm %g, %hyper : (tensor<4096xf32>, tensor<9xf32>) -> tensor<f32>
  return %0 : tensor<f32>
}
