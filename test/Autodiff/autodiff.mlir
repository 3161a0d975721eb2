// RUN: llmc-opt %s --split-input-file --llmc-autodiff | FileCheck %s
// RUN: llmc-opt %s --split-input-file --llmc-autodiff --mlir-print-debuginfo --mlir-print-local-scope | FileCheck %s --check-prefix=LOC

// A GPT block with every op of GPT: embeddings, tied head, layer_norm, linear
// with bias, split, attention, gelu. The order of gradients is that of the
// parameters; sums take the last use first.

// CHECK-LABEL: model.graph @gpt
// CHECK-SAME:    (%[[TOKENS:.*]]: tensor<2x4xi32>, %[[TARGETS:.*]]: tensor<2x4xi32>)
// CHECK-SAME:    -> (tensor<f32>, tensor<10x8xf32>, tensor<6x8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8x24xf32>, tensor<24xf32>)
// CHECK-DAG:   %[[WTE:.*]] = model.parameter "wte"
// CHECK-DAG:   %[[G:.*]] = model.parameter "ln.weight"
// CHECK-DAG:   %[[W:.*]] = model.parameter "qkv.weight"
// CHECK:       %[[X:.*]] = model.add
// CHECK:       %[[N:.*]] = model.layer_norm
// CHECK:       %[[QKV:.*]]:3 = model.split
// CHECK:       %[[O:.*]], %[[LSE:.*]] = model.attention %[[QKV]]#0, %[[QKV]]#1, %[[QKV]]#2 {heads = 2 : i64, kv_heads = 2 : i64} : {{.*}} -> (tensor<2x4x8xf32>, tensor<2x2x4xf32>)
// CHECK-NOT:   model.attention
// CHECK:       model.gelu %[[O]]
// CHECK:       %[[Y:.*]] = model.add %[[X]]
// CHECK:       %[[LOGITS:.*]] = model.linear %[[Y]], %[[WTE]]
// CHECK:       %[[LOSS:.*]] = model.cross_entropy
// CHECK:       %[[DLOGITS:.*]] = model.cross_entropy_grad %[[LOGITS]], %[[TARGETS]]
// CHECK:       %[[DWTE1:.*]] = model.linear_weight_grad %[[Y]], %[[DLOGITS]] : {{.*}} -> tensor<10x8xf32>
// CHECK:       %[[DY:.*]] = model.linear %[[DLOGITS]], %[[WTE]] {transposed}
// CHECK:       %[[DO:.*]] = model.gelu_grad %[[O]], %[[DY]]
// CHECK:       %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = model.attention_grad %[[QKV]]#0, %[[QKV]]#1, %[[QKV]]#2, %[[O]], %[[LSE]], %[[DO]] {heads = 2 : i64, kv_heads = 2 : i64}
// CHECK:       %[[DQKV:.*]] = model.concat %[[DQ]], %[[DK]], %[[DV]]
// CHECK:       %[[DW:.*]] = model.linear_weight_grad %[[N]], %[[DQKV]] {transposed} : {{.*}} -> tensor<8x24xf32>
// CHECK:       %[[DB:.*]] = model.sum_rows %[[DQKV]]
// CHECK:       %[[DN:.*]] = model.linear %[[DQKV]], %[[W]] : (
// CHECK:       %[[DG:.*]] = model.layer_norm_weight_grad %[[X]], %[[DN]] {eps = 9.99999974E-6 : f32}
// CHECK:       %[[DLB:.*]] = model.sum_rows %[[DN]]
// CHECK:       %[[DX1:.*]] = model.layer_norm_grad %[[X]], %[[G]], %[[DN]] {eps = 9.99999974E-6 : f32}
// CHECK:       %[[DX:.*]] = model.add %[[DY]], %[[DX1]]
// CHECK:       %[[DWPE:.*]] = model.position_embedding_grad %[[DX]]
// CHECK:       %[[DWTE2:.*]] = model.embedding_grad %[[TOKENS]], %[[DX]]
// CHECK:       %[[DWTE:.*]] = model.add %[[DWTE1]], %[[DWTE2]]
// CHECK:       model.return %[[LOSS]], %[[DWTE]], %[[DWPE]], %[[DG]], %[[DLB]], %[[DW]], %[[DB]] :

