// model.attention with a window of 3 positions on one key-value head.
// RUN: llmc-interpret %s --check-gradients --samples 0 | FileCheck %s

// CHECK: gradient q: 160 of 160 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient k: 40 of 40 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
// CHECK: gradient v: 40 of 40 elements, largest {{[1-9][.0-9]+}}e-0{{[1-4]}},
model.graph @attention_window(%tokens: tensor<2x5xi32>, %targets: tensor<2x5xi32>) -> tensor<f32> {
  %q = model.parameter "q" : tensor<2x5x16xf32> {init = #model.normal<0.5>}
  %k = model.parameter "k" : tensor<2x5x4xf32> {init = #model.normal<1.0>}
  %v = model.parameter "v" : tensor<2x5x4xf32> {init = #model.normal<0.5>}
  %y = model.attention %q, %k, %v {heads = 4 : i64, kv_heads = 1 : i64, window = 3 : i64} : (tensor<2x5x16xf32>, tensor<2x5x4xf32>, tensor<2x5x4xf32>) -> tensor<2x5x16xf32>
  %head = model.parameter "head" : tensor<11x16xf32> {init = #model.normal<0.5>}
  %logits = model.linear %y, %head : (tensor<2x5x16xf32>, tensor<11x16xf32>) -> tensor<2x5x11xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<2x5x11xf32>, tensor<2x5xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}
