// model.rope, which Specialize makes a rotate with tables: the gradient of two heads.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s
// With a scaling that slows one pair of a head down and not the other one.
// RUN: sed 's/theta = 100.0 : f32/&, scaling = #model.llama3_scaling<factor = 8.0, low = 1.0, high = 4.0, positions = 32>/' %s > %t.mlir
// RUN: llmc-interpret %t.mlir --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient x: 48 of 48 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @rope(%tokens: tensor<2x3xi32>, %targets: tensor<2x3xi32>) -> tensor<f32> {
  %x = model.parameter "x" : tensor<2x3x8xf32> {init = #model.normal<0.5>}
  %y = model.rope %x {head_size = 4 : i64, theta = 100.0 : f32} : tensor<2x3x8xf32>
  %head = model.parameter "head" : tensor<11x8xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x3x8xf32>, tensor<11x8xf32>) -> tensor<2x3x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x3x11xf32>, tensor<2x3xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
