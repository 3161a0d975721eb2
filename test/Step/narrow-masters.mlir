// RUN: llmc-opt %s --llmc-build-step="precision=bf16 masters=bf16" --llmc-verify-step | FileCheck %s
// RUN: llmc-opt %s --llmc-build-step="precision=bf16 masters=bf16" --remarks-filter=rounding --remark-format=emitRemark -o /dev/null 2>&1 | FileCheck %s --check-prefix=REMARK
// RUN: not llmc-opt %s --llmc-build-step="precision=f32 masters=bf16" 2>&1 | FileCheck %s --check-prefix=NARROW
// RUN: not llmc-opt %s --llmc-build-step="precision=bf16 masters=f16" 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: llmc-opt %s --llmc-build-step=precision=bf16 | sed 's/@prepare/@other/' | not llmc-opt --llmc-verify-step 2>&1 | FileCheck %s --check-prefix=PREPARE

// Parameters are there in bf16 alone: nothing reads or writes another value of
// them, and there are no copies to prepare. Gradients and moments are f32.

// REMARK: master weights are bf16, which AdamW rounds stochastically: 256 parameters take 2 bytes each instead of 6
// NARROW: expected masters f32, or bf16 with precision bf16, found 'bf16' with precision 'f32'
// UNKNOWN: expected masters f32, or bf16 with precision bf16, found 'f16' with precision 'bf16'
// PREPARE: expected a function @prepare after Step

// CHECK-LABEL: module attributes {{.*}}llmc.masters = "bf16"
// CHECK-NEXT: train.variable @embed.weight "embed.weight" : tensor<10x8xf32> at 0 decay
// CHECK-LABEL: func.func @micro_step(
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}
// CHECK:       train.ref compute @embed.weight : tensor<10x8xbf16>
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}
// CHECK:       train.ref gradient @embed.weight : tensor<10x8xf32>
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}
// CHECK-LABEL: func.func @evaluate(
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}
// CHECK-LABEL: func.func @generate(
// CHECK-NOT:   train.ref value @{{(embed|proj|norm)}}

// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[HYPER:.*]]: tensor<10xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[P:.*]] = train.flat compute : tensor<256xbf16>
// CHECK-NEXT:  %[[G:.*]] = train.flat gradient : tensor<256xf32>
// CHECK-NEXT:  %[[M:.*]] = train.flat moment1 : tensor<256xf32>
// CHECK-NEXT:  %[[V:.*]] = train.flat moment2 : tensor<256xf32>
// CHECK-NEXT:  %[[NORM:.*]] = train.gradient_norm %[[G]], %[[HYPER]]
// CHECK-NEXT:  train.adamw %[[P]], %[[G]], %[[M]], %[[V]], %[[NORM]], %[[HYPER]] {decay_elements = 192 : i64, stochastic}
// CHECK-NEXT:  return %[[NORM]]
// CHECK-NOT:   @prepare
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
