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
  // CHECK: train.sum_of_squares
  %s = train.sum_of_squares %g : (tensor<64xf32>) -> tensor<4xf32>
  // CHECK: train.norm
  %n = train.norm %s, %hyper : (tensor<4xf32>, tensor<9xf32>) -> tensor<f32>
  // CHECK: train.adamw {{.*}} {decay_elements = 32 : i64}
  train.adamw %p, %g, %m, %v, %norm, %hyper {decay_elements = 32} : tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<9xf32>
  return %n : tensor<f32>
}
