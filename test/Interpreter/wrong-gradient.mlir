// A graph with gradients is taken as it is; here that of "x" is twice what it
// should be and that of "w" is right.
// RUN: not llmc-interpret %s --check-gradients 2>&1 | FileCheck %s

// CHECK: error: gradient of parameter "x" differs from finite differences by {{[45]\.[0-9]+}}e-01 of the largest gradient
// CHECK: note: operand #0 of 'model.gelu'
// CHECK-NOT: error:
// CHECK: gradient x: {{.*}} relative error 5.0e-01
// CHECK: gradient w: {{.*}} relative error {{.*}}e-1
// CHECK-NOT: error:
model.graph @wrong(%tokens: tensor<1x3xi32>, %targets: tensor<1x3xi32>) -> (tensor<f32>, tensor<1x3x4xf32>, tensor<7x4xf32>) {
  %x = model.parameter "x" : tensor<1x3x4xf32> {init = #model.normal<0.5>}
  %w = model.parameter "w" : tensor<7x4xf32> {init = #model.normal<0.5>}
  %y = model.gelu %x : tensor<1x3x4xf32>
  %logits = model.linear %y, %w : (tensor<1x3x4xf32>, tensor<7x4xf32>) -> tensor<1x3x7xf32>
  %loss = model.cross_entropy %logits, %targets : (tensor<1x3x7xf32>, tensor<1x3xi32>) -> tensor<f32>
  %dlogits = model.cross_entropy_grad %logits, %targets : (tensor<1x3x7xf32>, tensor<1x3xi32>) -> tensor<1x3x7xf32>
  %dw = model.linear_weight_grad %y, %dlogits : (tensor<1x3x4xf32>, tensor<1x3x7xf32>) -> tensor<7x4xf32>
  %dy = model.linear %dlogits, %w {transposed} : (tensor<1x3x7xf32>, tensor<7x4xf32>) -> tensor<1x3x4xf32>
  %dx = model.gelu_grad %x, %dy : tensor<1x3x4xf32>
  %twice = model.add %dx, %dx : tensor<1x3x4xf32>
  model.return %loss, %twice, %dw : tensor<f32>, tensor<1x3x4xf32>, tensor<7x4xf32>
}
