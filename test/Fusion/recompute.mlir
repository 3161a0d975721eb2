// What the backward pass computes again: by its cost, by layer, nothing.
// RUN: llmc-opt %s -llmc-recompute=policy=ops | FileCheck %s --check-prefix=OPS
// RUN: llmc-opt %s -llmc-recompute=policy=layer | FileCheck %s --check-prefix=LAYER
// RUN: llmc-opt %s -llmc-recompute=policy=none | FileCheck %s --check-prefix=NONE
// RUN: llmc-opt %s -llmc-recompute=policy=ops --remarks-filter=fusion --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK
// RUN: llmc-opt %s -llmc-recompute=policy=layer -llmc-decompose -llmc-fuse-kernels | FileCheck %s --check-prefix=FUSED
// RUN: not llmc-opt %s -llmc-recompute=policy=all 2>&1 | FileCheck %s --check-prefix=POLICY
// RUN: echo "module {}" | not llmc-opt -llmc-recompute=policy=ops 2>&1 | FileCheck %s --check-prefix=FUNCTION

// Norm and silu are cheap and their inputs there: they are computed again, each
// right before its reader. Products are not, and of the sum and its product,
// both as large, what is read itself is kept.
// OPS-LABEL: func.func @micro_step
// OPS-SAME: %[[X:[a-z0-9]+]]: tensor<1x64x64xf32>, %[[G:[a-z0-9]+]]: tensor<64xf32>
// OPS: %[[N:.*]] = model.rms_norm %[[X]], %[[G]]
// OPS-NEXT: %[[A:.*]] = model.linear %[[N]]
// OPS-NEXT: %[[S:.*]] = model.silu %[[A]]
// OPS-NEXT: %[[B:.*]] = model.linear %[[S]]
// OPS-NEXT: %[[H:.*]] = model.add %[[X]], %[[B]]
// OPS-NEXT: model.cross_entropy %[[H]]
// OPS-NEXT: %[[DH:.*]] = model.cross_entropy_grad %[[H]]
// OPS-NEXT: %[[S2:.*]] = model.silu %[[A]] {model.layer = "layers.0", model.recomputed}
// OPS-NEXT: model.linear_weight_grad %[[S2]], %[[DH]]
// OPS: model.linear %[[DH]]
// OPS-NEXT: model.silu_grad %[[A]]
// OPS-NEXT: %[[N2:.*]] = model.rms_norm %[[X]], %[[G]] {eps = {{.*}}, model.layer = "layers.0", model.recomputed}
// OPS-NEXT: model.linear_weight_grad %[[N2]]

// The sum leaves the layer, so that it stays; all else follows from the input.
// LAYER-LABEL: func.func @micro_step
// LAYER-SAME: %[[X:[a-z0-9]+]]: tensor<1x64x64xf32>
// LAYER: %[[H:.*]] = model.add
// LAYER: %[[DH:.*]] = model.cross_entropy_grad %[[H]]
// LAYER-NEXT: %[[N2:.*]] = model.rms_norm %[[X]]
// LAYER-NEXT: %[[A2:.*]] = model.linear %[[N2]], %{{.*}} {model.layer = "layers.0", model.recomputed}
// LAYER-NEXT: %[[S2:.*]] = model.silu %[[A2]]
// LAYER-NEXT: model.linear_weight_grad %[[S2]], %[[DH]]
// LAYER: model.linear %[[DH]]
// LAYER-NEXT: model.silu_grad %[[A2]]
// LAYER-NEXT: model.linear_weight_grad %[[N2]]

// NONE-COUNT-1: model.rms_norm
// NONE-NOT: model.rms_norm
// NONE-NOT: model.recomputed

// 64 x 64 f32 are 16,384 bytes.
// REMARK-DAG: 'model.rms_norm' computed again in the backward pass: 16384 bytes are not kept, for 40960 FLOP
// REMARK-DAG: 'model.silu' computed again in the backward pass: 16384 bytes are not kept, for 40960 FLOP
// REMARK-DAG: recompute=ops: 32768 bytes of the forward pass are kept instead of 65536; 2 ops run again, 81920 FLOP of the forward pass's 1171456

// Both passes launch one kernel, and neither keeps the norm for the other.
// FUSED-LABEL: func.func @micro_step
// FUSED: %[[N:.*]] = tile.launch @[[NORM:rms_norm_[0-9]+]](
// FUSED: tile.launch @{{.*}}cross_entropy_grad
// FUSED: %[[N2:.*]] = tile.launch @[[NORM]](
// FUSED-NOT: model.layer
// FUSED-NOT: model.recomputed

// POLICY: error: expected policy none, ops, layer or layer:N, found 'all'
// FUNCTION: error: expected a function @micro_step of one block to compute parts of again, found none
func.func @micro_step(%x: tensor<1x64x64xf32>, %g: tensor<64xf32>, %w: tensor<64x64xf32>, %v: tensor<64x64xf32>, %t: tensor<1x64xi32>) -> (tensor<f32>) {
  %n = model.rms_norm %x, %g {eps = 1.0e-5 : f32, model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64xf32>) -> tensor<1x64x64xf32>
  %a = model.linear %n, %w {model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %s = model.silu %a {model.layer = "layers.0"} : tensor<1x64x64xf32>
  %b = model.linear %s, %v {model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %h = model.add %x, %b {model.layer = "layers.0"} : tensor<1x64x64xf32>
  %loss = model.cross_entropy %h, %t : (tensor<1x64x64xf32>, tensor<1x64xi32>) -> tensor<f32>
  %dh = model.cross_entropy_grad %h, %t : (tensor<1x64x64xf32>, tensor<1x64xi32>) -> tensor<1x64x64xf32>
  %dv = model.linear_weight_grad %s, %dh : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  %gv = train.ref gradient @v : tensor<64x64xf32>
  train.accumulate %dv into %gv : tensor<64x64xf32>, tensor<64x64xf32>
  %ds = model.linear %dh, %v {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %da = model.silu_grad %a, %ds : tensor<1x64x64xf32>
  %dw = model.linear_weight_grad %n, %da : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  %gw = train.ref gradient @w : tensor<64x64xf32>
  train.accumulate %dw into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  return %loss : tensor<f32>
}
train.variable @v "v" : tensor<64x64xf32> at 0 decay init #model.ones
train.variable @w "w" : tensor<64x64xf32> at 4096 decay init #model.ones
