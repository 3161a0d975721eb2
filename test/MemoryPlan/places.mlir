// Where parts of AdamW begin is an input, of which each launch reads a row.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

// CHECK-DAG: plan.port "hyper"[0] : tensor<10xf32>
// CHECK-DAG: plan.port "places"[64] : tensor<32xi32>

train.variable @w "w" : tensor<16x8xf32> at 0 decay init #model.ones

tile.func @norm(%g: tensor<128xf32>, %h: tensor<10xf32>) -> tensor<f32> attributes {kind = "flat"} {
  %n = train.gradient_norm %g, %h : (tensor<128xf32>, tensor<10xf32>) -> tensor<f32>
  tile.return %n : tensor<f32>
}
tile.func @adamw(%p: tensor<64xbf16>, %g: tensor<64xf32>, %m: tensor<64xf32>, %v: tensor<64xf32>, %n: tensor<f32>, %h: tensor<10xf32>, %at: tensor<16xi32>) attributes {kind = "flat"} {
  train.adamw %p, %g, %m, %v, %n, %h at %at {decay_elements = 64, stochastic} : tensor<64xbf16>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<10xf32>, tensor<16xi32>
  tile.return
}

// CHECK-LABEL: plan.func @update
func.func @update(%hyper: tensor<10xf32>, %places: tensor<32xi32>) -> tensor<f32> {
  %p = train.flat compute : tensor<128xbf16>
  %g = train.flat gradient : tensor<128xf32>
  %m = train.flat moment1 : tensor<128xf32>
  %v = train.flat moment2 : tensor<128xf32>
  %n = tile.launch @norm(%g, %hyper) : (tensor<128xf32>, tensor<10xf32>) -> tensor<f32>
  %p1 = dist.range %p[64] : tensor<128xbf16> -> tensor<64xbf16>
  %g1 = dist.range %g[64] : tensor<128xf32> -> tensor<64xf32>
  %m1 = dist.range %m[64] : tensor<128xf32> -> tensor<64xf32>
  %v1 = dist.range %v[64] : tensor<128xf32> -> tensor<64xf32>
  // CHECK: %[[AT:.*]] = plan.view @io[128] : memref<16xi32>
  %at = dist.range %places[16] : tensor<32xi32> -> tensor<16xi32>
  // CHECK: plan.launch @adamw({{.*}}, %[[AT]])
  tile.launch @adamw(%p1, %g1, %m1, %v1, %n, %hyper, %at) : (tensor<64xbf16>, tensor<64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<f32>, tensor<10xf32>, tensor<16xi32>) -> ()
  return %n : tensor<f32>
}
