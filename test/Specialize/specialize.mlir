// RUN: llmc-opt %s --llmc-specialize="batch=2 seq=8" | FileCheck %s

// The first `?` is the batch, the next the sequence: in the signature, in
// results and in the arguments of regions. Static types stay.

// CHECK-LABEL: model.graph @stack(
// CHECK-SAME: %{{.*}}: tensor<2x8xi32>, %{{.*}}: tensor<2x8xi32>) -> tensor<f32>
// CHECK: model.parameter "w" : tensor<97x16xf32>
// CHECK: model.embedding {{.*}} -> tensor<2x8x16xf32>
// CHECK: model.position_embedding {{.*}} -> tensor<2x8x16xf32>
// CHECK: model.repeat 2 named "h" ({{.*}}) : tensor<2x8x16xf32>
// CHECK: model.attention {{.*}} -> (tensor<2x8x16xf32>, tensor<2x4x8xf32>)
// CHECK: model.yield %{{.*}} : tensor<2x8x16xf32>
// CHECK-NOT: ?
model.graph @stack(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<97x16xf32> {init = #model.normal<0.02>}
  %p = model.parameter "p" : tensor<8x16xf32> {init = #model.normal<0.02>}
  %t = model.embedding %tokens, %w : (tensor<?x?xi32>, tensor<97x16xf32>) -> tensor<?x?x16xf32>
  %q = model.position_embedding %tokens, %p : (tensor<?x?xi32>, tensor<8x16xf32>) -> tensor<?x?x16xf32>
  %x = model.add %t, %q : tensor<?x?x16xf32>
  %y = model.repeat 2 named "h" (%h = %x) : tensor<?x?x16xf32> {
    %a, %lse = model.attention %h, %h, %h {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<?x?x16xf32>, tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> (tensor<?x?x16xf32>, tensor<?x4x?xf32>)
    model.yield %a : tensor<?x?x16xf32>
  }
  %logits = model.linear %y, %w : (tensor<?x?x16xf32>, tensor<97x16xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
