// Some layers are computed again, the first ones; of the others what is cheap.
// RUN: llmc-opt %s -llmc-recompute=policy=layer:1 | FileCheck %s
// RUN: llmc-opt %s -llmc-recompute=policy=layer:2 > %t.two
// RUN: llmc-opt %s -llmc-recompute=policy=layer | diff - %t.two
// RUN: not llmc-opt %s -llmc-recompute=policy=layer:3 2>&1 | FileCheck %s --check-prefix=MANY
// RUN: not llmc-opt %s -llmc-recompute=policy=layer:0 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not llmc-opt %s -llmc-recompute=policy=layer:one 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: llmc-opt %s -llmc-recompute=policy=layer:1 --remarks-filter=fusion --remark-format=emitRemark 2>&1 >/dev/null | FileCheck %s --check-prefix=REMARK

// MANY: error: layer:3 computes 3 layers again, but the model has 2
// NUMBER: error: expected policy none, ops, layer or layer:N, found 'layer:{{0|one}}'

// Of the second layer its product stays and silu is computed again; of the
// first one nothing stays, and the product is computed again, too. Neither
// layer's result is: it is where the next one begins.
// CHECK-LABEL: func.func @micro_step
// CHECK-SAME: %[[X:[a-z0-9]+]]: tensor<1x64x64xf32>
// CHECK: %[[A:.*]] = model.linear %[[X]], %{{.*}} {model.layer = "layers.0"}
// CHECK: %[[H:.*]] = model.add %[[X]]
// CHECK: %[[B:.*]] = model.linear %[[H]], %{{.*}} {model.layer = "layers.1"}
// CHECK: %[[DY:.*]] = model.cross_entropy_grad
// CHECK-NEXT: %[[T2:.*]] = model.silu %[[B]] {model.layer = "layers.1", model.recomputed}
// CHECK-NEXT: model.linear_weight_grad %[[T2]], %[[DY]]
// CHECK: model.silu_grad %[[B]]
// CHECK: %[[A2:.*]] = model.linear %[[X]], %{{.*}} {model.layer = "layers.0", model.recomputed}
// CHECK-NEXT: %[[S2:.*]] = model.silu %[[A2]] {model.layer = "layers.0", model.recomputed}
// CHECK-NEXT: model.linear_weight_grad %[[S2]]
// CHECK: model.silu_grad %[[A2]]
// CHECK-NOT: model.recomputed

// Kept: the second layer's product, its input and the logits, 16,384 bytes each.
// REMARK: recompute=layer:1: 49152 bytes of the forward pass are kept instead of {{[0-9]+}}; 3 ops run again
func.func @micro_step(%x: tensor<1x64x64xf32>, %w: tensor<64x64xf32>, %t: tensor<1x64xi32>) -> (tensor<f32>) {
  %a = model.linear %x, %w {model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %s = model.silu %a {model.layer = "layers.0"} : tensor<1x64x64xf32>
  %p = model.linear %s, %w {model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %h = model.add %x, %p {model.layer = "layers.0"} : tensor<1x64x64xf32>
  %b = model.linear %h, %w {model.layer = "layers.1"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %u = model.silu %b {model.layer = "layers.1"} : tensor<1x64x64xf32>
  %q = model.linear %u, %w {model.layer = "layers.1"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %y = model.add %h, %q {model.layer = "layers.1"} : tensor<1x64x64xf32>
  %loss = model.cross_entropy %y, %t : (tensor<1x64x64xf32>, tensor<1x64xi32>) -> tensor<f32>
  %gw = train.ref gradient @w : tensor<64x64xf32>
  %dy = model.cross_entropy_grad %y, %t : (tensor<1x64x64xf32>, tensor<1x64xi32>) -> tensor<1x64x64xf32>
  %dw3 = model.linear_weight_grad %u, %dy : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw3 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  %du = model.linear %dy, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %db = model.silu_grad %b, %du : tensor<1x64x64xf32>
  %dw2 = model.linear_weight_grad %h, %db : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw2 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  %dh = model.linear %db, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %dh2 = model.add %dh, %dy : tensor<1x64x64xf32>
  %dw1 = model.linear_weight_grad %s, %dh2 : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw1 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  %ds = model.linear %dh2, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %da = model.silu_grad %a, %ds : tensor<1x64x64xf32>
  %dw0 = model.linear_weight_grad %x, %da : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw0 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  return %loss : tensor<f32>
}
train.variable @w "w" : tensor<64x64xf32> at 0 decay init #model.ones