// LOC: model.linear_weight_grad {{.*}} loc("gpt.mlir":7:3)
// LOC: model.embedding_grad {{.*}} loc("gpt.mlir":5:3)
model.graph @gpt(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %wte = model.parameter "wte" : tensor<10x8xf32> {init = #model.normal<0.02>}
  %wpe = model.parameter "wpe" : tensor<6x8xf32> {init = #model.zeros}
  %g = model.parameter "ln.weight" : tensor<8xf32> {init = #model.ones}
  %b = model.parameter "ln.bias" : tensor<8xf32> {init = #model.zeros}
  %qkv_w = model.parameter "qkv.weight" : tensor<8x24xf32> {init = #model.zeros}
  %qkv_b = model.parameter "qkv.bias" : tensor<24xf32> {init = #model.zeros}
  %e = model.embedding %tokens, %wte : (tensor<2x4xi32>, tensor<10x8xf32>) -> tensor<2x4x8xf32> loc("gpt.mlir":5:3)
  %p = model.position_embedding %tokens, %wpe : (tensor<2x4xi32>, tensor<6x8xf32>) -> tensor<2x4x8xf32>
  %x = model.add %e, %p : tensor<2x4x8xf32>
  %n = model.layer_norm %x, %g, %b {eps = 1.0e-5 : f32} : (tensor<2x4x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %qkv = model.linear %n, %qkv_w, %qkv_b {transposed} : (tensor<2x4x8xf32>, tensor<8x24xf32>, tensor<24xf32>) -> tensor<2x4x24xf32>
  %q, %k, %v = model.split %qkv : (tensor<2x4x24xf32>) -> (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>)
  %a = model.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x4x8xf32>, tensor<2x4x8xf32>, tensor<2x4x8xf32>) -> tensor<2x4x8xf32>
  %h = model.gelu %a : tensor<2x4x8xf32>
  %y = model.add %x, %h : tensor<2x4x8xf32>
  %logits = model.linear %y, %wte : (tensor<2x4x8xf32>, tensor<10x8xf32>) -> tensor<2x4x10xf32> loc("gpt.mlir":7:3)
  %loss = model.cross_entropy %logits, %targets : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// The ops of Llama: rms_norm, rotate, grouped queries with a window, silu, mul.
// The rotary tables get no gradient.

// CHECK-LABEL: model.graph @llama
// CHECK:       %[[EMBED:.*]] = model.parameter "embed"
// CHECK:       %[[G:.*]] = model.parameter "norm"
// CHECK:       %[[COS:.*]] = model.constant "cos"
// CHECK:       %[[SIN:.*]] = model.constant "sin"
// CHECK:       %[[X:.*]] = model.embedding
// CHECK:       %[[N:.*]] = model.rms_norm
// CHECK:       %[[Q:.*]] = model.rotate
// CHECK:       %[[K:.*]] = model.linear
// CHECK:       %[[O:.*]], %[[LSE:.*]] = model.attention %[[Q]], %[[K]], %[[K]] {heads = 2 : i64, kv_heads = 1 : i64, window = 3 : i64}
// CHECK:       %[[S:.*]] = model.silu %[[O]]
// CHECK:       model.mul %[[S]], %[[N]]
// CHECK:       %[[DM:.*]] = model.linear %{{.*}}, %[[EMBED]] {transposed}
// CHECK:       %[[DS:.*]] = model.mul %[[DM]], %[[N]]
// CHECK:       %[[DN1:.*]] = model.mul %[[DM]], %[[S]]
// CHECK:       %[[DO:.*]] = model.silu_grad %[[O]], %[[DS]]
// CHECK:       %[[DQ:.*]], %[[DK:.*]], %[[DV:.*]] = model.attention_grad %[[Q]], %[[K]], %[[K]], %[[O]], %[[LSE]], %[[DO]] {heads = 2 : i64, kv_heads = 1 : i64, window = 3 : i64}
// CHECK:       %[[DKV:.*]] = model.add %[[DK]], %[[DV]]
// CHECK:       model.linear_weight_grad %[[N]], %[[DKV]]
// CHECK:       %[[DN2:.*]] = model.linear %[[DKV]]
// CHECK:       %[[DN3:.*]] = model.rotate %[[DQ]], %[[COS]], %[[SIN]] {head_size = 4 : i64, inverse}
// CHECK:       %[[DN12:.*]] = model.add %[[DN1]], %[[DN2]]
// CHECK:       %[[DN:.*]] = model.add %[[DN12]], %[[DN3]]
// CHECK:       model.rms_norm_weight_grad %[[X]], %[[DN]] {eps = 9.99999974E-6 : f32}
// CHECK:       model.rms_norm_grad %[[X]], %[[G]], %[[DN]] {eps = 9.99999974E-6 : f32}
model.graph @llama(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %embed = model.parameter "embed" : tensor<10x8xf32> {init = #model.normal<0.02>}
  %g = model.parameter "norm" : tensor<8xf32> {init = #model.ones}
  %kw = model.parameter "k" : tensor<4x8xf32> {init = #model.zeros}
  %cos = model.constant "cos" : tensor<4x4xf32> {init = #model.rope_cos<10000.0>}
  %sin = model.constant "sin" : tensor<4x4xf32> {init = #model.rope_sin<10000.0>}
  %x = model.embedding %tokens, %embed : (tensor<2x4xi32>, tensor<10x8xf32>) -> tensor<2x4x8xf32>
  %n = model.rms_norm %x, %g {eps = 1.0e-5 : f32} : (tensor<2x4x8xf32>, tensor<8xf32>) -> tensor<2x4x8xf32>
  %q = model.rotate %n, %cos, %sin {head_size = 4 : i64} : (tensor<2x4x8xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<2x4x8xf32>
  %k = model.linear %n, %kw : (tensor<2x4x8xf32>, tensor<4x8xf32>) -> tensor<2x4x4xf32>
  %a = model.attention %q, %k, %k {heads = 2 : i64, kv_heads = 1 : i64, window = 3 : i64} : (tensor<2x4x8xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>) -> tensor<2x4x8xf32>
  %s = model.silu %a : tensor<2x4x8xf32>
  %m = model.mul %s, %n : tensor<2x4x8xf32>
  %logits = model.linear %m, %embed : (tensor<2x4x8xf32>, tensor<10x8xf32>) -> tensor<2x4x10xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x4x10xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
