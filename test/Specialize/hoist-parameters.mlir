// RUN: llmc-opt %s --llmc-hoist-parameters -split-input-file -verify-diagnostics | FileCheck %s

// Parameters come first, in order of occurrence.

// CHECK-LABEL: model.graph @order(
// CHECK-NEXT: model.parameter "first"
// CHECK-NEXT: model.parameter "second"
// CHECK-NEXT: model.constant "third"
// CHECK-NEXT: model.linear
// CHECK-NEXT: model.linear
// CHECK-NEXT: model.return
model.graph @order(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %a = model.parameter "first" : tensor<16x16xf32> {init = #model.ones}
  %y = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %b = model.parameter "second" : tensor<16x16xf32> {init = #model.ones}
  %z = model.linear %y, %b : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  %c = model.constant "third" : tensor<8x8xf32> {init = #model.rope_cos<1.0e4>}
  model.return %z : tensor<2x8x16xf32>
}

// -----

model.graph @twice(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-note@+1 {{the first is here}}
  %a = model.parameter "w" : tensor<16x16xf32> {init = #model.ones}
  %y = model.linear %x, %a : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  // expected-error@+1 {{expected one parameter 'w', found another; a tied parameter is one op with several uses}}
  %b = model.parameter "w" : tensor<16x16xf32> {init = #model.ones}
  %z = model.linear %y, %b : (tensor<2x8x16xf32>, tensor<16x16xf32>) -> tensor<2x8x16xf32>
  model.return %z : tensor<2x8x16xf32>
}

// -----

model.graph @repeat(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  // expected-error@+1 {{expected a graph without repeats: run llmc-unroll-repeat first}}
  %y = model.repeat 2 named "h" (%h = %x) : tensor<2x8x16xf32> {
    model.yield %h : tensor<2x8x16xf32>
  }
  model.return %y : tensor<2x8x16xf32>
}
