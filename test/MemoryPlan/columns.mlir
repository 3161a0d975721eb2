// Columns of a joined tensor are strided views of it: it lives from the first
// part's launch to its last use, and parts have no place of their own.
// RUN: llmc-opt %s --llmc-plan-memory --llmc-verify-memory-plan | FileCheck %s

tile.func @first(%t: tensor<2x4xi32>) -> (tensor<2x4x16xf32> {tile.row_pitch = 48 : i64}) attributes {kind = "rows"} {
  %x = arith.constant dense<0.0> : tensor<2x4x16xf32>
  tile.return %x : tensor<2x4x16xf32>
}
tile.func @others(%t: tensor<2x4xi32>) -> (tensor<2x4x16xf32> {tile.row_pitch = 48 : i64}, tensor<2x4x16xf32> {tile.row_pitch = 48 : i64}) attributes {kind = "rows"} {
  %x = arith.constant dense<0.0> : tensor<2x4x16xf32>
  tile.return %x, %x : tensor<2x4x16xf32>, tensor<2x4x16xf32>
}
tile.func @loss(%x: tensor<2x4x48xf32>) -> tensor<f32> attributes {kind = "rows"} {
  %l = arith.constant dense<0.0> : tensor<f32>
  tile.return %l : tensor<f32>
}

// 2 x 4 rows of 48 elements of 4 bytes, and no more.
// CHECK: plan.arena activation @activations bytes 1536 align 64
// CHECK-LABEL: plan.func @evaluate
func.func @evaluate(%tokens: tensor<2x4xi32>, %targets: tensor<2x4xi32>) -> tensor<f32> {
  // CHECK: %[[D:.*]] = plan.view @activations[0] : memref<2x4x48xf32>
  // CHECK: %[[Q:.*]] = plan.view @activations[0] of %[[D]](memref<2x4x48xf32>) : memref<2x4x16xf32, strided<[192, 48, 1]>>
  // CHECK: plan.launch @first(%{{.*}}, %[[Q]])
  %q = tile.launch @first(%tokens) : (tensor<2x4xi32>) -> tensor<2x4x16xf32>
  // CHECK: %[[K:.*]] = plan.view @activations[64] of %[[D]](memref<2x4x48xf32>) : memref<2x4x16xf32, strided<[192, 48, 1]>>
  // CHECK: %[[V:.*]] = plan.view @activations[128] of %[[D]](memref<2x4x48xf32>) : memref<2x4x16xf32, strided<[192, 48, 1]>>
  // CHECK: plan.launch @others(%{{.*}}, %[[K]], %[[V]])
  %k, %v = tile.launch @others(%targets) : (tensor<2x4xi32>) -> (tensor<2x4x16xf32>, tensor<2x4x16xf32>)
  %d = model.concat %q, %k, %v : (tensor<2x4x16xf32>, tensor<2x4x16xf32>, tensor<2x4x16xf32>) -> tensor<2x4x48xf32>
  // CHECK: plan.launch @loss(%[[D]],
  %l = tile.launch @loss(%d) : (tensor<2x4x48xf32>) -> tensor<f32>
  return %l : tensor<f32>
}
