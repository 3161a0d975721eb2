// RUN: llmc-opt %s | llmc-opt | FileCheck %s
// RUN: llmc-opt %s -mlir-print-op-generic | llmc-opt | FileCheck %s

// Graph, repeat, parameters and their initialisers parse and print.

// CHECK-LABEL: model.graph @stack(
// CHECK-SAME: %[[TOKENS:.*]]: tensor<?x?xi32>, %[[TARGETS:.*]]: tensor<?x?xi32>) -> tensor<f32> {
// CHECK: %[[WTE:.*]] = model.parameter "wte.weight" : tensor<97x8xf32> {init = #model.normal<0.02>}
// CHECK: %[[X:.*]] = model.embedding
// CHECK: %[[Y:.*]] = model.repeat 2 named "h" (%[[H:.*]] = %[[X]]) : tensor<?x?x8xf32> {
// CHECK:   model.parameter "ln.weight" : tensor<8xf32> {init = #model.ones}
// CHECK:   model.parameter "ln.bias" : tensor<8xf32> {init = #model.zeros}
// CHECK:   %[[N:.*]] = model.layer_norm %[[H]]
// CHECK:   model.yield %[[N]] : tensor<?x?x8xf32>
// CHECK: }
// CHECK: model.linear %[[Y]], %[[WTE]]
// CHECK: model.return %{{.*}} : tensor<f32>
model.graph @stack(%tokens: tensor<?x?xi32>, %targets: tensor<?x?xi32>) -> tensor<f32> {
  %wte = model.parameter "wte.weight" : tensor<97x8xf32> {init = #model.normal<0.02>}
  %x = model.embedding %tokens, %wte : (tensor<?x?xi32>, tensor<97x8xf32>) -> tensor<?x?x8xf32>
  %y = model.repeat 2 named "h" (%h = %x) : tensor<?x?x8xf32> {
    %w = model.parameter "ln.weight" : tensor<8xf32> {init = #model.ones}
    %b = model.parameter "ln.bias" : tensor<8xf32> {init = #model.zeros}
    %n = model.layer_norm %h, %w, %b {eps = 1.0e-5 : f32} : (tensor<?x?x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<?x?x8xf32>
    model.yield %n : tensor<?x?x8xf32>
  }
  %logits = model.linear %y, %wte : (tensor<?x?x8xf32>, tensor<97x8xf32>) -> tensor<?x?x97xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<?x?x97xf32>, tensor<?x?xi32>) -> tensor<f32>
  model.return %loss : tensor<f32>
}

// CHECK-LABEL: model.graph @numbers()
// CHECK: #model.normal<0.0>
// CHECK: #model.normal<0.00408248>
// CHECK: #model.rope_cos<10000.0>
// CHECK: #model.rope_sin<500000.0>
// CHECK: #model.rope_cos<500000.0, <factor = 8.0, low = 1.5, high = 4.0, positions = 8192>>
model.graph @numbers() {
  %a = model.parameter "a" : tensor<8xf32> {init = #model.normal<0.0>}
  %b = model.parameter "b" : tensor<8xf32> {init = #model.normal<0.00408248>}
  %c = model.constant "c" : tensor<8x4xf32> {init = #model.rope_cos<1.0e4>}
  %d = model.constant "d" : tensor<8x4xf32> {init = #model.rope_sin<500000.0>}
  %e = model.constant "e" : tensor<8x4xf32> {init = #model.rope_cos<5.0e5, <factor = 8.0, low = 1.5, high = 4.0, positions = 8192>>}
  model.return
}

// Two values are handed on; attributes are kept.
// CHECK-LABEL: model.graph @swap(
// CHECK: model.repeat 3 named "h" (%[[A:.*]] = %{{.*}}, %[[B:.*]] = %{{.*}}) : tensor<2x8xf32>, tensor<2x8xf32> attributes {note} {
// CHECK:   model.yield %[[B]], %[[A]]
model.graph @swap(%x: tensor<2x8xf32>, %y: tensor<2x8xf32>) {
  %z:2 = model.repeat 3 named "h" (%a = %x, %b = %y) : tensor<2x8xf32>, tensor<2x8xf32> attributes {note} {
    model.yield %b, %a : tensor<2x8xf32>, tensor<2x8xf32>
  }
  model.return
}
