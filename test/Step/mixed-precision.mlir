// RUN: llmc-opt %s --llmc-build-step=precision=bf16 --llmc-verify-step | FileCheck %s
// RUN: not llmc-opt %s --llmc-build-step=precision=fp8 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: expected precision f32, tf32 or bf16, found 'fp8'

// Mixed precision: products, activations and their gradients are bf16; sums
// that go to f32 storage, statistics, tables, the loss and the logits that are
// returned stay f32. The variables are those of f32, at the same offsets.

// CHECK-LABEL: module attributes {{.*}}llmc.precision = "bf16"
// CHECK-NEXT: train.variable @embed.weight "embed.weight" : tensor<10x8xf32> at 0 decay
// CHECK-NEXT: train.variable @proj "proj" : tensor<8x8xf32> at 128 decay

// CHECK-LABEL: func.func @micro_step(
// CHECK-SAME:    -> tensor<f32>
// CHECK-DAG:   %[[E:.*]] = train.ref compute @embed.weight : tensor<10x8xbf16>
// CHECK-DAG:   %[[P:.*]] = train.ref compute @proj : tensor<8x8xbf16>
// CHECK-DAG:   %[[N:.*]] = train.ref compute @norm : tensor<8xbf16>
// CHECK-DAG:   %[[COS:.*]] = train.ref value @cos : tensor<4x4xf32>
// CHECK:       model.embedding %{{.*}}, %[[E]] : (tensor<2x4xi32>, tensor<10x8xbf16>) -> tensor<2x4x8xbf16>
// CHECK:       model.rms_norm {{.*}} : (tensor<2x4x8xbf16>, tensor<8xbf16>) -> tensor<2x4x8xbf16>
// CHECK:       model.linear %{{.*}}, %[[P]] : (tensor<2x4x8xbf16>, tensor<8x8xbf16>) -> tensor<2x4x8xbf16>
// CHECK:       model.rotate %{{.*}}, %[[COS]], {{.*}} : (tensor<2x4x8xbf16>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<2x4x8xbf16>
// CHECK:       model.attention {{.*}} -> (tensor<2x4x8xbf16>, tensor<2x2x4xf32>)
// CHECK:       model.linear {{.*}} -> tensor<2x4x10xbf16>
// CHECK:       model.cross_entropy {{.*}} : (tensor<2x4x10xbf16>, tensor<2x4xi32>) -> tensor<f32>
// CHECK:       model.cross_entropy_grad {{.*}} -> tensor<2x4x10xbf16>
// CHECK:       model.linear_weight_grad {{.*}} -> tensor<10x8xf32>
// CHECK-NEXT:  %[[G:.*]] = train.ref gradient @embed.weight : tensor<10x8xf32>
// CHECK-NEXT:  train.accumulate %{{.*}} into %[[G]] : tensor<10x8xf32>, tensor<10x8xf32>
// CHECK:       model.linear {{.*}}transposed{{.*}} -> tensor<2x4x8xbf16>
// CHECK:       model.attention_grad {{.*}} -> (tensor<2x4x8xbf16>, tensor<2x4x8xbf16>, tensor<2x4x8xbf16>)
// CHECK:       model.rms_norm_weight_grad {{.*}} -> tensor<8xf32>
// CHECK:       model.embedding_grad {{.*}} -> tensor<10x8xf32>
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}

// CHECK-LABEL: func.func @evaluate(
// CHECK-SAME:    -> tensor<f32>
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}
// CHECK:       model.cross_entropy {{.*}} : (tensor<2x4x10xbf16>, tensor<2x4xi32>) -> tensor<f32>

// CHECK-LABEL: func.func @generate(
// CHECK-SAME:    -> tensor<1x1x10xf32>
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}
// CHECK:       %[[L:.*]] = model.linear {{.*}} : (tensor<1x1x8xbf16>, tensor<10x8xbf16>) -> tensor<1x1x10xf32>
// CHECK-NEXT:  return %[[L]]

// CHECK-LABEL: func.func @update(
// CHECK:       %[[M:.*]] = train.flat value : tensor<256xf32>
// CHECK:       %[[C:.*]] = train.flat compute : tensor<256xbf16>
// CHECK:       train.adamw %[[M]], {{.*}}, %[[C]] {decay_elements = 192 : i64}

// CHECK-LABEL: func.func @prepare() {
// CHECK-NEXT:  %[[M:.*]] = train.flat value : tensor<256xf32>
// CHECK-NEXT:  %[[C:.*]] = train.flat compute : tensor<256xbf16>
// CHECK-NEXT:  train.round %[[M]] into %[[C]] : tensor<256xf32>, tensor<256xbf16>
// CHECK-NEXT:  return
model.graph @tied(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<10x8xf32>, tensor<8xf32>, tensor<8x8xf32>) {
  %w = model.parameter "embed.weight" : tensor<10x8xf32> {init = #model.normal<0.02>}
  %g = model.parameter "norm" : tensor<8xf32> {init = #model.ones}
  %p = model.parameter "proj" : tensor<8x8xf32> {init = #model.zeros}
  %cos = model.constant "cos" : tensor<4x4xf32> {init = #model.rope_cos<10000.0>}
  %sin = model.constant "sin" : tensor<4x4xf32> {init = #model.rope_sin<10000.0>}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<10x8xf32>) -> tensor<2x4x8xf32>
  %n = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : (tensor<2x4x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %v = model.linear %n, %p : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %q = model.rotate %v, %cos, %sin {head_size = 4 : i64} : (tensor<2x4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<2x4x8xf32>
  %a, %lse = model.attention %q, %v, %v {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> (tensor<2x4x8xf32>, tensor<2x2x4xf32>)
  %logits = model.linear %a, %w : (tensor<2x4x8xf32>, tensor<10x8xf32>) -> tensor<2x4x10xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dlogits = model.cross_entropy_grad %logits, %targets : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<2x4x10xf32>
  %dw1 = model.linear_weight_grad %a, %dlogits : (tensor<2x4x8xf32>, tensor<2x4x10xf32>) -> tensor<10x8xf32>
  %da = model.linear %dlogits, %w {transposed} : (tensor<2x4x10xf32>, tensor<10x8xf32>) -> tensor<2x4x8xf32>
  %dq, %dk, %dv = model.attention_grad %q, %v, %v, %a, %lse, %da {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x2x4xf32>, tensor<2x4x8xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>)
  %dp = model.linear_weight_grad %n, %dv : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  %dg = model.rms_norm_weight_grad %x, %dk {eps = 1.0e-5 : f32} : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<8xf32>
  %dw2 = model.embedding_grad %tokens, %dq : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<10x8xf32>
  %dw = model.add %dw1, %dw2 : tensor<10x8xf32>
  model.return %loss, %dw, %dg, %dp : tensor<f32>, tensor<10x8xf32>, tensor<8xf32>, tensor<8x8xf32>
}
