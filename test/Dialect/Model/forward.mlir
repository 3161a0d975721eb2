// RUN: llmc-opt %s | llmc-opt | FileCheck %s
// RUN: llmc-opt %s -mlir-print-op-generic | llmc-opt | FileCheck %s

// Each forward op parses and prints: the examples of its definition.

// CHECK-LABEL: model.graph @embedding(
// CHECK: model.embedding %{{.*}}, %{{.*}} : (tensor<2x8xi32>, tensor<97x16xf32>) -> tensor<2x8x16xf32>
model.graph @embedding(%tokens: tensor<2x8xi32>, %wte: tensor<97x16xf32>) {
  %x = model.embedding %tokens, %wte : (tensor<2x8xi32>, tensor<97x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @position_embedding(
// CHECK: model.position_embedding %{{.*}}, %{{.*}} : (tensor<2x8xi32>, tensor<32x16xf32>) -> tensor<2x8x16xf32>
model.graph @position_embedding(%tokens: tensor<2x8xi32>, %wpe: tensor<32x16xf32>) {
  %p = model.position_embedding %tokens, %wpe : (tensor<2x8xi32>, tensor<32x16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @linear(
// CHECK: model.linear %{{.*}}, %{{.*}} : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
model.graph @linear(%x: tensor<2x8x16xf32>, %w: tensor<32x16xf32>) {
  %y = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  model.return
}

// CHECK-LABEL: model.graph @layer_norm(
// CHECK: model.layer_norm %{{.*}}, %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
model.graph @layer_norm(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %b: tensor<16xf32>) {
  %n = model.layer_norm %x, %w, %b {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @rms_norm(
// CHECK: model.rms_norm %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
// CHECK: model.rms_norm %{{.*}}, %{{.*}} {eps = 9.99999974E-6 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>) -> tensor<2x8x16xf32>
model.graph @rms_norm(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %v: tensor<8xf32>) {
  %n = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  %q = model.rms_norm %x, %v {eps = 1.0e-5 : f32, head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @rope(
// CHECK: model.rope %{{.*}} {head_size = 8 : i64, theta = 1.000000e+04 : f32} : tensor<2x8x16xf32>
// CHECK: model.rope %{{.*}} {head_size = 8 : i64, scaling = #model.llama3_scaling<factor = 32.0, low = 1.0, high = 4.0, positions = 8192>, theta = 5.000000e+05 : f32} : tensor<2x8x16xf32>
model.graph @rope(%x: tensor<2x8x16xf32>) {
  %r = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  %s = model.rope %x {head_size = 8 : i64, theta = 5.0e5 : f32, scaling = #model.llama3_scaling<factor = 32.0, low = 1.0, high = 4.0, positions = 8192>} : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @rotate(
// CHECK: model.rotate %{{.*}}, %{{.*}}, %{{.*}} {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xf32>
model.graph @rotate(%x: tensor<2x8x16xf32>, %cos: tensor<8x8xf32>, %sin: tensor<8x8xf32>) {
  %r = model.rotate %x, %cos, %sin {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @attention(
// CHECK: model.attention %{{.*}}, %{{.*}}, %{{.*}} {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
model.graph @attention(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>) {
  %a = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @gelu(
// CHECK: model.gelu %{{.*}} : tensor<2x8x16xf32>
model.graph @gelu(%x: tensor<2x8x16xf32>) {
  %g = model.gelu %x : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @silu(
// CHECK: model.silu %{{.*}} : tensor<2x8x16xf32>
model.graph @silu(%x: tensor<2x8x16xf32>) {
  %s = model.silu %x : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @add(
// CHECK: model.add %{{.*}}, %{{.*}} : tensor<2x8x16xf32>
model.graph @add(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>) {
  %s = model.add %x, %y : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @mul(
// CHECK: model.mul %{{.*}}, %{{.*}} : tensor<2x8x16xf32>
model.graph @mul(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>) {
  %p = model.mul %x, %y : tensor<2x8x16xf32>
  model.return
}

// CHECK-LABEL: model.graph @split(
// CHECK: model.split %{{.*}} : (tensor<2x8x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
model.graph @split(%qkv: tensor<2x8x48xf32>) {
  %q, %k, %v = model.split %qkv : (tensor<2x8x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
  model.return
}

// CHECK-LABEL: model.graph @cross_entropy(
// CHECK: model.cross_entropy %{{.*}}, %{{.*}} : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
model.graph @cross_entropy(%logits: tensor<2x8x97xf32>, %targets: tensor<2x8xi32>) {
  %loss = model.cross_entropy %logits, %targets : (tensor<2x8x97xf32>, tensor<2x8xi32>) -> tensor<f32>
  model.return
}

// CHECK-LABEL: model.graph @linear_bias(
// CHECK: model.linear %{{.*}}, %{{.*}}, %{{.*}} {transposed} : (tensor<2x8x16xf32>, tensor<16x32xf32>, tensor<32xf32>) -> tensor<2x8x32xf32>
model.graph @linear_bias(%x: tensor<2x8x16xf32>, %w: tensor<16x32xf32>, %b: tensor<32xf32>) {
  %y = model.linear %x, %w, %b {transposed} : (tensor<2x8x16xf32>, tensor<16x32xf32>, tensor<32xf32>) -> tensor<2x8x32xf32>
  model.return
}

// CHECK-LABEL: model.graph @attention_lse(
// CHECK: model.attention {{.*}}window = 4 : i64{{.*}} -> (tensor<2x8x16xf32>, tensor<2x4x8xf32>)
model.graph @attention_lse(%q: tensor<2x8x16xf32>, %k: tensor<2x8x8xf32>, %v: tensor<2x8x8xf32>) {
  %a, %lse = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 2 : i64, window = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x4x8xf32>)
  model.return
}

// A dynamic extent is compatible with anything.
// CHECK-LABEL: model.graph @dynamic(
// CHECK: model.embedding
model.graph @dynamic(%t: tensor<?x?xi32>, %w: tensor<97x16xf32>) {
  %x = model.embedding %t, %w : (tensor<?x?xi32>, tensor<97x16xf32>) -> tensor<2x8x16xf32>
  model.return
}
