// What is fused into one kernel and what is not: kinds, names, in-place
// results, order, equal kernels.
// RUN: llmc-opt %s -split-input-file -llmc-fuse-kernels -llmc-verify-fused | FileCheck %s

// A product takes elementwise ops; what is needed outside is a result too.
// CHECK-LABEL: func.func @epilogue
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8x16xf32>, %[[W:[^:]*]]: tensor<32x16xf32>
// CHECK-NEXT: %[[Y:.*]]:2 = tile.launch @linear_gelu_0(%[[X]], %[[W]])
// CHECK-NEXT: return %[[Y]]#0, %[[Y]]#1
// CHECK: tile.func @linear_gelu_0
// CHECK-SAME: attributes {kind = "gemm"}
// CHECK-NEXT: %[[P:.*]] = model.linear
// CHECK-NEXT: %[[G:.*]] = model.gelu %[[P]]
// CHECK-NEXT: tile.return %[[P]], %[[G]]
func.func @epilogue(%x: tensor<2x8x16xf32>, %w: tensor<32x16xf32>) -> (tensor<2x8x32xf32>, tensor<2x8x32xf32>) {
  %0 = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<32x16xf32>) -> tensor<2x8x32xf32>
  %1 = model.gelu %0 : tensor<2x8x32xf32>
  return %0, %1 : tensor<2x8x32xf32>, tensor<2x8x32xf32>
}

// -----

// Two launches of one body are one kernel. The residual may be overwritten by
// the sum.
// CHECK-LABEL: func.func @equal
// CHECK-SAME: %[[X:[^:]*]]: tensor<2x8x16xf32>, %[[R:[^:]*]]: tensor<2x8x16xf32>, %[[W:[^:]*]]: tensor<16x16xf32>, %[[V:[^:]*]]: tensor<16x16xf32>
// CHECK-NEXT: %[[A:.*]] = tile.launch @linear_add_0(%[[X]], %[[W]], %[[R]])
// CHECK-NEXT: %[[B:.*]] = tile.launch @linear_add_0(%[[A]], %[[V]], %[[R]])
// CHECK-NEXT: return %[[B]]
// CHECK: tile.func @linear_add_0{{.*}}inplace = array<i64: 0, 2>, kind = "gemm"
// CHECK-NOT: tile.func
func.func @equal(%x: tensor<2x8x16xf32>, %r: tensor<2x8x16xf32>, %w: tensor<16x16xf32>, %v: tensor<16x16xf32>) -> tensor<2x8x16xf32> {
  %0 = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %1 = model.add %0, %r : tensor<2x8x16xf32>
  %2 = model.linear %1, %v : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %3 = model.add %2, %r : tensor<2x8x16xf32>
  return %3 : tensor<2x8x16xf32>
}

// -----

// Declined: the sum's operand is the product's own input, which other blocks
// still read.
// CHECK: tile.func @linear_add_0(%{{.*}}) -> tensor<2x8x16xf32> attributes {kind = "gemm"}
func.func @input_is_not_inplace(%x: tensor<2x8x16xf32>, %w: tensor<16x16xf32>) -> tensor<2x8x16xf32> {
  %0 = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %1 = model.add %0, %x : tensor<2x8x16xf32>
  return %1 : tensor<2x8x16xf32>
}

// -----

