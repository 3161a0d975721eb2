// RUN: llmc-opt %s --llmc-build-step --llmc-verify-step --split-input-file | FileCheck %s

// The whole of Step on one joint graph: layout (decayed parameters first, 64
// elements aligned, constants apart), the four functions, a tied parameter
// whose gradient is accumulated term by term, attention without log-sum-exp
// outside of the micro-step.

// CHECK-LABEL: module attributes {llmc.batch = 2 : i64, llmc.name = "tied", llmc.precision = "f32", llmc.sequence = 4 : i64, llmc.vocabulary = 10 : i64}
// CHECK-NEXT: train.variable @embed.weight "embed.weight" : tensor<10x8xf32> at 0 decay init #model.normal<0.02>
// CHECK-NEXT: train.variable @proj "proj" : tensor<8x8xf32> at 128 decay init #model.zeros
// CHECK-NEXT: train.variable @norm "norm" : tensor<8xf32> at 192 init #model.ones
// CHECK-NEXT: train.variable @cos "cos" : tensor<4x4xf32> at 0 constant init #model.rope_cos<10000.0>
// CHECK-NEXT: train.variable @sin "sin" : tensor<4x4xf32> at 64 constant init #model.rope_sin<10000.0>
// CHECK-NOT:  model.graph

// CHECK-LABEL: func.func @micro_step(
// CHECK-SAME:    %[[TOKENS:.*]]: tensor<2x4xi32>, %[[TARGETS:.*]]: tensor<2x4xi32>) -> tensor<f32>
// CHECK:       %[[E:.*]] = train.ref value @embed.weight
// CHECK:       model.embedding %[[TOKENS]], %[[E]]
// CHECK:       model.attention {{.*}} -> (tensor<2x4x8xf32>, tensor<2x2x4xf32>)
// CHECK:       %[[LOSS:.*]] = model.cross_entropy
// CHECK:       %[[D1:.*]] = model.linear_weight_grad {{.*}} -> tensor<10x8xf32>
// CHECK-NEXT:  %[[G1:.*]] = train.ref gradient @embed.weight
// CHECK-NEXT:  train.accumulate %[[D1]] into %[[G1]]
// CHECK:       model.attention_grad
// CHECK:       %[[DN:.*]] = model.rms_norm_weight_grad
// CHECK-NEXT:  %[[GN:.*]] = train.ref gradient @norm
// CHECK-NEXT:  train.accumulate %[[DN]] into %[[GN]]
// CHECK:       %[[D2:.*]] = model.embedding_grad
// CHECK-NEXT:  %[[G2:.*]] = train.ref gradient @embed.weight
// CHECK-NEXT:  train.accumulate %[[D2]] into %[[G2]]
// CHECK-NEXT:  return %[[LOSS]] : tensor<f32>

// CHECK-LABEL: func.func @evaluate(
// CHECK-SAME:    tensor<2x4xi32>, %{{.*}}: tensor<2x4xi32>) -> tensor<f32>
// CHECK:       model.attention {{.*}} -> tensor<2x4x8xf32>
// CHECK:       %[[LOSS:.*]] = model.cross_entropy
// CHECK-NEXT:  return %[[LOSS]]

// CHECK-LABEL: func.func @generate(
// CHECK-SAME:    %[[TOKENS:.*]]: tensor<1x4xi32>, %[[POSITION:.*]]: tensor<1x1xi32>) -> tensor<1x1x10xf32>
// CHECK:       model.embedding %[[TOKENS]], %{{.*}} -> tensor<1x4x8xf32>
// CHECK:       model.rotate {{.*}} : (tensor<1x4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<1x4x8xf32>
// CHECK:       model.attention {{.*}} -> tensor<1x4x8xf32>
// CHECK:       %[[ROW:.*]] = model.take_tokens %[[POSITION]], {{.*}} : (tensor<1x1xi32>, tensor<1x4x8xf32>) -> tensor<1x1x8xf32>
// CHECK-NEXT:  %[[LOGITS:.*]] = model.linear %[[ROW]], {{.*}} -> tensor<1x1x10xf32>
// CHECK-NEXT:  return %[[LOGITS]]

