// Round trip of every op of the train dialect.
// RUN: llmc-opt %s | llmc-opt | FileCheck %s

// CHECK: train.variable @w "h.0.weight" : tensor<8x4xf32> at 0 decay init #model.normal<
train.variable @w "h.0.weight" : tensor<8x4xf32> at 0 decay init #model.normal<0.02>
// CHECK: train.variable @cos "rope.cos" : tensor<8x4xf32> at 0 constant init #model.rope_cos<
train.variable @cos "rope.cos" : tensor<8x4xf32> at 0 constant init #model.rope_cos<10000.0>

// CHECK-LABEL: func.func @accumulate
func.func @accumulate(%g: tensor<8x4xf32>) {
  // CHECK: %[[REF:.*]] = train.ref gradient @w : tensor<8x4xf32>
  %ref = train.ref gradient @w : tensor<8x4xf32>
  // CHECK: train.accumulate %{{.*}} into %[[REF]] : tensor<8x4xf32>, tensor<8x4xf32>
  train.accumulate %g into %ref : tensor<8x4xf32>, tensor<8x4xf32>
  // CHECK: train.accumulate first %{{.*}} into %[[REF]] : tensor<8x4xf32>, tensor<8x4xf32>
  train.accumulate first %g into %ref : tensor<8x4xf32>, tensor<8x4xf32>
  // CHECK: train.zero %[[REF]] : tensor<8x4xf32>
  train.zero %ref : tensor<8x4xf32>
  // CHECK: %[[BLOCKS:.*]] = train.squares 0 : tensor<3xf32>
  // CHECK: train.accumulate %{{.*}} into %[[REF]] squares %[[BLOCKS]] : tensor<8x4xf32>, tensor<8x4xf32>, tensor<3xf32>
  %blocks = train.squares 0 : tensor<3xf32>
  train.accumulate %g into %ref squares %blocks : tensor<8x4xf32>, tensor<8x4xf32>, tensor<3xf32>
  // CHECK: %[[ROWS:.*]] = train.squares 16 : tensor<2x8xf32>
  // CHECK: train.accumulate %{{.*}} into %[[REF]] squares %[[ROWS]] : tensor<8x4xf32>, tensor<8x4xf32>, tensor<2x8xf32>
  %rows = train.squares 16 : tensor<2x8xf32>
  train.accumulate %g into %ref squares %rows : tensor<8x4xf32>, tensor<8x4xf32>, tensor<2x8xf32>
  return
}

// CHECK-LABEL: func.func @update
func.func @update(%hyper: tensor<9xf32>) -> tensor<f32> {
  // CHECK: train.flat value : tensor<64xf32>
  %p = train.flat value : tensor<64xf32>
  %g = train.flat gradient : tensor<64xf32>
  %m = train.flat moment1 : tensor<64xf32>
  %v = train.flat moment2 : tensor<64xf32>
  // CHECK: train.gradient_norm
  %norm = train.gradient_norm %g, %hyper : (tensor<64xf32>, tensor<9xf32>) -> tensor<f32>
  // CHECK: train.sum_of_squares %{{.*}} into %{{.*}} : tensor<64xf32>, tensor<4xf32>
  %s = train.squares 0 : tensor<4xf32>
  train.sum_of_squares %g into %s : tensor<64xf32>, tensor<4xf32>
  // CHECK: train.norm %{{.*}}, %{{.*}} {clear} : (tensor<4xf32>, tensor<9xf32>) -> tensor<f32>
  %n = train.norm %s, %hyper {clear} : (tensor<4xf32>, tensor<9xf32>) -> tensor<f32>
  // CHECK: train.adamw {{.*}} {decay_elements = 32 : i64}
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 32} : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<9xf32>
  return %n : tensor<f32>
}

// CHECK-LABEL: func.func @mixed
func.func @mixed(%dw: tensor<8x4xbf16>, %norm: tensor<f32>, %hyper: tensor<9xf32>, %place: tensor<16xi32>) {
  // CHECK: train.ref compute @w : tensor<8x4xbf16>
  %w = train.ref compute @w : tensor<8x4xbf16>
  %ref = train.ref gradient @w : tensor<8x4xf32>
  // CHECK: train.accumulate {{.*}} : tensor<8x4xbf16>, tensor<8x4xf32>
  train.accumulate %dw into %ref : tensor<8x4xbf16>, tensor<8x4xf32>
  %p = train.flat value : tensor<64xf32>
  // CHECK: %[[C:.*]] = train.flat compute : tensor<64xbf16>
  %c = train.flat compute : tensor<64xbf16>
  // CHECK: train.adamw {{.*}}, %[[C]] {decay_elements = 32 : i64} : {{.*}}, tensor<64xbf16>
  train.adamw %p, %p, %p, %p, %norm, %hyper, %c {decay_elements = 32} : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<9xf32>, tensor<64xbf16>
  // CHECK: train.adamw %[[C]], {{.*}} {decay_elements = 32 : i64, stochastic} : tensor<64xbf16>,
  train.adamw %c, %p, %p, %p, %norm, %hyper {decay_elements = 32, stochastic} : tensor<64xbf16>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<9xf32>
  // CHECK: train.adamw %[[C]], {{.*}} at %{{.*}} {decay_elements = 32 : i64, stochastic} : tensor<64xbf16>, {{.*}}, tensor<16xi32>
  train.adamw %c, %p, %p, %p, %norm, %hyper at %place {decay_elements = 32, stochastic} : tensor<64xbf16>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<9xf32>, tensor<16xi32>
  // CHECK: train.zero %{{.*}} : tensor<64xf32>
  train.zero %p : tensor<64xf32>
  // CHECK: train.add %[[C]] into %[[C]] : tensor<64xbf16>
  train.add %c into %c : tensor<64xbf16>
  // CHECK: train.round %{{.*}} into %[[C]] : tensor<64xf32>, tensor<64xbf16>
  train.round %p into %c : tensor<64xf32>, tensor<64xbf16>
  return
}
