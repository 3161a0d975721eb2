// The mixed forms that the verifiers admit, and no others are: sums and
// statistics are f32 beside bf16.
// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK-LABEL: model.graph @forward
model.graph @forward(%t: tensor<2x8xi32>, %w: tensor<97x16xbf16>, %o: tensor<32x16xbf16>, %b: tensor<32xbf16>, %n: tensor<16xbf16>, %cos: tensor<8x8xf32>) -> tensor<f32> {
  // CHECK: model.embedding {{.*}} -> tensor<2x8x16xbf16>
  %x = model.embedding %t, %w : (tensor<2x8xi32>, tensor<97x16xbf16>) -> tensor<2x8x16xbf16>
  // CHECK: model.rotate {{.*}} : (tensor<2x8x16xbf16>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xbf16>
  %r = model.rotate %x, %cos, %cos {head_size = 8 : i64} : (tensor<2x8x16xbf16>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xbf16>
  // CHECK: model.attention {{.*}} -> (tensor<2x8x16xbf16>, tensor<2x2x8xf32>)
  %a, %lse = model.attention %r, %r, %x {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> (tensor<2x8x16xbf16>, tensor<2x2x8xf32>)
  // CHECK: model.rms_norm {{.*}} -> tensor<2x8x16xbf16>
  %m = model.rms_norm %a, %n {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<16xbf16>) -> tensor<2x8x16xbf16>
  // CHECK: model.linear {{.*}} -> tensor<2x8x32xbf16>
  %y = model.linear %m, %o, %b : (tensor<2x8x16xbf16>, tensor<32x16xbf16>, tensor<32xbf16>) -> tensor<2x8x32xbf16>
  // CHECK: model.linear {{.*}} -> tensor<2x8x32xf32>
  %z = model.linear %m, %o, %b : (tensor<2x8x16xbf16>, tensor<32x16xbf16>, tensor<32xbf16>) -> tensor<2x8x32xf32>
  // CHECK: model.token_loss {{.*}} : (tensor<2x8x32xbf16>, tensor<2x8xi32>) -> tensor<2x8xf32>
  %l = model.token_loss %y, %t : (tensor<2x8x32xbf16>, tensor<2x8xi32>) -> tensor<2x8xf32>
  %loss = model.mean %l : (tensor<2x8xf32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// CHECK-LABEL: model.graph @backward
model.graph @backward(%t: tensor<2x8xi32>, %x: tensor<2x8x16xbf16>, %lse: tensor<2x2x8xf32>) {
  // CHECK: model.linear_weight_grad {{.*}} -> tensor<16x16xf32>
  %0 = model.linear_weight_grad %x, %x : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> tensor<16x16xf32>
  // CHECK: model.sum_rows {{.*}} -> tensor<4x16xf32>
  %1 = model.sum_rows %x {splits = 4 : i64} : (tensor<2x8x16xbf16>) -> tensor<4x16xf32>
  // CHECK: model.layer_norm_weight_grad {{.*}} -> tensor<16xf32>
  %2 = model.layer_norm_weight_grad %x, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> tensor<16xf32>
  // CHECK: model.rms_norm_weight_grad {{.*}} -> tensor<16xf32>
  %3 = model.rms_norm_weight_grad %x, %x {eps = 1.0e-5 : f32} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> tensor<16xf32>
  // CHECK: model.embedding_grad {{.*}} -> tensor<97x16xf32>
  %4 = model.embedding_grad %t, %x : (tensor<2x8xi32>, tensor<2x8x16xbf16>) -> tensor<97x16xf32>
  // CHECK: model.position_embedding_grad {{.*}} -> tensor<8x16xf32>
  %5 = model.position_embedding_grad %x : (tensor<2x8x16xbf16>) -> tensor<8x16xf32>
  // CHECK: model.attention_delta {{.*}} -> tensor<2x2x8xf32>
  %6 = model.attention_delta %x, %x {heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>) -> tensor<2x2x8xf32>
  // CHECK: model.attention_query_grad {{.*}} -> tensor<2x8x16xbf16>
  %7 = model.attention_query_grad %x, %x, %x, %x, %lse, %6 {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x8x16xbf16>, tensor<2x2x8xf32>, tensor<2x2x8xf32>) -> tensor<2x8x16xbf16>
  // CHECK: model.cross_entropy_grad {{.*}} -> tensor<2x8x16xbf16>
  %8 = model.cross_entropy_grad %x, %t : (tensor<2x8x16xbf16>, tensor<2x8xi32>) -> tensor<2x8x16xbf16>
  model.return
}
