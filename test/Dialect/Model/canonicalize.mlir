// RUN: llmc-opt %s -canonicalize | FileCheck %s

// Folds of split and concat, and cases that must stay.

// CHECK-LABEL: model.graph @concat_of_split(
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf32>)
// CHECK-NEXT: model.return %[[X]]
model.graph @concat_of_split(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %a, %b = model.split %x : (tensor<2x8x16xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  %y = model.concat %a, %b : (tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
  model.return %y : tensor<2x8x16xf32>
}

// CHECK-LABEL: model.graph @swapped_halves(
// CHECK: model.split
// CHECK: %[[Y:.*]] = model.concat
// CHECK: model.return %[[Y]]
model.graph @swapped_halves(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %a, %b = model.split %x : (tensor<2x8x16xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  %y = model.concat %b, %a : (tensor<2x8x8xf32>, tensor<2x8x8xf32>) -> tensor<2x8x16xf32>
  model.return %y : tensor<2x8x16xf32>
}

// CHECK-LABEL: model.graph @split_of_concat(
// CHECK-SAME: %[[A:.*]]: tensor<2x8x4xf32>, %[[B:.*]]: tensor<2x8x12xf32>)
// CHECK-NEXT: model.return %[[B]], %[[A]]
model.graph @split_of_concat(%a: tensor<2x8x4xf32>, %b: tensor<2x8x12xf32>) -> (tensor<2x8x12xf32>, tensor<2x8x4xf32>) {
  %y = model.concat %a, %b : (tensor<2x8x4xf32>, tensor<2x8x12xf32>) -> tensor<2x8x16xf32>
  %c, %d = model.split %y : (tensor<2x8x16xf32>) -> (tensor<2x8x4xf32>, tensor<2x8x12xf32>)
  model.return %d, %c : tensor<2x8x12xf32>, tensor<2x8x4xf32>
}

// Other parts than those that were joined.
// CHECK-LABEL: model.graph @split_elsewhere(
// CHECK: model.concat
// CHECK: model.split
model.graph @split_elsewhere(%a: tensor<2x8x4xf32>, %b: tensor<2x8x12xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>) {
  %y = model.concat %a, %b : (tensor<2x8x4xf32>, tensor<2x8x12xf32>) -> tensor<2x8x16xf32>
  %c, %d = model.split %y : (tensor<2x8x16xf32>) -> (tensor<2x8x8xf32>, tensor<2x8x8xf32>)
  model.return %c, %d : tensor<2x8x8xf32>, tensor<2x8x8xf32>
}

// CHECK-LABEL: model.graph @single_part(
// CHECK-SAME: %[[X:.*]]: tensor<2x8x16xf32>)
// CHECK-NEXT: model.return %[[X]]
model.graph @single_part(%x: tensor<2x8x16xf32>) -> tensor<2x8x16xf32> {
  %a = model.split %x : (tensor<2x8x16xf32>) -> (tensor<2x8x16xf32>)
  %y = model.concat %a : (tensor<2x8x16xf32>) -> tensor<2x8x16xf32>
  model.return %y : tensor<2x8x16xf32>
}
