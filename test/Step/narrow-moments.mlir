// RUN: llmc-opt %s --llmc-build-step="precision=bf16 moments=bf16" --llmc-verify-step | FileCheck %s
// RUN: not llmc-opt %s --llmc-build-step="precision=f32 moments=bf16" 2>&1 | FileCheck %s --check-prefix=NARROW
// RUN: not llmc-opt %s --llmc-build-step="precision=bf16 moments=f16" 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// Both moments in bf16, beside f32 masters and gradients.
// NARROW: expected moments f32, or bf16 with precision bf16, found 'bf16' with precision 'f32'
// UNKNOWN: expected moments f32, or bf16 with precision bf16, found 'f16' with precision 'bf16'

// CHECK-LABEL: module attributes {{.*}}llmc.moments = "bf16"
// CHECK-LABEL: func.func @update(
// CHECK-NEXT:  %[[P:.*]] = train.flat value : tensor<256xf32>
// CHECK-NEXT:  %[[G:.*]] = train.flat gradient : tensor<256xf32>
// CHECK-NEXT:  %[[M:.*]] = train.flat moment1 : tensor<256xbf16>
// CHECK-NEXT:  %[[V:.*]] = train.flat moment2 : tensor<256xbf16>
// CHECK:       train.adamw %[[P]], %[[G]], %[[M]], %[[V]]
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
