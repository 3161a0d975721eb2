// RUN: llmc-opt %s | llmc-opt | FileCheck %s
// RUN: llmc-opt %s -mlir-print-op-generic | llmc-opt | FileCheck %s

// Each backward op parses and prints: the examples of its definition.

// CHECK-LABEL: model.graph @embedding_grad(
// CHECK: model.embedding_grad %{{.*}}, %{{.*}} : (tensor<2x8xi32>, tensor<2x8x16xf32>) -> tensor<97x16xf32>
model.graph @embedding_grad(%tokens: tensor<2x8xi32>, %dy: tensor<2x8x16xf32>) {
  %dw = model.embedding_grad %tokens, %dy : (tensor<2x8xi32>, tensor<2x8x16xf32>) -> tensor<97x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @position_embedding_grad(
// CHECK: model.position_embedding_grad %{{.*}} : (tensor<2x8x16xf32>) -> tensor<32x16xf32>
model.graph @position_embedding_grad(%dy: tensor<2x8x16xf32>) {
  %dw = model.position_embedding_grad %dy : (tensor<2x8x16xf32>) -> tensor<32x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @linear_weight_grad(
// CHECK: model.linear_weight_grad %{{.*}}, %{{.*}} : (tensor<2x8x16xf32>, tensor<2x8x32xf32>) -> tensor<32x16xf32>
model.graph @linear_weight_grad(%x: tensor<2x8x16xf32>, %dy: tensor<2x8x32xf32>) {
  %dw = model.linear_weight_grad %x, %dy : (tensor<2x8x16xf32>, tensor<2x8x32xf32>) -> tensor<32x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @sum_rows(
// CHECK: model.sum_rows %{{.*}} {splits = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<4x16xf32>
model.graph @sum_rows(%dy: tensor<2x8x16xf32>) {
  %db = model.sum_rows %dy {splits = 4 : i64} : (tensor<2x8x16xf32>) -> tensor<4x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @layer_norm_grad(
// CHECK: model.layer_norm_grad %{{.*}}, %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
model.graph @layer_norm_grad(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %dy: tensor<2x8x16xf32>) {
  %dx = model.layer_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @layer_norm_weight_grad(
// CHECK: model.layer_norm_weight_grad %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
model.graph @layer_norm_weight_grad(%x: tensor<2x8x16xf32>, %dy: tensor<2x8x16xf32>) {
  %dw = model.layer_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
  model.return
}

// CHECK-LABEL: model.graph @rms_norm_grad(
// CHECK: model.rms_norm_grad %{{.*}}, %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
// CHECK: model.rms_norm_grad %{{.*}}, %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
model.graph @rms_norm_grad(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %v: tensor<8xf32>, %dy: tensor<2x8x16xf32>) {
  %dx = model.rms_norm_grad %x, %w, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  %dq = model.rms_norm_grad %x, %v, %dy {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @rms_norm_weight_grad(
// CHECK: model.rms_norm_weight_grad %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
// CHECK: model.rms_norm_weight_grad %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<8xf32>
model.graph @rms_norm_weight_grad(%x: tensor<2x8x16xf32>, %dy: tensor<2x8x16xf32>) {
  %dw = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16xf32>
  %dv = model.rms_norm_weight_grad %x, %dy {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<8xf32>
  model.return
}

// CHECK-LABEL: model.graph @attention_grad(
// CHECK: model.attention_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
model.graph @attention_grad(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %a: tensor<2x8x16xf32>, %lse: tensor<2x4x8xf32>, %da: tensor<2x8x16xf32>) {
  %dq, %dk, %dv = model.attention_grad %q, %k, %v, %a, %lse, %da {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// CHECK-LABEL: model.graph @attention_delta(
// CHECK: model.attention_delta %{{.*}}, %{{.*}} {heads = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x4x8xf32>
model.graph @attention_delta(%a: tensor<2x8x16xf32>, %da: tensor<2x8x16xf32>) {
  %d = model.attention_delta %a, %da {heads = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x4x8xf32>
  model.return
}

// CHECK-LABEL: model.graph @attention_query_grad(
// CHECK: model.attention_query_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x8x16xf32>
model.graph @attention_query_grad(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %da: tensor<2x8x16xf32>, %lse: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  %dq = model.attention_query_grad %q, %k, %v, %da, %lse, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @attention_key_value_grad(
// CHECK: model.attention_key_value_grad %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
model.graph @attention_key_value_grad(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>, %da: tensor<2x8x16xf32>, %lse: tensor<2x4x8xf32>, %d: tensor<2x4x8xf32>) {
  %dk, %dv = model.attention_key_value_grad %q, %k, %v, %da, %lse, %d {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>, tensor<2x8x16xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return
}

// CHECK-LABEL: model.graph @gelu_grad(
// CHECK: model.gelu_grad %{{.*}}, %{{.*}} : tensor<2x8x16xf32>
model.graph @gelu_grad(%x: tensor<2x8x16xf32>, %dy: tensor<2x8x16xf32>) {
  %d = model.gelu_grad %x, %dy : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @silu_grad(
// CHECK: model.silu_grad %{{.*}}, %{{.*}} : tensor<2x8x16xf32>
model.graph @silu_grad(%x: tensor<2x8x16xf32>, %dy: tensor<2x8x16xf32>) {
  %d = model.silu_grad %x, %dy : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @concat(
// CHECK: model.concat %{{.*}}, %{{.*}}, %{{.*}} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x48xf32>
model.graph @concat(%dq: tensor<2x8x16xf32>, %dk: tensor<2x8x16xf32>, %dv: tensor<2x8x16xf32>) {
  %d = model.concat %dq, %dk, %dv : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x48xf32>
  model.return
}

// CHECK-LABEL: model.graph @cross_entropy_grad(
// CHECK: model.cross_entropy_grad %{{.*}}, %{{.*}} : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8x97xf32>
model.graph @cross_entropy_grad(%logits: tensor<2x8x97xf32>, %targets: tensor<2x8xi32>) {
  %dl = model.cross_entropy_grad %logits, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8x97xf32>
  model.return
}

// CHECK-LABEL: model.graph @token_loss(
// CHECK: model.token_loss %{{.*}}, %{{.*}} : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8xf32>
model.graph @token_loss(%logits: tensor<2x8x97xf32>, %targets: tensor<2x8xi32>) {
  %l = model.token_loss %logits, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<2x8xf32>
  model.return
}

// CHECK-LABEL: model.graph @mean(
// CHECK: model.mean %{{.*}} : (tensor<2x8xf32>) -> tensor<f32>
model.graph @mean(%l: tensor<2x8xf32>) {
  %m = model.mean %l : (tensor<2x8xf32>) -> tensor<f32>
  model.return
}
