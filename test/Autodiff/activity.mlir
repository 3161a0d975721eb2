// RUN: llmc-opt %s --llmc-autodiff --split-input-file | FileCheck %s

// Nothing is built for a value that leads to no parameter: the constant table
// is embedded, and neither it nor the op that reads it gets a gradient. An
// inverse rotation is turned back; concat's gradient is split; an unused
// forward op goes.

// CHECK-LABEL: model.graph @constant_path
// CHECK:       %[[T:.*]] = model.constant "table"
// CHECK:       %[[C:.*]] = model.embedding %{{.*}}, %[[T]]
// CHECK-NOT:   model.gelu
// CHECK:       %[[R:.*]] = model.rotate {{.*}} {head_size = 4 : i64, inverse}
// CHECK:       %[[J:.*]] = model.concat %[[R]], %[[C]]
// CHECK:       %[[DJ:.*]] = model.cross_entropy_grad
// CHECK-NEXT:  %[[D:.*]]:2 = model.split %[[DJ]] : (tensor<2x4x8xf32>) -> (tensor<2x4x4xf32>, tensor<2x4x4xf32>)
// CHECK-NEXT:  %[[DR:.*]] = model.rotate %[[D]]#0, %{{.*}}, %{{.*}} {head_size = 4 : i64} :
// CHECK-NEXT:  %[[DW:.*]] = model.embedding_grad %{{.*}}, %[[DR]]
// CHECK-NEXT:  model.return %{{.*}}, %[[DW]] : tensor<f32>, tensor<8x4xf32>
model.graph @constant_path(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x4xf32> {init = #model.ones}
  %t = model.constant "table" : tensor<4x4xf32> {init = #model.rope_cos<10000.0>}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x4xf32>) -> tensor<2x4x4xf32>
  %c = model.embedding %tokens, %t : (tensor<2x4xi32>, tensor<4x4xf32>) -> tensor<2x4x4xf32>
  %unused = model.gelu %x : tensor<2x4x4xf32>
  %r = model.rotate %x, %t, %t {head_size = 4 : i64, inverse} : (tensor<2x4x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<2x4x4xf32>
  %j = model.concat %r, %c : (tensor<2x4x4xf32>, tensor<2x4x4xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %j, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// A value used twice by one op gets both terms.

// CHECK-LABEL: model.graph @twice
// CHECK:       %[[X:.*]] = model.embedding
// CHECK:       %[[D:.*]] = model.cross_entropy_grad
// CHECK-NEXT:  %[[L:.*]] = model.mul %[[D]], %[[X]]
// CHECK-NEXT:  %[[R:.*]] = model.mul %[[D]], %[[X]]
// CHECK-NEXT:  %[[S:.*]] = model.add %[[L]], %[[R]]
// CHECK-NEXT:  model.embedding_grad %{{.*}}, %[[S]]
model.graph @twice(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x8xf32> {init = #model.ones}
  %x = model.embedding %tokens, %w : (tensor<2x4xi32>, tensor<8x8xf32>) -> tensor<2x4x8xf32>
  %y = model.mul %x, %x : tensor<2x4x8xf32>
  %loss = model.cross_entropy %y, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// -----

// An attention without a parameter before it is not rebuilt.

// CHECK-LABEL: model.graph @frozen_attention
// CHECK:       %[[A:.*]] = model.attention {{.*}} -> tensor<2x4x4xf32>
// CHECK-NOT:   model.attention_grad
model.graph @frozen_attention(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  %w = model.parameter "w" : tensor<8x4xf32> {init = #model.ones}
  %t = model.constant "table" : tensor<4x4xf32> {init = #model.rope_cos<10000.0>}
  %c = model.embedding %tokens, %t : (tensor<2x4xi32>, tensor<4x4xf32>) -> tensor<2x4x4xf32>
  %a = model.attention %c, %c, %c {heads = 1 : i64, kv_heads = 1 : i64} : (tensor<2x4x4xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>) -> tensor<2x4x4xf32>
  %logits = model.linear %a, %w : (tensor<2x4x4xf32>, tensor<8x4xf32>) -> tensor<2x4x8xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x4x8xf32>, tensor<2x4xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
