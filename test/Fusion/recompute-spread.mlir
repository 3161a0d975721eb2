// Layers that are computed again lie before the others, or evenly between them,
// where what these keep is to leave the device meanwhile.
// RUN: llmc-opt %s -llmc-recompute=policy=layer:2 | FileCheck %s --check-prefixes=CHECK,FIRST
// RUN: llmc-opt %s -llmc-recompute='policy=layer:2 spread=1' | FileCheck %s --check-prefixes=CHECK,TWO
// RUN: llmc-opt %s -llmc-recompute='policy=layer:1 spread=1' | FileCheck %s --check-prefixes=CHECK,ONE
// RUN: llmc-opt %s -llmc-recompute='policy=layer:4 spread=1' | FileCheck %s --check-prefixes=CHECK,ALL

// CHECK: model.cross_entropy_grad
// FIRST-NOT: model.recomputed
// FIRST: model.linear {{.*}} {model.layer = "layers.1", model.recomputed}
// FIRST-NOT: model.recomputed
// FIRST: model.linear {{.*}} {model.layer = "layers.0", model.recomputed}
// TWO-NOT: model.recomputed
// TWO: model.linear {{.*}} {model.layer = "layers.2", model.recomputed}
// TWO-NOT: model.recomputed
// TWO: model.linear {{.*}} {model.layer = "layers.0", model.recomputed}
// ONE-NOT: model.recomputed
// ONE: model.linear {{.*}} {model.layer = "layers.0", model.recomputed}
// ALL-COUNT-4: model.recomputed
// CHECK-NOT: model.recomputed
func.func @micro_step(%x: tensor<1x64x64xf32>, %w: tensor<64x64xf32>, %t: tensor<1x64xi32>) -> tensor<f32> {
  %a0 = model.linear %x, %w {model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %s0 = model.silu %a0 {model.layer = "layers.0"} : tensor<1x64x64xf32>
  %p0 = model.linear %s0, %w {model.layer = "layers.0"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %h0 = model.add %x, %p0 {model.layer = "layers.0"} : tensor<1x64x64xf32>
  %a1 = model.linear %h0, %w {model.layer = "layers.1"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %s1 = model.silu %a1 {model.layer = "layers.1"} : tensor<1x64x64xf32>
  %p1 = model.linear %s1, %w {model.layer = "layers.1"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %h1 = model.add %h0, %p1 {model.layer = "layers.1"} : tensor<1x64x64xf32>
  %a2 = model.linear %h1, %w {model.layer = "layers.2"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %s2 = model.silu %a2 {model.layer = "layers.2"} : tensor<1x64x64xf32>
  %p2 = model.linear %s2, %w {model.layer = "layers.2"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %h2 = model.add %h1, %p2 {model.layer = "layers.2"} : tensor<1x64x64xf32>
  %a3 = model.linear %h2, %w {model.layer = "layers.3"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %s3 = model.silu %a3 {model.layer = "layers.3"} : tensor<1x64x64xf32>
  %p3 = model.linear %s3, %w {model.layer = "layers.3"} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %h3 = model.add %h2, %p3 {model.layer = "layers.3"} : tensor<1x64x64xf32>
  %loss = model.cross_entropy %h3, %t : (tensor<1x64x64xf32>, tensor<1x64xi32>) -> tensor<f32>
  %gw = train.ref gradient @w : tensor<64x64xf32>
  %d = model.cross_entropy_grad %h3, %t : (tensor<1x64x64xf32>, tensor<1x64xi32>) -> tensor<1x64x64xf32>
  %ds3 = model.linear %d, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %da3 = model.silu_grad %a3, %ds3 : tensor<1x64x64xf32>
  %dw3 = model.linear_weight_grad %h2, %da3 : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw3 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  %ds2 = model.linear %d, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %da2 = model.silu_grad %a2, %ds2 : tensor<1x64x64xf32>
  %dw2 = model.linear_weight_grad %h1, %da2 : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw2 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  %ds1 = model.linear %d, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %da1 = model.silu_grad %a1, %ds1 : tensor<1x64x64xf32>
  %dw1 = model.linear_weight_grad %h0, %da1 : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw1 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  %ds0 = model.linear %d, %w {transposed} : (tensor<1x64x64xf32>, tensor<64x64xf32>) -> tensor<1x64x64xf32>
  %da0 = model.silu_grad %a0, %ds0 : tensor<1x64x64xf32>
  %dw0 = model.linear_weight_grad %x, %da0 : (tensor<1x64x64xf32>, tensor<1x64x64xf32>) -> tensor<64x64xf32>
  train.accumulate %dw0 into %gw : tensor<64x64xf32>, tensor<64x64xf32>
  return %loss : tensor<f32>
}
train.variable @w "w" : tensor<64x64xf32> at 0 decay init #model.ones
