// attention_grad in the parts that Fusion makes of it, with rotated queries, a
// window, two query heads on each key-value head, and concat.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 320 of 320 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
!q = tensor<2x5x16xf32>
!kv = tensor<2x5x8xf32>
!lse = tensor<2x4x5xf32>
!table = tensor<5x4xf32>
!ids = tensor<2x5xi32>
model.graph @attention(%tokens: !ids, %targets: !ids) -> (tensor<f32>, tensor<2x5x32xf32>) {
  %cos = model.constant "cos" : !table {init = #model.rope_cos<100.0>}
  %sin = model.constant "sin" : !table {init = #model.rope_sin<100.0>}
  %x = model.parameter "x" : tensor<2x5x32xf32> {init = #model.normal<0.5>}
  %q, %k, %v = model.split %x : (tensor<2x5x32xf32>) -> (!q, !kv, !kv)
  %qr = model.rotate %q, %cos, %sin {head_size = 4 : i64} : (!q, !table, !table) -> !q
  %y, %lse = model.attention %qr, %k, %v {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64} : (!q, !kv, !kv) -> (!q, !lse)
  %loss = model.cross_entropy %y, %targets : (!q, !ids) -> tensor<f32>

  %dy = model.cross_entropy_grad %y, %targets : (!q, !ids) -> !q
  %delta = model.attention_delta %y, %dy {heads = 4 : i64} : (!q, !q) -> !lse
  %dqr = model.attention_query_grad %qr, %k, %v, %dy, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64} : (!q, !kv, !kv, !q, !lse, !lse) -> !q
  %dk, %dv = model.attention_key_value_grad %qr, %k, %v, %dy, %lse, %delta {heads = 4 : i64, kv_heads = 2 : i64, window = 3 : i64} : (!q, !kv, !kv, !q, !lse, !lse) -> (!kv, !kv)
  %dq = model.rotate %dqr, %cos, %sin {head_size = 4 : i64, inverse} : (!q, !table, !table) -> !q
  %dx = model.concat %dq, %dk, %dv : (!q, !kv, !kv) -> tensor<2x5x32xf32>
  model.return %loss, %dx : tensor<f32>, tensor<2x5x32xf32>
}