// Row kernels: producers and consumers over the same rows, and readers of one
// input. The norm of a gradient reads what a product makes of the rows before,
// so it cannot join them.
// CHECK-LABEL: func.func @rows
// CHECK: %[[N:.*]]:2 = tile.launch @embedding_rms_norm_0
// CHECK: %[[L:.*]] = tile.launch @linear_1(%[[N]]#1
// CHECK: %[[G:.*]]:2 = tile.launch @rms_norm_grad_rms_norm_weight_grad_2(%[[N]]#0, %{{.*}}, %[[L]])
// CHECK: tile.launch @sum_rows_accumulate_3(%[[G]]#1
// CHECK: tile.func @embedding_rms_norm_0{{.*}}kind = "rows"
// CHECK: tile.func @sum_rows_accumulate_3{{.*}}kind = "column_sum"
func.func @rows(%tokens: tensor<2x8xi32>, %e: tensor<100x16xf32>, %g: tensor<16xf32>, %w: tensor<16x16xf32>) -> tensor<2x8x16xf32> {
  %dg = train.ref gradient @g : tensor<16xf32>
  %0 = model.embedding %tokens, %e : (tensor<2x8xi32>, tensor<100x16xf32>) -> tensor<2x8x16xf32>
  %1 = model.rms_norm %0, %g {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  %2 = model.linear %1, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %3 = model.rms_norm_grad %0, %g, %2 {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  %4 = model.rms_norm_weight_grad %0, %2 {eps = 1.0e-5 : f32, splits = 16 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<16x16xf32>
  %5 = model.sum_rows %4 : (tensor<16x16xf32>) -> tensor<16xf32>
  train.accumulate %5 into %dg : tensor<16xf32>, tensor<16xf32>
  return %3 : tensor<2x8x16xf32>
}
train.variable @g "g" : tensor<16xf32> at 0 init #model.ones

// -----

// A sum reads two products, of which the first depends on nothing of the
// second: it joins the second.
// CHECK-LABEL: func.func @latest
// CHECK: %[[A:.*]] = tile.launch @linear_0
// CHECK: tile.launch @linear_add_1(%{{.*}}, %{{.*}}, %[[A]])
func.func @latest(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>, %w: tensor<16x16xf32>, %v: tensor<16x16xf32>) -> tensor<2x8x16xf32> {
  %0 = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %1 = model.linear %y, %v : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %2 = model.add %1, %0 : tensor<2x8x16xf32>
  return %2 : tensor<2x8x16xf32>
}

// -----

// A cycle is not closed: the product reads one row op and feeds the other.
// CHECK-LABEL: func.func @no_cycle
// CHECK: %[[G:.*]] = tile.launch @gelu_0
// CHECK: %[[L:.*]] = tile.launch @linear_1(%[[G]]
// CHECK: tile.launch @rms_norm_grad_2(%[[G]], %{{.*}}, %[[L]])
func.func @no_cycle(%x: tensor<2x8x16xf32>, %g: tensor<16xf32>, %w: tensor<16x16xf32>) -> tensor<2x8x16xf32> {
  %0 = model.gelu %x : tensor<2x8x16xf32>
  %1 = model.linear %0, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %2 = model.rms_norm_grad %0, %g, %1 {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  return %2 : tensor<2x8x16xf32>
}

// -----

// A split that only attention reads goes into each attention kernel.
// CHECK-LABEL: func.func @attention_view
// CHECK-SAME: %[[QKV:[^:]*]]: tensor<2x8x48xf32>, %[[W:[^:]*]]:
// CHECK-NEXT: tile.launch @attention_0(%[[QKV]]) : (tensor<2x8x48xf32>) -> tensor<2x8x16xf32>
// CHECK: tile.func @attention_0{{.*}}kind = "attention"
// CHECK-NEXT: model.split
// CHECK-NEXT: model.attention
func.func @attention_view(%qkv: tensor<2x8x48xf32>, %w: tensor<16x16xf32>) -> tensor<2x8x16xf32> {
  %q, %k, %v = model.split %qkv : (tensor<2x8x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
  %0 = model.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  return %0 : tensor<2x8x16xf32>
}

// -----

// Declined: a part of the split has another reader, so it is copied.
// CHECK-LABEL: func.func @split_is_copied
// CHECK-NEXT: %[[S:.*]]:3 = tile.launch @split_0
// CHECK-NEXT: tile.launch @attention_1(%[[S]]#0, %[[S]]#1, %[[S]]#2)
func.func @split_is_copied(%qkv: tensor<2x8x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %q, %k, %v = model.split %qkv : (tensor<2x8x48xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>)
  %0 = model.attention %q, %k, %v {heads = 2 : i64, kv_heads = 2 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  return %0, %q : tensor<2x8x16xf32>, tensor<2x8x16xf32>
}

// -----

// The loss and its gradient read the logits once; the gradient takes their
// place.
// CHECK: tile.func @token_loss_cross_entropy_grad_0{{.*}}inplace = array<i64: 1, 0>, kind = "rows"
func.func @cross_entropy(%l: tensor<2x8x10xf32>, %t: tensor<2x8xi32>) -> (tensor<2x8xf32>, tensor<2x8x10xf32>) {
  %0 = model.token_loss %l, %t : (tensor<2x8x10xf32>, tensor<2x8xi32>) -> tensor<2x8xf32>
  %1 = model.cross_entropy_grad %l, %t : (tensor<2x8x10xf32>, tensor<2x8xi32>) -> tensor<2x8x10xf32>
  return %0, %1 : tensor<2x8xf32>, tensor<2x8x10xf32>
}

// -----

// Declined: the rotation of what is normed reads both halves of a head, so that
// neither may be overwritten, though only the norm reads the argument.
// CHECK: tile.func @rms_norm_rotate_0(%{{.*}}) -> tensor<2x8x16xf32> attributes {kind = "rows"}
func.func @rotation_is_not_inplace(%x: tensor<2x8x16xf32>, %w: tensor<16xf32>, %cos: tensor<8x8xf32>, %sin: tensor<8x8xf32>) -> tensor<2x8x16xf32> {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  %1 = model.rotate %0, %cos, %sin {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xf32>
  return %1 : tensor<2x8x16xf32>
}

// -----

// Declined as well where another result is what is rotated: the sum may take the
// place of %y, the fifth argument, not that of %x.
// CHECK: tile.func @rms_norm_rotate_add_0(%{{.*}}) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) attributes {inplace = array<i64: 1, 4>, kind = "rows"}
func.func @beside_a_rotation(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>, %w: tensor<16xf32>, %cos: tensor<8x8xf32>, %sin: tensor<8x8xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %0 = model.rms_norm %x, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
  %1 = model.rotate %0, %cos, %sin {head_size = 8 : i64} : (tensor<2x8x16xf32>, tensor<8x8xf32>, tensor<8x8xf32>) -> tensor<2x8x16xf32>
  %2 = model.add %x, %y : tensor<2x8x16xf32>
  return %1, %2 : tensor<2x8x16xf32>, tensor<2x8x16xf32>
}

// -----

// The result that takes an argument's place stands last.
// CHECK: tile.func @add_gelu_0(%{{.*}}) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) attributes {inplace = array<i64: 1, 0, 1, 1>, kind = "rows"}
// CHECK-NEXT: %[[A:.*]] = model.add
// CHECK-NEXT: %[[G:.*]] = model.gelu
// CHECK-NEXT: tile.return %[[A]], %[[G]]
func.func @inplace_last(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %0 = model.add %x, %y : tensor<2x8x16xf32>
  %1 = model.gelu %0 : tensor<2x8x16xf32>
  return %0, %1 : tensor<2x8x16xf32>, tensor<2x8x16xf32>
}

// -----

// Declined: gelu_grad reads %x after the sum is computed, and its own result
// may take the place of either operand but not of the sum's result.
// CHECK: tile.func @add_gelu_grad_0(%{{.*}}) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) attributes {inplace = array<i64: 1, 0, 1, 1>, kind = "rows"}
// CHECK: tile.return %[[A:.*]], %{{.*}} :
func.func @still_read(%x: tensor<2x8x16xf32>, %y: tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %0 = model.add %x, %y : tensor<2x8x16xf32>
  %1 = model.gelu_grad %x, %y : tensor<2x8x16xf32>
  return %0, %1 : tensor<2x8x16xf32>, tensor<2x8x16xf32>
}

// -----

// silu is computed again where it is used, as its operand is kept anyway.
// CHECK-LABEL: func.func @recompute
// CHECK: %[[G:.*]]:2 = tile.launch @linear_silu_mul_0(
// CHECK: tile.launch @linear_silu_mul_etc_1(%[[G]]#1, %{{.*}}, %[[G]]#0)
// CHECK: tile.func @linear_silu_mul_0
// CHECK: tile.func @linear_silu_mul_etc_1
// CHECK: model.silu
func.func @recompute(%x: tensor<2x8x16xf32>, %w: tensor<16x16xf32>, %v: tensor<16x16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) {
  %g = model.linear %x, %w : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %s = model.silu %g : tensor<2x8x16xf32>
  %u = model.linear %x, %v : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %h = model.mul %s, %u : tensor<2x8x16xf32>
  %dh = model.linear %h, %v : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %du = model.mul %dh, %s : tensor<2x8x16xf32>
  %dg = model.silu_grad %g, %dh : tensor<2x8x16xf32>
  return %h, %du, %dg : tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>
}

// -----

// The update: effects keep their order. Ops that nothing uses are dropped.
// CHECK-LABEL: func.func @update
// CHECK: %[[G:.*]] = train.flat gradient
// CHECK: %[[S:.*]] = train.squares 0
// CHECK: tile.launch @sum_of_squares_0(%[[G]], %[[S]])
// CHECK-NEXT: %[[N:.*]] = tile.launch @norm_1(%[[S]]
// CHECK-NEXT: tile.launch @adamw_2(%{{.*}}, %[[G]], %{{.*}}, %{{.*}}, %[[N]]
// CHECK-NEXT: return %[[N]]
// CHECK: tile.func @sum_of_squares_0{{.*}}kind = "flat"
// CHECK: tile.func @norm_1{{.*}}kind = "reduce"
// CHECK: tile.func @adamw_2{{.*}}kind = "flat"
func.func @update(%hyper: tensor<9xf32>) -> tensor<f32> {
  %p = train.flat value : tensor<64xf32>
  %g = train.flat gradient : tensor<64xf32>
  %m = train.flat moment1 : tensor<64xf32>
  %v = train.flat moment2 : tensor<64xf32>
  %s = train.squares 0 : tensor<4xf32>
  train.sum_of_squares %g into %s : tensor<64xf32>, tensor<4xf32>
  %n = train.norm %s, %hyper : (tensor<4xf32>, tensor<9xf32>) -> tensor<f32>
  train.adamw %p, %g, %m, %v, %n, %hyper {decay_elements = 64 : i64} : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<9xf32>
  return %n : tensor<f32>
}

// -----

// Declined: a concat is written part by part, so nothing joins it.
// CHECK-LABEL: func.func @concat_alone
// CHECK: %[[C:.*]] = tile.launch @concat_0
// CHECK: tile.launch @sum_rows_1(%[[C]])
func.func @concat_alone(%a: tensor<4x16x8xf32>, %b: tensor<4x16x8xf32>) -> (tensor<4x16x16xf32>, tensor<64x16xf32>) {
  %0 = model.concat %a, %b : (tensor<4x16x8xf32>, tensor<4x16x8xf32>) -> tensor<4x16x16xf32>
  %1 = model.sum_rows %0 {splits = 64 : i64} : (tensor<4x16x16xf32>) -> tensor<64x16xf32>
  return %0, %1 : tensor<4x16x16xf32>, tensor<64x16xf32>
}
