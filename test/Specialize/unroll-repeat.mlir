// RUN: llmc-opt %s --llmc-unroll-repeat | FileCheck %s

// Names get a prefix from the outside in, and so do layers; what layers yield is handed on in
// order; values from above are shared.

// CHECK-LABEL: model.graph @layers(
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf32>)
// CHECK-NEXT: %[[TOP:.*]] = model.parameter "top"
// CHECK-NEXT: %[[W0:.*]] = model.parameter "layers.0.norm.weight"
// CHECK-NEXT: %[[N0:.*]] = model.rms_norm %[[X]], %[[W0]] {eps = {{.*}}, model.layer = "layers.0"}
// CHECK-NEXT: %[[L0:.*]] = model.linear %[[N0]], %[[TOP]] {model.layer = "layers.0"}
// CHECK-NEXT: %[[W1:.*]] = model.parameter "layers.1.norm.weight"
// CHECK-NEXT: %[[N1:.*]] = model.rms_norm %[[L0]], %[[W1]]
// CHECK-NEXT: %[[L1:.*]] = model.linear %[[N1]], %[[TOP]]
// CHECK-NEXT: model.return %[[L1]]
model.graph @layers(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %top = model.parameter "top" : tensor<16x16xf32> {init = #model.normal<0.02>}
  %y = model.repeat 2 named "layers" (%h = %x) : tensor<2x8x16xf32> {
    %w = model.parameter "norm.weight" : tensor<16xf32> {init = #model.ones}
    %n = model.rms_norm %h, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
    %l = model.linear %n, %top : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
    model.yield %l : tensor<2x8x16xf32>
  }
  model.return %y : tensor<2x8x16xf32>
}

// CHECK-LABEL: model.graph @nested(
// CHECK: "outer.0.inner.0.w"
// CHECK: model.layer = "outer.0.inner.0"
// CHECK: "outer.0.inner.1.w"
// CHECK: "outer.1.inner.0.w"
// CHECK: "outer.1.inner.1.w"
// CHECK: model.layer = "outer.1.inner.1"
// CHECK-NOT: model.parameter
// CHECK-NOT: model.repeat
model.graph @nested(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %y = model.repeat 2 named "outer" (%h = %x) : tensor<2x8x16xf32> {
    %z = model.repeat 2 named "inner" (%g = %h) : tensor<2x8x16xf32> {
      %w = model.parameter "w" : tensor<16xf32> {init = #model.ones}
      %n = model.rms_norm %g, %w {eps = 1.0e-5 : f32} : (tensor<2x8x16xf32>, tensor<16xf32>) -> tensor<2x8x16xf32>
      model.yield %n : tensor<2x8x16xf32>
    }
    model.yield %z : tensor<2x8x16xf32>
  }
  model.return %y : tensor<2x8x16xf32>
}

// An odd number of swaps, seen from the results.
// CHECK-LABEL: model.graph @swap(
// CHECK-SAME: %[[A:.*]]: tensor<2x8xf32>, %[[B:.*]]: tensor<2x8xf32>)
// CHECK-NEXT: model.return %[[B]], %[[A]]
model.graph @swap(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) -> (tensor<2x8xf32>, tensor<2x8xf32>) {
  %z:2 = model.repeat 3 named "h" (%a = %x, %b = %y) : tensor<2x8xf32>, tensor<2x8xf32> {
    model.yield %b, %a : tensor<2x8xf32>, tensor<2x8xf32>
  }
  model.return %z#0, %z#1 : tensor<2x8xf32>, tensor<2x8xf32>
}
