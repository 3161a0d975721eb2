// RUN: llmc-opt %s --llmc-prepare-rope -split-input-file -verify-diagnostics | FileCheck %s

// Equal uses share their tables; another theta, head size or scaling has its own.

// CHECK-LABEL: model.graph @rope(
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf32>)
// CHECK-DAG: %[[COS:.*]] = model.constant "rope.cos.10000.8" : tensor<8x8xf32> {init = #model.rope_cos<10000.0>}
// CHECK-DAG: %[[SIN:.*]] = model.constant "rope.sin.10000.8" : tensor<8x8xf32> {init = #model.rope_sin<10000.0>}
// CHECK-DAG: model.constant "rope.cos.500000.8" : tensor<8x8xf32> {init = #model.rope_cos<500000.0>}
// CHECK-DAG: model.constant "rope.sin.10000.4" : tensor<8x4xf32> {init = #model.rope_sin<10000.0>}
// CHECK: %[[A:.*]] = model.rotate %[[X]], %[[COS]], %[[SIN]] {head_size = 8 : i64}
// CHECK: model.rotate %[[A]], %[[COS]], %[[SIN]] {head_size = 8 : i64}
// CHECK: model.rotate {{.*}} {head_size = 8 : i64}
// CHECK: model.rotate {{.*}} {head_size = 4 : i64}
// CHECK-NOT: model.rope
// CHECK: model.return
model.graph @rope(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %a = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  %b = model.rope %a {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  %c = model.rope %b {head_size = 8 : i64, theta = 5.0e5 : f32} : tensor<2x8x16xf32>
  %d = model.rope %c {head_size = 4 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  model.return %d : tensor<2x8x16xf32>
}

// CHECK-LABEL: model.graph @scaled(
// CHECK-DAG: %[[COS:.*]] = model.constant "rope.cos.10000.8" : tensor<8x8xf32> {init = #model.rope_cos<10000.0>}
// CHECK-DAG: %[[COS8:.*]] = model.constant "rope.cos.10000.8.llama3.8.1.4.64" : tensor<8x8xf32> {init = #model.rope_cos<10000.0, <factor = 8.0, low = 1.0, high = 4.0, positions = 64>>}
// CHECK-DAG: %[[SIN8:.*]] = model.constant "rope.sin.10000.8.llama3.8.1.4.64" : tensor<8x8xf32> {init = #model.rope_sin<10000.0, <factor = 8.0, low = 1.0, high = 4.0, positions = 64>>}
// CHECK: model.rotate %{{.*}}, %[[COS]],
// CHECK: model.rotate %{{.*}}, %[[COS8]], %[[SIN8]] {head_size = 8 : i64}
// CHECK: model.rotate %{{.*}}, %[[COS8]], %[[SIN8]] {head_size = 8 : i64}
#scaling = #model.llama3_scaling<factor = 8.0, low = 1.0, high = 4.0, positions = 64>
model.graph @scaled(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %a = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  %b = model.rope %a {head_size = 8 : i64, theta = 1.0e4 : f32, scaling = #scaling} : tensor<2x8x16xf32>
  %c = model.rope %b {head_size = 8 : i64, theta = 1.0e4 : f32, scaling = #scaling} : tensor<2x8x16xf32>
  model.return %c : tensor<2x8x16xf32>
}

// -----

model.graph @dynamic(%x: tensor<2x?x16xf32>) -> tensor<2x?x16xf32> {
  // expected-error@+1 {{expected a known sequence length, found 'tensor<2x?x16xf32>': run llmc-specialize first}}
  %a = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x?x16xf32>
  model.return %a : tensor<2x?x16xf32>
}

// -----

// Somebody has changed the number of heads, and not the rotation.
model.graph @other_heads(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-error@+1 {{'model.rope' op rotates heads of 8 columns, expected those of the attention that reads them, head_size = 4}}
  %q = model.rope %x {head_size = 8 : i64, theta = 1.0e4 : f32} : tensor<2x8x16xf32>
  // expected-note@+1 {{the attention is here}}
  %a = model.attention %q, %x, %x {heads = 4 : i64, kv_heads = 4 : i64} : (tensor<2x8x16xf32>, tensor<2x8x16xf32>, tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return %a : tensor<2x8x16xf32>
}