// CHECK-LABEL: func.func @update(
// CHECK-SAME:    %[[HYPER:.*]]: tensor<10xf32>) -> tensor<f32>
// CHECK-NEXT:  %[[P:.*]] = train.flat value : tensor<256xf32>
// CHECK-NEXT:  %[[G:.*]] = train.flat gradient : tensor<256xf32>
// CHECK-NEXT:  %[[M:.*]] = train.flat moment1 : tensor<256xf32>
// CHECK-NEXT:  %[[V:.*]] = train.flat moment2 : tensor<256xf32>
// CHECK-NEXT:  %[[NORM:.*]] = train.gradient_norm %[[G]], %[[HYPER]]
// CHECK-NEXT:  train.adamw %[[P]], %[[G]], %[[M]], %[[V]], %[[NORM]], %[[HYPER]] {decay_elements = 192 : i64}
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

// -----

// A sum with another use is computed and added whole; a parameter named like a
// function gets another symbol and keeps its name.

// CHECK-LABEL: llmc.name = "shared"
// CHECK: train.variable @update_0 "update" : tensor<8x8xf32> at 0 decay
// CHECK: train.variable @other "other" : tensor<8x8xf32> at 64 decay
// CHECK:       func.func @micro_step(
// CHECK:       %[[D1:.*]] = model.linear_weight_grad
// CHECK-NOT:   train.accumulate
// CHECK:       %[[D2:.*]] = model.embedding_grad
// CHECK-NEXT:  %[[S:.*]] = model.add %[[D1]], %[[D2]]
// CHECK-NEXT:  %[[G0:.*]] = train.ref gradient @update_0
// CHECK-NEXT:  train.accumulate %[[S]] into %[[G0]]
// CHECK-NEXT:  %[[G1:.*]] = train.ref gradient @other
// CHECK-NEXT:  train.accumulate %[[S]] into %[[G1]]
// CHECK-NEXT:  return
model.graph @shared(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>) {
  %a = model.parameter "update" : tensor<8x8xf32> {init = #model.zeros}
  %b = model.parameter "other" : tensor<8x8xf32> {init = #model.zeros}
  %w = model.add %a, %b : tensor<8x8xf32>
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %logits = model.linear %x, %w : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dlogits = model.cross_entropy_grad %logits, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<2x4x8xf32>
  %dw1 = model.linear_weight_grad %x, %dlogits : (tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  %dx = model.linear %dlogits, %w {transposed} : (tensor<2x4x8xf32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %dw2 = model.embedding_grad %tokens, %dx : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<8x8xf32>
  %dw = model.add %dw1, %dw2 : tensor<8x8xf32>
  model.return %loss, %dw, %dw : tensor<f32>, tensor<8x8xf32>, tensor<8x8xf32>
}

// -----

// A parameter that does not depend on the batch keeps its shape in @generate,
// although its leading extent is the batch's. Logits that no product makes are
// all computed, and one position's taken.

// CHECK-LABEL: llmc.name = "same_extent"
// CHECK:       func.func @generate(
// CHECK-SAME:    tensor<1x4xi32>, %[[POSITION:.*]]: tensor<1x1xi32>) -> tensor<1x1x4xf32>
// CHECK:       model.gelu %{{.*}} : tensor<2x4xf32>
// CHECK:       %[[ALL:.*]] = model.embedding {{.*}} : (tensor<1x4xi32>, tensor<2x4xf32>) -> tensor<1x4x4xf32>
// CHECK-NEXT:  %[[ROW:.*]] = model.take_tokens %[[POSITION]], %[[ALL]]
// CHECK-NEXT:  return %[[ROW]]
model.graph @same_extent(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> (tensor<f32>, tensor<2x4xf32>) {
  %a = model.parameter "a" : tensor<2x4xf32> {init = #model.zeros}
  %g = model.gelu %a : tensor<2x4xf32>
  %x = model.embedding %tokens, %g : (tensor<2x4xi32>, tensor<2x4xf32>) -> tensor<2x4x4xf32>
  %loss = model.cross_entropy %x, %targets : (tensor<2x4x4xf32>, tensor<2x4xi32>) -> tensor<f32>
  %dx = model.cross_entropy_grad %x, %targets : (tensor<2x4x4xf32>, tensor<2x4xi32>) -> tensor<2x4x4xf32>
  %dg = model.embedding_grad %tokens, %dx : (tensor<2x4xi32>, tensor<2x4x4xf32>) -> tensor<2x4xf32>
  %da = model.gelu_grad %a, %dg : tensor<2x4xf32>
  model.return %loss, %da : tensor<f32>, tensor<2x4xf32>
}
